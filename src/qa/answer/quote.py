"""Answers without a language model: the sentences that answer, word for word, each with who says so."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from typing import Final

from qa.answer.attribute import attribute, dated
from qa.answer.untrusted import hides, is_order
from qa.language.speakers import leans_back
from qa.language.words import FUNCTION_WORDS
from qa.query import Kind
from qa.schema import Candidate, Citation, Passage, Sentence, Span, Verdict, shortened

RELATIVE = 0.5
"""A further sentence is quoted when it scores at least this share of the best one."""

RELATIVE_SEVERAL = 0.4
"""The same where the question asks for several things; chosen on the dev questions."""

RELATIVE_COMPARING = 0.04
"""The same where it compares: what a source says of a topic is seldom a plain answer."""

SAME = 0.75
"""Two sentences that share this much of their words (Jaccard) say the same; the better one is quoted."""

WORDS = r"\w+"

_ENDED = re.compile(r"[.!?:][\"'”’)\]]*\s*$")
"""How what is a sentence ends; a colon leads up to what leans on it."""

YES_OR_NO = 2
"""Sentences that may say yes or no: more of them only surround it."""

PER_SOURCE = 2
"""Sentences of one source in an answer that compares several."""


def quote(
    candidates: Sequence[Candidate], limit: int, kind: Kind = "fact", *, first: Candidate | None = None
) -> Iterator[Sentence]:
    """The best sentences, verbatim, in order of merit; by source where the question compares.

    A line that leads up to a list comes with its list, and so does an item where a list or steps are asked for.

    Args:
        candidates: sentences with the probability that they answer, best first.
        limit: how many sentences at most.
        kind: what is asked for; "compare" gives every source its say before any gets a third one.
        first: a sentence that stands before all others, however it scores.
    """
    if kind == "compare":
        chosen = compared(candidates, limit)
    elif kind == "yes-no":
        chosen = best(candidates, min(limit, YES_OR_NO))
    else:
        relative = RELATIVE_SEVERAL if kind == "list" else RELATIVE
        chosen = best(candidates, limit, relative, RELATIVE_SEVERAL if kind in ("number", "when") else relative)
    whole: list[tuple[Candidate, Span]] = []
    for candidate in ([first] if first else []) + chosen:
        start, end = (
            with_body(candidate) or with_list(candidate, asked=kind in ("list", "how-to")) or with_antecedent(candidate)
        )
        if suspect(candidate.hit.passage, start, end):
            continue
        for i, (other, (a, b)) in enumerate(whole):
            if other.hit.source.id == candidate.hit.source.id and start < b and a < end:
                whole[i] = (
                    other if (a, b) == (min(a, start), max(b, end)) else candidate,
                    (min(a, start), max(b, end)),
                )
                break
        else:
            whole.append((candidate, (start, end)))
    sources = {candidate.hit.source.id: candidate.hit.source for candidate, _ in whole}
    names = Counter(dated(source) for source in sources.values())
    named: set[str] = set()
    for candidate, span in whole:
        source = candidate.hit.source
        yield quoted(candidate, *span, again=source.id in named, apart=names[dated(source)] > 1)
        named.add(source.id)


def best(
    candidates: Sequence[Candidate], limit: int, relative: float = RELATIVE, others: float = RELATIVE
) -> list[Candidate]:
    """Those that come near the best one, repetitions left out.

    Args:
        relative: how near, as a share of its score.
        others: the same for the first of another source: of what a thing costs, each may have its own figure.
    """
    chosen: list[Candidate] = []
    for candidate in candidates:
        heard = candidate.hit.source.id in {c.hit.source.id for c in chosen}
        bar = relative if heard or not candidate.span else others
        if len(chosen) == limit or candidate.score < min(relative, others) * candidates[0].score:
            break
        if candidate.score >= bar * candidates[0].score and not any(
            same(candidate.text, other.text) or _told(candidate, other) for other in chosen
        ):
            chosen.append(candidate)
    return chosen


def _told(candidate: Candidate, other: Candidate) -> bool:
    """Whether another sentence of the same source has the words already with which this one answers."""
    if " = " in candidate.text and " = " in other.text:
        return False
    if candidate.span is None or candidate.hit.source.id != other.hit.source.id:
        return False
    return _folded(candidate.hit.passage.slice(*candidate.span)) in _folded(other.text)


def _folded(text: str) -> str:
    return f" {' '.join(re.findall(WORDS, text.casefold()))} "


def compared(candidates: Sequence[Candidate], limit: int) -> list[Candidate]:
    """The best of each source, sources in order of their best sentence; of a single one, up to the limit."""
    most = PER_SOURCE if len({c.hit.source.id for c in candidates}) > 1 else limit
    by_source: dict[str, list[Candidate]] = {}
    for candidate in candidates:
        mine = by_source.setdefault(candidate.hit.source.id, [])
        if mine and (len(mine) == most or candidate.score < RELATIVE_COMPARING * mine[0].score):
            continue
        if not any(same(candidate.text, other.text) for other in mine):
            mine.append(candidate)
    return [candidate for mine in by_source.values() for candidate in mine]


def with_antecedent(candidate: Candidate) -> Span:
    """The sentence's span, begun one sentence earlier where its first words lean on that ("He added ...").

    On a title, a label or an item nothing leans.
    """
    passage, start = candidate.hit.passage, candidate.start
    before = passage.sentence_before(start)
    if leans_back(candidate.text) and _ENDED.search(passage.slice(before, start)):
        start = before
    return start, candidate.end


def with_body(candidate: Candidate) -> Span | None:
    """A heading with the first sentence under it, for what it announces stands there; None for what is no heading."""
    passage = candidate.hit.passage
    if candidate.text != passage.nearest:
        return None
    under = [span for span in passage.sentences if span[0] >= candidate.end][:1]
    return (candidate.start, under[0][1]) if under else None


def with_list(candidate: Candidate, *, asked: bool) -> Span | None:
    """The list that a sentence leads up to or, where one is asked for, stands in, from its lead to its last item.

    A list is a run of lines, each a unit of its own, one under the other, no rows of a table. None: there is none. A
    sentence leads up to it by a colon; where steps are asked for, to lines of code or of few words under it, too.
    """
    passage = candidate.hit.passage
    units = passage.sentences
    at = next((n for n, span in enumerate(units) if span[0] <= candidate.start < span[1]), None)
    if at is None:
        return None
    said = passage.slice(*units[at]).rstrip()
    last = _last(passage, at + 1) if at + 1 < len(units) else at
    lines = [passage.slice(*unit).rstrip() for unit in units[at + 1 : last + 1]]
    bare = len(lines) > 1 and not any(
        line.endswith((".", "!", "?")) or " = " in line or " | " in line for line in lines
    )
    if lines and breaks_off(said) and " = " not in said and " | " not in said:  # a row may end with "no"
        own = _numbering(said)
        lines = lines[: next((n for n, line in enumerate(lines) if own and _numbering(line) == own), None)]
        return units[at][0], units[at + len(lines)][1]
    if lines and (said.endswith((":", "：")) or (asked and bare and said.endswith("."))):
        return units[at][0], units[last][1]
    if not asked or " = " in candidate.text or " | " in candidate.text:
        return None
    first, last = at, _last(passage, at)
    while first and _one_under(passage, first - 1):
        first -= 1
    if first and passage.slice(*units[first - 1]) == passage.lead(units[at][0]):
        first -= 1
    return (units[first][0], units[last][1]) if last > first else None


def breaks_off(text: str) -> bool:
    """Whether a line ends inside of a sentence, with which what stands under it goes on: "A permit is refused to"."""
    return text.rpartition(" ")[2].casefold() in FUNCTION_WORDS


def _numbering(line: str) -> str:
    """The shape of what numbers a line: "(2)" is "(0)"."""
    label = re.match(r"\(?(?:\d{1,3}|[a-z]|[ivx]{2,5})[.)]", line)
    return re.sub("[a-z]+", "a", re.sub(r"\d+", "0", label[0])) if label else ""


def _last(passage: Passage, at: int) -> int:
    """The last line of the run that begins or goes on with one."""
    while at + 1 < len(passage.sentences) and _one_under(passage, at):
        at += 1
    return at


def _one_under(passage: Passage, at: int) -> bool:
    """Whether the next unit stands on the line below, with nothing between."""
    between = passage.slice(passage.sentences[at][1], passage.sentences[at + 1][0])
    return between.count("\n") == 1 and not between.strip(" \t\n-*•·")


def suspect(passage: Passage, start: int, end: int) -> bool:
    """Whether the words, or the sentence before, command whoever reads them, or hide some of themselves."""
    words = passage.slice(start, end)
    return is_order(passage.slice(passage.sentence_before(start), end)) or hides(words)


def quoted(candidate: Candidate, start: int, end: int, *, again: bool = False, apart: bool = False) -> Sentence:
    """One quoted sentence. Verbatim by construction, hence supported. `again` and `apart`: as in `attribute`."""
    citation = Citation.cut(candidate.hit, start, end)
    who = attribute(candidate.hit.source, citation.quote, candidate.hit.passage, (start, end), again=again, apart=apart)
    over = listed_under(candidate.hit.passage, start, end)
    return Sentence(
        text=_folded_lines(citation.quote, {a - start for a, _ in candidate.hit.passage.sentences}),
        span=_shown(citation.quote, candidate.span, start),
        citations=(citation,),
        verdict=Verdict.SUPPORTED,
        score=1.0,
        attribution=f"{who}, under “{over}”" if who and over else f"Under “{over}”" if over else who,
    )


def listed_under(passage: Passage, start: int, end: int) -> str:
    """What an item of a list stands under, where it is quoted without that: "Smoking" says one thing under "Allowed"
    and the other under "Not allowed". Empty for what is no item.
    """
    at = next((n for n, span in enumerate(passage.sentences) if span[0] == start), None)
    if at is None or " = " in passage.slice(start, end) or " | " in passage.slice(start, end):
        return ""
    first = last = at  # of the sentences on its line
    while first and not _breaks(passage, first):
        first -= 1
    while last + 1 < len(passage.sentences) and not _breaks(passage, last + 1):
        last += 1
    listed = _one_above(passage, first) or (last + 1 < len(passage.sentences) and _one_under(passage, last))
    lead = " ".join(passage.lead(start).split())
    if lead:
        return shortened(lead.rstrip(" :：")) if lead.endswith((":", "：")) or _one_above(passage, first) else ""
    return shortened(passage.nearest) if listed and passage.nearest not in passage.slice(start, end) else ""


def _breaks(passage: Passage, at: int) -> bool:
    """Whether a sentence begins a line."""
    return "\n" in passage.slice(passage.sentences[at - 1][1], passage.sentences[at][0])


def _one_above(passage: Passage, at: int) -> bool:
    return at > 0 and _one_under(passage, at - 1)


def _shown(quote: str, span: Span | None, start: int) -> Span | None:
    """A span of the document as one of the quotation with its white space folded."""
    if span is None:
        return None
    before, words = quote[: span[0] - start], quote[span[0] - start : span[1] - start]
    begin = len(" ".join(f"{before}|".split())) - 1  # a folded line break is one character, as a blank is
    return begin, begin + len(" ".join(words.split()))


def _folded_lines(quote: str, begin: Collection[int] = ()) -> str:
    """The words with their white space folded; lines of their own, as in a list, stay lines.

    Args:
        begin: where in it sentences, items and rows begin.
    """
    lines: list[tuple[str, bool]] = []
    at = 0
    for line in quote.splitlines(keepends=True):
        if line.strip():
            lines.append((" ".join(line.split()), at + len(line) - len(line.lstrip()) in begin))
        at += len(line)
    few = len(lines) > 2 and all(len(line.split()) < FEW for line, _ in lines)
    text = ""
    for line, begins in lines:
        text += (("\n" if few or begins or text[-1] in ".!?:;" else " ") if text else "") + line
    return text


FEW: Final = 4
"""Words: lines of fewer, three and more of them, are the items of a list."""


def same(left: str, right: str) -> bool:
    """Whether two sentences say the same in nearly the same words."""
    if " = " in left and " = " in right:  # two rows of a table are alike but for what they say
        return left == right
    a, b = (set(re.findall(WORDS, text.casefold())) for text in (left, right))
    return len(a & b) >= SAME * len(a | b)
