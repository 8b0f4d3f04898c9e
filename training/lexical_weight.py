"""How much shared words count against meaning where both rankings are fused: the setting `lexical_weight`.

    python -m training.lexical_weight           the six pools it was chosen on
    python -m training.lexical_weight --held    paragraphs of SQuAD articles that nothing was chosen on

In each pool up to 450 passages are ranked for 250 questions: by cosine, by BM25, by reciprocal rank fusion of the two,
and by their weighted sum.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from qa.index.words import Words
from qa.models.embedder import Embedder

DATA: Final = Path(os.environ.get("QA_TRAINING_DATA", "../shared/data"))
POOLS: Final = (
    "r_squad_train_12articles r_squadshifts_wiki r_doc2dial_val r_squadshifts_reddit r_adversarialqa_dev r_timeqa"
).split()
WEIGHTS: Final = (0.2, 0.3, 0.4, 0.5, 0.6)

Scores = NDArray[np.float32]
Fusion = Callable[[Scores, Scores], Any]


def ranks(scores: Scores) -> NDArray[np.int64]:
    """From 1, the highest first."""
    places = np.empty(len(scores), np.int64)
    places[np.argsort(-scores, kind="stable")] = np.arange(1, len(scores) + 1)
    return places


def fusions() -> dict[str, Fusion]:
    """What is compared."""
    found: dict[str, Fusion] = {
        "cosine": lambda cosine, words: cosine,
        "BM25": lambda cosine, words: words,
        "RRF": lambda cosine, words: 1 / (60 + ranks(cosine)) + (words > 0) / (60 + ranks(words)),
    }
    for weight in WEIGHTS:
        found[f"sum, {weight}"] = lambda cosine, words, w=weight: (1 - w) * cosine + w * words / max(words.max(), 1e-9)
    return found


def measured(rows: list[dict[str, Any]], passages: int, questions: int) -> dict[str, tuple[float, float]]:
    """R@1 and MRR of each fusion."""
    rows = [row for row in rows if row.get("answerable")]
    random.Random(0).shuffle(rows)
    texts = list(dict.fromkeys(row["passage"] for row in rows))[:passages]
    place = {text: i for i, text in enumerate(texts)}
    asked = [row for row in rows if row["passage"] in place][:questions]
    embedder = Embedder.load()
    vectors, words = embedder.embed_passages(texts), Words.build(texts)
    found: dict[str, list[int]] = {name: [] for name in fusions()}
    for row in asked:
        cosine, shared = vectors @ embedder.embed_query(row["q"]), words.scores(row["q"])
        for name, fused in fusions().items():
            scores = fused(cosine, shared)
            found[name].append(1 + int((scores > scores[place[row["passage"]]]).sum()))
    return {name: (float(np.mean(np.array(r) == 1)), float(np.mean(1 / np.array(r)))) for name, r in found.items()}


def main() -> None:
    """Print R@1 and MRR by pool, and their means."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--held", action="store_true")
    if parser.parse_args().held:
        rows = _rows(DATA / "bench" / "squad2_heldout.jsonl.gz")
        rows = [{"q": row["question"], "passage": row["context"], "answerable": row["answerable"]} for row in rows]
        tables = {"squad2_heldout": measured(rows, len(rows), 600)}
    else:
        tables = {pool: measured(_rows(DATA / "train" / f"{pool}.jsonl.gz"), 450, 250) for pool in POOLS}
    for name in fusions():
        values = [table[name] for table in tables.values()]
        shown = "  ".join(f"{first:.3f}/{mrr:.3f}" for first, mrr in values)
        print(f"{name:10} {shown}  mean {np.mean([v[0] for v in values]):.3f}/{np.mean([v[1] for v in values]):.3f}")


def _rows(path: Path) -> list[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


if __name__ == "__main__":
    main()
