"""The reader's training examples: questions people asked, with the windows that answer them and those
that do not, and the examples of `made`."""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import bm25s
from data import (
    DEV_ARTICLES,
    Example,
    Paragraph,
    Row,
    Span,
    choose,
    detokenise,
    find_all,
    fit,
    joined,
    overlap,
    rows,
    stretch,
    words,
)
from made import Article, articles, clutter, defined, front_matter, near_miss, reported, speakers, vague
from paraphrase import synonyms
from people import NATURAL, people


def reader_sources(asked_rows: Iterable[Row]) -> list[tuple[Paragraph, list[Row]]]:
    """Paragraphs with the questions asked of them."""
    by_text: dict[tuple[str, str, str], list[Row]] = defaultdict(list)
    for row in asked_rows:
        by_text[row["context"], row["title"], row["src"]].append(row)
    return [
        (Paragraph.of(text, title, f"{src}:{title}" if title else f"{src}:{n}"), asked)
        for n, ((text, title, src), asked) in enumerate(by_text.items())
    ]


def qamr(rng: random.Random, data: Path, each: int, share: float = 1.0) -> Iterator[Example]:
    """QAMR has questions on single sentences: joined to windows with sentences around them."""
    by_sid: dict[str, list[Row]] = defaultdict(list)
    for row in rows(data, "train/reader_train"):
        if row["src"] == "qamr":
            by_sid[row["sid"]].append(row)
    text = {sid: detokenise(asked[0]["context"]) for sid, asked in by_sid.items()}
    near = defaultdict(list)
    for sid in text:
        near[sid.rsplit(":", 2)[0]].append(sid)
    for sid, asked in by_sid.items():
        if rng.random() > share:
            continue
        good = [r for r in asked if len(r["question"].split()) >= 5]
        for row in rng.sample(good, min(each, len(good))):
            question = detokenise(row["question"])
            kin = [s for s in near[sid.rsplit(":", 2)[0]] if s != sid]
            others = [text[s] for s in rng.sample(kin, min(len(kin), rng.randint(0, 3)))]
            if rng.random() < 0.3:
                others.append(text[rng.choice(list(text))])
            others = [o for o in others if not any(find_all(o, x) for x in row["answers"])]
            parts = [*others, text[sid]]
            rng.shuffle(parts)
            p = Paragraph(*joined(parts))
            right = parts.index(text[sid])
            labels = [int(k == right) for k in range(len(parts))]
            a, b = p.sentences[right]
            spans = [s for x in row["answers"] for s in find_all(p.text, detokenise(x)) if a <= s[0] and s[1] <= b]
            example = p.window(question, 0, len(parts), labels, spans[0] if spans else None, kind="qamr")
            yield example
            if rng.random() < 0.25:
                yield from _vaguely(rng, example, [detokenise(x) for x in row["answers"]])
            if others and rng.random() < 0.35:
                q = Paragraph(*joined(others))
                yield q.window(question, 0, len(others), [0] * len(others), None, kind="qamr-miss")


def reader_examples(
    data: Path | None,
    seed: int = 0,
    share: float = 1.0,
    held_out: bool = False,
    rounds: int = 2,
    own: Sequence[Row] = (),
    longest: int = 180,
    part: tuple[int, int] = (0, 1),
) -> list[Example]:
    """The reader's training examples in random order.

    Args:
        share: of each set's questions.
        held_out: the examples never learned from, instead: three articles, and natural questions.
        rounds: windows cut for each question asked by a person; one more for natural ones.
        own: rows as `data.own_rows` gives them.
        longest: words of a window.
        part: as for `people`.
    """
    rng = random.Random(seed)
    asked_rows = list(own)
    if data:
        asked_rows += people(data, share, seed, held_out, part)
    if data and held_out:
        kept = [r for r in rows(data, "train/squad2_train") if r["title"] in DEV_ARTICLES]
        asked_rows += [{**r, "src": "squad2_train"} for r in kept]
    sources = reader_sources(asked_rows)
    pool = articles(sources)
    elsewhere = _lexical_neighbours(sources)
    shelf = _Shelf(sources)
    out: list[Example] = []
    for n, (p, asked) in enumerate(sources):
        others = elsewhere.get(n, [])
        for row in asked:
            question, answers = row["question"], row["answers"]
            labels, span = p.locate(question, answers, row.get("places", ()))
            for _ in range(rounds + (row["src"] in NATURAL)):
                out += _windows(rng, p, question, answers, labels, span, pool[p.group], row, longest)
            if answers and rng.random() < 0.6:
                out += shelf.misses(rng, n, question, answers)
            misses = [m for m in others if not any(find_all(sources[m][0].text, a) for a in answers)]
            if answers and misses and rng.random() < 0.35:
                q = sources[rng.choice(misses)][0]
                keep = max(range(len(q.sentences)), key=lambda i: overlap(question, q.part(i, i + 1)))
                first, last = fit(q, *choose(rng, len(q.sentences), keep, 4), keep)
                out.append(
                    q.window(
                        question,
                        first,
                        last,
                        [0] * len(q.sentences),
                        None,
                        heading=q.title if rng.random() < 0.3 else "",
                        kind="elsewhere",
                    )
                )
        stranger = rng.choice(sources)[0]
        if rng.random() < 0.1:
            out += defined(rng, p)
        if rng.random() < 0.01:  # soon learned
            out += front_matter(rng, p)
        if rng.random() < 0.02:
            out += speakers(rng, p, stranger)
        if rng.random() < 0.03:
            out += reported(rng, p, stranger)
    if data and not held_out:
        out += qamr(rng, data, each=4, share=share / part[1])
    out = [_ask_plainly(rng, e) for e in out]
    rng.shuffle(out)
    return out


def _windows(
    rng: random.Random,
    p: Paragraph,
    question: str,
    answers: Sequence[str],
    labels: list[int],
    span: Span | None,
    pool: Article,
    row: Row,
    longest: int,
) -> Iterator[Example]:
    n = len(p.sentences)
    most = rng.choice((20, 45, 45, 45, 80, longest))
    heading = p.title if rng.random() < 0.7 else ""
    kind = row["src"]
    if not answers and not row.get("places"):  # the part that looks most like an answer
        keep = max(range(n), key=lambda i: (overlap(question, p.part(i, i + 1)), rng.random()))
        first, last = stretch(rng, p, keep, most)
        yield p.window(question, first, last, labels, None, heading=heading, kind=kind + "-unanswerable")
        return
    right = [i for i, label in enumerate(labels) if label == 1]
    if not right:
        return
    keep = rng.choice(right)
    first, last = stretch(rng, p, keep, most)
    if last - first == 1:  # alone, a sentence may lack the name that its pronoun stands for
        heading = p.title
    example = p.window(question, first, last, labels, span, heading=heading, kind=kind)
    if rng.random() < 0.2:
        example = _with_clutter(rng, example, clutter(rng, p, question))
    yield example
    if example.span and rng.random() < 0.25:
        yield from _vaguely(rng, example, answers)
    roll = rng.random()
    if roll < 0.35:  # the same paragraph without the sentence that answers
        rest = [run for run in ((0, keep), (keep + 1, n)) if run[1] > run[0]]
        if rest:
            a, b = rng.choice(rest)
            near = max(range(a, b), key=lambda i: overlap(question, p.part(i, i + 1)))
            first, last = max(a, near - rng.randint(0, 2)), min(b, near + rng.randint(1, 3))
            first, last = fit(p, first, last, near)
            if not any(labels[i] for i in range(first, last)):
                yield p.window(question, first, last, labels, None, heading=heading, kind=kind + "-rest")
    elif roll < 0.55:
        if swapped := near_miss(rng, question, example.text, pool):
            yield replace(example, question=swapped, labels=(0,) * len(example.labels), span=None, kind="near-miss")
    elif roll < 0.65:  # another question of the article, asked of another paragraph
        first_word = question.split()[0].lower()
        rivals = [
            q
            for q, a, _ in pool.questions
            if q.lower().startswith(first_word) and q != question and not any(find_all(example.text, x) for x in a)
        ]
        if rivals:
            q = max(rng.sample(rivals, min(20, len(rivals))), key=lambda q: overlap(q, example.text))
            yield replace(example, question=q, labels=(0,) * len(example.labels), span=None, kind="rival")


def _vaguely(rng: random.Random, example: Example, answers: Sequence[str]) -> Iterator[Example]:
    """The window without its answer, the rest as it was; or with something else made vague, and the answer there."""
    if rng.random() < 0.7:
        if lost := vague(rng, example, answers, example.question):
            yield replace(lost, labels=(0,) * len(lost.labels), span=None, kind="vague")
        return
    names = re.findall(r"(?<=[a-z] )[A-Z][a-z]{2,}(?: [A-Z][a-z]+)*|\b\d{2,}\b", example.text)
    others = [n for n in names if n not in example.question and not any(n in a or a in n for a in answers)]
    if others and (kept := vague(rng, example, [rng.choice(others)], rng.choice(("who", "when", "how many", "what")))):
        start = next((spans[0] for a in answers if (spans := find_all(kept.text, a))), None)
        yield replace(kept, span=start if example.span else None, kind="vague-elsewhere")


class _Shelf:
    """Windows of each article, to find those that share most with a question and do not answer it."""

    def __init__(self, sources: Sequence[tuple[Paragraph, list[Row]]]) -> None:
        self._sources = sources
        self._windows: dict[str, list[tuple[int, int, int]]] = defaultdict(list)  # paragraph, first, last
        for n, (p, _) in enumerate(sources):
            for first in range(0, len(p.sentences), 2):
                self._windows[p.group].append((n, first, min(first + 3, len(p.sentences))))
        self._indexes = {group: bm25s.BM25() for group in self._windows}
        for group, index in self._indexes.items():
            texts = [sources[n][0].part(a, b) for n, a, b in self._windows[group]]
            index.index(bm25s.tokenize(texts, show_progress=False), show_progress=False)

    def misses(self, rng: random.Random, at: int, question: str, answers: Sequence[str]) -> Iterator[Example]:
        """One window of the same article, but of another paragraph, that BM25 ranks high."""
        group = self._sources[at][0].group
        windows = self._windows[group]
        query = bm25s.tokenize([question], show_progress=False)
        found, _ = self._indexes[group].retrieve(query, k=min(8, len(windows)), show_progress=False)
        misses = [windows[int(i)] for i in found[0]]
        misses = [(n, a, b) for n, a, b in misses if n != at]
        misses = [m for m in misses if not any(find_all(self._sources[m[0]][0].text, x) for x in answers)][:4]
        if misses:
            n, first, last = rng.choice(misses)
            p = self._sources[n][0]
            first, last = fit(p, first, last, first)
            heading = p.title if rng.random() < 0.4 else ""
            yield p.window(question, first, last, [0] * len(p.sentences), None, heading=heading, kind="same article")


def _with_clutter(rng: random.Random, example: Example, line: str) -> Example:
    """The example with a line of clutter before or after, as a sentence that does not answer."""
    if rng.random() < 0.5:
        shift = len(line) + 1
        moved = tuple((a + shift, b + shift) for a, b in example.sentences)
        span = (example.span[0] + shift, example.span[1] + shift) if example.span else None
        return replace(
            example,
            text=f"{line}\n{example.text}",
            sentences=((0, len(line)), *moved),
            labels=(0, *example.labels),
            span=span,
        )
    at = len(example.text) + 1
    return replace(
        example,
        text=f"{example.text}\n{line}",
        sentences=(*example.sentences, (at, at + len(line))),
        labels=(*example.labels, 0),
    )


def _ask_plainly(rng: random.Random, example: Example) -> Example:
    """A share of the questions as people type them: lower case, no question mark, key words."""
    roll, question = rng.random(), example.question
    if roll < 0.12:
        question = question.lower()
    if roll < 0.2:
        question = question.rstrip("?. ")
    if 0.2 <= roll < 0.23 and example.answerable == 1:
        question = " ".join(words(question)) or question
    if 0.23 <= roll < 0.3:
        question = synonyms(question, rng)
    if 0.3 <= roll < 0.34:
        question = mistyped(question, rng)
    return replace(example, question=question)


def mistyped(text: str, rng: random.Random) -> str:
    """The text with two letters of one longer word changed about, or one left out."""
    long = list(re.finditer(r"[a-z]{5,}", text))
    if not long:
        return text
    at = (m := rng.choice(long)).start() + rng.randrange(1, len(m[0]) - 2)
    if rng.random() < 0.6:
        return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    return text[:at] + text[at + 1 :]


def _lexical_neighbours(sources: Sequence[tuple[Paragraph, list[Row]]]) -> dict[int, list[int]]:
    """For each paragraph, those of other articles with most words in common (BM25 on its questions)."""
    asked = [" ".join(r["question"] for r in rows[:6]) for _, rows in sources]
    index = bm25s.BM25()
    index.index(bm25s.tokenize([p.text for p, _ in sources], show_progress=False), show_progress=False)
    found, _ = index.retrieve(bm25s.tokenize(asked, show_progress=False), k=min(12, len(sources)), show_progress=False)
    return {n: [int(m) for m in row if sources[m][0].group != sources[n][0].group] for n, row in enumerate(found)}


def describe(examples: Iterable[Example]) -> str:
    """How many of each kind, and their mean words."""
    count: dict[str, list[int]] = defaultdict(list)
    for e in examples:
        count[e.kind].append(len(e.text.split()))
    lines = [f"{k:28} {len(v):7,} {sum(v) / len(v):6.1f} words" for k, v in sorted(count.items())]
    return "\n".join([*lines, f"{'all':28} {sum(map(len, count.values())):7,}"])
