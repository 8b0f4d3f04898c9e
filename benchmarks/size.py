"""How an index grows: build, sync, open, search, filter, memory and disk at several sizes, as Markdown.

    python benchmarks/size.py 1000 10000 100000 [--grown 10] [--results FILE]
    python benchmarks/size.py --plot FILE

Texts and vectors are made: words drawn as in English (Zipf; the most frequent are stopwords), vectors in clusters, for
a real model would take hours and its time grows with the passages alone. With `--grown` the last size is also measured
so many times as large: its rows are copied under other ids, vectors moved a little, instead of cut and counted again.
Times are CPU time: the wall clock of a shared machine tells of the others. A question's vector is made too; what the
model takes for it is measured apart, and added where a row says so.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import accumulate
from pathlib import Path
from typing import Any, Final

import numpy as np

from qa.assistant import Assistant
from qa.config import load_config
from qa.index import Index, generations, vectors
from qa.index.manifest import corpus_digest
from qa.index.texts import Writer
from qa.index.texts import _sum as row_sum
from qa.index.vectors import Exact
from qa.index.words import _STOPWORDS as STOPWORDS
from qa.index.words import Words
from qa.language.parser import parse_question
from qa.models.embedder import Embedder
from qa.models.reader import Reader
from qa.query import Catalogue, understand
from qa.retrieve import Retriever
from qa.schema import Document, Filters, Source

EACH: Final = 7
"""Passages of a document, made of ten paragraphs."""
TURNS: Final = 60
"""Searches timed."""
STOPPED: Final = sorted(word for word in STOPWORDS if word.isalpha())[:120]


class Made:
    """In the place of an embedder: vectors in 500 clusters, the same for the same text."""

    name = "made"
    digest = "made"
    dimension = 384
    at_once = Embedder.at_once

    def __init__(self) -> None:
        self._centres = np.random.default_rng(0).normal(size=(500, self.dimension)).astype(np.float32)

    def embed_query(self, text: str) -> Any:
        """A unit vector."""
        seed = zlib.crc32(text.encode())
        vector = self._centres[seed % 500] + 0.7 * np.random.default_rng(seed).normal(size=self.dimension)
        return (vector / np.linalg.norm(vector)).astype(np.float32)

    def embed_passages(self, texts: list[str], progress: Callable[[int], None] | None = None) -> Any:
        """Unit vectors."""
        return np.array([self.embed_query(text) for text in texts])


def documents(passages: int) -> Iterator[Document]:
    """So many passages, in paragraphs of 110 words, with names and figures."""
    draw = random.Random(0)
    syllables = [a + b for a in "bdfgklmnprstv" for b in ("a", "e", "i", "o", "u", "an", "er", "il")]
    words = ["".join(draw.choices(syllables, k=draw.choice((1, 2, 2, 3)))) for _ in range(60_000)]
    words[: len(STOPPED)] = STOPPED
    weights = list(accumulate(1 / (i + 2) for i in range(len(words))))
    for number in range(passages // EACH):
        paragraphs = []
        for _ in range(10):
            drawn = draw.choices(words, cum_weights=weights, k=110)
            drawn[10] = f"{drawn[10].capitalize()} {words[draw.randrange(60_000)].capitalize()}"
            lines = [" ".join(drawn[i : i + 11]).capitalize() for i in range(0, 110, 11)]
            paragraphs.append(f"In {1990 + number % 35} {'. '.join(lines)}.")
        about = Source(
            id=f"d{number}",
            title=" ".join(draw.choices(words, cum_weights=weights, k=5)).capitalize(),
            publisher=f"Office {number % 50}",
            published=str(1990 + number % 35),
        )
        yield Document(about, "\n\n".join(paragraphs))


def grow(folder: Path, times: int) -> None:
    """The index in a folder, its rows copied so many times."""
    with Index.open(folder, load_config()) as index, generations.writing(folder) as new:
        old, size = index.manifest, index.manifest.passages
        writer = Writer(new, index.texts)
        run = writer._connection.execute
        for n in range(times):
            rows = run("SELECT row, id, embedded, data, sum FROM base_cut.passages ORDER BY row").fetchall()
            writer._connection.executemany(
                "INSERT INTO passages VALUES (?,?,?,?,?)", _renamed(rows, _mark(n, old.documents), n * size)
            )
            documents = run("SELECT * FROM base.documents ORDER BY row").fetchall()
            writer._connection.executemany(
                f"INSERT INTO documents VALUES ({','.join('?' * 16)})",
                (_copied(row, n, size, old.documents) for row in documents),
            )
        run(
            "INSERT INTO called SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'), row "
            "FROM documents, json_each(described) ORDER BY 1, 2, 3"
        )
        run("INSERT INTO names SELECT key, name, folded, documents * ? FROM base.names", (times,))
        run("COMMIT")
        writer.close()
        words, sizes = index.words, np.diff(index.words._indptr)
        place = np.arange(len(words._rows)) + np.repeat(words._indptr[:-1] * (times - 1), sizes)
        grown: dict[str, Any] = {"starts": words._starts, "indptr": words._indptr * times}
        grown |= {
            name: np.empty(len(place) * times, dtype) for name, dtype in (("rows", np.int32), ("counts", np.uint16))
        }
        for n in range(times):
            grown["rows"][place + n * np.repeat(sizes, sizes)] = words._rows + np.int32(n * size)
            grown["counts"][place + n * np.repeat(sizes, sizes)] = words._counts
        grown["lengths"] = np.tile(words._lengths, times)
        Words(words._vocabulary, grown).save(new / "words")
        noise = 0.02 * np.random.default_rng(1).normal(size=(8192, old.dimension)).astype(np.float32)
        with (new / vectors.FILE).open("wb") as file:
            for n in range(times):
                for start in range(0, size, 8192):
                    part = index.matrix[start : start + 8192]
                    part = part + bool(n) * np.roll(noise, n, 0)[: len(part)]
                    file.write((part / np.linalg.norm(part, axis=1, keepdims=True)).astype("<f4").tobytes())
        store = "signs" if size * times > vectors.EXACT_UP_TO else "exact"
        if store == "signs":
            vectors.write_signs(vectors.matrix(new, size * times, old.dimension), new)
        digests = index.texts.digests()
        ids = {f"{_mark(n, old.documents)}{id_}": d for n in range(times) for id_, d in digests.items()}
        files = generations.digests(new, [path for path in new.rglob("*") if path.is_file()])
        about = replace(old, passages=size * times, documents=old.documents * times, vectors=store, files=files)
        (new / "manifest.json").write_text(replace(about, corpus=corpus_digest(ids)).to_json(), "utf-8")
        generations.move_pointer(folder, new.name)
    for path in set(folder.glob("gen-*")) - {folder / generations.current(folder)}:
        shutil.rmtree(path)


def _mark(n: int, documents: int) -> str:
    """What stands before the ids of a copy; the first keeps its own."""
    return f"{n * documents}." if n else ""


def _renamed(rows: list[Any], mark: str, moved: int) -> Iterator[tuple[Any, ...]]:
    for row, id_, embedded, data, _ in rows:
        id_, data = f"{mark}{id_}", data.replace(b'["', f'["{mark}'.encode(), 1)
        yield row + moved, id_, embedded, data, row_sum(id_, data)


def _copied(row: tuple[Any, ...], n: int, passages: int, documents: int) -> tuple[Any, ...]:
    place, first, last, id_, _, *plain, source, body, names, origin, _, described = row
    id_, about = f"{_mark(n, documents)}{id_}", json.loads(source)
    blobs = (json.dumps({**about, "id": id_}, ensure_ascii=False).encode(), body, names, origin)
    moved = (place + n * documents, first + n * passages, last + n * passages)
    return (*moved, id_, id_, *plain, *blobs, row_sum(id_, *blobs), described)


def child(work: str, folder: Path, passages: int) -> dict[str, float]:
    """Runs a part in a fresh process."""
    done = subprocess.run(
        [sys.executable, __file__, "--part", work, "--folder", str(folder), str(passages)],
        stdout=subprocess.PIPE, text=True, check=True,
    )  # fmt: skip
    found: dict[str, float] = json.loads(done.stdout)
    return found


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """CPU seconds, and what it gives."""
    start = time.process_time()
    found = work()
    return time.process_time() - start, found


def part(work: str, folder: Path, passages: int) -> dict[str, float]:
    """One measurement, in this process."""
    config, made = load_config(index_dir=folder), Made()
    if work == "build":
        given = list(documents(passages))
        seconds, index = timed(lambda: Index.build(given, folder, config, made))  # type: ignore[arg-type]
        return {"build": seconds, "passages": index.manifest.passages, "built MB": _memory()}
    if work == "sync":
        with Index.open(folder, config) as index:
            ids = index.texts.ids()
        before = _memory()
        nothing, _ = timed(lambda: Index.build(ids, folder, config, made))  # type: ignore[arg-type]
        one = Document(Source(id="d7", title="Changed"), f"Mayor Astrid Falk called {len(ids)} absurd.")
        wanted = [one if id_ == "d7" else id_ for id_ in ids]
        seconds, _ = timed(lambda: Index.build(wanted, folder, config, made))  # type: ignore[arg-type]
        return {"nothing changed": nothing, "one changed": seconds, "sync MB": _memory() - before}
    if work == "grow":
        seconds, _ = timed(lambda: grow(folder, passages))
        return {"grown": seconds}
    if work == "ask":
        opening, assistant = timed(lambda: Assistant.open(folder, config, embedder=made))  # type: ignore[arg-type]
        draw, times = random.Random(2), []
        for _ in range(7):
            row = draw.randrange(assistant.index.manifest.passages)
            asked = f"What is {' '.join(assistant.index.texts.passage(row).text.split()[1:8])}?"
            times.append(timed(lambda asked=asked: assistant.ask(asked))[0])
        return {"first ask": opening + times[0], "ask": statistics.median(times[1:])}
    reader, real = Reader.load(), Embedder.load()
    real.embed_query("Is it so?")
    before = _memory()
    opening, index = timed(lambda: Index.open(folder, config))
    retriever = Retriever(index, made, reader, config)  # type: ignore[arg-type]
    draw = random.Random(1)
    held = [index.texts.passage(draw.randrange(index.manifest.passages)).text.split() for _ in range(TURNS)]
    questions = [" ".join(draw.sample(words, 7)) for words in held]
    first, _ = timed(lambda: retriever.search(questions[0]))
    taken = [timed(lambda q=q: retriever.search(q))[0] for q in questions]
    times = sorted(taken)
    embedded = sorted(t + timed(lambda q=q: real.embed_query(q))[0] for t, q in zip(taken, questions, strict=True))
    half = Filters(publishers=tuple(f"Office {i}" for i in range(25)))
    narrow = Filters(sources=("d7",))
    filters = {}
    for name, walls in (("half", half), ("one source", narrow)):
        cold, _ = timed(lambda walls=walls: retriever.search(questions[0], filters=walls))
        warm = sorted(timed(lambda q=q, walls=walls: retriever.search(q, filters=walls))[0] for q in questions)
        filters[f"{name}, first"], filters[name] = cold, warm[TURNS // 2]
    catalogue = Catalogue(
        index.described,
        index.vocabulary,
        stands=index.stands,
        knows=reader.knows,
        beginning=index.vocabulary.beginning,
        looked_up=index.described,
    )
    parse_question("Is it so?")  # loads the parser
    asking, _ = timed(lambda: understand("What did Astrid Falkenberg of the Harbour Office say?", (), catalogue))
    again, _ = timed(lambda: understand("Who told Ines Duarte of the tunnel?", (), catalogue))
    recalled = []
    for question in questions[:20]:
        near = Exact(index.matrix).nearest(vector := made.embed_query(question), 10, None)
        recalled.append(len({row for row, _ in near} & {row for row, _ in index._store[0].nearest(vector, 10, None)}))
    return {
        "passages": index.manifest.passages, "recall@10": sum(recalled) / 200,
        "open": opening,
        "first": first, "p50": times[TURNS // 2], "p95": times[int(TURNS * 0.95)],
        "p50, embedded": embedded[TURNS // 2], "p95, embedded": embedded[int(TURNS * 0.95)], **filters,
        "understand, first": asking, "understand": again, "MB": _memory() - before,
    }  # fmt: skip


def _memory() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sizes", type=int, nargs="*")
    parser.add_argument("--grown", type=int, default=0, help="measure the last size also so many times as large")
    parser.add_argument("--results", type=Path, help="a file that takes the figures")
    parser.add_argument("--plot", type=Path, help="draw such a file")
    parser.add_argument("--part")
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    if given.part:
        print(json.dumps(part(given.part, given.folder, given.sizes[0])))
        return
    if given.plot:
        plot(json.loads(given.plot.read_text()), given.plot.with_suffix(".png"))
        return
    seen: list[dict[str, float]] = []
    for size in given.sizes:
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch) / "index"
            seen.append(child("build", folder, size) | measured(folder))
            if size == given.sizes[-1] and given.grown:
                made = child("grow", folder, given.grown)
                seen.append({"build": float("nan"), "built MB": float("nan")} | measured(folder))
                print(f"grown in {made['grown']:.0f} s", file=sys.stderr)
        if given.results:
            given.results.write_text(json.dumps(seen, indent=1))
    print(f"| | {' | '.join('' for _ in seen)} |\n|{' --- |' * (len(seen) + 1)}")
    for name in seen[0]:
        print(f"| {name} | {' | '.join(_shown(name, found[name]) for found in seen)} |")


def measured(folder: Path) -> dict[str, float]:
    """What is asked of an index that is there."""
    disk = sum(f.stat().st_size for f in folder.rglob("*") if f.is_file()) / 1e6
    return {"disk MB": disk} | child("search", folder, 0) | child("ask", folder, 0) | child("sync", folder, 0)


def _shown(name: str, value: float) -> str:
    if math.isnan(value):
        return "-"
    if name == "recall@10":
        return f"{value:.3f}"
    whole = name == "passages" or name.endswith("MB")
    return f"{value:,.0f}" if whole else f"{value:.2f} s" if value >= 1 else f"{1000 * value:.1f} ms"


def plot(seen: list[dict[str, float]], to: Path) -> None:
    """Curves over passages, both axes logarithmic; matplotlib is not among what `qa` needs."""
    from matplotlib import pyplot

    drawn = (
        "open",
        "first",
        "p50",
        "p95",
        "p95, embedded",
        "half",
        "one source",
        "understand",
        "nothing changed",
        "one changed",
        "build",
    )
    figure, axes = pyplot.subplots(figsize=(7, 5))
    axes.set_prop_cycle(color=(*pyplot.get_cmap("tab20").colors[::2], (0.0, 0.0, 0.0)))
    for name in drawn:
        axes.loglog([found["passages"] for found in seen], [1000 * found[name] for found in seen], "o-", label=name)
    axes.set(xlabel="passages", ylabel="ms of CPU")
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8, loc="upper left", bbox_to_anchor=(1, 1))
    figure.savefig(to, dpi=110, bbox_inches="tight")


if __name__ == "__main__":
    main()
