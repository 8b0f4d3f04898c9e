"""How an index grows: build, sync, open, search, filter, memory and disk at several sizes, as Markdown.

    python benchmarks/size.py 1000 10000 100000

Texts and vectors are made: words drawn as in English (Zipf), vectors in clusters, for a real model would take hours and
its time grows with the passages alone. Times are CPU time, for the wall clock of a shared machine tells of the others.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator
from itertools import accumulate
from pathlib import Path
from typing import Any, Final

import numpy as np

from qa.config import load_config
from qa.index import Index
from qa.language.parser import parse_question
from qa.models.reader import Reader
from qa.query import Catalogue, understand
from qa.retrieve import Retriever
from qa.schema import Document, Filters, Source

EACH: Final = 10
"""Passages of a document."""
TURNS: Final = 60
"""Searches timed."""


class Made:
    """In the place of an embedder: vectors in 500 clusters, the same for the same text."""

    name = "made"
    digest = "made"
    dimension = 384

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
    """So many passages of some 110 words, with names and figures, each ten a document."""
    draw = random.Random(0)
    syllables = [a + b for a in "bdfgklmnprstv" for b in ("a", "e", "i", "o", "u", "an", "er", "il")]
    words = ["".join(draw.choices(syllables, k=draw.choice((1, 2, 2, 3)))) for _ in range(60_000)]
    weights = list(accumulate(1 / (i + 2) for i in range(len(words))))
    for number in range(passages // EACH):
        paragraphs = []
        for _ in range(EACH):
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
        ids = [f"d{i}" for i in range(passages // EACH)]
        nothing, _ = timed(lambda: Index.build(ids, folder, config, made))  # type: ignore[arg-type]
        one = Document(Source(id="d7", title="Changed"), "Mayor Astrid Falk called the price absurd.")
        wanted = [one if id_ == "d7" else id_ for id_ in ids]
        seconds, _ = timed(lambda: Index.build(wanted, folder, config, made))  # type: ignore[arg-type]
        return {"nothing changed": nothing, "one changed": seconds}
    reader = Reader.load()
    before = _memory()
    opening, index = timed(lambda: Index.open(folder, config))
    retriever = Retriever(index, made, reader, config)  # type: ignore[arg-type]
    draw = random.Random(1)
    held = [index.texts.passage(draw.randrange(index.manifest.passages)).text.split() for _ in range(TURNS)]
    questions = [" ".join(draw.sample(words, 7)) for words in held]
    first, _ = timed(lambda: retriever.search(questions[0]))
    times = sorted(timed(lambda q=q: retriever.search(q))[0] for q in questions)
    half = Filters(publishers=tuple(f"Office {i}" for i in range(25)))
    narrow = Filters(sources=("d7",))
    filters = {}
    for name, walls in (("half", half), ("one source", narrow)):
        cold, _ = timed(lambda walls=walls: retriever.search(questions[0], filters=walls))
        warm = sorted(timed(lambda q=q, walls=walls: retriever.search(q, filters=walls))[0] for q in questions)
        filters[f"{name}, first"], filters[name] = cold, warm[TURNS // 2]
    reading, sources = timed(lambda: index.sources)
    catalogue = Catalogue(
        sources,
        index.vocabulary,
        stands=lambda w: bool(index.lexical(w, 1)),
        knows=reader.knows,
        beginning=index.vocabulary.beginning,
    )
    parse_question("Is it so?")  # loads the parser
    asking, _ = timed(lambda: understand("What did Astrid Falkenberg of the Harbour Office say?", (), catalogue))
    again, _ = timed(lambda: understand("Who told Ines Duarte of the tunnel?", (), catalogue))
    return {
        "open": opening,
        "first": first, "p50": times[TURNS // 2], "p95": times[int(TURNS * 0.95)], **filters,
        "all sources read": reading, "understand, first": asking, "understand": again, "MB": _memory() - before,
    }  # fmt: skip


def _memory() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sizes", type=int, nargs="+")
    parser.add_argument("--part")
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    if given.part:
        print(json.dumps(part(given.part, given.folder, given.sizes[0])))
        return
    rows: dict[str, list[str]] = {}
    for size in given.sizes:
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch) / "index"
            found = child("build", folder, size)
            found["disk MB"] = sum(f.stat().st_size for f in folder.rglob("*") if f.is_file()) / 1e6
            found |= child("search", folder, size) | child("sync", folder, size)
        for name, value in found.items():
            whole = name == "passages" or name.endswith("MB")
            shown = f"{value:,.0f}" if whole else f"{value:.2f} s" if value >= 1 else f"{1000 * value:.1f} ms"
            rows.setdefault(name, []).append(shown)
    print(f"| | {' | '.join('' for _ in given.sizes)} |\n|{' --- |' * (len(given.sizes) + 1)}")
    for name, values in rows.items():
        print(f"| {name} | {' | '.join(values)} |")


if __name__ == "__main__":
    main()
