"""The index: whole or not at all, what it finds, and what it says when it does not fit."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qa.config import Config
from qa.index import Index, embedded_text, generations
from qa.index import vectors as stores
from qa.index.manifest import sealed, unsealed
from qa.index.vectors import Chroma, Exact, Signs
from qa.index.words import _ARRAYS as ARRAYS
from qa.index.words import Counting as WordCounting
from qa.index.words import Words, tokens
from qa.models.embedder import Embedder
from qa.passages import split
from qa.schema import (
    CorpusError,
    Document,
    Filters,
    IndexBusyError,
    IndexMissingError,
    IndexStaleError,
    IndexWriteError,
    Passage,
    Section,
    Source,
)


def document(id_, text, **fields):
    return Document(Source(id=id_, title=fields.pop("title", id_.title()), **fields), text)


NASTY = "Line one.\r\nLine\u2028two has 🙂 and \u202eright\u202c to left.\n\nCafe\u0301 closes at nine."

DOCUMENTS = (
    document(
        "ferry",
        "The ferry to Lindholm leaves at seven. It carries forty cars.\n\n"
        "In winter the harbour freezes, and the ferry stops for six weeks.",
        publisher="Harbour News",
        published="2021-03-04",
        kind="news",
        language="en",
    ),
    document(
        "bridge",
        "Engineers plan a bridge to Lindholm. The bridge would cost 1,200 million crowns.\n\n"
        "Mayor Astrid Falk-Olsen called the price absurd.",
        publisher="Bridge Institute",
        published="2022",
        kind="research",
    ),
    Document(Source(id="café", title="Café"), NASTY, (Section("Hours", 10, len(NASTY)),), (0, 30)),
)


class Counting(Embedder):
    """The real embedder; remembers what it was asked to embed."""

    asked: list[str]

    def embed_passages(self, texts, progress=None):
        self.asked = list(texts)
        return super().embed_passages(texts, progress)


@pytest.fixture(scope="session")
def embedder():
    return Counting.load()


@pytest.fixture(scope="session")
def built(tmp_path_factory, embedder):
    """An index of the small documents; tests that damage one take a copy."""
    folder = tmp_path_factory.mktemp("built") / "index"
    with Index.build(DOCUMENTS, folder, Config(), embedder) as index:
        yield index


@pytest.fixture
def copy(built, tmp_path):
    """A copy of the built index, closed, that a test may change."""
    folder = tmp_path / "index"
    shutil.copytree(built.folder, folder)
    return folder


def generation(folder):
    return folder / json.loads((folder / "current.json").read_text())["current"]


def folders(folder):
    return sorted(path.name for path in folder.glob("gen-*"))


# -- what it holds -------------------------------------------------------------------------------------


def test_documents_come_back_as_they_were(built):
    """Documents, sources and passages are equal to those that went in, whatever their characters."""
    assert tuple(built.documents.values()) == DOCUMENTS
    assert built.sources == tuple(d.source for d in DOCUMENTS)
    for passage in built.passages.values():
        assert built.documents[passage.document_id].text[passage.start : passage.end] == passage.text
    assert built.manifest.passages == len(built.passages) >= len(DOCUMENTS)


def test_metadata_is_embedded_but_not_cited(built, embedder):
    """The embedded text carries title, publisher, date and heading; the passage's text does not."""
    passage = next(p for p in built.passages.values() if p.document_id == "ferry")
    source = DOCUMENTS[0].source
    text = embedded_text(passage, source)
    assert all(part in text for part in (source.title, source.publisher, source.published, passage.text))
    assert source.publisher not in passage.text
    assert built.lexical("Harbour News", 1)[0][0] == passage.id


def test_a_heading_is_embedded_once():
    """Where a passage begins with its heading, that is not said again in front of it."""
    passage = Passage("a", 0, 20, "The toll of 1911\n\nIt", heading="The toll of 1911")
    assert embedded_text(passage, Source("a", "Roads")).count("The toll of 1911") == 1


def test_vocabulary_knows_the_spellings_of_names(built):
    """Names are found by the key that their spellings share."""
    from qa.language import name_key

    assert "Lindholm" in built.vocabulary[name_key("Lindholm")]


def test_names_are_found_by_how_they_begin(built):
    """Case and accents make no difference; the beginning of nothing begins nothing."""
    assert built.vocabulary.beginning("lind") == ("Lindholm",)
    assert built.vocabulary.beginning("FALK") == ("Falk-Olsen",)
    assert built.vocabulary.beginning("xyz") == built.vocabulary.beginning("") == ()
    assert {n for names in built.vocabulary.values() for n in names} >= {"Lindholm", "Astrid", "Falk-Olsen"}


def test_filters_are_rows_of_the_sources_that_pass(built):
    """What `Filters.passes` says of sources, an index says of its passages, by any wall or several."""
    walls = (
        Filters(sources=("FERRY", "nowhere")), Filters(publishers=("harbour news", "Bridge Institute")),
        Filters(kinds=("research",)), Filters(languages=("EN",)), Filters(since="2021-04"), Filters(since="2021-03-04"),
        Filters(until="2021"), Filters(until="2022-01"), Filters(since="2022-05-01"),
        Filters(kinds=("news",), since="2022"),
    )  # fmt: skip
    for filters in walls:
        expected = {s.id for s in built.sources if filters.passes(s)}
        rows = built.rows(filters)
        assert {p.document_id for p, there in zip(built.passages.values(), rows, strict=True) if there} == expected
        assert built.passing(filters) == expected, filters
        assert built.passing_count(filters) == len(expected), filters


def test_sources_are_looked_up_by_what_describes_them(built):
    """What an index finds by a key, it finds without reading the sources: as if all of them were at hand."""
    from qa.language.described import source_keys
    from qa.query import Catalogue

    sources = built.described
    assert tuple(sources) == built.sources
    assert {*sources.languages()} == {source.language for source in built.sources}
    assert built.publishers == sorted({s.publisher for s in built.sources})
    keys = [(place, *pair) for place, source in enumerate(built.sources) for pair in source_keys(source)]
    for key in {key for _, key, _ in keys} | {"none", ""}:
        assert {*sources.places([key, "no"])} == {place for place, k, _ in keys if k == key}, key
        assert {*sources.words([key])} == {word for _, k, word in keys if k == key} - {""}, key
    for phrase in ("Harbour News", "the Bridge Institute", "HN", "the 2021 report", "the island report", "nobody"):
        assert Catalogue(sources, looked_up=sources).called(phrase) == Catalogue(built.sources).called(phrase), phrase
    assert Catalogue(sources, looked_up=sources).called("Harbour News") == ("ferry",)


def test_the_manifest_says_what_it_was_built_from(built, embedder):
    """The manifest names format, corpus, documents, model, settings and library versions."""
    data = json.loads((generation(built.folder) / "manifest.json").read_text())
    assert data["documents"] == 3
    assert set(built.texts.digests()) == {"ferry", "bridge", "café"}
    assert data["model_digest"] == embedder.digest
    assert data["settings"]["passage_words"] == Config().passage_words
    assert set(data["versions"]) == {"chromadb", "bm25s", "llama-index-core"}
    assert type(built.manifest).from_json(built.manifest.to_json()) == built.manifest


def test_differences_name_what_changed(built):
    """Added, removed and changed documents are told apart; a changed title counts, an order does not."""
    renamed = document("bridge", DOCUMENTS[1].text, title="Another", publisher="Bridge Institute")
    new = document("tunnel", "A tunnel.")
    assert built.differences(DOCUMENTS[::-1]) == ()
    assert built.differences([DOCUMENTS[0], renamed, new]) == (
        "bridge was changed",
        "café was removed",
        "tunnel was added",
    )


# -- what it finds -------------------------------------------------------------------------------------


def test_dense_gives_the_cosine(built, embedder):
    """A dense score is the cosine similarity of question and embedded passage, best first."""
    sources = {s.id: s for s in built.sources}
    vector = embedder.embed_query("When does the boat sail?")
    hits = built.dense(vector, 10)
    assert len(hits) == len(built.passages)
    assert hits[0][0].startswith("ferry")
    for id_, score in hits:
        passage = built.passages[id_]
        there = embedder.embed_passages([embedded_text(passage, sources[passage.document_id])])[0]
        assert score == pytest.approx(float(there @ vector), abs=1e-5)
    assert hits == sorted(hits, key=lambda hit: -hit[1])


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sets(st.sampled_from(["ferry", "bridge", "café", "nowhere"])),
    st.integers(1, 20),
    st.text(max_size=40),
)
def test_a_source_filter_is_a_wall(built, embedder, allowed, k, query):
    """Whatever is asked, nothing of another source is found, and never more than `k`."""
    everything = built.dense(embedder.embed_query(query), 100)
    expected = [hit for hit in everything if built.passages[hit[0]].document_id in allowed][:k]
    rows = built.rows(Filters(sources=tuple(allowed))) if allowed else np.zeros(len(built.passages), bool)
    dense = built.dense(embedder.embed_query(query), k, rows)
    assert [id_ for id_, _ in dense] == [id_ for id_, _ in expected]
    every_word = built.lexical(query, 100)
    assert (
        built.lexical(query, k, rows)
        == [hit for hit in every_word if built.passages[hit[0]].document_id in allowed][:k]
    )


def test_words_that_nobody_wrote_find_nothing(built):
    """BM25 gives no hit of score zero: not for unknown words, stopwords, or no words."""
    for query in ("colosseum", "the of and", "", "?!", "\ud800"):
        assert built.lexical(query, 10) == []


def test_words_are_found_by_stem_number_and_name(built):
    """Inflection, case, accents, possessives and thousands separators make no difference."""
    for query in ("FERRIES", "cafe's", "1200", "Falk-Olsen"):
        assert built.lexical(query, 1), query
    assert tokens("The U.S. and Iran's 1,200 rockets") == ["us", "iran", "1200", "rocket"]
    assert tokens("東京は") == ["東", "京", "は"]


def test_scores_are_those_of_bm25s():
    """Worked out for a question's words, they are what bm25s works out for all words beforehand."""
    import bm25s

    texts = [embedded_text(p, d.source) for d in DOCUMENTS for p in split(d)] + ["ferry ferry ferry", "", "bridge"]
    words = Words.build(texts)
    theirs = bm25s.BM25(backend="numpy", csc_backend="numpy")
    vocabulary = {}
    ids = [[vocabulary.setdefault(t, len(vocabulary)) for t in tokens(text)] for text in texts]
    theirs.index((ids, vocabulary), create_empty_token=False, show_progress=False)
    for query in ("ferry", "the bridge to Lindholm", "ferry ferry winter", "café nine", "1,200 crowns"):
        known = theirs.get_tokens_ids(tokens(query))
        expected = theirs.get_scores_from_ids(known)
        assert words.scores(query) == pytest.approx(expected, abs=1e-5), query


def test_words_read_from_disk_are_the_same(tmp_path):
    """Saved and memory-mapped, they score as in memory; a text without a word is there too."""
    words = Words.build(["one ferry", "", "two ferries, one bridge"])
    words.save(tmp_path / "words")
    for query in ("ferry", "bridge", "tunnel", ""):
        assert np.array_equal(Words.load(tmp_path / "words").scores(query), words.scores(query))
    Words.build([""]).save(tmp_path / "none")
    assert not Words.load(tmp_path / "none").scores("ferry").any()


TEXTS = st.lists(st.lists(st.sampled_from("a ant bee the cat é ferry 7 zoo".split())).map(" ".join), min_size=1)


@given(TEXTS, st.lists(st.sampled_from("a ant bee cat 7 zoo owl".split())).map(" ".join), st.integers(1, 6), st.data())
def test_the_best_by_words_are_those_of_all_scores(texts, query, k, data):
    """Reading rare words first, and no more postings than it takes, finds what scoring every passage finds."""
    words, rows = Words.build(texts), np.arange(len(texts))
    mask = data.draw(st.none() | st.lists(st.booleans(), min_size=len(texts), max_size=len(texts)).map(np.array))
    scores = words.scores(query) if mask is None else np.where(mask, words.scores(query), 0)
    expected = [(row, scores[row]) for row in np.lexsort((rows, -scores)) if scores[row] > 0][:k]
    assert words.best(query, k, mask) == expected
    few = np.array(data.draw(st.lists(st.sampled_from(rows))), int)
    assert words.scores(query, few).tolist() == words.scores(query)[few].tolist()


def test_common_words_are_not_read_where_they_cannot_matter():
    """Of two words, where the rare one stands in passages enough, the other's postings are not needed for the best."""
    words = Words.build([f"ferry {'lantern' if row % 50 == 7 else 'bridge'} {row}" for row in range(1000)])
    assert len(words._leading("ferry lantern", 10, None)) == 20
    assert [row for row, _ in words.best("ferry lantern", 3)] == [7, 57, 107]
    assert len(words._leading("ferry", 10, None)) == 1000


@given(TEXTS, TEXTS, st.randoms(use_true_random=False), st.sampled_from((1, 4, 10**6)))
def test_words_taken_over_are_the_same(old, new, draw, part):
    """Whatever goes, comes and moves, and in parts of any size, taking counts over ends in those of counting anew."""
    kept = draw.sample(range(len(old)), draw.randrange(len(old) + 1))
    order = [*((n, old[n]) for n in kept), *((None, text) for text in new)]
    draw.shuffle(order)
    counting, moved = WordCounting(), np.full(len(old), -1)
    for row, (n, text) in enumerate(order):
        if n is None:
            counting.add(row, text)
        else:
            moved[n] = row
    counting.take(Words.build(old), moved)
    with mock.patch("qa.index.words._AT_ONCE", part):
        taken, anew = counting.words(len(order)), Words.build([text for _, text in order])
    for name in ("_vocabulary", *(f"_{array}" for array in ARRAYS)):
        assert getattr(taken, name).tolist() == getattr(anew, name).tolist(), name
        assert getattr(taken, name).dtype == getattr(anew, name).dtype, name


def test_equal_hits_come_in_the_order_of_the_documents(tmp_path, embedder):
    """Documents with the same words tie, and come in the order in which they were given, in both rankings."""
    same = [document(id_, "The ferry leaves.", title="Same") for id_ in ("b", "c", "a")]
    with Index.build(same, tmp_path, Config(), embedder) as index:
        assert [id_[0] for id_, _ in index.lexical("ferry", 2)] == ["b", "c"]
        assert [id_[0] for id_, _ in index.dense(embedder.embed_query("ferry"), 3)] == ["b", "c", "a"]


def test_threads_read_the_same(built, embedder):
    """Many threads that search at once find what one finds alone."""
    queries = ["ferry in winter", "cost of the bridge", "when does it close", "mayor"] * 4

    def search(query):
        return built.dense(embedder.embed_query(query), 3), built.lexical(query, 3)

    alone = [search(query) for query in queries]
    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(search, queries)) == alone


# -- building again ------------------------------------------------------------------------------------


def test_only_what_changed_is_embedded_again(copy, embedder):
    """A document more costs its own passages; the other vectors are taken over, exactly."""
    vector = embedder.embed_query("bridge")
    with Index.open(copy, Config()) as before:
        expected = dict(before.dense(vector, 100))
    new = document("tunnel", "A tunnel under the sound was dug in 1999.")
    with Index.build((*DOCUMENTS, new), copy, Config(), embedder) as index:
        assert [new.text in text for text in embedder.asked] == [True]
        found = dict(index.dense(vector, 100))
        assert {id_: found[id_] for id_ in expected} == pytest.approx(expected, abs=1e-6)
        assert index.lexical("tunnel", 1)
    with Index.build(DOCUMENTS[:1], copy, Config(), embedder) as index:
        assert list(index.documents) == ["ferry"]


def test_the_same_documents_make_the_same_index(built, tmp_path, embedder):
    """Two builds of the same documents have equal manifests, digests of every file included."""
    with Index.build(DOCUMENTS, tmp_path, Config(), embedder) as index:
        assert index.manifest == built.manifest


def test_two_generations_stay_and_older_ones_go(copy, embedder):
    """After a build the current and the previous generation are there, and nothing else."""
    first = folders(copy)
    for n in (1, 2, 3):
        Index.build(DOCUMENTS[:n], copy, Config(), embedder).close()
        pointer = json.loads((copy / "current.json").read_text())
        assert folders(copy) == sorted({pointer["current"], pointer["previous"]})
    assert not set(first) & set(folders(copy))


def test_an_open_index_survives_builds(copy, embedder):
    """An index that is open in this process still answers after two builds replaced it."""
    with Index.open(copy, Config()) as old:
        for n in (1, 2, 1):
            Index.build(DOCUMENTS[:n], copy, Config(), embedder).close()
        assert old.dense(embedder.embed_query("bridge"), 1)[0][0].startswith("bridge")
        assert old.lexical("bridge", 1)
    Index.build(DOCUMENTS, copy, Config(), embedder).close()
    assert len(folders(copy)) == 2


@pytest.mark.skipif(os.name == "nt", reason="Windows does not remove what is open")
def test_an_index_that_another_process_removed_still_answers(copy, built, embedder):
    """A reader whose generation was swept away by another process goes on, and knows that there is a newer one."""
    with Index.open(copy, Config()) as old:
        assert old.is_current
        shutil.rmtree(generation(copy))
        shutil.copytree(generation(built.folder), copy / "gen-newer")
        (copy / "current.json").write_text(sealed({"current": "gen-newer", "previous": ""}))
        assert not old.is_current
        assert list(old.passages.values()) == list(built.passages.values())
        assert old.lexical("ferry", 3) == built.lexical("ferry", 3)
        vector = embedder.embed_query("ferry")
        assert old.dense(vector, 3) == built.dense(vector, 3)


def test_progress_reaches_the_end(tmp_path, embedder):
    """Each step of a build reports how far it is, and ends at its total."""
    steps = []
    Index.build(DOCUMENTS, tmp_path, Config(), embedder, lambda *step: steps.append(step)).close()
    last = {step: (done, total) for step, done, total in steps}
    assert list(last) == ["splitting", "embedding", "writing"]
    assert all(done == total for done, total in last.values())


# -- a sync --------------------------------------------------------------------------------------------


def test_nothing_changed_is_nothing_done(copy, embedder):
    """The same documents, whole or by id: the index that is there stays, to the byte, and nothing is embedded."""
    before = {path: path.stat().st_mtime_ns for path in copy.rglob("*") if path.name not in (".lock", ".writer")}
    embedder.asked = None
    for documents in (DOCUMENTS, [d.id for d in DOCUMENTS], (DOCUMENTS[0], "bridge", DOCUMENTS[2])):
        with Index.build(documents, copy, Config(), embedder) as index:
            assert list(index.documents.values()) == list(DOCUMENTS)
    assert embedder.asked is None
    after = {path: path.stat().st_mtime_ns for path in copy.rglob("*") if path.name not in (".lock", ".writer")}
    assert {path: time for path, time in after.items() if path != copy} == {
        p: t for p, t in before.items() if p != copy
    }


CHANGES = {
    "nothing but the order": lambda d: (d[2], d[0], d[1]),
    "one more, in the middle": lambda d: (
        d[0],
        document("tunnel", "A tunnel to Lindholm was dug by Ida Holm."),
        *d[1:],
    ),
    "one less": lambda d: (d[0], d[2]),
    "another text": lambda d: (d[0], document("bridge", "No bridge is planned by Mayor Brandt."), d[2]),
    "another title": lambda d: (document("ferry", d[0].text, title="Boats"), *d[1:]),
    "all others": lambda d: (document("tunnel", "A tunnel was dug in 1999."),),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("kept", ["given", "by id"])
def test_a_sync_makes_what_a_build_makes(copy, tmp_path, embedder, change, kept):
    """Whatever is added, removed, changed or moved: the files are those of a build from nothing, byte for byte."""
    wanted = CHANGES[change](DOCUMENTS)
    given = [d.id if kept == "by id" and d in DOCUMENTS else d for d in wanted]
    with Index.build(given, copy, Config(), embedder) as synced:
        assert list(synced.documents.values()) == list(wanted)
        with Index.build(wanted, tmp_path / "anew", Config(), embedder) as anew:
            assert synced.manifest == anew.manifest
            assert dict(synced.vocabulary.items()) == dict(anew.vocabulary.items())


def test_a_sync_works_on_new_passages_only(copy, embedder, monkeypatch):
    """Unchanged documents are neither split, nor searched for names, nor counted, nor embedded again."""
    from qa.index import build, words

    new = document("tunnel", "A tunnel under the sound was dug in 1999.")
    for module, name in ((build, "split"), (build, "names_of"), (words, "tokens")):
        original = getattr(module, name)

        def only_new(given, *args, original=original, **kwargs):
            assert "tunnel" in str(given).casefold()
            return original(given, *args, **kwargs)

        monkeypatch.setattr(module, name, only_new)
    with Index.build((*DOCUMENTS, new), copy, Config(), embedder) as index:
        assert len(index.documents) == 4
        assert [new.text in text for text in embedder.asked] == [True]
        assert index.lexical("tunnel", 1)


def test_other_settings_make_all_anew(copy, embedder):
    """A sync under other settings keeps documents that are named by id, and cuts them as the settings say."""
    other = Config(passage_words=20, passage_words_max=25)
    with Index.open(copy, Config()) as before:
        assert before.differs(other) == ("passage_words was 150 and is 20", "passage_words_max was 180 and is 25")
    with Index.build([d.id for d in DOCUMENTS], copy, other, embedder) as index:
        assert index.differs(other) == ()
        assert all(len(p.text.split()) <= 25 for p in index.passages.values())
        assert list(index.documents.values()) == list(DOCUMENTS)


def test_what_is_not_there_cannot_be_kept(copy, embedder):
    """An id that the index does not have is an error, and the index stays."""
    with pytest.raises(CorpusError, match="no document 'tunnel' in the index to keep"):
        Index.build(["ferry", "tunnel"], copy, Config(), embedder)
    with Index.open(copy, Config()) as index:
        assert len(index.documents) == 3


READER = """
import sys, time
from pathlib import Path
from qa.config import Config
from qa.index import Index
folder, end, seen = Path(sys.argv[1]), time.time() + 120, set()
while time.time() < end and not (folder / "done").exists():
    with Index.open(folder, Config()) as index:
        assert not index.notes, index.notes
        for id_, _ in index.lexical("ferry bridge", 5):
            passage = index.passages[id_]
            assert index.documents[passage.document_id].text[passage.start : passage.end] == passage.text
        held = {p.document_id for p in index.passages.values()}
        assert held == set(index.documents), held
        if not seen:
            print("ready", flush=True)
        seen.add(index.manifest.documents)
print(len(seen))
"""


def test_readers_see_whole_generations_while_a_writer_works(copy, embedder):
    """Processes that open the index again and again, while it is synced again and again: the old or the new, whole."""
    readers = [subprocess.Popen([sys.executable, "-c", READER, str(copy)], stdout=subprocess.PIPE) for _ in range(2)]
    assert [reader.stdout.readline() for reader in readers] == [b"ready\n"] * 2
    for n in (1, 2, 3, 2, 1, 3, 1, 2, 3, 2):
        Index.build(DOCUMENTS[:n], copy, Config(), embedder).close()
    (copy / "done").touch()
    for reader in readers:
        told, _ = reader.communicate(timeout=60)
        assert reader.returncode == 0
        assert int(told) > 1


# -- what does not fit ---------------------------------------------------------------------------------


def test_no_index_is_said(tmp_path):
    """A folder without an index, or no folder, says what to run."""
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(IndexMissingError, match="run `qa index --index"):
            Index.open(folder, Config())


def test_other_settings_do_not_fit(copy):
    """An index of other settings says which, with both values."""
    with pytest.raises(IndexStaleError, match=r"passage_words was 150 and is 99.*Run `qa index`"):
        Index.open(copy, Config(passage_words=99))
    with pytest.raises(IndexStaleError, match="embedding_model was 'all-MiniLM-L6-v2' and is 'other'"):
        Index.open(copy, Config(embedding_model="other"))
    with pytest.raises(IndexStaleError, match="chroma_url"):
        Index.open(copy, Config(chroma_url="http://127.0.0.1:1"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": 0}, "its format is 0, this version of qa reads 5"),
        ({"model_digest": "f" * 64}, "the files of all-MiniLM-L6-v2 were ffffffffffff and are"),
    ],
)
def test_a_foreign_manifest_does_not_fit(copy, change, message):
    """An index of another format or model is refused, and the message says how it differs."""
    path = generation(copy) / "manifest.json"
    path.write_text(sealed(unsealed(path.read_text()) | change))
    with pytest.raises(IndexStaleError, match=f"{message}.*Run `qa index`"):
        Index.open(copy, Config())


def test_an_index_of_an_older_version_does_not_fit(copy):
    """Its manifest has no seal; that is not called damage."""
    (generation(copy) / "manifest.json").write_text('{"format": 1}')
    with pytest.raises(IndexStaleError, match=r"its format is 1, this version of qa reads 5\. Run `qa index`"):
        Index.open(copy, Config())


# -- damage --------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def twice(tmp_path_factory, embedder):
    """An index with a generation before it, which has two documents only."""
    folder = tmp_path_factory.mktemp("twice") / "index"
    Index.build(DOCUMENTS[:2], folder, Config(), embedder).close()
    Index.build(DOCUMENTS, folder, Config(), embedder).close()
    return folder


FILES = (
    "documents.sqlite",
    "passages.sqlite",
    "vectors.f32",
    *(f"words/{name}" for name in ("tokens.bin", "starts.npy", "indptr.npy", "rows.npy", "counts.npy", "lengths.npy")),
    "manifest.json",
)


def test_every_file_has_a_digest(built):
    """Nothing lies in a generation whose damage would not be seen."""
    there = {p.relative_to(built._generation).as_posix() for p in built._generation.rglob("*") if p.is_file()}
    assert there == {*FILES, "stamps.json"}
    assert set(built.manifest.files) == set(FILES) - {"manifest.json"}


def spoil(path, how):
    data = path.read_bytes()
    middle = len(data) // 2
    changed = {"flipped": data[:middle] + bytes([data[middle] ^ 4]) + data[middle + 1 :], "cut": data[:middle]}
    path.unlink() if how == "lost" else path.write_bytes(changed.get(how, b""))


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("how", ["flipped", "cut", "empty", "lost"])
def test_damage_is_said_and_the_generation_before_serves(twice, tmp_path, embedder, name, how):
    """Whatever happens to a file, it is never read as if it were whole; one line says so, and the older index answers.

    The next build mends it: what it writes is equal to an undisturbed build, byte for byte.
    """
    folder = tmp_path / "index"
    shutil.copytree(twice, folder)
    spoil(generation(folder) / name, how)
    with Index.open(folder, Config()) as index:
        assert list(index.documents) == ["ferry", "bridge"]
        assert index.lexical("bridge", 1)
        (note,) = index.notes
        assert re.search("damaged: .*run `qa index`. The one before it answers", note), note
    with Index.build(DOCUMENTS, folder, Config(), embedder) as mended:
        assert mended.notes == ()
        assert embedder.asked == [] or len(embedder.asked) < len(mended.passages)
        with Index.open(twice, Config()) as whole:
            assert mended.manifest == whole.manifest


@pytest.mark.parametrize("name", FILES)
def test_damage_without_a_generation_before_is_an_error(copy, name):
    """Where nothing whole is left, the message names the file and what to do."""
    spoil(generation(copy) / name, "flipped")
    with pytest.raises(IndexStaleError, match=rf"damaged: {name}.*run `qa index`"):
        Index.open(copy, Config())


@pytest.mark.parametrize("how", ["flipped", "cut", "empty", "lost"])
def test_lost_stamps_cost_a_reading(copy, how):
    """Without the noted sizes and times every digest is compared, and they are noted again."""
    path = generation(copy) / "stamps.json"
    before = path.read_bytes()
    spoil(path, how)
    with Index.open(copy, Config()) as index:
        assert index.notes == ()
    assert path.read_bytes() == before


def test_an_index_that_was_copied_is_whole(built, tmp_path):
    """Files of other times are read once and found to be the same."""
    shutil.copytree(built.folder, tmp_path / "index", copy_function=shutil.copyfile)
    for _ in range(2):
        with Index.open(tmp_path / "index", Config()) as index:
            assert index.notes == ()
            assert list(index.documents.values()) == list(DOCUMENTS)


def test_a_bit_that_rots_is_found_and_mended(copy, embedder):
    """Damage that leaves size and time as they were: a row says so when it is read, `examine` finds every file.

    The next build mends what `examine` found; a sync takes nothing over from a file that rots unseen.
    """
    with Index.open(copy, Config()) as index:
        whole = index.manifest
    for name, where in (("passages.sqlite", b"Engineers plan"), ("vectors.f32", b"")):
        path = generation(copy) / name
        about, data = path.stat(), bytearray(path.read_bytes())
        data[data.rindex(where) if where else 100] ^= 1
        path.write_bytes(data)
        os.utime(path, ns=(about.st_atime_ns, about.st_mtime_ns))
    with Index.open(copy, Config()) as index:
        with pytest.raises(IndexStaleError, match="row of 'bridge:0-130' was altered"):
            _ = [index.passages[id_] for id_, _ in index.lexical("bridge engineers", 2)]
        Index.build(DOCUMENTS[:2], copy.with_name("other"), Config(), embedder, base=index).close()
        assert index.examine() == ("passages.sqlite was altered", "vectors.f32 was altered")
    with Index.open(copy.with_name("other"), Config()) as other:
        assert other.examine() == ()
        assert [other.passages[id_].text[:9] for id_, _ in other.lexical("engineers", 1)] == ["Engineers"]
    with Index.build(DOCUMENTS, copy, Config(), embedder) as mended:
        assert mended.notes == mended.examine() == ()
        assert mended.manifest == whole


@pytest.mark.parametrize("text", ["", "{", "[]", '{"current": "gen-gone"}', '{"current": 1}', "flipped", "lost"])
def test_a_damaged_pointer_is_said_and_mended(copy, embedder, text):
    """A pointer that cannot be followed: the newest whole generation serves, and the next build sets it right."""
    path = copy / "current.json"
    spoil(path, text) if text in ("flipped", "lost") else path.write_text(text)
    with Index.open(copy, Config()) as index:
        assert index.lexical("ferry", 1)
        assert "current.json" in index.notes[0]
    with Index.build(DOCUMENTS, copy, Config(), embedder) as index:
        assert index.lexical("ferry", 1)
        assert not index.notes


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs limits of a process")
def test_a_full_disk_leaves_an_index_readable(copy, tmp_path):
    """Where nothing can be written, an index is opened and asked all the same, stamps lost or not."""
    (generation(copy) / "stamps.json").unlink()
    program = (
        "import resource, signal, sys; from pathlib import Path; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "from qa.config import Config; from qa.index import Index\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))\n"
        "with Index.open(Path(sys.argv[1]), Config()) as index: print(index.lexical('ferry', 1), index.notes)\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(copy)], capture_output=True, text=True)
    assert "ferry:" in done.stdout, done.stderr[-2000:]
    assert done.stdout.strip().endswith("()")


def test_nothing_to_index_is_said(tmp_path, embedder):
    """No documents, no words and two documents of one id are corpus errors; no folder is made ready."""
    cases = {
        "there are no documents": (),
        "not one word": (document("empty", "  \n "),),
        "two documents have the id 'ferry'": (DOCUMENTS[0], DOCUMENTS[0]),
    }
    for message, documents in cases.items():
        with pytest.raises(CorpusError, match=message):
            Index.build(documents, tmp_path / "index", Config(), embedder)
    with pytest.raises(IndexMissingError):
        Index.open(tmp_path / "index", Config())


def test_a_second_writer_is_turned_away(copy, embedder):
    """While one writer works, another is told who it is, and readers go on."""
    with generations.writing(copy):
        with pytest.raises(IndexBusyError, match=f"process {os.getpid()} on "):
            Index.build(DOCUMENTS, copy, Config(), embedder)
        Index.open(copy, Config()).close()
    Index.build(DOCUMENTS, copy, Config(), embedder).close()


def test_a_folder_that_cannot_be_written_is_said(tmp_path, embedder):
    """A path below a file cannot hold an index; the message says what to do."""
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(IndexWriteError, match="choose a folder you may write"):
        Index.build(DOCUMENTS, tmp_path / "file" / "index", Config(), embedder)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_said(tmp_path, embedder):
    """A folder without write permission is an error with a remedy."""
    tmp_path.chmod(0o500)
    with pytest.raises(IndexWriteError, match="permissions"):
        Index.build(DOCUMENTS, tmp_path / "index", Config(), embedder)


def test_a_read_only_index_answers(copy):
    """Nothing is written to read."""
    for path in (*copy.rglob("*"), copy):
        path.chmod(0o500 if path.is_dir() else 0o400)
    with Index.open(copy, Config()) as index:
        assert index.lexical("ferry", 1)
    for path in (copy, *copy.rglob("*")):
        path.chmod(0o700)


@pytest.mark.parametrize("step", ["splitting", "embedding", "writing"])
def test_ctrl_c_leaves_the_old_index(copy, embedder, step):
    """An interrupt during a build is passed on, and leaves the old index and no scraps."""

    def interrupt(now, done, total):
        if now == step:
            raise KeyboardInterrupt

    before = folders(copy)
    with pytest.raises(KeyboardInterrupt):
        Index.build(DOCUMENTS[:1], copy, Config(), embedder, interrupt)
    assert folders(copy) == before
    with Index.open(copy, Config()) as index:
        assert len(index.documents) == len(DOCUMENTS)


# -- crashes -------------------------------------------------------------------------------------------

CRASHES = """
import json, os, resource, signal, sys
from pathlib import Path
import qa.index as index_module
import qa.index.build as build_module
from qa.index.texts import Writer
from qa.config import Config
from qa.index import Index, generations, words
from qa.models.embedder import Embedder
from qa.schema import Document, IndexWriteError, Source

folder = Path(sys.argv[1])
old = [Document(Source(id="old", title="Old"), "The old ferry.")]
new = [Document(Source(id=f"new{i}", title="New"), f"The new bridge {i}.") for i in range(40)]
embedder = Embedder.load()


def child(work):
    # nothing of Chroma is running in the parent, so that a fork is a fresh process without its imports
    if (pid := os.fork()) == 0:
        code = 70
        try:
            code = work() or 0
        finally:
            sys.stdout.flush()
            os._exit(code)
    return os.waitpid(pid, 0)[1]


def kill(*_):
    os.kill(os.getpid(), signal.SIGKILL)


def at(step, n):
    return lambda now, done, total: kill() if now == step and done >= n else None


def before(module, name, nth=1):
    def work():
        original, left = getattr(module, name), [nth]
        def counted(*args, **kwargs):
            left[0] -= 1
            return kill() if not left[0] else original(*args, **kwargs)
        setattr(module, name, counted)
        Index.build(new, folder, Config(), embedder)
    return work


def seen():
    with Index.open(folder, Config()) as index:
        found = {id_[:3] for id_, _ in index.dense(embedder.embed_query("a bridge or a ferry"), 5)}
        assert found == {id_[:3] for id_ in index.documents} and index.lexical("bridge ferry", 1)
    return 10 if found == {"old"} else 20


def limited(size):
    def work():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
        try:
            Index.build(new, folder, Config(), embedder)
        except IndexWriteError as error:
            return 30 if "untouched" in str(error) else 31
    return work


def build(documents):
    return lambda: Index.build(documents, folder, Config(), embedder).close()


points = {
    "splitting": lambda: Index.build(new, folder, Config(), embedder, at("splitting", 2)),
    "embedding": lambda: Index.build(new, folder, Config(), embedder, at("embedding", 5)),
    "written": lambda: Index.build(new, folder, Config(), embedder, at("writing", 1)),
    "words": before(words.Words, "save"),
    "texts": before(Writer, "finish"),
    "manifest": before(generations, "digests"),
    "stamps": before(os, "replace", 1),
    "pointer": before(index_module, "move_pointer"),
    "sync": before(os, "fsync", 6),
    "replace": before(os, "replace", 2),
    "swapped": before(index_module, "sweep", 2),
}
assert child(build(old)) == 0
report = {}
for size in (0, 3_000, 20_000, 50_000):
    ended = child(limited(size))
    report[f"limit {size}"] = [os.waitstatus_to_exitcode(ended), os.waitstatus_to_exitcode(child(seen))]
for name, work in points.items():
    died = child(work)
    report[name] = [os.WTERMSIG(died), os.waitstatus_to_exitcode(child(seen))]
assert child(build(new)) == 0
report["after"] = os.waitstatus_to_exitcode(child(seen))
report["generations"] = len(list(folder.glob("gen-*")))
print(json.dumps(report))
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and signals")
def test_a_crash_at_any_point_leaves_a_whole_index(tmp_path):
    """Killed at any point, or out of disk, a build leaves the old index usable; the next one cleans up."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", CRASHES, str(tmp_path / "index")],
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    report = json.loads(done.stdout.splitlines()[-1])
    assert report.pop("after") == 20
    assert report.pop("generations") == 2
    assert report.pop("swapped") == [signal.SIGKILL, 20]  # the pointer had moved: the new one counts
    for name, (ended, found) in report.items():
        assert found == 10, (name, report)
        assert ended == (30 if name.startswith("limit") else signal.SIGKILL), (name, report)


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and signals")
def test_random_kills_and_damage(tmp_path):
    """The short form of `benchmarks/damage.py`: nothing that was tried crashes, hangs or answers wrongly."""
    driver = Path(__file__).parents[1] / "benchmarks" / "damage.py"
    command = [sys.executable, "-W", "ignore", driver, "--seconds", "0", "--least", "2"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stdout + done.stderr[-3000:]
    assert "| all | 8 | 0 |" in done.stdout


# -- a server ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def chroma_url(tmp_path_factory):
    """The address of a Chroma server of our own."""
    chroma = Path(sys.executable).with_name("chroma")
    if not chroma.exists():
        pytest.skip("the `chroma` command is not installed beside this Python")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    where = tmp_path_factory.mktemp("server")
    server = subprocess.Popen(
        [chroma, "run", "--path", where, "--host", "127.0.0.1", "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()


def test_a_server_can_hold_the_vectors(built, chroma_url, tmp_path, embedder):
    """With a Chroma server the same passages are found, and replaced collections are removed from it."""
    import chromadb

    config = Config(chroma_url=chroma_url)
    vector = embedder.embed_query("when does the ferry sail")
    one = built.rows(Filters(sources=("bridge",)))
    for n in (1, 2, 1, 3):
        with Index.build(DOCUMENTS[:n], tmp_path, config, embedder) as index:
            assert index.notes == ()
            assert index.manifest.vectors == "chroma"
    with Index.open(tmp_path, config) as index:
        assert index.dense(vector, 9) == built.dense(vector, 9)
        assert index.dense(vector, 9, one) == built.dense(vector, 9, one)
    client = chromadb.HttpClient("127.0.0.1", int(chroma_url.rsplit(":", 1)[1]))
    assert sorted(c.name for c in client.list_collections()) == [f"qa-{name}" for name in folders(tmp_path)]
    with pytest.raises(IndexStaleError, match="chroma_url says in the folder"):
        Index.open(tmp_path, Config())
    with pytest.raises(KeyboardInterrupt):
        Index.build(DOCUMENTS[:1], tmp_path, config, embedder, interrupt_writing)
    assert len(client.list_collections()) == 2
    for collection in client.list_collections():
        client.delete_collection(collection.name)
    with Index.open(tmp_path, config) as index:  # the server lost it: the matrix answers, and that is said
        assert index.dense(vector, 9) == built.dense(vector, 9)
        assert re.search("every vector is compared.*has no vectors of this index.*start the server", index.notes[0])


@pytest.fixture(scope="module")
def many(tmp_path_factory, embedder):
    """An index of sixty passages whose vectors are in Chroma's files."""
    documents = [
        document(f"d{i}", f"Boat {i} carries {i * 7} sacks of {'rye' if i % 2 else 'oats'}.") for i in range(60)
    ]
    folder = tmp_path_factory.mktemp("chroma") / "index"
    Index.build(documents, folder, Config(vector_store="chroma"), embedder).close()
    return folder


def test_chroma_finds_what_the_product_finds(many, embedder):
    """Chroma's graph and the exact product agree, under filters too; opening it again and again is no damage."""
    for _ in range(3):
        with Index.open(many, Config()) as index:
            assert isinstance(index._store[0], Chroma)
            assert index.notes == ()
            exact = Exact(index.matrix)
            for query in ("sacks of rye", "boat 7", "how many?"):
                vector = embedder.embed_query(query)
                for rows in (None, index.rows(Filters(sources=tuple(f"d{i}" for i in range(0, 60, 2))))):
                    assert index._store[0].nearest(vector, 10, rows) == exact.nearest(vector, 10, rows)


def test_wide_filters_are_asked_of_the_graph(many, embedder, monkeypatch):
    """Where the filter is wide, neighbours outside are dropped and more asked for, until there are enough."""
    monkeypatch.setattr(stores, "_NARROW", 5)
    with Index.open(many, Config()) as index:
        exact = Exact(index.matrix)
        vector = embedder.embed_query("boat")
        for step in (2, 3, 6):
            rows = index.rows(Filters(sources=tuple(f"d{i}" for i in range(0, 60, step))))
            assert index._store[0].nearest(vector, 8, rows) == exact.nearest(vector, 8, rows)


@pytest.mark.parametrize("dimension", [64, 384, 100])
def test_signs_propose_what_the_product_finds(tmp_path, monkeypatch, dimension):
    """The nearest by their signs are multiplied: of vectors in clusters the nearest are found, under filters too."""
    monkeypatch.setattr(stores, "_LEAST", 200)
    draw = np.random.default_rng(0)
    centres = draw.normal(size=(40, dimension))
    vectors = (np.repeat(centres, 50, 0) + 0.7 * draw.normal(size=(2000, dimension))).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    stores.write_signs(vectors, tmp_path)
    signs, exact = Signs(vectors, tmp_path), Exact(vectors)
    for mask in (None, draw.random(2000) < 0.5, draw.random(2000) < 0.05, np.arange(2000) == 7):
        for row in range(0, 2000, 100):
            assert signs.nearest(vectors[row], 10, mask) == exact.nearest(vectors[row], 10, mask)
    assert len(signs.nearest(vectors[0], 2000, None)) == 2000


def test_an_index_can_keep_signs(tmp_path, embedder):
    """The setting writes them beside the matrix, a sync makes them anew, and damage of them is seen."""
    config = Config(vector_store="signs")
    Index.build(DOCUMENTS[:1], tmp_path, config, embedder).close()
    with Index.build(DOCUMENTS, tmp_path, config, embedder) as index:
        assert isinstance(index._store[0], Signs)
        vector = embedder.embed_query("bridge")
        nearest = Exact(index.matrix).nearest(vector, 5, None)
        assert index.dense(vector, 5) == [(index.texts.passage(row).id, cosine) for row, cosine in nearest]
    spoil(generation(tmp_path) / stores.SIGNS, "flipped")
    with Index.open(tmp_path, config) as index:
        assert re.search(r"signs.u64 was altered.*The one before it answers", index.notes[0])


@pytest.mark.parametrize("how", ["flipped", "cut", "empty", "lost"])
def test_damaged_chroma_files_are_never_opened(many, tmp_path, embedder, how):
    """Any of Chroma's files damaged: it is not opened, every vector is compared instead, and that is said."""
    folder = tmp_path / "index"
    names = sorted(p.relative_to(many) for p in many.rglob("gen-*/chroma/**/*") if p.is_file())
    assert len(names) >= 5
    for name in names:
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(many, folder)
        if not (folder / name).stat().st_size:
            continue
        spoil(folder / name, how)
        with Index.open(folder, Config()) as index:
            assert isinstance(index._store[0], Exact), name
            assert name.name in index.notes[0]
            assert index.dense(embedder.embed_query("boat 7"), 1)


def test_a_rotten_bit_in_chromas_database_is_found(many, tmp_path):
    """What Chroma's database says has a digest, though its bytes change whenever it is opened."""
    folder = tmp_path / "index"
    shutil.copytree(many, folder)
    path = generation(folder) / "chroma" / "chroma.sqlite3"
    with Index.open(folder, Config()) as index:
        assert index.examine() == ()
        data = bytearray(path.read_bytes())
        data[data.rindex(b"qa-gen")] ^= 1
        path.write_bytes(data)
        assert index.examine()[0].startswith("chroma/chroma.sqlite3 was altered")


def interrupt_writing(step, done, total):
    if step == "writing":
        raise KeyboardInterrupt


def test_a_server_that_is_away_is_said(tmp_path, embedder):
    """A server that does not answer is a write error with a remedy."""
    with pytest.raises(IndexWriteError, match=r"Chroma server at http://127\.0\.0\.1:9"):
        Index.build(DOCUMENTS, tmp_path, Config(chroma_url="http://127.0.0.1:9"), embedder)
    with pytest.raises(IndexWriteError, match="write chroma_url as"):
        Index.build(DOCUMENTS, tmp_path, Config(chroma_url="localhost"), embedder)
