"""CANARD: follow-ups rewritten to stand alone, against the rewrites of people (Elgohary et al. 2019)."""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import numpy as np

from qa import dialogue
from qa.evaluate.layers import Rows
from qa.index.words import Words
from qa.schema import Abstention, Answer, Citation, Reason, Sentence, Source, Turn

Turns = Mapping[str, Sequence[Mapping[str, Any]]]
DEPTH = 10
"""Passages that the overlap is taken of."""


def held_out(key: str, parts: int) -> bool:
    """Whether a row lies outside the one of so many parts on which rules and thresholds were set."""
    return int(hashlib.sha256(key.encode()).hexdigest(), 16) % parts != 0


class Canard:
    """The dialogues of the set, and BM25 over all their answers."""

    def __init__(self, rows: Sequence[Mapping[str, Any]]) -> None:
        self.dialogues: defaultdict[str, list[Mapping[str, Any]]] = defaultdict(list)
        for row in sorted(rows, key=lambda row: (row["QuAC_dialog_id"], row["Question_no"])):
            self.dialogues[row["QuAC_dialog_id"]].append(row)
        passages: dict[tuple[str, int], str] = {}
        for id_, asked in self.dialogues.items():
            title, section, *told = asked[-1]["History"]
            passages |= {(id_, n): f"{title}. {section}. {a}" for n, a in enumerate(told[1::2], start=1)}
        self.place = {key: i for i, key in enumerate(passages)}
        self._words = Words.build(list(passages.values()))

    def part(self, *, held: bool) -> Turns:
        """The four fifths of the dialogues that set no rule, or the other fifth."""
        return {id_: asked for id_, asked in self.dialogues.items() if held_out(id_, 5) == held}

    def top(self, query: str) -> list[int]:
        """Places of the passages that share most with a query, best first."""
        scores = self._words.scores(query)
        order = np.argsort(-scores, kind="stable")[:DEPTH]
        return [int(i) for i in order if scores[i] > 0]

    def overlap(self, query: str, gold: str) -> float:
        """Share of a person's rewrite's first passages that a query has among its own."""
        wanted = self.top(gold)
        return len(set(self.top(query)) & set(wanted)) / len(wanted) if wanted else 0.0


def canard(rows: Sequence[Mapping[str, Any]], models: Any, tell: Callable[[str, int, int], None]) -> Rows:
    """The question alone, with all its history, as the rules rewrite it, and as a person did."""
    data = Canard(rows)
    held = data.part(held=True)
    queries: dict[str, list[str]] = {"question alone": [], "all history": [], "rules": [], "gold rewrite": []}
    own = []
    for i, (id_, asked) in enumerate(held.items(), start=1):
        rewritten = resolved(asked)
        for row in asked:
            queries["question alone"].append(row["Question"])
            queries["all history"].append(" ".join([*row["History"], row["Question"]]))
            queries["rules"].append(rewritten[row["Question_no"] - 1])
            queries["gold rewrite"].append(row["Rewrite"])
            own.append(data.place.get((id_, row["Question_no"])))
        tell("rewriting", i, len(held))
    gold = queries["gold rewrite"]
    found = []
    for n, (name, asked_as) in enumerate(queries.items(), start=1):
        rouge = [rouge1(query, right) for query, right in zip(asked_as, gold, strict=True)]
        ranks = [
            next((1 / k for k, i in enumerate(data.top(query), start=1) if i == right), 0.0)
            for query, right in zip(asked_as, own, strict=True)
            if right is not None
        ]
        values = {f"ROUGE-1 {m}": float(np.mean([r[k] for r in rouge])) for k, m in enumerate("PRF")}
        values["overlap@10"] = float(np.mean([data.overlap(q, right) for q, right in zip(asked_as, gold, strict=True)]))
        values["MRR@10"] = float(np.mean(ranks))
        found.append((name, {**values, "n": len(gold)}))
        tell("searching", n, len(queries))
    return found


def resolved(asked: Sequence[Mapping[str, Any]], without: Collection[str] = ()) -> list[str]:
    """Each question of a dialogue as the rules rewrite it, earlier ones by their own rewrites."""
    told: list[str] = [*asked[-1]["History"], asked[-1]["Question"]]
    title, section, *turns = told
    source = Source("article", title)
    opening = Answer("", (), Abstention(Reason.NOTHING_FOUND), f"What about {title} ({section})?")
    history = [Turn("", opening)]
    found: list[str] = []
    for i in range(0, len(turns), 2):
        found.append(dialogue.resolve(turns[i], history, without=without))
        text = (turns[i + 1] if i + 1 < len(turns) else "") or "I do not know."
        sentence = Sentence(text, (Citation(source, source.id, 0, len(text), text),))
        history.append(Turn(turns[i], Answer(turns[i], (sentence,), None, found[-1])))
    return found


def rouge1(text: str, right: str) -> tuple[float, float, float]:
    """Precision, recall and F of the words, each as often as it occurs, unstemmed (Lin 2004)."""
    said, wanted = (Counter(re.findall(r"[a-z0-9]+", t.lower())) for t in (text, right))
    common = (said & wanted).total()
    precision, recall = common / max(1, said.total()), common / max(1, wanted.total())
    return precision, recall, 2 * precision * recall / (precision + recall) if common else 0.0
