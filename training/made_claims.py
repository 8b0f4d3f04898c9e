"""Claims made by program of what passages say: true ones said otherwise, and false ones with one thing wrong.

A parser (spaCy) says what is denied, who does it to whom, and what may be left out; `qa.mutate` and `paraphrase` do
the rest. At most half of all that the models learn from is made.
"""

from __future__ import annotations

import argparse
import gzip
import itertools
import json
import random
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from claim_sets import (
    CONTRADICTED,
    LONGEST,
    NEUTRAL,
    PARTLY,
    SUPPORTED,
    Claim,
    denied,
    parser,
    people,
    row,
    tidy,
    turned,
)
from claims import Maker, Words, said_by, sentences
from data import data_folder, rows
from numpy.typing import NDArray
from paraphrase import inside, merged, resolved, shorter
from spacy.tokens import Doc
from statements import statement
from transformers import AutoModel

from qa.language import facts
from qa.language.fact import Fact
from qa.models.encoder import plain_tokenizer
from qa.models.files import minilm_folder
from qa.mutate import mutations

_LABEL = {
    **dict.fromkeys(("number", "date", "negation", "direction"), (CONTRADICTED, 1.0)),
    **dict.fromkeys(("name", "role", "speaker"), (CONTRADICTED, 0.8)),
    **dict.fromkeys(("stitched", "fabricated"), (NEUTRAL, 0.4)),
    **dict.fromkeys(("swapped", "dropped"), (NEUTRAL, 0.7)),
    "quantifier": (CONTRADICTED, 0.5),
}
_KEPT = {"number": 0.3, "date": 0.3, "negation": 0.1, "direction": 0.5, "name": 0.4, "role": 0.6, "speaker": 0.7,
         "stitched": 0.1, "fabricated": 0.1, "swapped": 0.05, "dropped": 0.05, "quantifier": 0.3}  # fmt: skip


@dataclass(frozen=True)
class Passage:
    """A passage with its title, the set it is from, and its sentences."""

    src: str
    title: str
    text: str

    @cached_property
    def parts(self) -> tuple[str, ...]:
        """Its sentences."""
        return tuple(s for s in sentences(tidy(self.text)) if len(s.split()) > 2)


def passages(data: Path, rng: random.Random) -> list[Passage]:
    """Passages of all sets with questions, each once, in random order; of QAMR's single sentences none."""
    found: dict[str, tuple[str, str]] = {}
    for name in ("train/squad2_train", "train/reader_train"):
        for r in rows(data, name):
            if r.get("src") not in ("subjqa", "qamr"):
                found.setdefault(r["context"], (r.get("src", "squad2"), r.get("title", "")))
    for name in _READERS:
        for r in rows(data, f"train/{name}"):
            found.setdefault(r["passage"], (r["src"], r.get("title", "")))
    for r in rows(data, "train/qed_train"):
        found.setdefault(r["paragraph_text"], ("qed", r["title_text"]))
    for name in ("selqa_ass_dev", "selqa_ass_test"):
        for r in rows(data, f"train/{name}"):
            found.setdefault(" ".join(r["candidates"]), ("selqa", r["article"]))
    out = [Passage(src, title.replace("_", " "), text) for text, (src, title) in found.items()]
    rng.shuffle(out)
    return out


_READERS = (
    "r_squadshifts_wiki", "r_squadshifts_amazon", "r_squadshifts_reddit", "r_squad_train_12articles", "r_bioasq",
    "r_fairytaleqa", "r_timeqa", "r_medquad_sections", "r_covidqa", "r_doc2dial_val", "r_cmu_qa_s10",
)  # fmt: skip


def window(p: Passage, at: int, rng: random.Random, last: int | None = None) -> str:
    """The sentence with some of its neighbours, sometimes under its title, at most `LONGEST` words."""
    last = at if last is None else last
    lo, hi = at, last + 1
    room = rng.choice((0, 30, 60, 100, 200))
    size = sum(len(s.split()) for s in p.parts[lo:hi])
    while True:
        ways = [w for w in ((lo - 1, hi), (lo, hi + 1)) if w[0] >= 0 and w[1] <= len(p.parts)]
        ways = [w for w in ways if sum(len(s.split()) for s in p.parts[w[0] : w[1]]) <= max(room, size)]
        if not ways:
            break
        lo, hi = rng.choice(ways)
    text = " ".join(" ".join(p.parts[lo:hi]).split()[:LONGEST])
    return f"{p.title}: {text}" if p.title and rng.random() < 0.12 and not p.title.isdigit() else text


# one thing changed ----------------------------------------------------------------------------------------

_COUNTED = re.compile(r"(?<= )\d[\d,]*(?:\.\d+)? ?(?:%|per\s?cent|(?:[a-z]+ )?[a-z]+s\b)")
_BOUND = re.compile(
    r"(?:than|least|most|about|around|nearly|almost|roughly|some|to|over|under|only|just|exactly)\s*$", re.I
)


def bounds(s: str, rng: random.Random) -> Iterator[tuple[str, str]]:
    """Figures with a bound: at least, more than, up to, about."""
    spots = [
        f
        for f in facts(s)
        if f.kind in ("number", "percent", "quantity") and re.match(r"\d[\d,.]*", s[f.start : f.end])
    ]
    spots = [f for f in spots if not _BOUND.search(s[: f.start]) and _COUNTED.match(s, f.start)]
    for f in rng.sample(spots, min(1, len(spots))):
        digits = re.match(r"\d[\d,]*(?:\.\d+)?", s[f.start : f.end])
        if digits is None:
            continue
        n = float(digits[0].replace(",", ""))
        if n < 3 or (n < 2100 and n > 1000 and "," not in digits[0]):
            continue

        def put(words: str, m: float | None = None, f: Fact = f, digits: re.Match[str] = digits, n: float = n) -> str:
            number = digits[0] if m is None else f"{int(m):,}" if n > 999 else str(int(m))
            return s[: f.start] + words + number + s[f.start + digits.end() :]

        low, high = n * rng.uniform(0.4, 0.9), n * rng.uniform(1.15, 2.2)
        rounded = round(n, -len(str(int(n))) + 1) if n > 20 else n
        ways = [
            ("at least ", None, SUPPORTED), ("at least ", low, SUPPORTED), ("more than ", low, SUPPORTED),
            ("fewer than ", high, SUPPORTED), ("about ", None, SUPPORTED), ("over ", low, SUPPORTED),
            ("at least ", high, CONTRADICTED), ("more than ", high, CONTRADICTED), ("fewer than ", low, CONTRADICTED),
            ("up to ", low, CONTRADICTED), ("no more than ", low, CONTRADICTED), ("under ", low, CONTRADICTED),
            ("only ", low, CONTRADICTED), ("about ", high, CONTRADICTED),
        ]  # fmt: skip
        if rounded != n and abs(rounded - n) / n < 0.06:
            ways += [("about ", rounded, SUPPORTED), ("roughly ", rounded, SUPPORTED)] * 3
        for words, m, label in rng.sample(ways, 2):
            if m is None or int(m) not in (0, int(n)):
                yield put(words, m), label


_DAY = r"(\d{4}|[A-Z][a-z]+)(?: (\d{4}))?"
_RANGE = re.compile(rf"\b(?:[Ff]rom|[Bb]etween) (?:the )?{_DAY} (?:to|and|until|through|till) {_DAY}\b")
_MONTHS = "January February March April May June July August September October November December".split()


def ranges(s: str, rng: random.Random) -> Iterator[tuple[str, str]]:
    """A date within a stretch of time, or outside it."""
    for m in _RANGE.finditer(s):
        if m[1].isdigit() and m[3].isdigit() and 0 < int(m[3]) - int(m[1]) < 80 and not m[2]:
            a, b = int(m[1]), int(m[3])
            inside_, outside = rng.randint(a, b), rng.choice((a - rng.randint(1, 9), b + rng.randint(1, 9)))
        elif m[1] in _MONTHS and m[3] in _MONTHS and _MONTHS.index(m[1]) < _MONTHS.index(m[3]):
            a, b = _MONTHS.index(m[1]), _MONTHS.index(m[3])
            others = [x for i, x in enumerate(_MONTHS) if not a <= i <= b]
            if not others:
                continue
            inside_, outside = _MONTHS[rng.randint(a, b)], rng.choice(others)
        else:
            continue
        lead = "In " if m.start() == 0 else "in "
        for what, label in ((inside_, SUPPORTED), (outside, CONTRADICTED)):
            yield f"{s[: m.start()]}{lead}{what}{' ' + m[4] if m[4] else ''}{s[m.end() :]}", label


def _table(lines: str) -> dict[str, str]:
    return dict(pair.strip().split(" -> ") for line in lines.strip().splitlines() for pair in line.split("|"))


_STRONGER = _table("""
some -> all|many -> most|most -> all|often -> always|sometimes -> always|usually -> always|may -> will|might -> will
could -> will|several -> all|partly -> wholly|probably -> certainly|one of the -> the|generally -> always
likely -> certain|plans to -> has begun to|tried to -> managed to|suggests -> proves|associated with -> caused by
linked to -> caused by|helped -> was enough to
""")
_WEAKER = _table("all -> some|always -> often|most -> some|must -> may|will -> may|never -> seldom|many -> some")
_OPPOSITE = _table("""
all -> none of the|most -> few|always -> never|often -> rarely|usually -> rarely|required -> forbidden|must -> need not
can -> cannot|cannot -> can|rarely -> often|few -> most|never -> always
""")


def degrees(s: str, rng: random.Random) -> Iterator[tuple[str, str]]:
    """A word of degree made stronger (more than is said), weaker (still true) or its opposite."""
    for table, label in ((_STRONGER, NEUTRAL), (_WEAKER, SUPPORTED), (_OPPOSITE, CONTRADICTED)):
        spots = [(m, new) for old, new in table.items() for m in re.finditer(rf"\b{old}\b", s)]
        if spots:
            m, new = rng.choice(spots)
            text = s[: m.start()] + new + s[m.end() :]
            if not (label == SUPPORTED and re.search(r"\b(?:not|no|n't|never)\b", s)):
                yield text, label


def limited(doc: Doc, rng: random.Random) -> str | None:
    """ "Only" put before who does it or what it is done to: more than the text says."""
    spots = [
        t
        for t in doc
        if t.dep_ in ("dobj", "attr", "pobj") and t.pos_ in ("NOUN", "PROPN") and t.head.pos_ in ("VERB", "AUX", "ADP")
    ]
    subjects = [
        t for t in doc if t.dep_ in ("nsubj", "nsubjpass") and t.pos_ in ("NOUN", "PROPN") and t.head.dep_ == "ROOT"
    ]
    if re.search(r"\b(?:only|just|not|no|never)\b", doc.text, re.I):
        return None
    if subjects and rng.random() < 0.5:
        start = subjects[0].left_edge.i
        word = "Only " if start == 0 else "only "
        first = doc[start].text if doc[start].pos_ == "PROPN" else doc[start].text[0].lower() + doc[start].text[1:]
        return doc[:start].text_with_ws + word + first + doc[start].whitespace_ + doc[start + 1 :].text
    if not spots:
        return None
    t = rng.choice(spots)
    start = t.head.i if t.head.pos_ == "ADP" else t.left_edge.i
    return doc[:start].text_with_ws + "only " + doc[start:].text


def less(doc: Doc, rng: random.Random) -> str | None:
    """The sentence without one of its side remarks: an apposition, a relative clause, a phrase of time or place."""
    if re.search(r"\b(?:not|no|never|only|if|unless|except|without)\b", doc.text, re.I):
        return None
    spots = [
        t
        for t in doc
        if t.dep_ in ("appos", "relcl", "advcl", "prep", "npadvmod", "acl")
        and t.text.lower() not in ("of", "than", "as", "for", "from", "by", "to", "with")
    ]
    spots = [t for t in spots if t.dep_ != "prep" or t.head.dep_ == "ROOT"]
    rng.shuffle(spots)
    for t in spots:
        a, b = t.left_edge.i, t.right_edge.i + 1
        if not 2 <= b - a <= 16 or len(doc) - (b - a) < 6:
            continue
        left, right = doc[:a].text.rstrip(" ,("), doc[b:].text.lstrip(" ,)")
        text = f"{left} {right}" if right[:1] not in ".;" else left + right
        text = text.strip()
        return text[:1].upper() + text[1:]
    return None


# of a passage -------------------------------------------------------------------------------------------------

_HE = re.compile(r"(?:He|She|They|It|His|Her|Their|Its) \w+")
_CAUSE = re.compile(r"\b(?:because|since|due to|therefore|thus|so that|as a result|caused)\b", re.I)


def of_passage(p: Passage, other: Passage, maker: Maker, share: float) -> Iterator[Claim]:
    """Claims on a passage, true and false; `share` is the share of its sentences that are used."""
    rng = maker.rng
    n = len(p.parts)
    for at, s in enumerate(p.parts):
        if not 6 <= len(s.split()) <= 45 or s[-1:] not in '.!”"' or rng.random() > share:
            continue

        def claim(
            text: str, label: str, kind: str, weight: float = 1.0, at: int = at, last: int | None = None, pre: str = ""
        ) -> Claim:
            return Claim(window(p, at, rng, last), text, label, f"made_{kind}", weight, pre)

        doc = parser()(s)
        base = s
        if rng.random() < 0.35:
            base = less(doc, rng) or shorter(s, rng)
        if at and rng.random() < 0.6:
            base = resolved(p.parts[at - 1], base)
        plain = base == s
        dice = rng.random()
        if dice < (0.2 if plain else 0.75):
            yield claim(base, SUPPORTED, "same" if plain else "shortened")
        # denied, and what is wrong denied
        if rng.random() < 0.3 and (text := denied(doc)):
            yield claim(text, CONTRADICTED, "negation")
        if rng.random() < 0.8 and (text := turned(doc)):
            yield claim(text, CONTRADICTED, "turned", 0.9)
        if rng.random() < 0.10 and (text := limited(doc, rng)):
            yield claim(text, NEUTRAL, "only", 0.7)
        for text, label in bounds(base, rng):
            yield claim(text, label, "bounds")
        for text, label in ranges(base, rng):
            yield claim(text, label, "range")
        for text, label in degrees(base, rng):
            if rng.random() < 0.4:
                yield claim(text, label, "degree", 0.8)
        found = [
            m for m in mutations(base, list(p.parts), rng.randrange(1 << 30)) if rng.random() < _KEPT.get(m.kind, 0.3)
        ]
        for m in found:
            label, weight = _LABEL[m.kind]
            if m.evidence is not None:
                yield Claim(" ".join(m.evidence.split()[:LONGEST]), m.text, label, f"made_{m.kind}", weight)
            else:
                yield claim(m.text, label, m.kind, weight)
                if m.kind in ("number", "date", "name") and rng.random() < 0.2 and (text := denied(m.text)):
                    yield claim(text, SUPPORTED, "wrong_denied", 0.5)
        if rng.random() < 0.12 and (made := maker.words.replaced(base, " ".join(p.parts), rng)):
            yield claim(made[0], rng.choice((CONTRADICTED, NEUTRAL)), "word", 0.8)
        if rng.random() < 0.08 and (made := maker.words.inserted(base, " ".join(p.parts), rng)):
            yield claim(made[0], PARTLY, "insert")
        # two sentences
        if at + 1 < n and len(base) + len(p.parts[at + 1]) < 300 and rng.random() < 0.18:
            second = shorter(p.parts[at + 1], rng)
            if rng.random() < 0.4:
                yield claim(merged(base, second, rng), SUPPORTED, "merged", last=at + 1)
            else:
                wrong = [
                    m.text
                    for m in mutations(second, list(p.parts), rng.randrange(1 << 30))
                    if m.kind in ("number", "name", "negation", "date")
                ]
                foreign = [x for x in other.parts if 5 < len(x.split()) < 25]
                pool = wrong if wrong and rng.random() < 0.5 else foreign
                if pool:
                    a, b = (base, rng.choice(pool)) if rng.random() < 0.6 else (rng.choice(pool), base)
                    yield claim(merged(a, b, rng), PARTLY, "merged_wrong", last=at + 1)
            if not _CAUSE.search(base + second) and rng.random() < 0.35:
                told = second if parser()(second)[0].pos_ == "PROPN" else second[0].lower() + second[1:]
                yield claim(
                    base.rstrip(" .") + " because " + told, rng.choice((PARTLY, NEUTRAL)), "cause", 0.7, last=at + 1
                )
        # a pronoun and the sentence before
        if at and _HE.match(s) and rng.random() < 0.7:
            yield claim(s, SUPPORTED, "pre", pre=p.parts[at - 1], at=at - 1, last=at)
            if rng.random() < 0.5:
                yield claim(s, NEUTRAL, "pre_foreign", pre=rng.choice(other.parts), at=at - 1, last=at)
            if rng.random() < 0.5 and (text := denied(doc)):
                yield claim(text, CONTRADICTED, "pre_negation", pre=p.parts[at - 1], at=at - 1, last=at)
        # another sentence of the same text
        if n > 3 and rng.random() < 0.14:
            far = [i for i in range(n) if abs(i - at) > 1]
            if far:
                i = rng.choice(far)
                lo, hi = (max(0, i - rng.randint(0, 2)), min(n, i + 1 + rng.randint(0, 2)))
                text = " ".join(x for k, x in enumerate(p.parts[lo:hi], lo) if k != at)
                if len(text.split()) > 5:
                    yield Claim(" ".join(text.split()[:LONGEST]), base, NEUTRAL, "made_elsewhere", 0.8)


def speech(found: Sequence[Passage], maker: Maker, share: float) -> Iterator[Claim]:
    """Sentences put into the mouths of people: who said it is kept or changed."""
    rng = maker.rng
    people = sorted(
        {
            s[f.start : f.end]
            for p in found[:500]
            for s in p.parts
            for f in facts(s)
            if f.kind == "name" and f.value.count(" ") == 1 and " of" not in f.value
        }
    )
    for p in found:
        parts = [s for s in p.parts if 6 <= len(s.split()) <= 25 and s.endswith(".")]
        if len(parts) < 2 or rng.random() > share:
            continue
        at = rng.randrange(len(parts) - 1)
        one, two = rng.sample(people, 2)
        a, b = parts[at], parts[at + 1]
        text = f"{said_by(one, a, rng)} {said_by(two, b, rng)}"
        yield Claim(text, said_by(one, a, rng), SUPPORTED, "made_speech")
        wrong = two if rng.random() < 0.7 else rng.choice(people)
        if wrong != one:
            yield Claim(text, said_by(wrong, a, rng), CONTRADICTED, "made_wrong_speaker", 0.8)
        if rng.random() < 0.4:  # that somebody says it does not make it so
            yield Claim(f"{one} claimed that {inside(a)}", a, NEUTRAL, "made_unowned", 0.4)


# questions and answers as statements ----------------------------------------------------------------------------


def asked(data: Path) -> Iterator[tuple[str, str, list[str], list[str]]]:
    """Question, passage, right answers, answers to other questions on that passage."""
    found: dict[str, list[tuple[str, list[str]]]] = {}
    for name in _READERS:
        for r in rows(data, f"train/{name}"):
            if r.get("answers") and r["answerable"]:
                found.setdefault(r["passage"], []).append((r["q"], r["answers"]))
    for r in rows(data, "train/qed_train"):
        if r["answer_type"] == "single_sentence" and r["answer_text"]:
            found.setdefault(r["paragraph_text"], []).append((r["question_text"] + "?", r["answer_text"]))
    for name in ("train/squad2_train", "train/reader_train"):
        for r in rows(data, name):
            if r["answers"] and r.get("src") not in ("subjqa", "qamr"):
                found.setdefault(r["context"], []).append((r["question"], r["answers"]))
    for text, group in found.items():
        for q, answers in group:
            yield q, text, answers, [a for other, xs in group if other != q for a in xs[:1]]


def of_questions(data: Path, rng: random.Random) -> Iterator[Claim]:
    """Questions of people with their answers as statements; with another answer; without the evidence."""
    for q, text, answers, others in asked(data):
        if rng.random() > 0.55:
            continue
        answer = tidy(min(answers, key=len))
        claim = statement(tidy(q), answer)
        p = Passage("", "", text)
        parts = p.parts
        at = next((i for i, s in enumerate(parts) if answer in s), None)
        if claim is None or at is None or len(claim.split()) < 4:
            continue
        dice = rng.random()
        if dice < 0.55:
            yield Claim(window(p, at, rng), claim, SUPPORTED, "answer")
        rest = " ".join(s for s in parts if answer not in s)
        if len(rest.split()) > 12 and rng.random() < 0.13:
            yield Claim(" ".join(rest.split()[:LONGEST]), claim, NEUTRAL, "answer_removed", 0.7)
        alike = [
            tidy(o)
            for o in others
            if _type(o) == _type(answer) and o.lower() not in answer.lower() and answer.lower() not in o.lower()
        ]
        if alike and rng.random() < 0.5:
            wrong = statement(tidy(q), rng.choice(alike))
            if wrong:
                yield Claim(window(p, at, rng), wrong, CONTRADICTED, "answer_wrong", 0.8)
        if dice < 0.12 and (no := denied(claim)):
            yield Claim(window(p, at, rng), no, CONTRADICTED, "answer_denied", 0.8)


def _type(answer: str) -> str:
    if re.search(r"\d", answer):
        return "number"
    return "name" if answer[:1].isupper() else "other"


def made(data: Path, vocabulary: dict[str, int], table: NDArray[np.float32], seed: int, most: int) -> Iterator[Claim]:
    """About `most` claims made by program, the same for a seed."""
    rng = random.Random(seed)
    found = passages(data, rng)
    words = Words([p.text for p in found[:2500]], vocabulary, table)
    maker = Maker(words, rng)
    n = 0
    for c in itertools.islice(speech(found, maker, 0.12), most // 14):
        n += 1
        yield typed(c, rng)
    for i, p in enumerate(found):
        if n >= most:
            break
        if not p.parts or not found[i - 1].parts:
            continue
        for c in of_passage(p, found[i - 1], maker, min(1.0, 3.0 / len(p.parts))):
            if 3 <= len(c.claim.split()) <= 70:
                n += 1
                yield typed(c, rng)


def typed(c: Claim, rng: random.Random) -> Claim:
    """A few claims in lower case or without a full stop, as people type them."""
    dice = rng.random()
    if dice < 0.03:
        return replace(c, claim=c.claim.lower())
    return replace(c, claim=c.claim.rstrip(".")) if dice < 0.07 else c


def apart(found: Sequence[Claim], made_ones: Sequence[Claim], rng: random.Random) -> tuple[list[Claim], list[Claim]]:
    """What is trained on, in random order and at most half of it made, and what is set aside.

    No text that bears on a claim set aside, and no such claim, is among what is trained on.
    """
    dev = [c for c in found if c.dev]
    texts, claims = {_start(c.premise) for c in dev}, {_start(c.claim) for c in dev}
    people_ = [c for c in found if not c.dev and _start(c.premise) not in texts and _start(c.claim) not in claims]
    rest = [c for c in made_ones if _start(c.premise) not in texts and len(c.premise.split()) > 3]
    train = people_ + rng.sample(rest, min(len(rest), len(people_)))
    rng.shuffle(train)
    rng.shuffle(dev)
    return train, dev


def _start(text: str) -> str:
    return re.sub(r"\W+", "", text.lower())[:70]


def main() -> None:
    """Writes both files; the parser takes ten minutes on an idle core."""
    command = argparse.ArgumentParser(description=__doc__)
    command.add_argument("--data", help="folder of the training sets")
    command.add_argument("--out", type=Path, default=Path("claims.jsonl.gz"))
    command.add_argument("--dev", type=Path, default=Path("claims_dev.jsonl.gz"))
    command.add_argument("--most", type=int, default=54_000, help="claims made of sentences")
    command.add_argument("--seed", type=int, default=3)
    args = command.parse_args()
    data = data_folder(args.data)
    table = AutoModel.from_pretrained(minilm_folder()).embeddings.word_embeddings.weight.detach().numpy()
    vocabulary = plain_tokenizer(minilm_folder() / "tokenizer.json").get_vocab()
    own = [*made(data, vocabulary, table, args.seed, args.most), *of_questions(data, random.Random(args.seed + 1))]
    for path, chosen in zip((args.out, args.dev), apart(people(data, args.seed), own, random.Random(7)), strict=True):
        with gzip.open(path, "wt", encoding="utf-8") as file:
            file.writelines(json.dumps(row(c), ensure_ascii=False) + "\n" for c in chosen)
        print(f"{path}: {len(chosen)} claims, {dict(Counter(c.label for c in chosen))}")


if __name__ == "__main__":
    main()
