"""Places that a document's structure names: what stands there answers, however little it says by itself.

A question may name one by its number ("rule 1.2", "E18", "the third step") or in the words of what leads up to it: the
question over a reply, the line over an item, the name over its values. A reader of sentences sees none of this.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from qa.answer.lookup import row
from qa.answer.quote import breaks_off, with_list
from qa.language import facts
from qa.language.alike import stems
from qa.schema import UNDER, Candidate

LOOKED_AT: Final = 30
"""Candidates of which it is looked at where they stand."""

_CODE: Final = re.compile(
    r"(?<![\w.,])(?:(?P<dotted>v?\d+(?:[.-]\d+)+)(?!\w)|(?P<letters>[A-Z]{1,5})[- ]?(?P<digits>\d{1,6})(?![\w.]\w))"
)
_IDENTIFIER: Final = re.compile(r"(?<![\w.])[^\W\d]\w*(?:[._]\w+)+")
"""A name as programs have them: "QUOTA_507", "queue.size"."""
_NAMED: Final = re.compile(r"\b(?P<noun>[^\W\d_]{3,})\s(?:no\.?\s|number\s)?(?P<number>\d{1,4}|[A-Z])(?![\w.,-]?\w)")
_LAST: Final = re.compile(r"\b(?:last|final)\s([^\W\d_]+)", re.IGNORECASE)
_COUNTED: Final = stems("article chapter clause item paragraph part point rule section stage step task")
"""What the numbered lines of a list are called, whatever they say."""
RELEASED: Final = stems("version release")
"""What is told by the heading that has its number."""
_LABEL: Final = r"\s*(?:[:.)(\]–—-]|\s-|\n|$)"
_LISTED: Final = re.compile(r"\W*(\d{1,3})[.)]\s")
_ASKING: Final = re.compile(
    r"\b(?:who|whom|whose|when|where|why|which|how (?:many|much|long|often|far)|how|what)\b", re.I
)
_RECORD: Final = re.compile(r"\n(?:[^\S\n]*\n|[^\S\n]+\S)|^\[[ xX]\] ")
"""A line under another one, or set apart from it but quoted with it; a task with its box."""


def numbered(question: str, candidates: Sequence[Candidate], *, timed: bool = False) -> list[Candidate]:
    """Those that stand where a number of the question says, best first: they open with it, or their heading does.

    Args:
        timed: a time is asked for, which the heading itself may give.
    """
    openings = list(_openings(question))
    if last := _LAST.search(question):
        numbers = [int(m[1]) for c in candidates if (m := _LISTED.match(c.text))]
        if numbers and stems(last[1]) <= _COUNTED:
            openings.append(rf"\W*{max(numbers)}[.)]\s")
    if not openings:
        return []
    opens = re.compile("|".join(openings), re.IGNORECASE)
    names = re.compile("|".join(opening.removesuffix(_LABEL) for opening in openings), re.IGNORECASE)
    heads = [_with_outcome(c) for c in candidates if (names if is_heading(c) else opens).match(c.text)]
    starts = {(c.hit.passage.id, c.start) for c in heads}
    under = [c for c in candidates if (c.hit.passage.id, c.start) not in starts and any(map(names.match, _above(c)))]
    dated = [c for c in (*heads, *under) if any(f.kind == "date" for f in facts(c.text))]
    if timed:
        return dated or heads
    return [c for c in heads if not is_heading(c)] or under or heads


def is_heading(candidate: Candidate) -> bool:
    """Whether it is the heading of its section."""
    return candidate.text == candidate.hit.passage.nearest


def _with_outcome(candidate: Candidate) -> Candidate:
    """A numbered line with the few words after it in its paragraph: "Carried, 12 to 3."."""
    passage, end = candidate.hit.passage, candidate.end
    labels = len(candidate.text.split()) < _FEW  # "4. Repairs.": what it says comes next
    for start, stop in passage.sentences:
        few = len(passage.slice(start, stop).split()) <= _FEW
        if start >= end and "\n" not in passage.slice(end, start) and (few or labels):
            end, labels = stop, False
    return replace(candidate, end=end)


_FEW: Final = 5
"""Words: so few after a numbered line say what became of it."""


def _above(candidate: Candidate) -> list[str]:
    """The headings that it stands under; none for what stands before them in the same passage."""
    passage = candidate.hit.passage
    before = passage.text.find(passage.nearest) > candidate.start - passage.start
    return [] if before else passage.heading.split(UNDER)


def speaks_of_number(question: str, candidate: Candidate) -> bool:
    """Whether a figure of the question stands in a sentence; of a question without one ("the third step"), always."""
    figures = re.findall(r"\d+(?:[.-]\d+)*", question)
    return not figures or any(figure in candidate.text for figure in figures)


def _openings(question: str) -> Iterator[str]:
    """How the line or heading begins that the question names by a number."""
    told = facts(question)
    taken = [(f.start, f.end) for f in told if f.kind in ("date", "money", "percent", "quantity")]

    def free(match: re.Match[str]) -> bool:
        return not any(start < match.end() and match.start() < end for start, end in taken)

    for code in filter(free, _CODE.finditer(question)):
        if code["dotted"]:
            yield rf"\W*(?:[^\W\d_]+\s)?v?{re.escape(code['dotted'].lstrip('v'))}(?![\w-]|\.\d)"
        else:
            yield rf"\W*{code['letters']}[- ]?{code['digits']}(?!\w){_LABEL}"
    for name in _IDENTIFIER.findall(question):
        yield rf"\W*{re.escape(name)}(?!\w){_LABEL}"
    for named in filter(free, _NAMED.finditer(question)):
        yield rf"\W*{re.escape(named['noun'])}\s{named['number']}(?!\w|\.\d){_LABEL}"
        if stems(named["noun"]) & _COUNTED:
            yield rf"\W*{named['number']}[.)]\s"
    for fact in told:
        after = question[fact.end :].split()[:1]
        if re.fullmatch(r"\d{1,2}(?:st|nd|rd|th)", fact.value) and after and stems(after[0]) & _COUNTED:
            yield rf"\W*{fact.value[:-2]}[.)]\s"


def told(question: str, candidates: Sequence[Candidate]) -> list[Candidate]:
    """Records, replies, items and what leads up to them that hold, with what they stand under, every word of the
    question, best first; also what stands first under a heading that asks it.

    No rows: whether the cell is there that is asked for, `qa.answer.lookup` says.
    """
    likely = [c for c in candidates[:LOOKED_AT] if "\n" in c.text or not row(c.text)]
    said = [c for c in likely if _leads(c) and _asks_alike(question, c) and covers(question, c)]
    if said and stems(question) & RELEASED:  # the version is told by the heading
        over = {(c.hit.source.id, part) for c in said for part in c.hit.passage.heading.split(UNDER)}
        return [c for c in candidates if is_heading(c) and (c.hit.source.id, c.text) in over] + said
    return said or [c for c in likely if _replies(question, c)]


def declared(question: str, candidates: Sequence[Candidate]) -> list[Candidate]:
    """The line that says what a question asks of a whole document: who wrote or published it, when, which version.

    Nothing else may be asked but what the title says; of several documents one must be named by it.
    """
    for field, near in _asked_of(question, candidates):
        if found := [c for c in near if _says(c, field)]:
            alone = len({c.hit.source.id for c in near}) == 1
            return sorted(found, key=lambda c: (c.hit.source.id, c.start))[:1] if alone else found
    return []


def of_publishing(question: str, candidates: Sequence[Candidate]) -> list[Candidate]:
    """Those that speak of it where a question asks who published a whole document, or when; else all of them."""
    if not stems(question) & PUBLISHED or not any(near for _, near in _asked_of(question, candidates)):
        return list(candidates)
    return [c for c in candidates if stems(c.text) & PUBLISHED]


def _asked_of(question: str, candidates: Sequence[Candidate]) -> Iterator[tuple[str, list[Candidate]]]:
    """The fields that a question may ask for, and the candidates of the documents it may mean."""
    asked, asks = stems(question), _asks_first(question)
    near = candidates[:LOOKED_AT]
    alone = len({c.hit.source.id for c in near}) == 1
    for field, (words, verbs) in _DECLARED.items():
        if asks in words and asked & verbs:
            titles = [(c, stems(c.hit.source.title)) for c in near]
            yield field, [c for c, title in titles if asked <= verbs | _DOCUMENT | title and (alone or asked & title)]


PUBLISHED: Final = stems("publish")
"""What is asked of documents alone."""
_DOCUMENT: Final = stems(
    "article book document e-mail mail email guide handbook letter manual memo message minutes note page paper post "
    "report text version edition"
)
_DECLARED: Final = {
    "author": (("who",), stems("write written author sign send compile")),
    "publisher": (("who",), stems("publish issue release")),
    "published": (("when",), stems("publish write written send date issue release post")),
    "updated": (("when",), stems("update change revise modify")),
    "version": (("which", "what"), RELEASED | stems("edition revision")),
}
"""For each field how a question for it begins, and the words that it may have for it."""


def _says(candidate: Candidate, field: str) -> bool:
    """Whether a line says the value of a field of its source."""
    value = getattr(candidate.hit.source, field)
    said = bool(value) and all(part.strip() in candidate.text for part in value.split(","))
    if said or field not in ("published", "updated"):
        return said
    return bool(value) and any(f.kind == "date" and f.value == value for f in facts(candidate.text))


def labelled(question: str, candidates: Sequence[Candidate]) -> list[Candidate]:
    """Lines whose label the question names, with all its words but one: "Apologies: R. Whitcombe"."""
    asked = stems(question)
    found = []
    for c in candidates[:LOOKED_AT]:
        label = stems(match[1]) if (match := _LABELLED.match(c.text)) and not row(c.text) else frozenset()
        over = stems(f"{c.hit.passage.heading} {c.hit.source.title}")
        if label and label <= asked and len(asked - label - over) <= 1:
            found.append(c)
    return found


_LABELLED: Final = re.compile(r"\W*([^\W\d_][^:.!?\n]{1,40}):\s+\S")


def _replies(question: str, candidate: Candidate) -> bool:
    """Whether it stands first under a heading that asks the same."""
    passage, asked = candidate.hit.passage, stems(question)
    heading = passage.nearest
    return (
        heading.rstrip().endswith("?")
        and candidate.start == passage.sentences[0][0]
        and bool(asked & stems(heading))
        and asked <= stems(f"{heading} {candidate.hit.source.title}")
        and _asks_first(question) == _asks_first(heading)
    )


def covers(question: str, candidate: Candidate) -> bool:
    """Whether what is said there, with what it stands under, holds every word of a question, and some of it itself."""
    asked = stems(question)
    passage = candidate.hit.passage
    here = stems(f"{candidate.text} {passage.lead(candidate.start)}")
    over = stems(f"{passage.heading} {candidate.hit.source.title}")
    if any(map(_VERSION.match, passage.heading.split(UNDER))):
        over |= RELEASED
    return bool(asked & here) and asked <= here | over


_VERSION: Final = re.compile(r"\W*(?:[^\W\d_]+\s)?v?\d+\.\d+")


def _leads(candidate: Candidate) -> bool:
    """Whether something leads up to it, outside of it or in it, or it leads up to what lies under it."""
    passage, text = candidate.hit.passage, candidate.text
    said = (
        passage.lead(candidate.start) or _RECORD.search(text) or any(map(_VERSION.match, passage.heading.split(UNDER)))
    )
    return bool(said) or (breaks_off(text) and with_list(candidate, asked=False) is not None)


def _asks_alike(question: str, candidate: Candidate) -> bool:
    """Whether what it replies to, if it is a reply, asks for what the question does."""
    lead = candidate.hit.passage.lead(candidate.start) or candidate.text.partition("\n")[0]
    if not lead.rstrip().endswith("?"):
        return True
    return _asks_first(question) == _asks_first(lead)


def _asks_first(text: str) -> str:
    return match[0].casefold() if (match := _ASKING.search(text)) else ""
