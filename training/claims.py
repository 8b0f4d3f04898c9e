"""Pairs of evidence and claim to learn support from: those people wrote, and those made by program.

True claims: sentences as they stand, sentences said otherwise by rule (`paraphrase`), questions and their
answers as statements (`statements`). False ones: what `qa.mutate` makes of all these, a wrong answer of the
same type, a word used alike, a phrase from somewhere else. A false claim knows which characters are wrong.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from data import Row, detokenise, rows, split_sentences
from numpy.typing import NDArray
from paraphrase import inside, paraphrase
from statements import statement

from qa.language import FUNCTION_WORDS, facts, fold, stem
from qa.mutate import mutations

SUPPORTED, NEUTRAL, CONTRADICTED = range(3)
UNSUPPORTED = 3  # neutral or contradicted: the data does not say which
LABELS = {
    "entailment": SUPPORTED,
    "neutral": NEUTRAL,
    "contradiction": CONTRADICTED,
    "not_entailment": UNSUPPORTED,
}

CLEAR = ("cad_nli", "fm2_dev", "begin_dev", "wice_nst_train")  # sources of nli_train with a clear licence
RESEARCH = ("ling_in_loop", "sick", "healthver_dev")  # measured, never shipped
DEV_ARTICLES = ("Warsaw", "Islamism", "Super_Bowl_50")  # kept out of training, to choose by

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Example:
    """A pair with its label. `bad` are the claim's characters that are wrong; None where nobody knows."""

    evidence: str
    claim: str
    label: int
    bad: tuple[Span, ...] | None = None
    kind: str = ""


def sentences(text: str) -> list[str]:
    """The sentences of English prose."""
    return [text[a:b] for a, b in split_sentences(text)]


def written(data: Path, sources: Sequence[str], name: str = "train/nli_train") -> list[Example]:
    """The pairs that people wrote or judged."""
    return [
        Example(detokenise(r["premise"]), detokenise(r["hypothesis"]), LABELS[r["label"]], kind=r["src"])
        for r in rows(data, name)
        if r["src"] in sources and r["premise"].strip() and r["hypothesis"].strip()
    ]


def questions(data: Path) -> list[Row]:
    """Answered questions of the shippable sets, with their passages."""
    found = [{"src": "squad2", **r} for n in ("reader_train", "squad2_train") for r in rows(data, f"train/{n}")]
    return [
        {**r, "context": detokenise(r["context"]), "answers": [detokenise(a) for a in r["answers"]]}
        for r in found
        if r["src"] != "subjqa" and r["answers"]
    ]


def window(parts: list[str], at: int, rng: random.Random, other: str = "") -> str:
    """Some sentences around one of them; sometimes all; rarely with another passage before or behind."""
    dice = rng.random()
    if dice < 0.04 and other:
        whole = " ".join(parts)[:900]
        return f"{other[:500]} {whole}" if rng.random() < 0.5 else f"{whole} {other[:500]}"
    if dice < 0.2:
        return " ".join(parts)[:1300]
    return " ".join(parts[max(0, at - rng.randint(0, 2)) : at + 2 + rng.randint(-1, 1)])


_PHRASE = re.compile(
    r" (?:in|at|by|with|for|from|after|during|despite|because of|to|on) (?:the |a )?[^,.;()\"]{6,34}(?=[,.;])"
)
_CONTENT = re.compile(r"\b[a-z]{4,}\b")


def _ending(word: str) -> str:
    return next(end for end in ("ed", "ing", "ly", "s", "") if word.endswith(end))


class Words:
    """Words and phrases to put where they do not belong."""

    def __init__(self, contexts: Sequence[str], vocabulary: dict[str, int], table: NDArray[np.float32]) -> None:
        known = {w for c in contexts for w in _CONTENT.findall(c)} - FUNCTION_WORDS
        self._words = sorted(w for w in known if w in vocabulary)
        self._at = {w: i for i, w in enumerate(self._words)}
        vectors = table[[vocabulary[w] for w in self._words]]
        self._vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        self._near: dict[str, list[str]] = {}
        self._phrases = sorted({m[0] for c in contexts for m in _PHRASE.finditer(c)})

    def near(self, word: str) -> list[str]:
        """Words used alike, with the same ending: "brother" -> "sister", "uncle"."""
        if word not in self._at:
            return []
        if word not in self._near:
            order = np.argsort(-(self._vectors @ self._vectors[self._at[word]]))[1:40]
            alike = [self._words[i] for i in order if stem(self._words[i])[:4] != stem(word)[:4]]
            self._near[word] = [w for w in alike if _ending(w) == _ending(word)][1:12]
        return self._near[word]

    def replaced(self, claim: str, context: str, rng: random.Random) -> tuple[str, Span] | None:
        """The claim with a word replaced by one used alike, or by another of the passage."""
        spots = [m for m in _CONTENT.finditer(claim) if m[0] not in FUNCTION_WORDS]
        rng.shuffle(spots)
        said = {fold(w) for w in re.findall(r"\w+", context)}
        for m in spots[:4]:
            pool = [w for w in self.near(m[0]) if w not in said]
            if rng.random() < 0.35:
                own = (w for w in sorted(said) if w in self._at and stem(w) != stem(m[0]))
                pool = [w for w in own if _ending(w) == _ending(m[0])]
            if pool:
                new = rng.choice(pool)
                return claim[: m.start()] + new + claim[m.end() :], (m.start(), m.start() + len(new))
        return None

    def inserted(self, claim: str, context: str, rng: random.Random) -> tuple[str, Span] | None:
        """The claim with a phrase of some other passage at its end or before a comma."""
        drawn = (rng.choice(self._phrases) for _ in range(5))
        phrase = next((p for p in drawn if fold(p.strip()) not in fold(context)), None)
        if phrase is None or claim[-1:] != ".":
            return None
        body = claim.rstrip(" .")
        commas = [m.start() for m in re.finditer(",", body)]
        at = rng.choice(commas) if commas and rng.random() < 0.3 else len(body)
        return body[:at] + phrase + body[at:] + ".", (at + 1, at + len(phrase))


_SELDOM = {
    "stitched": 0.06,
    "fabricated": 0.06,
    "swapped": 0.10,
    "dropped": 0.07,
}  # easy to tell: few will do
_OFTEN = {"name": 1.5, "role": 3.0, "speaker": 3.0, "direction": 1.3, "quantifier": 1.3}  # hard to tell
_LABEL = {
    **dict.fromkeys(("stitched", "fabricated", "swapped", "dropped"), NEUTRAL),
    **dict.fromkeys(("quantifier", "name", "speaker", "role"), UNSUPPORTED),
}


@dataclass(frozen=True, slots=True)
class Maker:
    """Makes examples of one passage after another."""

    words: Words
    rng: random.Random

    def false(self, claim: str, parts: list[str], at: int, other: str = "", rate: float = 0.35) -> list[Example]:
        """False claims made of a true one; `rate` is the share of each mutation that is kept."""
        out = []
        rng = self.rng
        for m in mutations(claim, parts, rng.randrange(1 << 30)):
            if rng.random() >= _SELDOM.get(m.kind, rate * _OFTEN.get(m.kind, 1)):
                continue
            label = _LABEL.get(m.kind, CONTRADICTED)
            if m.evidence is not None:
                out.append(Example(m.evidence[:1300], m.text, label, None, m.kind))
            else:
                evidence = window(parts, at, rng, other)
                out.append(Example(evidence, m.text, label, ((m.start, m.end),), m.kind))
        ways = (
            ("word", 0.8, self.words.replaced, UNSUPPORTED),
            ("insert", 0.4, self.words.inserted, NEUTRAL),
        )
        for kind, share, make, label in ways:
            made = make(claim, " ".join(parts), rng) if rng.random() < share * rate else None
            if made:
                out.append(Example(window(parts, at, rng, other), made[0], label, (made[1],), kind))
        return out

    def of_sentences(self, contexts: Sequence[str], share: float = 1.0) -> list[Example]:
        """Sentences as they stand and said otherwise, and false claims made of both."""
        rng = self.rng
        out = []
        for context in contexts:
            parts = sentences(context)
            other = rng.choice(contexts)
            for at, s in enumerate(parts):
                if not 6 <= len(s.split()) <= 45 or rng.random() > share:
                    continue
                otherwise = paraphrase(parts, at, rng)
                changed = otherwise != s
                if changed and rng.random() < 0.8:
                    out.append(Example(window(parts, at, rng, other), otherwise, SUPPORTED, (), "paraphrase"))
                if rng.random() < (0.25 if changed else 0.6):
                    out.append(Example(window(parts, at, rng, other), s, SUPPORTED, (), "same"))
                out += self.false(otherwise if rng.random() < 0.6 else s, parts, at, other)
        return out

    def of_speech(self, contexts: Sequence[str], share: float) -> list[Example]:
        """Sentences put into the mouths of two people; claims that keep or change who said what."""
        rng = self.rng
        people = sorted(
            {
                c[f.start : f.end]
                for c in contexts
                for f in facts(c)
                if f.kind == "name" and f.value.count(" ") == 1 and " of" not in f.value
            }
        )
        out = []
        for context in contexts:
            parts = [s for s in sentences(context) if 6 <= len(s.split()) <= 25 and s.endswith(".")]
            if len(parts) < 2 or rng.random() > share:
                continue
            at = rng.randrange(len(parts) - 1)
            one, two = rng.sample(people, 2)
            said, added = parts[at], parts[at + 1]
            evidence = f"{said_by(one, said, rng)} {said_by(two, added, rng)}"
            if rng.random() < 0.3:
                evidence = f"{said_by(one, said, rng)} {rng.choice(('He', 'She'))} {_told(added, rng)}"
                two = one
            out.append(Example(evidence, said_by(one, said, rng), SUPPORTED, (), "speech"))
            out.append(Example(evidence, said_by(two, added, rng), SUPPORTED, (), "speech"))
            wrong = two if two != one and rng.random() < 0.7 else rng.choice(people)
            if wrong != one:
                claim = said_by(wrong, said, rng)
                start = claim.find(wrong)
                out.append(Example(evidence, claim, UNSUPPORTED, ((start, start + len(wrong)),), "wrong speaker"))
        return out

    def of_questions(self, asked: Sequence[Row], wrong: float, rate: float = 0.0) -> list[Example]:
        """Questions answered rightly, and wrongly with another answer of the passage, of the same type."""
        rng = self.rng
        by_context: dict[str, list[Row]] = {}
        for r in asked:
            by_context.setdefault(r["context"], []).append(r)
        out = []
        for context, group in by_context.items():
            parts = sentences(context)
            answers: dict[str, set[str]] = {}
            for a in (a for r in group for a in r["answers"]):
                answers.setdefault(_type(a), set()).add(a)
            for r in group:
                answer = rng.choice(r["answers"])
                claim = statement(r["question"], answer)
                at = next((i for i, s in enumerate(parts) if answer in s), None)
                if claim is None or at is None:
                    continue
                out.append(Example(window(parts, at, rng), claim, SUPPORTED, (), "answer"))
                if rate:
                    out += self.false(claim, parts, at, rate=rate)
                out += self._wrong_answer(r, answer, answers[_type(answer)], parts, at, wrong)
                if len(parts) > 2 and rng.random() < 0.25 * wrong:
                    rest = " ".join(s for s in parts if answer not in s)
                    if rest:
                        out.append(Example(rest[:1200], claim, NEUTRAL, None, "answer left out"))
        return out

    def _wrong_answer(
        self, r: Row, answer: str, alike: set[str], parts: list[str], at: int, share: float
    ) -> list[Example]:
        own = {a.lower() for a in r["answers"]}
        others = sorted(a for a in alike if not any(a.lower() in o or o in a.lower() for o in own))
        if not others or self.rng.random() >= share:
            return []
        false = self.rng.choice(others)
        claim = statement(r["question"], false)
        if claim is None:
            return []
        start = claim.lower().find(false.lower())
        bad = ((start, start + len(false)),) if start >= 0 else None
        # QAMR asks several questions that two answers fit
        label = CONTRADICTED if r["src"].startswith("squad") else UNSUPPORTED
        return [Example(window(parts, at, self.rng), claim, label, bad, "wrong answer")]


_SAYS = ("said", "said", "told reporters", "argued", "wrote", "claimed", "added", "warned")


def _told(sentence: str, rng: random.Random) -> str:
    return f"{rng.choice(_SAYS)} that {inside(sentence)}"


def said_by(name: str, sentence: str, rng: random.Random) -> str:
    """The sentence as somebody's words."""
    body = sentence.rstrip(".")
    return rng.choice(
        (
            f"{name} {_told(sentence, rng)}",
            f"According to {name}, {inside(sentence)}",
            f"“{body},” {name} said.",
            f"“{body},” said {name}.",
            f"{name} said: “{sentence}”",
        )
    )


def _type(answer: str) -> str:
    if re.search(r"\d", answer):
        return "number"
    return "name" if answer[:1].isupper() else "other"


def training_set(
    data: Path, seed: int, vocabulary: dict[str, int], table: NDArray[np.float32], research: bool = False
) -> list[Example]:
    """All pairs, the same for a seed. `research` adds sets that shipped weights must not learn from."""
    rng = random.Random(seed)
    asked: dict[str, list[Row]] = {}
    for r in questions(data):
        if r.get("title") not in DEV_ARTICLES:
            asked.setdefault(r["src"], []).append(r)
    contexts = {src: sorted({r["context"] for r in rs}) for src, rs in asked.items()}
    maker = Maker(Words([c for cs in contexts.values() for c in cs], vocabulary, table), rng)
    qamr = rng.sample(asked.pop("qamr"), 8000)
    people = written(data, CLEAR)
    out = people + maker.of_questions([r for rs in asked.values() for r in rs], 0.6, 0.2)
    out += maker.of_questions(qamr, 0.5)
    out += maker.of_sentences([c for src, cs in contexts.items() if src.startswith("squad") for c in cs])
    out += maker.of_sentences(contexts["nq_oracle"], 0.5)
    out += maker.of_sentences(contexts["qamr"], 0.8)
    out += maker.of_speech([c for src in asked for c in contexts[src]], 0.6)
    for e in people:  # what people wrote, made false by program
        if e.label == SUPPORTED and rng.random() < (0.35 if e.kind == "cad_nli" else 1.0):
            made = maker.false(e.claim, sentences(e.evidence), 0, rate=0.5)
            out += [x for x in made if x.kind not in _SELDOM]
    if research:
        out += written(data, RESEARCH) + written(data, ("aggrefact_xsum",), "train/aggrefact_xsum_neg")
    return out
