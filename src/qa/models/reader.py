"""Which sentence answers the question, where, and does any? A small cross-encoder, int8, run without torch.

Vector similarity cannot say whether a sentence answers: cosines of answered and unanswerable questions
overlap. The reader looks at question and sentence together (Nogueira & Cho 2019, arXiv:1901.04085), with
the sentences around it, so that a quotation and its speaker, a pronoun and its name are read at once.
`training/reader.py` trains it; `training/cards/reader.md` says on what, and how good it is.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Self

import numpy as np
import Stemmer
from numpy.typing import NDArray
from tokenizers import Encoding, Tokenizer

from qa.language import fold
from qa.models.encoder import CrossEncoder
from qa.models.files import give_back
from qa.schema import Span

MAX_TOKENS = 256
"""Word pieces read at once, question included; a longer window is read in parts that overlap."""
MAX_QUESTION, MAX_HEADING = 48, 16
LONGEST_SPAN = 24
"""Word pieces of a short answer."""

_WORD = re.compile(r"\w")


@dataclass(frozen=True, slots=True)
class Window:
    """What is read at once: a few sentences of one passage."""

    text: str
    sentences: tuple[Span, ...]
    """Spans in `text` that get a score, in order and without overlap."""
    heading: str = ""
    """Title or section heading: read along, never scored."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What the reader makes of a window. All numbers are calibrated probabilities."""

    answers: tuple[float, ...]
    """For each sentence, that it answers the question."""
    answerable: float
    """That the window answers the question at all."""
    span: Span | None
    """The short answer in `Window.text`, within one sentence; None when nothing looks like one."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """A question and a window (or a part of one) as the encoder reads them; four lists of one length."""

    ids: list[int]
    types: list[int]
    """2 for the window's side, plus 1 for a word that occurs on both sides."""
    owners: list[int]
    """Number of the token's sentence in the window, or -1."""
    spans: list[Span]
    """Where the token stands in the window's text; (0, 0) for what is not of it."""


@lru_cache(maxsize=65536)
def _key(word: str) -> str:
    return str(Stemmer.Stemmer("english").stemWord(word.lower()))  # one stemmer must not serve several threads


def _keys(encoding: Encoding, text: str) -> list[str]:
    """For each word piece, the stem of its word."""
    words: dict[int, Span] = {}
    numbers = [word or 0 for word in encoding.word_ids]  # None only for special tokens: none here
    for word, (a, b) in zip(numbers, encoding.offsets, strict=True):
        words[word] = (words[word][0] if word in words else a, b)
    return [_key(text[slice(*words[word])]) for word in numbers]


def encode(tokenizer: Tokenizer, question: str, window: Window) -> list[Tokens]:
    """`[CLS] question [SEP] heading [SEP] window [SEP]`; several when the window is too long for one.

    Every sentence is in at least one of them; a sentence longer than all the room loses its end. Words
    that question and window share are marked (exact match, after Boualili et al. 2020, MarkedBERT).
    """
    asked, head, body = tokenizer.encode_batch([question, window.heading, window.text], add_special_tokens=False)
    cls, sep = (tokenizer.token_to_id(mark) or 0 for mark in ("[CLS]", "[SEP]"))
    asked_keys, head_keys, body_keys = (
        _keys(e, t) for e, t in ((asked, question), (head, window.heading), (body, window.text))
    )
    in_question, in_window = set(asked_keys), {*head_keys, *body_keys}
    ids = [cls, *asked.ids[:MAX_QUESTION], sep]
    types = [0, *(int(k in in_window) for k in asked_keys[:MAX_QUESTION]), 0]
    if head.ids:
        ids += [*head.ids[:MAX_HEADING], sep]
        types += [*(2 + (k in in_question) for k in head_keys[:MAX_HEADING]), 2]
    owners = _owners(body.offsets, window.sentences)
    outside = len(ids)
    return [
        Tokens(
            [*ids, *body.ids[a:b], sep],
            [*types, *(2 + (k in in_question) for k in body_keys[a:b]), 2],
            [-1] * outside + owners[a:b] + [-1],
            [(0, 0)] * outside + body.offsets[a:b] + [(0, 0)],
        )
        for a, b in _parts(owners, MAX_TOKENS - outside - 1)
    ]


def _owners(offsets: Sequence[Span], sentences: Sequence[Span]) -> list[int]:
    """For each token, the number of the sentence it stands in, or -1."""
    owners, at = [], 0
    for a, b in offsets:
        while at < len(sentences) and sentences[at][1] <= a:
            at += 1
        owners.append(at if at < len(sentences) and sentences[at][0] < b else -1)
    return owners


def _parts(owners: Sequence[int], room: int) -> Iterator[Span]:
    """Runs of whole sentences, `room` tokens at most, that overlap by a sentence."""
    if len(owners) <= room:
        yield 0, len(owners)
        return
    begins = {owner: i for i, owner in reversed(list(enumerate(owners))) if owner >= 0}
    ends = {owner: i + 1 for i, owner in enumerate(owners) if owner >= 0}
    order = sorted(begins)
    first = 0
    while first < len(order):
        start = begins[order[first]]
        last = first
        while last + 1 < len(order) and ends[order[last + 1]] - start <= room:
            last += 1
        yield start, min(ends[order[last]], start + room)
        if last + 1 == len(order):
            return
        # the last sentence is read again with what follows, if that leaves room to go on
        again = last > first and ends[order[last + 1]] - begins[order[last]] <= room
        first = last if again else last + 1


@dataclass(frozen=True, slots=True)
class Fusion:
    """How a reader's scores are weighed with what else is known of a passage: logistic sums.

    They belong to the readers they were fitted with, by `training/fusion.py`: those of a sentence on the project's dev
    questions and on those about documents of strangers, the others on these and on articles of SQuAD 2.0.
    """

    reader: float
    lexical: float
    dense: float
    bias: float
    sum: float
    length: float
    absent: float
    offset: float
    first: float = 1.0
    last: float = 0.0
    shift: float = 0.0

    def answers(self, score: float, share: float, cosine: float, last: float | None = None) -> float:
        """Probability that a sentence answers.

        Args:
            score: the reader's.
            share: its passage's share of BM25.
            cosine: of its passage.
            last: the last reader's score, where there is one and it has read.
        """
        odds = self.reader * log_odds(score) + self.lexical * share + self.dense * cosine + self.bias
        return _sigmoid(odds if last is None else self.first * odds + self.last * log_odds(last) + self.shift)

    def answerable(self, sentences: Iterable[float], words: int, names: int) -> float:
        """Probability that the sources answer at all. A reader is less sure of long questions, answered or not.

        Args:
            sentences: the probability of each that was read to answer.
            words: of the question.
            names: those of the question that are absent where the best of them stands.
        """
        odds = sum(math.exp(log_odds(p)) for p in sentences)
        return _sigmoid(self.sum * math.log(odds) + self.length * words + self.absent * names + self.offset)


class Reader(CrossEncoder):
    """The shipped reader, or one trained by `training/reader.py` (a path of its own)."""

    weights = "reader.onnx"
    sha256 = "480dce54b5c7f0e57d6d57977036927d7726079a56282bac3299070c9d46d7df"
    threshold = 0.37
    """Probability that the sources answer (`Fusion.answerable`) below which a question counts as not answered;
    chosen on the dev questions (`training/fusion.py` prints what it costs)."""
    fusion = Fusion(1.52, 3.78, 0.706, -3.89, sum=0.706, length=0.136, absent=-3.13, offset=-1.47)

    @property
    def last(self) -> Reader | None:
        """The reader behind this one: none."""
        return None

    def read(self, question: str, windows: Sequence[Window]) -> list[Reading]:
        """A reading for each window, in order. What a window gets does not depend on the others.

        Each part runs alone: int8 activations are scaled over all that runs together, so in a batch a
        neighbour would change the result in the third digit. On a CPU it costs nothing.
        """
        parts = [(n, part) for n, w in enumerate(windows) for part in encode(self._tokenizer, question, w)]
        seen: list[list[_Seen]] = [[] for _ in windows]
        for (n, _), result in zip(parts, self._pool.map(self._run, [p for _, p in parts]), strict=True):
            seen[n].append(result)
        return [_merge(w, results) for w, results in zip(windows, seen, strict=True)]

    def knows(self, word: str) -> bool:
        """Whether a word is one of the vocabulary, whole: a common word or a well-known name, spelled right."""
        return self._tokenizer.token_to_id(fold(word)) is not None

    def _run(self, part: Tokens) -> _Seen:
        feed = {
            "input_ids": np.array([part.ids], np.int64),
            "token_type_ids": np.array([part.types], np.int64),
        }
        tokens, window = self._session.run(["tokens", "window"], feed)
        start, end, gate, vote = tokens[0].astype(np.float64).T
        owners = np.array(part.owners)
        logits = {}
        for owner in sorted(set(part.owners) - {-1}):
            own = owners == owner
            weight = np.exp(gate[own] - gate[own].max())
            logits[owner] = float(weight @ vote[own] / weight.sum())
        span = _best_span(start, end, owners, part.spans)
        return _Seen(logits, float(window[0]), *span)


class LastReader(Reader):
    """Twelve layers of 768 where `Reader` has six of 384: five times the time."""

    weights = "last-reader.onnx"
    sha256 = "3f602494ceaba7ce97eadc16e6c6e8a064ecaecf2fe777cece8e62c12e932e52"


class Cascade(Reader):
    """The shipped reader, and a larger one that reads what looks best to it (Wang, Lin and Metzler 2011, "A cascade
    ranking model for efficient ranked retrieval")."""

    threshold = 0.25
    fusion = replace(
        Reader.fusion, sum=1.14, length=0.110, absent=-2.14, offset=-1.46, first=0.407, last=0.651, shift=0.109
    )
    _behind: Path | None = None

    @classmethod
    def load(cls, path: Path | None = None) -> Self:
        """Both readers, the last one with the weights at `path`, by default the shipped ones."""
        found = super().load()
        found._behind = path
        return found

    @cached_property
    def last(self) -> Reader:  # late: its weights take a second to unfold
        """The reader behind.

        Raises:
            ModelError: as `load`.
        """
        loaded = LastReader.load(self._behind)
        give_back()
        return loaded


@dataclass(frozen=True, slots=True)
class _Seen:
    """Logits of one part of a window."""

    sentences: dict[int, float]
    answerable: float
    span: Span | None
    span_score: float
    """Of the span, over that of "no answer"."""


def _merge(window: Window, parts: Sequence[_Seen]) -> Reading:
    """One reading of a window from those of its parts: the highest of each number."""
    answers = [0.0] * len(window.sentences)
    for part in parts:
        for n, logit in part.sentences.items():
            answers[n] = max(answers[n], _sigmoid(logit))
    if not any(part.sentences for part in parts):
        return Reading(tuple(answers), 0.0, None)
    best = max(parts, key=lambda part: part.span_score)
    span = best.span if best.span and best.span_score > 0 else None
    return Reading(tuple(answers), max(_sigmoid(part.answerable) for part in parts), _whole_words(window.text, span))


def _best_span(
    start: NDArray[np.float64], end: NDArray[np.float64], owners: NDArray[np.int64], spans: Sequence[Span]
) -> tuple[Span | None, float]:
    """The pair of tokens of one sentence with the highest sum, and by how much it beats [CLS]."""
    n = len(owners)
    first, last = np.arange(n)[:, None], np.arange(n)[None, :]
    allowed = (first <= last) & (last - first < LONGEST_SPAN)
    allowed &= (owners[:, None] == owners[None, :]) & (owners[:, None] >= 0)
    if not allowed.any():
        return None, 0.0
    score = np.where(allowed, start[:, None] + end[None, :], -np.inf)
    a, b = divmod(int(score.argmax()), n)
    return (spans[a][0], spans[b][1]), float(score[a, b] - start[0] - end[0])


def _whole_words(text: str, span: Span | None) -> Span | None:
    """The span grown to the ends of its words: a word piece may begin or end within one."""
    if span is None:
        return None
    a, b = span
    while a > 0 and _WORD.match(text[a - 1]) and _WORD.match(text[a]):
        a -= 1
    while b < len(text) and _WORD.match(text[b]) and _WORD.match(text[b - 1]):
        b += 1
    return a, b


def log_odds(p: float) -> float:
    """ln(p / (1 - p)), with certainty kept finite."""
    p = min(max(p, 1e-6), 1 - 1e-6)
    return math.log(p / (1 - p))


def between(p: float, q: float) -> float:
    """The probability whose log-odds lie half-way between those of two."""
    return _sigmoid((log_odds(p) + log_odds(q)) / 2)


def _sigmoid(logit: float) -> float:
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, logit))))
