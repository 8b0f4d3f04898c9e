"""The training sets, read as they lie in one folder; their texts cut to sentences and windows.

The folder is named by `--data` or the environment variable QA_TRAINING_DATA and holds
`train/`, `dev/` and `bench/` with one JSON object a line, gzipped (README.md says where each set
comes from).
"""

from __future__ import annotations

import gzip
import json
import os
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qa import Assistant
from qa.evaluate.questions import load

Span = tuple[int, int]
Row = dict[str, Any]

DEV_ARTICLES = ("Oxygen", "Packet_switching", "Warsaw")  # held out of squad2_train, to choose by

IGNORE = -1  # label of a sentence that may or may not answer: no loss


def data_folder(given: str | None = None) -> Path:
    """The folder of the training sets, or an error that says how to name it."""
    name = given or os.environ.get("QA_TRAINING_DATA")
    if not name or not Path(name).is_dir():
        raise SystemExit(
            f"no folder of training sets at {name!r}: pass --data FOLDER or set QA_TRAINING_DATA "
            "(training/README.md says what it holds)"
        )
    return Path(name)


def rows(data: Path, name: str) -> list[Row]:
    """Rows of a set such as `train/squad2_train`."""
    with gzip.open(data / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def own_rows(questions: Path, index: Path) -> list[Row]:
    """Rows from questions on one's own documents (as `qa eval add` writes them) and the index of these documents.

    An answerable question reads the passages its evidence stands in; one without an answer those that come nearest.
    Questions that lean on a conversation are left out.
    """
    out = []
    with Assistant.open(index) as assistant:
        for q in load(questions):
            if q.history:
                continue
            places = [(e.source, e.quote) for e in q.evidence] if q.answerable else []
            passages = [p for source, quote in places for p in assistant.passages(source) if quote in p.text]
            told = [w for n in q.nuggets for w in n.any] + [quote for _, quote in places]
            near = [] if q.answerable else [hit.passage for hit in assistant.search(q.question, top_k=3)]
            for passage in (*passages, *near):
                answers = [x for x in told if find_all(passage.text, x)] if q.answerable else []
                title = assistant.document(passage.document_id).source.title
                row = {"title": title, "context": passage.text, "question": q.question, "answers": answers}
                out.append({**row, "src": "own"})
    return out


@dataclass(frozen=True, slots=True)
class Example:
    """A question and a window, with a label for each sentence: 1 answers, 0 does not, -1 unknown."""

    question: str
    text: str
    sentences: tuple[Span, ...]
    labels: tuple[int, ...]
    span: Span | None = None  # the short answer in text
    heading: str = ""
    kind: str = ""

    @property
    def answerable(self) -> int:
        """1, 0, or -1 where it is not known."""
        return max(self.labels) if 1 in self.labels or IGNORE not in self.labels else IGNORE


_ABBREVIATIONS = (
    "mr mrs ms dr prof st sr jr vs etc no vol fig al gen col lt sgt capt rev hon gov sen rep "
    "inc ltd co corp dept est approx ca cf eg ie jan feb mar apr jun jul aug sep sept oct nov dec"
)
_BREAK = re.compile(r"(?<=[.!?])[\"'”’)\]]*\s+(?=[\"'“‘(\[]*[A-Z0-9])|\n+")
_BEFORE = re.compile(r"([A-Za-z.]+)\.[\"'”’)\]]*$")


def split_sentences(text: str) -> list[Span]:
    """Spans of the sentences of English prose, without the blanks around them."""
    spans: list[Span] = []
    start = 0
    for match in _BREAK.finditer(text):
        before = _BEFORE.search(text, start, match.start())
        if before and "\n" not in match.group():
            word = before[1].lower().rsplit(".", 1)[-1]
            if len(word) == 1 or word in _ABBREVIATIONS.split() or "." in before[1]:
                continue
        spans.append((start, match.start() + len(match.group().rstrip())))
        start = match.end()
    spans.append((start, len(text)))
    return [trimmed for a, b in spans if (trimmed := _trim(text, a, b))]


def _trim(text: str, start: int, end: int) -> Span | None:
    piece = text[start:end]
    if not piece.strip():
        return None
    return start + len(piece) - len(piece.lstrip()), start + len(piece.rstrip())


def find_all(text: str, answer: str) -> list[Span]:
    """Where answer stands in text as whole words, whatever the case."""
    if not answer.strip():
        return []
    pattern = rf"(?<!\w){re.escape(answer.strip())}(?!\w)"
    return [m.span() for m in re.finditer(pattern, text, re.IGNORECASE)]


STOP = frozenset(
    "a an the of in on at to for from by with and or is are was were be been do does did has have "
    "had what who whom whose which when where why how many much it its as that this not there".split()
)


def words(text: str) -> list[str]:
    """The words that carry meaning, in lower case."""
    return [w for w in re.findall(r"\w+", text.lower()) if w not in STOP]


def overlap(question: str, text: str) -> int:
    """How many different such words two texts share."""
    return len(set(words(question)) & set(words(text)))


_PTB = (
    (re.compile(r"``\s*"), '"'),
    (re.compile(r"\s*''"), '"'),
    (re.compile(r"\s+([,.;:!?%)\]}])"), r"\1"),
    (re.compile(r"([(\[{$£])\s+"), r"\1"),
    (re.compile(r"\s+('s|'S|n't|'re|'ve|'ll|'d|'m)\b"), r"\1"),
)


def detokenise(text: str) -> str:
    """Penn Treebank tokens back to prose, roughly; used for QAMR."""
    text = text.replace("-LRB-", "(").replace("-RRB-", ")")
    for pattern, to in _PTB:
        text = pattern.sub(to, text)
    return text


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Text with its sentences; where a question's answers stand is worked out per question."""

    text: str
    sentences: tuple[Span, ...]
    title: str = ""
    group: str = ""  # the article

    @classmethod
    def of(cls, text: str, title: str = "", group: str = "") -> Paragraph:
        """A paragraph with its sentences found; `group` is the title unless given."""
        return cls(text, tuple(split_sentences(text)), title.replace("_", " "), group or title)

    def locate(
        self, question: str, answers: Sequence[str], places: Sequence[Span] = ()
    ) -> tuple[list[int], Span | None]:
        """A label for each sentence, and the answer's span in the sentence that answers best.

        Where it is known where the answer stands (`places`: short answers, or whole sentences without a span), the
        sentences there are right and others that hold its words unknown. Where only its words are known, of the
        sentences that hold them that which shares most words with the question is right; the others are unknown.
        """
        there = [
            (i, (max(a, s), min(b, e)))
            for a, b in places
            for i, (s, e) in enumerate(self.sentences)
            if min(b, e) - max(a, s) > min(b - a, e - s) / 2
        ]
        holding: dict[int, Span] = {}
        for answer in sorted(answers, key=len, reverse=True):
            for a, b in find_all(self.text, answer):
                for i, (s, e) in enumerate(self.sentences):
                    if s <= a and b <= e:
                        holding.setdefault(i, (a, b))
        labels = [IGNORE if i in holding else 0 for i in range(len(self.sentences))]
        for i, _ in there:
            labels[i] = 1
        if there:
            short = [(a, b) for i, (a, b) in there if len(self.text[a:b].split()) <= 12 and (a, b) != self.sentences[i]]
            return labels, short[0] if short else None
        if not holding:
            return labels, None
        best = max(holding, key=lambda i: (overlap(question, self.part(i, i + 1)), -i))
        labels[best] = 1
        return labels, holding[best]

    def part(self, first: int, last: int) -> str:
        """The text of sentences first to last (exclusive)."""
        return self.text[self.sentences[first][0] : self.sentences[last - 1][1]]

    def window(
        self, question: str, first: int, last: int, labels: Sequence[int], span: Span | None, **more: Any
    ) -> Example:
        """Sentences first to last (exclusive) as an example."""
        offset = self.sentences[first][0]
        inside = span and offset <= span[0] and span[1] <= self.sentences[last - 1][1]
        return Example(
            question,
            self.part(first, last),
            tuple((a - offset, b - offset) for a, b in self.sentences[first:last]),
            tuple(labels[first:last]),
            (span[0] - offset, span[1] - offset) if span and inside else None,
            **more,
        )


def joined(parts: Sequence[str], sep: str = " ") -> tuple[str, tuple[Span, ...]]:
    """Sentences joined to a text, with their spans."""
    spans, at = [], 0
    for part in parts:
        spans.append((at, at + len(part)))
        at += len(part) + len(sep)
    return sep.join(parts), tuple(spans)


def choose(rng: random.Random, n: int, keep: int | None, longest: int) -> Span:
    """A random run of at most `longest` of n sentences, around sentence `keep` if given."""
    size = min(n, rng.randint(1, longest))
    low = 0 if keep is None else max(0, keep - size + 1)
    high = n - size if keep is None else min(keep, n - size)
    first = rng.randint(low, high)
    return first, first + size


def fit(p: Paragraph, first: int, last: int, keep: int | None, most: int = 110) -> Span:
    """The run cut from its ends until it holds at most `most` words."""
    while last - first > 1 and len(p.part(first, last).split()) > most:
        if keep == first or (keep != last - 1 and last % 2):
            last -= 1
        else:
            first += 1
    return first, last


def stretch(rng: random.Random, p: Paragraph, keep: int, most: int) -> Span:
    """A run of sentences around sentence `keep` that grows on random sides up to `most` words."""
    first, last = keep, keep + 1
    while True:
        grown = [(a, b) for a, b in ((first - 1, last), (first, last + 1)) if a >= 0 and b <= len(p.sentences)]
        grown = [run for run in grown if len(p.part(*run).split()) <= most]
        if not grown:
            return first, last
        first, last = rng.choice(grown)
