"""Claims made from articles that were kept out of training: to choose by, to calibrate on, to measure with."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from claims import DEV_ARTICLES, NEUTRAL, SUPPORTED, UNSUPPORTED, Example, questions, sentences
from data import Row
from paraphrase import paraphrase
from statements import statement

from qa.language import FUNCTION_WORDS, fold, same_name, stem
from qa.mutate import mutations
from qa.support.words import WORD

NEAR, WIDE = 45, 110  # words of evidence a claim is held against; the better of the two counts


@dataclass(frozen=True, slots=True)
class Case:
    """Sentences of a document, sentences of a text about it, and whether the document bears the text out."""

    document: list[str]
    claims: list[str]
    true: bool
    kind: str = ""


@lru_cache(maxsize=8192)
def _telling(text: str) -> tuple[str, ...]:
    """Stems of the words that say something, numbers among them."""
    words = ((word, stem(word)) for word in WORD.findall(text))
    return tuple(key for word, key in words if key.isdigit() or fold(word) not in FUNCTION_WORDS)


@lru_cache(maxsize=8192)
def _proper(text: str) -> tuple[str, ...]:
    return tuple(sorted({m[0] for m in WORD.finditer(text) if m[0][0].isupper() and len(m[0]) > 3}))


def relevant(sentences: Sequence[str], claim: str, words: int = 100) -> list[int]:
    """Which sentences to hold a claim against, the best first: greedily those that add most of its words.

    Rare words weigh more, those that say nothing of their own do not count; a name may be spelled otherwise. Takes at
    least one sentence, then while there is room for `words` words.
    """
    keys = [frozenset(_telling(s)) for s in sentences]
    sizes = [len(WORD.findall(s)) for s in sentences]
    spread = Counter(key for own in keys for key in own)
    wanted = set(_telling(claim))
    for name in _proper(claim):
        if stem(name) not in spread:
            wanted |= {stem(n) for s in sentences for n in _proper(s) if same_name(name, n)}
    weight = {k: math.log(1 + len(sentences) / spread[k]) for k in wanted if k in spread}
    left, room = set(weight), words
    taken: list[int] = []
    while len(taken) < len(sentences):
        # what is covered already still counts a little: a second sentence on the same matter beats a stranger
        gains = [
            (
                math.fsum(weight[k] for k in keys[i] & left)
                + 0.1 * math.fsum(weight[k] for k in keys[i] & weight.keys()),
                -i,
            )
            for i in range(len(sentences))
            if i not in taken and (not taken or sizes[i] <= room)
        ]
        if not gains or (taken and max(gains)[0] <= 0):
            break
        best = -max(gains)[1]
        taken.append(best)
        left -= keys[best]
        room -= sizes[best]
    return taken


def made(asked: Sequence[Row], titles: Sequence[str] | None, seed: int, share: float) -> list[Case]:
    """True claims (sentences as they stand or said otherwise, answers) of articles, and their mutations.

    The document is the passage and the two that follow it.
    """
    rng = random.Random(seed)
    articles: dict[str, dict[str, list[Row]]] = {}
    for r in asked:
        if titles is None or r.get("title") in titles:
            articles.setdefault(r["title"], {}).setdefault(r["context"], []).append(r)
    out = []
    for passages in articles.values():
        order = list(passages)
        for n, context in enumerate(order):
            parts = sentences(context)
            document = [s for c in order[n : n + 3] for s in sentences(c)]
            true = [(s, "same") for s in parts]
            true += [(paraphrase(parts, i, rng), "paraphrase") for i in range(len(parts))]
            answered = (statement(r["question"], rng.choice(r["answers"])) for r in passages[context] if r["answers"])
            true += [(claim, "answer") for claim in answered if claim]
            for claim, kind in true:
                if rng.random() > share or not 6 <= len(claim.split()) <= 45:
                    continue
                if kind == "paraphrase" and claim in document:
                    continue
                out.append(Case(document, [claim], True, kind))
                for m in mutations(claim, document, rng.randrange(1 << 30)):
                    if rng.random() < 0.4 and (kind != "answer" or m.evidence is None):
                        evidence = document if m.evidence is None else sentences(m.evidence)
                        out.append(Case(evidence, [m.text], False, m.kind))
    return out


def dev_cases(data: Path) -> list[Case]:
    """Cases from the articles kept out of training."""
    return made(questions(data), DEV_ARTICLES, 3, 0.22)


def dev_claims(data: Path) -> list[Example]:
    """The same as pairs, to calibrate on."""
    return [
        Example(
            " ".join(c.document[j] for j in sorted(relevant(c.document, c.claims[0], WIDE))),
            c.claims[0],
            SUPPORTED if c.true else NEUTRAL if c.kind in ("dropped", "swapped") else UNSUPPORTED,
        )
        for c in dev_cases(data)
    ]
