"""How fast `qa check` is, and how much memory it takes: sentences held against an index, and against a pool in memory.

    python benchmarks/checking.py --texts FILE.jsonl.gz [--passages 10000] [--sentences 1000] [--index FOLDER] [--pool]

FILE has a row an article, with its `text`. The sentences are of these articles, with a word left out or something
changed (`qa.mutate`), so that none stands there word for word. The vectors of the passages are drawn by chance: to
embed ten thousand takes minutes, and to search them takes as long whatever they are. The clock of a shared machine
tells of the others as well, processor seconds do not.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import resource
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from qa.checking import support
from qa.checking.shelf import Shelf
from qa.config import load_config
from qa.index import Index
from qa.models.embedder import Embedder
from qa.mutate import mutations
from qa.passages import sentences, split
from qa.schema import Document, Source
from qa.support import Evidence, Pool, checked

MARKS = (1, 100, 300, 1000, 3000, 10_000)
"""Sentences after which a row is printed."""


class Drawn:
    """In the place of an embedder, and under its name: unit vectors by chance."""

    def __init__(self, of: Embedder) -> None:
        self.name, self.digest, self.dimension, self.at_once = of.name, of.digest, of.dimension, of.at_once

    def embed_passages(self, texts: list[str], progress: Callable[[int], None] | None = None) -> NDArray[np.float32]:
        """Rows of unit length."""
        drawn = np.random.default_rng(0).normal(size=(len(texts), self.dimension)).astype(np.float32)
        return np.asarray(drawn / np.linalg.norm(drawn, axis=1, keepdims=True))


def main() -> None:
    """Prints a Markdown table, a row for the sentences so far."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=Path, required=True)
    parser.add_argument("--passages", type=int, default=10_000)
    parser.add_argument("--sentences", type=int, default=1000)
    parser.add_argument("--index", type=Path, help="folder of the index; built if there is none")
    parser.add_argument("--pool", action="store_true", help="passages in memory, without an index")
    given = parser.parse_args()
    documents = list(_documents(given.texts, given.passages))
    text = " ".join(_claims(documents, given.sentences))
    if given.pool:
        pool, name = Pool(Evidence(p.id, p.text, d.source) for d in documents for p in split(d)), "in memory"
    else:
        folder, config = given.index or Path("index-of-checking"), load_config()
        if not folder.exists():
            Index.build(documents, folder, config, Drawn(Embedder.load())).close()  # type: ignore[arg-type]  # acts as one
        pool, name = Shelf(Index.open(folder, config), Embedder.load(), config.lexical_weight), "index"
    passages = len(pool)
    del documents
    print(f"{passages} passages, {name}; {_megabytes():.0f} MB before; seconds count the loading of the models")
    print("| sentences | CPU s | clock s | peak MB |")
    print("| --: | --: | --: | --: |")
    cpu, wall, count = time.process_time(), time.perf_counter(), 0
    for count, _ in enumerate(checked(text, pool, support(), numbers="sources"), start=1):
        if count in MARKS:
            _row(count, cpu, wall)
    if count not in MARKS:
        _row(count, cpu, wall)


def _row(count: int, cpu: float, wall: float) -> None:
    spent = f"{time.process_time() - cpu:.1f} | {time.perf_counter() - wall:.1f}"
    print(f"| {count} | {spent} | {_megabytes():.0f} |", flush=True)


def _documents(path: Path, passages: int) -> Iterator[Document]:
    left = passages
    with gzip.open(path, "rt", encoding="utf-8") as rows:
        for number, line in enumerate(rows):
            row = json.loads(line)
            if left <= 0 or not row["text"].strip():
                continue
            document = Document(Source(id=f"d{number}", title=row.get("title") or f"d{number}"), row["text"][:20_000])
            left -= len(split(document))
            yield document


def _claims(documents: list[Document], wanted: int) -> Iterator[str]:
    draw = random.Random(0)
    while wanted:
        text = draw.choice(documents).text
        own = [text[a:b].replace("\n", " ") for a, b in sentences(text)]
        own = [s for s in own if 60 < len(s) < 250 and s[0].isupper() and s[-1] == "." and not set(s) & set('“"')]
        if not own:
            continue
        sentence = draw.choice(own)
        made = mutations(sentence, own) if draw.random() < 0.5 else []
        words = sentence.split(" ")
        del words[draw.randrange(1, len(words) - 1)]
        yield draw.choice(made).text if made else " ".join(words)
        wanted -= 1


def _megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
