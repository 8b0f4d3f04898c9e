"""Checks a text from elsewhere, sentence by sentence, against the sources it cites, or should have cited."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, get_args

from qa.language import facts
from qa.language.alike import one_day, other_figures
from qa.language.parser import parse
from qa.schema import Hit, Source, Span, Verdict
from qa.support import citing, weigh
from qa.support.judge import Ask, Case, Judgement, Support
from qa.support.pool import TRIED, Evidence, Pool, Quoted, evidence_of
from qa.support.words import carried, content, split

Status = Literal["supported", "likely", "partly", "unsupported", "contradicted", "unchecked"]
"""As `Verdict`; and "likely": borne out rather than not, but not surely."""

AT_ONCE = 32
"""Sentences judged together."""
ABOUT, SHARED = 0.5, 2
"""Share of a sentence's words, or of another source's if that is shorter, from which the two speak of the same; and
the least number of them."""
ALIKE = 0.55
"""Share of the words of the shorter passage that the other has, from which they speak of one thing and not of two of
like names."""
ONE_WAY, BOTH_WAYS = 0.8, 0.6
"""Probabilities of contradiction from which a sentence is shown as saying otherwise: the longer one held to be true and
the shorter one judged by it, or each by the other. Chosen, as `ALIKE` is, on one half of what
`benchmarks/checkers.py` tells of the other."""
LITTLE = 0.4
"""Share of its words in the evidence below which no part of a failed sentence is looked for there."""
_CLAUSES = ("advcl", "appos", "conj", "relcl")
"""What can be taken out of a sentence (ClearNLP labels) that still says something without it."""


@dataclass(frozen=True, slots=True)
class CheckedSentence:
    """A sentence as it was written, what it cites, and whether that bears it out."""

    text: str
    start: int
    end: int
    """Span in the text that was checked, markers included."""
    markers: tuple[int, ...]
    """Numbers it cites, as written."""
    sources: tuple[str, ...]
    """Ids of sources that it cites by name, or by a number that a list of references explains."""
    cited: bool
    """Whether it cites a source that exists."""
    judgement: Judgement
    status: Status
    part: str = ""
    """What of it is borne out, where not all is."""
    evidence: Evidence | None = None
    """The decisive passage among those cited, or, where none is, the nearest one."""
    invented: tuple[int, ...] = ()
    """Numbers behind which there is no source."""
    unknown: tuple[str, ...] = ()
    """What it cites by name, or by a line in the list of references, and that is none of the sources."""
    elsewhere: Evidence | None = None
    """A passage not cited that does bear the sentence out, where the cited ones do not."""
    against: Quoted | None = None
    """Words of another source that deny the sentence, where what it cites bears it out."""
    uncited: bool = False
    """Whether it cites nothing in a text that elsewhere does; what no sentence has is said once, of the whole."""

    @property
    def borne_out(self) -> bool:
        """Whether what it cites, or else the nearest passage, bears it out, surely or likely."""
        return self.judgement.verdict is Verdict.SUPPORTED

    @property
    def doubt(self) -> str:
        """Why not to rely on the sentence as it stands; empty if nothing speaks against that."""
        if self.status == "likely":
            return "likely said there; read the words below before you rely on it"
        return "" if self.borne_out else self.judgement.reason

    @property
    def quote(self) -> str:
        """The decisive words of the evidence, or the nearest; empty if there are none, or none of the sentence's."""
        span = self.judgement.span
        words = self.evidence.text[slice(*span)] if self.evidence and span else ""
        return words if self.borne_out or carried(self.text, words) else ""

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know of it, besides its status."""
        notes = [f"there is no source {n}" for n in (*self.invented, *self.unknown)]
        if self.uncited:
            notes = ["; ".join([*(notes or ["no citation"]), "looked for in all sources"])]
        if self.doubt:
            notes.append(self.doubt)
        if self.part:
            notes.append(f"borne out is: “{self.part}”")
        if self.elsewhere:
            notes.append(f"but {self.elsewhere.id} says so")
        if self.against:
            of = self.against.evidence.source
            when = f" ({of.published})" if of and of.published else ""
            own = self.evidence.source.published if self.evidence and self.evidence.source else ""
            later = bool(of and own and own < of.published[: len(own)])
            said = " ".join(self.against.quote.split())
            notes.append(f"but {self.against.evidence.id}{when}{', later,' * later} says otherwise: “{said}”")
        return tuple(notes)

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        names = ("text", "start", "end", "markers", "sources", "invented", "unknown", "cited", "status")
        return {name: getattr(self, name) for name in names} | {
            "reason": self.judgement.reason,
            "part": self.part,
            "passage": self.evidence.id if self.evidence else None,
            "quote": self.quote,
            "elsewhere": self.elsewhere.id if self.elsewhere else None,
            "against": {"passage": self.against.evidence.id, "quote": self.against.quote} if self.against else None,
            "judgement": self.judgement.to_dict(),
        }


@dataclass(frozen=True, slots=True)
class Report:
    """A text, checked. `str(report)` reads like the text, each sentence behind its status."""

    sentences: tuple[CheckedSentence, ...]

    @property
    def counts(self) -> dict[str, int]:
        """Sentences by status, those without a citation, and markers behind which there is no source."""
        by_status = Counter(sentence.status for sentence in self.sentences)
        return {name: by_status[name] for name in get_args(Status)} | {
            "no citation": sum(not s.cited for s in self.sentences),
            "invented markers": sum(len(s.invented) + len(s.unknown) for s in self.sentences),
            "disputed": sum(s.against is not None for s in self.sentences),
        }

    @property
    def remark(self) -> str:
        """What holds of the text as a whole; empty if nothing."""
        if not self.sentences or any(s.cited or s.markers for s in self.sentences):
            return ""
        return "The text cites nothing: each sentence was held against the passages nearest to it in all sources."

    @property
    def ok(self) -> bool:
        """Whether every sentence cites a source that bears it out, surely or likely."""
        return all(s.cited and not s.invented and not s.unknown and s.borne_out for s in self.sentences)

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "ok": self.ok,
            "remark": self.remark,
            "counts": self.counts,
            "sentences": [s.to_dict() for s in self.sentences],
        }

    def __str__(self) -> str:
        lines = [self.remark] if self.remark else []
        for s in self.sentences:
            lines.append(f"{s.status:<12} {s.text}" + (f"  ({'; '.join(s.notes)})" if s.notes else ""))
        counted = ", ".join(f"{n} {name}" for name, n in self.counts.items() if n)
        return "\n".join([*lines, counted or "nothing to check"])


def check(
    text: str,
    evidence: Pool | Sequence[Hit] | Mapping[str, str],
    support: Support,
    *,
    numbers: Literal["passages", "sources"] = "passages",
) -> Report:
    """Holds each sentence of a text against what it cites; if that is nothing, against the nearest passages.

    Args:
        text: prose with markers of any shape (`qa.markers.SHAPES`). Footnotes and a list of references tell what
            numbers mean; a source may also be cited by its id or file, with a page, by a link, or by publisher or
            author and year.
        evidence: what it may cite, in order; a mapping gives names and texts.
        numbers: what a number counts where there is no list of references: passages, or sources in order of
            their first passage.
    """
    return Report(tuple(checked(text, evidence, support, numbers=numbers)))


def checked(
    text: str,
    evidence: Pool | Sequence[Hit] | Mapping[str, str],
    support: Support,
    *,
    numbers: Literal["passages", "sources"] = "passages",
) -> Iterator[CheckedSentence]:
    """As `check`, a sentence at a time; no more than a few are held in memory."""
    pool = evidence if isinstance(evidence, Pool) else Pool(evidence_of(evidence))
    units = list(citing.read(text, pool.sources))
    bare = not any(c.unit.numbers or c.unit.sources or c.unknown for c in units)
    done, size = 0, 1  # the first is there at once, then ever more are judged together
    while done < len(units):
        plans = [_plan(cited, pool, numbers) for cited in units[done : done + size]]
        yield from _judged(plans, support, bare)
        done, size = done + size, min(2 * size, AT_ONCE)


@dataclass(frozen=True, slots=True)
class _Plan:
    """A sentence, what it is held against, and what else there is."""

    cited: citing.Cited
    text: str
    near: Sequence[Evidence]
    others: Sequence[Evidence]
    invented: tuple[int, ...]
    cites: frozenset[str]
    """Ids of the sources it cites."""


def _plan(cited: citing.Cited, pool: Pool, numbers: Literal["passages", "sources"]) -> _Plan:
    text = _plain(cited.unit.text)
    pools = [pool.of(c.source, c.pages) for c in cited.citations]
    passages, pages = numbers == "passages", cited.unit.pages
    there = [n for n in cited.numbers if 0 < n <= (len(pool) if passages else len(pool.sources))]
    pools += [[pool.passage(n - 1)] if passages else pool.of(pool.sources[n - 1].id, pages) for n in there]
    nearest = pool.near(text, most=2 * TRIED)
    near = [e for own in pools for e in pool.near(text, own)] if pools else nearest[:TRIED]
    others = [e for e in nearest if e not in near]
    invented = (*cited.invented, *(n for n in cited.numbers if n not in there))
    return _Plan(
        cited, text, tuple(dict.fromkeys(near)), others, invented, frozenset(e.owner for o in pools for e in o)
    )


def _judged(plans: Sequence[_Plan], support: Support, bare: bool) -> Iterator[CheckedSentence]:
    cases = [_case(p.text, p.near, p.others if p.cites else ()) for p in plans]
    judged = dict(zip(map(id, plans), support.judge_all(cases), strict=True))
    doubtful = [p for p in plans if judged[id(p)].verdict is not Verdict.SUPPORTED and p.cites and p.others]
    second = support.judge_all([_case(p.text, p.others, ()) for p in doubtful])
    better = {
        id(p): p.others[j.evidence]
        for p, j in zip(doubtful, second, strict=True)
        if j.verdict is Verdict.SUPPORTED and j.evidence is not None
    }
    good = [p for p in plans if judged[id(p)].verdict is Verdict.SUPPORTED]
    ask = support.probabilities
    parts = _parts([p for p in plans if judged[id(p)].verdict is Verdict.PARTLY], support) if ask else {}
    denials = denies(ask, [_beside(p, judged[id(p)]) for p in good]) if ask else []
    against = dict(zip(map(id, good), denials, strict=False))
    for plan in plans:
        judgement = judged[id(plan)]
        unit = plan.cited.unit
        yield CheckedSentence(
            unit.text,
            unit.start,
            unit.end,
            unit.numbers,
            tuple(dict.fromkeys([c.source for c in plan.cited.citations])),
            bool(plan.cites),
            judgement,
            _status(plan, judgement, id(plan) in parts or not ask),
            parts.get(id(plan), ""),
            plan.near[judgement.evidence] if judgement.evidence is not None else None,
            plan.invented,
            plan.cited.unknown,
            better.get(id(plan)),
            against.get(id(plan)),
            uncited=not (bare or plan.cites),
        )


def _parts(plans: Sequence[_Plan], support: Support) -> dict[int, str]:
    """For each plan of which a part is borne out, by its `id`, the longest such part."""
    shorter = [(p, part) for p in plans if _held(p) >= LITTLE for part in _shortened(p.text)]
    judged = support.judge_all([_case(part, p.near, ()) for p, part in shorter])
    right = [item for item, j in zip(shorter, judged, strict=True) if j.verdict is Verdict.SUPPORTED]
    return {id(p): part for p, part in sorted(right, key=lambda item: len(item[1]))}


def _shortened(text: str) -> list[str]:
    """A sentence without each of its clauses in turn, and what its main verb is joined with, alone with its subject."""
    p = parse(text)
    found = []
    for i, t in enumerate(p.tokens):
        inside = p.subtree(i)
        if t.dep not in _CLAUSES or inside[-1] - inside[0] >= len(inside):
            continue
        joins = [j for j in p.children(t.head, "cc", "punct") if p.tokens[t.head].start < p.tokens[j].start < t.start]
        start, end = p.extent(sorted({*joins, *inside}))
        found.append(f"{text[:start].rstrip(' ,;')} {text[end:].lstrip(' ,;')}")
        if t.dep == "conj" and t.is_verb and t.head in p.roots:  # "if you cancel and pay" states nothing
            own = p.children(i, "nsubj", "nsubjpass")
            whose = p.children(t.head, "nsubj", "nsubjpass")[:1] if not own else []
            found.append(" ".join([*(p.span(p.subtree(j)) for j in whose), p.span(inside)]))
    parts = dict.fromkeys(f"{part.strip(' ,;.')}." for part in found)
    return [part[0].upper() + part[1:] for part in parts if len(part.split()) > 2]


class Beside(NamedTuple):
    """A claim, the passage that bears it out, and passages of other sources."""

    claim: str
    own: str
    others: Sequence[Evidence]


def _beside(plan: _Plan, judgement: Judgement) -> Beside:
    """With the passages near it that are not of a source that it cites, or that bears it out."""
    decisive = None if judgement.evidence is None else plan.near[judgement.evidence]
    own = plan.cites or ({decisive.owner} if decisive else set())
    others = [e for e in (*plan.near, *plan.others) if e.owner not in own]
    return Beside(plan.text, decisive.text if decisive else plan.text, others)


def denies(ask: Ask, claims: Sequence[Beside]) -> list[Quoted | None]:
    """For each claim, the sentence of the other passages that denies it most surely; None where none does.

    The passages must be alike, for two of like names are told apart by what stands around them. A denial ("It did not")
    need not go into every detail of what it denies, nor what is said in detail into that of the denial: so it is enough
    where the longer of two sentences, if true, surely denies the shorter one.
    """
    held = [
        (place, Quoted(passage, span), pair)
        for place, (claim, own, passages) in enumerate(claims)
        for passage in passages
        if _shared(content(own), content(passage.text)) >= ALIKE
        for span, pair in _rivals(claim, passage.text)
    ]
    pairs = [pair for _, _, pair in held]
    chances = ask([*pairs, *((b, a) for a, b in pairs)]) if pairs else ()
    found: dict[int, tuple[float, Quoted]] = {}
    for (place, quoted, _), there, back in zip(held, chances[: len(held)], chances[len(held) :], strict=True):
        sure = max(float(there[2]) / ONE_WAY, float(min(there[2], back[2])) / BOTH_WAYS)
        if sure >= max(1.0, found.get(place, (0.0, None))[0]):
            found[place] = (sure, quoted)
    return [found[place][1] if place in found else None for place in range(len(claims))]


def _rivals(claim: str, text: str) -> list[tuple[Span, tuple[str, str]]]:
    """The sentences of a text that may deny a claim, by their words and facts, each with the claim, the longer first.

    None where one of them says all that the claim says. What was otherwise on another day may be true as well.
    """
    said, told = content(claim), facts(claim)
    found: list[tuple[Span, tuple[str, str]]] = []
    for a, b in split(text):
        other = text[a:b]
        words = content(other)
        if len(said & words) < SHARED or _shared(said, words) < ABOUT:
            continue
        theirs = facts(other)
        denied = len({any(fact.kind == "negation" for fact in one) for one in (told, theirs)}) > 1
        if said <= words and not denied:
            return []
        says_more = denied or not words <= said
        if says_more and (one_day(told, theirs) or not (denied or other_figures(told, theirs))):
            found.append(((a, b), (claim, other) if len(words) < len(said) else (other, claim)))
    return found


def _shared(a: frozenset[str], b: frozenset[str]) -> float:
    """Share of the words of the shorter one that the other has."""
    return len(a & b) / max(1, min(len(a), len(b)))


def _plain(text: str) -> str:
    """Without the marks of emphasis and code."""
    return re.sub(r"(\*\*|__|\*|`)(?=\S)([^*_`\n]{1,300})(?<=\S)\1", r"\2", text)


def case_of(text: str, hits: Sequence[Hit]) -> Case:
    """A sentence held against the passages it cites, of which those most like it are read."""
    return _case(text, Pool(evidence_of(hits)).near(text), ())


def _case(text: str, near: Sequence[Evidence], others: Sequence[Evidence]) -> Case:
    unnamed = Source(id="?", title="")
    return Case(text, [e.text for e in near], [e.source or unnamed for e in near], [e.text for e in others])


def _held(plan: _Plan) -> float:
    """The largest share of a sentence's words that one passage has."""
    return max((carried(plan.text, e.text) for e in plan.near), default=0.0)


def _status(plan: _Plan, judgement: Judgement, in_part: bool) -> Status:
    """As the verdict; "partly" where a part is borne out, or all but a name or a figure."""
    if judgement.verdict is Verdict.SUPPORTED and (judgement.score or 0.0) < weigh.SURE:
        return "likely"
    if judgement.verdict is Verdict.PARTLY:
        in_part = in_part or bool(judgement.reading and weigh.holds(judgement.reading[0]) >= weigh.SUPPORTED)
        return "partly" if in_part and _held(plan) >= LITTLE else "unsupported"
    return judgement.verdict.value  # type: ignore[return-value]  # the other verdicts are statuses
