"""How much shared words count against meaning where both rankings are fused: the setting `lexical_weight`.

    python -m training.lexical_weight           the six pools it was chosen on
    python -m training.lexical_weight --held    two that nothing was chosen on: paragraphs of SQuAD articles, and news

In each of the six up to 450 passages are ranked for 250 questions: by cosine, by BM25, by reciprocal rank fusion of the
two, and by their weighted sum. News are the articles that answer 206 questions of a quiz and 400 others that a search
engine gave for them, cut as `qa` cuts them; an article's rank is that of its best passage. `--exact` embeds the
passages without rounding, as a question is embedded.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from qa.config import load_config
from qa.index import embedded_text
from qa.index.words import Words
from qa.models.embedder import Embedder
from qa.passages import split
from qa.schema import Document, Source

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


@dataclass(frozen=True)
class Pool:
    """Texts, of which document each is, and questions with the documents that answer."""

    texts: list[str]
    owners: NDArray[np.int64]
    asked: list[tuple[str, list[int]]]


def paragraphs(rows: list[dict[str, Any]], passages: int, questions: int) -> Pool:
    """Every passage a document of its own."""
    rows = [row for row in rows if row.get("answerable")]
    random.Random(0).shuffle(rows)
    texts = list(dict.fromkeys(row["passage"] for row in rows))[:passages]
    place = {text: i for i, text in enumerate(texts)}
    asked = [(row["q"], [place[row["passage"]]]) for row in rows if row["passage"] in place][:questions]
    return Pool(texts, np.arange(len(texts)), asked)


def held() -> dict[str, Pool]:
    """What nothing was chosen on."""
    rows = _rows(DATA / "bench" / "squad2_heldout.jsonl.gz")
    rows = [{"q": row["question"], "passage": row["context"], "answerable": row["answerable"]} for row in rows]
    articles = {row["url"]: row for row in _rows(DATA / "bench" / "realtimeqa_docs.jsonl.gz")}
    asked = [
        (row, [u for u in row["gold"] if u in articles]) for row in _rows(DATA / "bench" / "realtimeqa_2022.jsonl.gz")
    ]
    asked = [(row, urls) for row, urls in asked if urls]
    gold = dict.fromkeys(url for _, urls in asked for url in urls)
    near = [u for u in dict.fromkeys(u for r, _ in asked for u in r["urls"][:6]) if u in articles and u not in gold]
    random.Random(0).shuffle(near)
    place = {url: i for i, url in enumerate([*gold, *near[:400]])}
    texts, owners = [], []
    for url, i in place.items():
        document = Document(Source(url, articles[url]["title"]), articles[url]["text"])
        for passage in split(document, target=150, maximum=180)[:8]:
            texts.append(embedded_text(passage, document.source))
            owners.append(i)
    questions = [(row["question_sentence"], [place[url] for url in urls]) for row, urls in asked]
    return {
        "squad2_heldout": paragraphs(rows, len(rows), 600),
        "news": Pool(texts, np.array(owners), questions),
    }


def measured(pool: Pool, exact: bool) -> dict[str, NDArray[np.int64]]:
    """The rank of the first document that answers, for each question, by each fusion."""
    embedder, words = Embedder.load(), Words.build(pool.texts)
    vectors = np.array([embedder.embed_query(t) for t in pool.texts]) if exact else embedder.embed_passages(pool.texts)
    found: dict[str, list[int]] = {name: [] for name in fusions()}
    for question, gold in pool.asked:
        cosine, shared = vectors @ embedder.embed_query(question), words.scores(question)
        for name, fused in fusions().items():
            best = np.full(pool.owners.max() + 1, -np.inf)
            np.maximum.at(best, pool.owners, fused(cosine, shared))
            found[name].append(1 + int((best > best[gold].max()).sum()))
    return {name: np.array(ranks) for name, ranks in found.items()}


def ahead(ours: NDArray[Any], other: NDArray[Any]) -> str:
    """By how much a mean is ahead, with its interval of 95 percent over the questions (bootstrap)."""
    differences = ours.astype(float) - other
    drawn = np.random.default_rng(0).integers(0, len(differences), (2000, len(differences)))
    low, high = np.quantile(differences[drawn].mean(1), (0.025, 0.975))
    return f"{differences.mean():+.3f} [{low:+.3f}, {high:+.3f}]"


def main() -> None:
    """Print R@1 and MRR by pool, their means, and how far the setting is ahead of each half."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--held", action="store_true")
    parser.add_argument("--exact", action="store_true")
    parser.add_argument("--only", nargs="+", help="names of pools")
    given = parser.parse_args()
    if given.held:
        pools = held()
    else:
        pools = {pool: paragraphs(_rows(DATA / "train" / f"{pool}.jsonl.gz"), 450, 250) for pool in POOLS}
    tables = {n: measured(pool, given.exact) for n, pool in pools.items() if n in (given.only or pools)}
    print("pools: ", ", ".join(tables))
    for name in fusions():
        values = [((table[name] == 1).mean(), (1 / table[name]).mean()) for table in tables.values()]
        shown = "  ".join(f"{first:.3f}/{mrr:.3f}" for first, mrr in values)
        print(f"{name:10} {shown}  mean {np.mean([v[0] for v in values]):.3f}/{np.mean([v[1] for v in values]):.3f}")
    ours = f"sum, {load_config().lexical_weight}"
    for pool, table in tables.items():
        for other in ("cosine", "BM25"):
            first, mrr = ahead(table[ours] == 1, table[other] == 1), ahead(1 / table[ours], 1 / table[other])
            print(f"{pool}: ahead of {other} by {first} in R@1, {mrr} in MRR")


def _rows(path: Path) -> list[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


if __name__ == "__main__":
    main()
