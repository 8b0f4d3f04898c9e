"""Checks a text from elsewhere, sentence by sentence, against the sources it cites, or should have cited."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from qa import markers
from qa.language import fold
from qa.schema import Hit, Source, Verdict
from qa.support.judge import Case, Judgement, Support, dated
from qa.support.words import carried, content

Status = Literal["supported", "likely", "partly", "unsupported", "contradicted", "unchecked"]
"""As `Verdict`; and "likely": borne out rather than not, but not surely."""

TRIED = 3
"""Passages of a cited source, or of all sources where none is cited, that a sentence is held against."""
SURE = 0.92
"""Probability from which a sentence is `supported`, not `likely`. Of claims in a person's own words, dev part, that are
judged between this and the threshold, a third are false; of the few above none is."""
LITTLE = 0.4
"""Share of its words in the evidence below which a failed sentence is `unsupported`, not `partly`."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """A passage that a sentence was held against."""

    id: str
    text: str
    source: Source | None = None


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
    """Ids of sources that it cites by name."""
    judgement: Judgement
    status: Status
    evidence: Evidence | None = None
    """The decisive passage among those cited, or, where none is, the nearest one."""
    invented: tuple[int, ...] = ()
    """Numbers behind which there is no source."""
    elsewhere: Evidence | None = None
    """A passage not cited that does bear the sentence out, where the cited ones do not."""
    uncited: bool = False
    """Whether it cites nothing in a text that elsewhere does; what no sentence has is said once, of the whole."""

    @property
    def cited(self) -> bool:
        """Whether the sentence cites a source that exists."""
        return len(self.markers) > len(self.invented) or bool(self.sources)

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
        """The decisive words of the evidence; empty if there are none."""
        span = self.judgement.span
        return self.evidence.text[slice(*span)] if self.evidence and span else ""

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know of it, besides its status."""
        notes = ["no citation"] if self.uncited else []
        notes += [f"there is no source {n}" for n in self.invented]
        if self.doubt:
            notes.append(self.doubt)
        if self.elsewhere:
            notes.append(f"but {self.elsewhere.id} says so")
        return tuple(notes)

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "text": self.text,
            "start": self.start,
            "end": self.end,
            "markers": list(self.markers),
            "sources": list(self.sources),
            "invented": list(self.invented),
            "cited": self.cited,
            "status": self.status,
            "reason": self.judgement.reason,
            "passage": self.evidence.id if self.evidence else None,
            "quote": self.quote,
            "elsewhere": self.elsewhere.id if self.elsewhere else None,
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
        names: tuple[Status, ...] = ("supported", "likely", "partly", "unsupported", "contradicted", "unchecked")
        return {name: by_status[name] for name in names} | {
            "no citation": sum(not s.cited for s in self.sentences),
            "invented markers": sum(len(s.invented) for s in self.sentences),
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
        return all(s.cited and not s.invented and s.borne_out for s in self.sentences)

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
    passages: Sequence[Hit] | Mapping[str, str],
    support: Support,
    *,
    numbers: Literal["passages", "sources"] = "passages",
) -> Report:
    """Holds each sentence of a text against what it cites; if that is nothing, against the nearest passages.

    Args:
        text: prose with markers of any shape. A list of references at its end ("[1] Publisher, title …") tells
            what the numbers mean; a source may also be cited by its id, "[gazette-2021]", or by publisher or
            author and year, "(The Gazette, 2021)".
        passages: what it may cite, in order; a mapping gives names and texts.
        numbers: what a number counts where there is no list of references: passages, or sources in order of
            their first passage.
    """
    evidence = _evidence(passages)
    body, listed = _references(_prose(text))
    pools = {n: found for n, line in listed.items() if (found := _meant(line, evidence))}
    in_order = [[e] for e in evidence] if numbers == "passages" else _by_source(evidence)
    by_source = {e[0].source.id if e[0].source else e[0].id: e for e in _by_source(evidence)}
    units = markers.marked(body, _labels(evidence))
    plans = []
    for unit in units:
        invented = tuple(n for n in unit.numbers if n not in pools and (listed or not 0 < n <= len(in_order)))
        cited = [pools[n] if n in pools else in_order[n - 1] for n in unit.numbers if n not in invented]
        cited += [by_source[id_] for id_ in unit.sources]
        near = [e for pool in cited for e in _nearest(unit.text, pool)] if cited else _nearest(unit.text, evidence)
        others = [] if not cited else _nearest(unit.text, [e for e in evidence if e not in near])
        plans.append((unit, invented, tuple(dict.fromkeys(near)), tuple(others)))
    bare = not any(unit.numbers or unit.sources for unit in units)
    judged = support.judge_all([_case(unit.text, near, others) for unit, _, near, others in plans])
    doubtful = [i for i, j in enumerate(judged) if j.verdict is not Verdict.SUPPORTED and plans[i][3]]
    second = support.judge_all([_case(plans[i][0].text, plans[i][3], ()) for i in doubtful])
    better = {
        i: plans[i][3][j.evidence]
        for i, j in zip(doubtful, second, strict=True)
        if j.verdict is Verdict.SUPPORTED and j.evidence is not None
    }
    return Report(
        tuple(
            CheckedSentence(
                unit.text,
                unit.start,
                unit.end,
                unit.numbers,
                unit.sources,
                judgement,
                _status(unit.text, judgement, near),
                near[judgement.evidence] if judgement.evidence is not None else None,
                invented,
                better.get(i),
                uncited=not (bare or unit.sources or len(unit.numbers) > len(invented)),
            )
            for i, ((unit, invented, near, _), judgement) in enumerate(zip(plans, judged, strict=True))
        )
    )


def case_of(text: str, hits: Sequence[Hit]) -> Case:
    """A sentence held against the passages it cites, of which those most like it are read."""
    return _case(text, _nearest(text, _evidence(hits)), ())


def _case(text: str, near: Sequence[Evidence], others: Sequence[Evidence]) -> Case:
    unnamed = Source(id="?", title="")
    return Case(text, [e.text for e in near], [e.source or unnamed for e in near], [e.text for e in others])


def _status(text: str, judgement: Judgement, near: Sequence[Evidence]) -> Status:
    if judgement.verdict is Verdict.SUPPORTED and (judgement.score or 0.0) < SURE:
        return "likely"
    if judgement.verdict is Verdict.PARTLY:
        held = max((carried(text, e.text) for e in near), default=0.0)
        return "unsupported" if held < LITTLE else "partly"
    return {
        Verdict.SUPPORTED: "supported",
        Verdict.CONTRADICTED: "contradicted",
        Verdict.UNCHECKED: "unchecked",
    }[judgement.verdict]  # type: ignore[return-value]


def _evidence(passages: Sequence[Hit] | Mapping[str, str]) -> list[Evidence]:
    if isinstance(passages, Mapping):
        return [Evidence(id_, text) for id_, text in passages.items()]
    return [Evidence(hit.passage.id, hit.passage.text, hit.source) for hit in passages]


def _by_source(evidence: Sequence[Evidence]) -> list[list[Evidence]]:
    pools: dict[str, list[Evidence]] = {}
    for e in evidence:
        pools.setdefault(e.source.id if e.source else e.id, []).append(e)
    return list(pools.values())


def _labels(evidence: Sequence[Evidence]) -> dict[str, str]:
    """What each source may be called in brackets; what would name two of them names none."""
    found: dict[str, set[str]] = {}
    for e in evidence:
        source = e.source or Source(id=e.id, title="")
        author = source.author.split()
        people = [" ".join(author[i:]) for i in range(len(author))]
        called = {f"{name} {date}" for name in (source.publisher, *people) if name for date in dated(source)}
        for name in {source.id, *called}:
            found.setdefault(markers.label(name), set()).add(source.id)
    return {name: next(iter(ids)) for name, ids in found.items() if name and len(ids) == 1}


def _nearest(text: str, pool: Sequence[Evidence]) -> list[Evidence]:
    """The passages that hold most of the sentence's words."""
    if len(pool) <= 1:
        return list(pool)
    return sorted(pool, key=lambda e: -carried(text, e.text))[:TRIED]


# what is no sentence ------------------------------------------------------------------------------------

_TITLE = re.compile(
    r"""(?mx)
    \A(?:\ufeff?---\n(?:.*\n)*?---$)                          # front matter
    | ^[ ]{0,3}\#{1,6}[ \t].*$                                 # ## Title
    | ^(?=.*\w)(?![-*•>|]).{1,200}\n[ ]{0,3}(?:=+|-{2,})[ \t]*$   # Title, underlined
    | ^[ ]{0,3}(\*\*|__)(?!\s).{1,200}(?<![.!?:\s])\1[ \t]*$      # **Title**
    """
)


def _prose(text: str) -> str:
    """The text with titles and front matter blanked, offsets kept: they state nothing that could be borne out.

    The references may have a title that tells what they are; it stays.
    """
    return _TITLE.sub(lambda m: m[0] if _HEADING.match(m[0]) else re.sub(r"[^\n]", " ", m[0]), text)


# the list of references ---------------------------------------------------------------------------------

_HEADING = re.compile(
    r"^\s*(?:#{1,6}\s*|\*\*)?"
    r"(?:references|sources|bibliography|notes|footnotes|citations|works cited)\b[:*\s]*$",
    re.I,
)
_ENTRY = re.compile(r"^\s*[-*•]?\s*(?:[\[【(]\s*\^?(\d{1,3})\s*[\]】)]:?|(\d{1,3})[.)])\s+(\S.*)$")


def _references(text: str) -> tuple[str, dict[int, str]]:
    """The text before its list of references, and the list: number to line."""
    lines = text.splitlines(keepends=True)
    first = len(lines)
    while first and (not lines[first - 1].strip() or _ENTRY.match(lines[first - 1])):
        first -= 1
    headed = bool(first) and bool(_HEADING.match(lines[first - 1]))
    entries = [m for line in lines[first:] if (m := _ENTRY.match(line))]
    listed = {int(m[1] or m[2]): m[3] for m in entries}
    plain = any(m[2] for m in entries)
    # without a heading, "1. …" may be the text itself; and "[1] …" too, where nothing else cites
    body = "".join(lines[: first - headed])
    if not headed and (plain or not markers.find(body)):
        return text, {}
    return body, listed


def _meant(line: str, evidence: Sequence[Evidence]) -> list[Evidence]:
    """The passages of the source that a line of the list names: by id, address, title, publisher and date."""
    scores: dict[str, float] = {}
    pools: dict[str, list[Evidence]] = {}
    words = content(line)
    for e in evidence:
        source = e.source or Source(id=e.id, title=e.id)
        pools.setdefault(source.id, []).append(e)
        if source.id not in scores:
            names = content(f"{source.publisher} {source.author} {source.title} {source.published}")
            scores[source.id] = sum(w in words for w in names) / max(1, len(names))
            if fold(source.id) in fold(line) or (source.original and source.original in line):
                scores[source.id] += 1
    if not scores:
        return []
    best = max(scores, key=lambda id_: scores[id_])
    return pools[best] if scores[best] >= 0.5 else []
