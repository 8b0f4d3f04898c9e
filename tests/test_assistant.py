"""The whole, on the real stack: build, open, ask, stream, converse, change."""

from __future__ import annotations

import asyncio
import shutil
from datetime import date
from pathlib import Path

import pytest

from conftest import TOWN
from model_server import ModelServer, Reply, broken, good
from qa import Answer, Assistant, Filters, Progress, Reason, Sentence, Turn, Verdict, load_config
from qa.query import Query
from qa.read import WordReader
from qa.schema import CorpusError, IndexMissingError, QuestionError


def copy_town(folder: Path) -> Path:
    for name, text in TOWN.items():
        (folder / f"{name}{'.md' if text.startswith('---') else '.txt'}").write_text(text, encoding="utf-8")
    return folder


def test_a_question_is_answered_with_exact_words_and_their_outlet(town: Assistant) -> None:
    """Promises 1, 2 and 4 in one answer."""
    answer = town.ask("How many votes did the council approve the harbour bridge by?")
    assert "12 votes to 7" in str(answer)
    for sentence in answer.sentences:
        assert sentence.verdict in Verdict
        assert sentence.attribution
        for citation in sentence.citations:
            text = town.document(citation.source.id).text
            assert text[citation.start : citation.end] == citation.quote


def test_a_question_the_sources_do_not_answer_is_an_abstention_value(town: Assistant) -> None:
    """Promise 3: a reason, what was read, the nearest passages."""
    answer = town.ask("Who won the chess olympiad in Budapest?")
    assert answer.abstention is not None
    assert answer.abstention.reason in (Reason.NOT_RELEVANT, Reason.NOT_ANSWERED)
    assert answer.abstention.nearest
    assert answer.abstention.sources_searched == 3
    assert not answer.sentences


def test_streaming_ends_with_the_answer_that_asking_gives(town: Assistant) -> None:
    """Progress first, then each sentence, then the whole."""
    events = list(town.stream("Who objected to the bridge?"))
    asked = town.ask("Who objected to the bridge?")
    assert isinstance(events[0], Progress)
    assert tuple(e for e in events if isinstance(e, Sentence)) == asked.sentences
    assert isinstance(events[-1], Answer)
    assert events[-1].with_(timings={}) == asked.with_(timings={})


def test_an_answer_names_what_it_was_made_from(town: Assistant) -> None:
    """Promise 8: corpus, models, settings."""
    provenance = town.ask("Who objected to the bridge?").provenance
    assert provenance.corpus == town.index.manifest.corpus
    assert set(provenance.models) >= {"embedder", "reader"}
    assert provenance.settings == town.config.digest()


def test_a_comparison_is_grouped_by_source(town: Assistant) -> None:
    """Each source once; silent ones named, but none that a row quotes."""
    answer = town.ask("How do the sources differ on what the harbour bridge will cost?")
    assert {group.source.id for group in answer.groups} >= {"gazette", "ledger"}
    shown = [i for group in answer.groups for i in group.sentences]
    assert shown == sorted(shown), "the numbers of the references rise as they are read"
    cited = {citation.source.id for point in answer.points for citation in point.said}
    assert {source.id for source in answer.silent} == {"gazette", "ledger", "letters"} - cited


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("What does the Island Ledger say about the ferry?", "900,000 passengers"),
        ("What does Tomás Vidal say about the plan?", "gift to the ferry company"),
        ("What do the Island Ledger and Tomás Vidal say about the ferry?", "gift to the ferry company"),
    ],
)
def test_one_who_is_asked_for_by_name_answers(town: Assistant, question: str, words: str) -> None:
    """An outlet, or somebody who speaks in the texts: his sentences on the point, grouped, and nobody else's."""
    answer = town.ask(question)
    assert words in str(answer)
    assert {group.source.id for group in answer.groups} <= {"ledger", "gazette"}
    assert "Ledger" in question or "Olga Stern" not in str(answer)  # whom the Ledger quotes, it may be quoted with
    assert not answer.silent


def test_a_source_asked_for_what_it_never_mentions_abstains(town: Assistant) -> None:
    """Though another source deals with it."""
    answer = town.ask("What does the Island Ledger say about tomatoes?")
    assert answer.abstention
    assert answer.abstention.sources_searched == 1


def test_a_follow_up_is_understood_from_the_conversation(town: Assistant) -> None:
    """What was searched for is shown, and the turn is remembered."""
    chat = town.chat()
    chat.ask("What did Tomás Vidal call the plan?")
    answer = chat.ask("And how many members does his cooperative have?")
    assert "310" in str(answer)
    assert len(chat.turns) == 2


def test_two_conversations_know_nothing_of_each_other(town: Assistant) -> None:
    """No state in the assistant."""
    first, second = town.chat(), town.chat()
    first.ask("What did Tomás Vidal call the plan?")
    assert second.turns == ()


def test_asking_from_async_code_gives_the_same(town: Assistant) -> None:
    """The twins."""
    asked = asyncio.run(town.aask("Who objected to the bridge?"))
    assert asked.sentences == town.ask("Who objected to the bridge?").sentences
    assert asyncio.run(town.asearch("ferry"))[0].source.id == "ledger"


def test_a_filter_limits_what_is_cited(town: Assistant) -> None:
    """Walls hold in the answer."""
    answer = town.ask("What will the bridge cost?", filters=Filters(sources=("gazette",)))
    assert {c.source.id for c in answer.references} == {"gazette"}


def test_an_unknown_source_names_those_there_are(town: Assistant) -> None:
    """One line with the remedy."""
    with pytest.raises(QuestionError, match="there are: gazette, ledger, letters"):
        town.document("nope")


def test_an_index_opens_as_it_was_built(tmp_path: Path) -> None:
    """Build in one assistant, open in another: equal answers."""
    config = load_config(corpus_dir=copy_town(tmp_path), index_dir=tmp_path / "i")
    with Assistant.build(config=config) as built:
        asked = built.ask("What will the bridge cost?").with_(timings={})
    with Assistant.open(config=config) as opened:
        assert opened.ask("What will the bridge cost?").with_(timings={}) == asked


def test_opening_builds_what_is_missing(tmp_path: Path) -> None:
    """A corpus and no index: built. Neither: an error that says what to run."""
    (tmp_path / "corpus").mkdir()
    config = load_config(corpus_dir=copy_town(tmp_path / "corpus"), index_dir=tmp_path / "i")
    with Assistant.open(config=config) as assistant:
        assert len(assistant.sources) == 3
    nowhere = load_config(corpus_dir=tmp_path / "none", index_dir=tmp_path / "none-either")
    with pytest.raises(IndexMissingError, match="qa index"):
        Assistant.open(config=nowhere)


def test_an_empty_corpus_says_what_to_put_there(tmp_path: Path) -> None:
    """And leaves no index behind."""
    (tmp_path / "corpus").mkdir()
    with pytest.raises(CorpusError, match="Markdown"):
        Assistant.build(tmp_path / "corpus", tmp_path / "index")
    assert not (tmp_path / "index" / "current").exists()


def test_documents_can_be_added_described_and_removed(tmp_path: Path) -> None:
    """Each change is a new assistant over a new index; what was asked to stay stays."""
    (tmp_path / "corpus").mkdir()
    with Assistant.build(copy_town(tmp_path / "corpus"), tmp_path / "i") as town:
        (tmp_path / "news.txt").write_text("The lighthouse was sold for 90 thousand euros in 2020.\n")
        with town.changed(add=tmp_path / "news.txt") as more:
            assert "90 thousand" in str(more.ask("What was the lighthouse sold for?"))
            letters = more.document("letters").source
            corrected = type(letters)(**{**letters.to_dict(), "publisher": "Garden Club", "inferred": ()})
            with more.changed(remove=["news"], describe={"letters": corrected}) as less:
                assert [s.id for s in less.sources] == ["gazette", "ledger", "letters"]
                assert less.document("letters").source.publisher == "Garden Club"
        with pytest.raises(CorpusError, match="no document would be left"):
            town.changed(remove=["gazette", "ledger", "letters"])


def test_a_llama_index_engine_answers_with_our_answer(town: Assistant) -> None:
    """Text with markers, nodes with exact offsets, our dictionary beside them."""
    response = town.as_query_engine().query("Who objected to the bridge?")
    assert "[1]" in str(response)
    assert response.metadata["schema_version"] == 1
    for node in response.source_nodes:
        text = town.document(node.node.ref_doc_id).text
        assert text[node.node.start_char_idx : node.node.end_char_idx] == node.node.text


def test_a_llama_index_retriever_gives_passages_in_the_readers_order(town: Assistant) -> None:
    """Nodes with their source's metadata."""
    nodes = town.as_retriever().retrieve("Who objected to the bridge?")
    assert [node.node_id for node in nodes] == [hit.passage.id for hit in town.search("Who objected to the bridge?")]
    assert nodes[0].node.metadata["publisher"]


def test_what_stands_in_no_source_is_named_and_not_answered(town: Assistant) -> None:
    """An outlet that is not here says nothing here, however near its subject is; nor does a stranger."""
    answer = town.ask("What does the Lisbon Post say about the harbour bridge?")
    assert answer.abstention
    assert answer.premise.startswith("“Lisbon Post” is not among these sources")
    assert town.ask("What did Vladimir Orlov say about the harbour bridge?").abstention


def test_without_models_it_falls_back_and_says_so(town_corpus: Path, tmp_path: Path) -> None:
    """The plain reader answers; nothing claims a check that did not run."""
    config = load_config(corpus_dir=town_corpus, index_dir=tmp_path / "i", reader="none", support="none")
    with Assistant.build(config=config) as plain:
        answer = plain.ask("What will the harbour bridge cost in million euros?")
        assert "48 million" in str(answer) or "71 million" in str(answer)
        assert answer.provenance.models["reader"] == "shared-words"


def test_an_answer_that_may_be_none_says_so(town: Assistant, town_corpus: Path, tmp_path: Path) -> None:
    """Where the threshold lets a doubtful sentence through, the answer opens with the doubt; a plain one does not."""
    assert not town.ask("How many votes was the harbour bridge approved by?").unsure
    config = load_config(corpus_dir=town_corpus, index_dir=tmp_path / "i", min_answer=0.0)
    with Assistant.build(config=config) as lenient:
        answer = lenient.ask("Who won the chess olympiad?")
    assert answer.sentences
    assert answer.to_dict()["unsure"] is True
    assert str(answer).startswith("Perhaps not an answer.")


@pytest.mark.parametrize("question", ["¿Cuánto costará el puente?", "Сколько стоит мост?", "桥要花多少钱？"])
def test_a_question_in_another_language_is_answered_or_abstained_from(town: Assistant, question: str) -> None:
    """Never an error."""
    answer = town.ask(question)
    assert bool(answer.sentences) != bool(answer.abstention)


def test_dates_of_sources_can_be_read_as_dates(town: Assistant) -> None:
    """ISO 8601, whole where the source says the day."""
    assert date.fromisoformat(town.document("gazette").source.published) == date(2021, 3, 4)


def written(corpus: Path, index: Path, *script: Reply, **settings: object) -> Answer:
    """The answer of an assistant whose language model is a real server on this machine, going by a script."""
    with ModelServer(*script) as server:
        config = load_config(
            corpus_dir=corpus, index_dir=index, llm_url=server.url, llm_model="scripted", llm_retries=0, **settings
        )
        with Assistant.open(config=config) as assistant:
            return assistant.ask("What will the harbour bridge cost?")


def test_a_language_model_writes_and_is_checked(town_corpus: Path, town: Assistant) -> None:
    """What the passages bear out is shown with its citation; the rest is dropped and counted."""
    text = "According to the Harbour Gazette, the bridge will cost 48 million euros [1][2][3]. It is of cheese [1]."
    answer = written(town_corpus, town.index.folder, good(text))
    assert answer.provenance.answerer == "write"
    assert "48 million" in " ".join(s.text for s in answer.sentences)
    assert "cheese" not in " ".join(s.text for s in answer.sentences)
    assert any("cheese" in d.text for d in answer.dropped)
    assert answer.provenance.usage is not None
    for citation in answer.references:
        assert town.document(citation.source.id).text[citation.start : citation.end] == citation.quote


def test_a_server_that_is_gone_leaves_quotations(town_corpus: Path, town: Assistant) -> None:
    """Said in the notes; the question is still answered."""
    answer = written(town_corpus, town.index.folder, broken())
    assert answer.provenance.answerer == "quote"
    assert answer.sentences
    assert answer.provenance.notes


def test_a_model_that_declines_is_an_abstention(town_corpus: Path, town: Assistant) -> None:
    """A value with its reason, not an empty answer."""
    answer = written(town_corpus, town.index.folder, good("NONE"))
    assert answer.abstention is not None
    assert answer.abstention.reason is Reason.NOT_ANSWERED


def test_an_over_long_follow_up_is_refused_before_the_conversation_is_read(town: Assistant) -> None:
    """The same words as for a first question; the rules never see it."""
    turn = Turn("Who?", town.ask("What will the harbour bridge cost?"))
    events = town.stream("why " * 25_000, history=[turn])
    with pytest.raises(QuestionError, match="at most 2,000"):
        next(events)


def test_only_what_is_far_off_is_said_to_be_no_matter_of_the_sources(town: Assistant) -> None:
    """A near question without an answer is dealt with, not answered."""
    far = town.ask("How do I bake sourdough bread?").abstention
    near = town.ask("Who painted the harbour bridge blue at night?").abstention
    assert far
    assert far.reason is Reason.NOT_RELEVANT
    assert near
    assert near.reason is Reason.NOT_ANSWERED


@pytest.mark.parametrize("name", ["reader.onnx", "support.onnx"])
def test_an_altered_model_is_an_error(town, tmp_path, monkeypatch, name):
    """Weights that are not the pinned ones stop `open`; they are never replaced by something weaker on the quiet."""
    from qa.models import encoder
    from qa.models.files import SHIPPED
    from qa.schema import ModelError

    (tmp_path / "weights").mkdir()
    for file in (SHIPPED / "weights").iterdir():
        (tmp_path / "weights" / file.name).symlink_to(file)
    (tmp_path / "weights" / name).unlink()
    (tmp_path / "weights" / name).write_bytes(b"another")
    monkeypatch.setattr(encoder, "SHIPPED", tmp_path)
    with pytest.raises(ModelError, match=f"{name} was altered"):
        Assistant.open(config=town.config)


def test_an_assistant_that_is_kept_open_takes_up_a_newer_index(town_corpus, tmp_path):
    """Another process builds anew: who keeps an assistant open goes on with the old one, and can have the new one."""
    config = load_config(corpus_dir=town_corpus, index_dir=tmp_path / "index")
    with Assistant.build(config=config) as before:
        assert before.renewed() is before
        Assistant.build([town_corpus / "letters.txt"], config=config).close()
        assert len(before.sources) == 3
        with before.renewed() as after:
            assert [source.id for source in after.sources] == ["letters"]
            assert after.ask("What grows well beside tomatoes?").sentences


def test_a_library_of_the_page_takes_up_a_newer_index(town_corpus, tmp_path, monkeypatch):
    """The page and its API answer from what another process has built, without a restart."""
    from qa.page import library

    monkeypatch.setattr(library, "LOOK", -1.0)
    config = load_config(corpus_dir=town_corpus, index_dir=tmp_path / "index")
    shared = library.Library(Assistant.build(config=config), tmp_path / "everybody")
    first = shared.assistant
    assert shared.assistant is first
    Assistant.build([town_corpus / "letters.txt"], config=config).close()
    assert [source.id for source in shared.assistant.sources] == ["letters"]
    assert len(first.sources) == 3
    assert not shared.can_undo


# -- a sync of files -------------------------------------------------------------------------------------


@pytest.fixture
def files(town_corpus, tmp_path):
    """A folder of documents that a test may change, and the settings for it."""
    shutil.copytree(town_corpus, tmp_path / "corpus")
    return load_config(corpus_dir=tmp_path / "corpus", index_dir=tmp_path / "index")


def test_files_that_have_not_changed_are_not_read_again(files, monkeypatch):
    """Built again: nothing is parsed; one file changed: that one is; one more of a taken name gets its own id."""
    from qa.corpus import worker

    read = []
    original = worker.Worker.read
    monkeypatch.setattr(
        worker.Worker,
        "read",
        lambda self, data, name, **more: (read.append(name), original(self, data, name, **more))[1],
    )
    Assistant.build(config=files).close()
    assert sorted(read) == ["gazette.md", "ledger.md", "letters.txt"]
    read.clear()
    with Assistant.build(config=files) as again:
        assert read == []
        assert again.reading.kept == ("gazette", "ledger", "letters")
        assert again.index.manifest.documents == 3
    with (files.corpus_dir / "letters.txt").open("a", encoding="utf-8") as file:
        file.write("\n\nPears ripen in September, says Olga Lind.\n")
    with Assistant.build(config=files) as changed:
        assert read == ["letters.txt"]
        assert changed.ask("When do pears ripen?").sentences
    read.clear()
    (files.corpus_dir / "more").mkdir()
    (files.corpus_dir / "more" / "letters.txt").write_text("Leeks want sand.\n")
    (files.corpus_dir / "ledger.md").unlink()
    with Assistant.build(config=files) as other:
        assert read == ["letters.txt"]
        assert [s.id for s in other.sources] == ["gazette", "letters", "letters-2"]
        assert other.document("letters-2").text == "Leeks want sand."
    read.clear()
    with Assistant.build(config=files) as same:
        assert read == []
        assert [s.id for s in same.sources] == ["gazette", "letters", "letters-2"]


def test_a_sync_of_files_makes_what_a_build_makes(files, tmp_path):
    """After any change the index is that of a build from nothing, byte for byte."""
    Assistant.build(config=files).close()
    (files.corpus_dir / "a.txt").write_text("Ann Lee keeps bees.\n")
    (files.corpus_dir / "letters.txt").rename(files.corpus_dir / "notes.txt")
    with Assistant.build(config=files) as synced, Assistant.build(config=files, index=tmp_path / "anew") as anew:
        assert synced.index.manifest == anew.index.manifest


def test_a_setting_that_changes_passages_is_said(files):
    """Another size of passages: files are not read again, all passages are made anew, and that is said."""
    Assistant.build(config=files).close()
    other = files.model_copy(update={"passage_words": 30, "passage_words_max": 40})
    with Assistant.build(config=other) as built:
        assert "all passages are made anew: passage_words was 150 and is 30" in built.reading.notes[-1]
        assert len(built.reading.kept) == 3


def test_what_was_added_and_removed_by_hand_is_in_step_with_the_files(files, tmp_path):
    """`changed` goes the same way: nothing that stays is made again; the next build has what the folder has."""
    Assistant.build(config=files).close()
    (tmp_path / "bees.txt").write_text("Ann Lee keeps bees.\n")
    before = Assistant.open(config=files)
    with before, before.changed(add=[tmp_path / "bees.txt"], remove=["ledger"]) as after:
        assert [s.id for s in after.sources] == ["gazette", "letters", "bees"]
        assert after.document("gazette") == before.document("gazette")
    with Assistant.build(config=files) as built:
        assert [s.id for s in built.sources] == ["gazette", "ledger", "letters"]
        assert built.reading.kept == ("gazette", "letters")


def test_asked_what_it_is_about_key_sentences_of_the_sources_are_quoted(town: Assistant) -> None:
    """A choice of sentences from several sources, said to be one; of a single source only its own."""
    answer = town.ask("What is this corpus about?")
    assert answer.kind == "overview"
    assert len(answer.sources) > 1
    assert "they say more" in answer.caveat
    assert not answer.brief
    found = town.overview("ledger")
    assert {c.hit.source.id for c in found.sentences} == {"ledger"}
    with pytest.raises(QuestionError, match="no source 'nowhere'"):
        town.overview("nowhere")
    on_topic = town.overview(topic="the cost of the harbour bridge", most=1)
    assert [c.hit.source.id for c in on_topic.sentences] == ["gazette", "ledger"]
    assert all("million euros" in c.text for c in on_topic.sentences)
    assert town.overview(topic="the price of saffron in Isfahan").sentences == ()
    headed = town.ask("Summarise the chapter on the vote.")
    assert {c.heading.split(" › ")[-1] for s in headed.sentences for c in s.citations} == {"The vote"}
    assert not town.ask("Give me a summary of the price of saffron in Isfahan.").sentences


def test_a_sure_answer_to_a_plain_question_comes_in_few_words_first(town: Assistant) -> None:
    """The words stand in the first sentence and are cited by it."""
    answer = town.ask("When did the council approve the harbour bridge?")
    assert answer.brief
    assert answer.brief in answer.sentences[0].text
    assert "2021" in answer.brief


def test_a_stage_is_replaced_by_passing_another(town: Assistant, town_corpus: Path, tmp_path: Path) -> None:
    """Another reader and another understanding of questions, in a build and in what is made of it."""
    built = Assistant.build(
        town_corpus, tmp_path / "i", reader=WordReader(), understand=lambda question, *_: Query("ferry", question)
    )
    answer = built.ask("What will the harbour bridge cost?")
    assert answer.searched == "ferry"
    assert answer.provenance.models["reader"] == "shared-words"
    changed = built.changed(remove=[built.sources[0].id])
    assert changed.ask("Who?").searched == "ferry"


def test_a_stream_can_be_read_off_the_event_loop_and_left(town: Assistant) -> None:
    """The last event is the answer; who stops before it is given nothing more."""

    async def read(until: int) -> list[object]:
        events: list[object] = []
        stream = town.astream("What will the harbour bridge cost?")
        async for event in stream:
            events.append(event)
            if len(events) == until:
                break
        await stream.aclose()
        return events

    assert len(asyncio.run(read(1))) == 1
    assert asyncio.run(read(1000))[-1].sentences == town.ask("What will the harbour bridge cost?").sentences
    assert asyncio.run(town.acheck("The bridge will cost 48 million euros.")).sentences
