"""What was checked, in the forms that people and machines read: JSON, JUnit, SARIF, Markdown, HTML.

Found          a sentence, and where it stands
Tally          how many of each status, and whether that is good enough
FORMS          suffix of a file -> what writes it
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from typing import Any
from urllib.parse import quote

from qa import __version__
from qa.schema import ConfigError
from qa.support import CheckedSentence

GOOD = ("supported", "likely")
BAD = ("partly", "unsupported", "contradicted", "unchecked", "uncited", "invented", "disputed", "broken")
MEANINGS = {
    "supported": "it stands there",
    "likely": "the model thinks so, not surely: read the words below it",
    "partly": "a part of it stands there, or all but a name or figure",
    "unsupported": "it was not found there",
    "contradicted": "the source says otherwise",
    "unchecked": "nothing was there to hold it against",
    "invented": "it cites what is not there",
    "disputed": "it stands there, and another source says otherwise",
}
"""Of statuses, and of what else is wrong with a sentence."""
SHOWN = 300
"""Characters of evidence shown where no words of it decide."""


@dataclass(frozen=True, slots=True)
class Found:
    """A sentence that was checked. `place` is its file, or its sample; `line` and `column` count from 1."""

    place: str
    line: int
    column: int
    sentence: CheckedSentence

    @property
    def passes(self) -> bool:
        """Whether nothing is wrong with it."""
        return self.sentence.borne_out and not self.sentence.invented and not self.sentence.unknown

    @property
    def rule(self) -> str:
        """What is wrong with it, or else its status."""
        s = self.sentence
        return s.status if s.status not in GOOD else "disputed" if self.passes else "invented"

    @property
    def told(self) -> bool:
        """Whether a reader should look at it: it does not pass, or another source says otherwise."""
        return not self.passes or self.sentence.against is not None

    @property
    def message(self) -> str:
        """Status, what was written, why, and the nearest words of the sources."""
        s = self.sentence
        return "\n".join([f"{s.status}: {s.text}", *s.notes, *([f"nearest: {s.quote}"] if s.quote else [])])

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {"place": self.place, "line": self.line, "column": self.column, **self.sentence.to_dict()}


@dataclass(slots=True)
class Tally:
    """Counts as sentences come; the memory it takes does not grow."""

    counts: Counter[str] = field(default_factory=Counter)
    sentences: int = 0
    failed: int = 0

    def add(self, found: Found) -> None:
        """Counts a sentence."""
        s = found.sentence
        self.sentences += 1
        self.failed += not found.passes
        self.counts[s.status] += 1
        self.counts["uncited"] += not s.cited
        self.counts["invented"] += bool(s.invented or s.unknown)
        self.counts["disputed"] += s.against is not None

    def below(self, floors: Mapping[str, float]) -> list[str]:
        """What is not good enough, in words; with no floors, any sentence that does not pass."""
        if not floors:
            return [f"{self.failed} of {self.sentences} sentences do not pass"] if self.failed else []
        reasons = []
        for name, wanted in floors.items():
            if name == "broken":
                share = self.counts[name] / max(1, self.counts["rows"])
            else:
                names = GOOD if name == "borne-out" else (name,)
                share = sum(self.counts[n] for n in names) / max(1, self.sentences)
            at_least = name not in BAD
            if (share < wanted) if at_least else (share > wanted):
                reasons.append(
                    f"{name} is {share:.3f}, {'at least' if at_least else 'at most'} {wanted:g} is asked for"
                )
        return reasons

    def __str__(self) -> str:
        names = [n for n in (*GOOD, *BAD) if self.counts[n]]
        return f"{self.sentences} sentence{'' if self.sentences == 1 else 's'}: " + (
            ", ".join(f"{self.counts[n]} {n}" for n in names) or "nothing wrong"
        )


def floors(written: Iterable[str]) -> dict[str, float]:
    """ "supported=0.9,contradicted=0" as numbers.

    Raises:
        ConfigError: a name or number that does not fit.
    """
    found: dict[str, float] = {}
    known = ("borne-out", *GOOD, *BAD)
    for item in (part for text in written for part in text.split(",")):
        name, _, value = item.strip().partition("=")
        try:
            found[name] = float(value)
        except ValueError:
            raise ConfigError(f"a bound is written as supported=0.9, not {item!r}") from None
        if name not in known or not 0 <= found[name] <= 1:
            raise ConfigError(f"{item!r} is no bound: a share from 0 to 1 of {', '.join(known)}")
    return found


def to_dict(found: Sequence[Found], tally: Tally, wrong: Sequence[str] = ()) -> dict[str, Any]:
    """For JSON: the counts, whether it passes and why not, and every sentence."""
    return {
        "version": __version__,
        "ok": not wrong,
        "wrong": list(wrong),
        "counts": {name: tally.counts[name] for name in (*GOOD, *BAD)},
        "sentences": [f.to_dict() for f in found],
    }


def to_json(found: Sequence[Found], tally: Tally) -> str:
    """All of it."""
    return json.dumps(to_dict(found, tally, tally.below({})), ensure_ascii=False, indent=1)


def to_junit(found: Sequence[Found], tally: Tally) -> str:
    """JUnit XML: a suite a file or sample, a case a sentence."""
    from xml.etree import ElementTree as XML

    root = XML.Element("testsuites", name="qa check", tests=str(tally.sentences), failures=str(tally.failed))
    for place in dict.fromkeys(f.place for f in found):
        own = [f for f in found if f.place == place]
        failed = sum(not f.passes for f in own)
        suite = XML.SubElement(root, "testsuite", name=_clean(place), tests=str(len(own)), failures=str(failed))
        for f in own:
            name = _clean(f"line {f.line}: {f.sentence.text}"[:200])
            case = XML.SubElement(
                suite, "testcase", name=name, classname=_clean(place), file=_clean(place), line=str(f.line)
            )
            if not f.passes:
                failure = XML.SubElement(
                    case, "failure", type=f.sentence.status, message=_clean("; ".join(f.sentence.notes))
                )
                failure.text = _clean(f.message)
    return str(XML.tostring(root, encoding="unicode"))


def to_sarif(found: Sequence[Found], tally: Tally) -> str:
    """SARIF 2.1.0: what a reader should look at, at its line; a forge shows it there."""
    told = [f for f in found if f.told]
    levels = {"contradicted": "error", "unsupported": "error", "disputed": "note"}
    results = [
        {
            "ruleId": f.rule,
            "level": levels.get(f.rule, "warning"),
            "message": {"text": f.message},
            "locations": [
                {
                    "physicalLocation": {
                        "artifactLocation": {"uri": quote(f.place.removesuffix(f"#{f.line}").replace("\\", "/"))},
                        "region": {"startLine": f.line, "startColumn": f.column},
                    }
                }
            ],
        }
        for f in told
    ]
    rules = sorted({f.rule for f in told})
    driver = {
        "name": "qa check",
        "version": __version__,
        "rules": [{"id": rule, "shortDescription": {"text": f"{rule}: {MEANINGS[rule]}"}} for rule in rules],
    }
    schema = "https://json.schemastore.org/sarif-2.1.0.json"
    whole = {"$schema": schema, "version": "2.1.0", "runs": [{"tool": {"driver": driver}, "results": results}]}
    return json.dumps(whole, indent=1)


def to_markdown(found: Sequence[Found], tally: Tally) -> str:
    """A summary: the counts, then what a reader should look at."""
    lines = ["## qa check", "", str(tally) + ".", ""]
    told = [f for f in found if f.told]
    if told:
        lines += ["| where | status | sentence | why | nearest words |", "| --- | --- | --- | --- | --- |"]
        for f in told:
            place = f.place if f.place.endswith(f"#{f.line}") else f"{f.place}:{f.line}"
            cells = (place, f.sentence.status, f.sentence.text, "; ".join(f.sentence.notes), f.sentence.quote)
            lines.append("| " + " | ".join(map(_cell, cells)) + " |")
    return "\n".join(lines) + "\n"


def to_html(found: Sequence[Found], tally: Tally) -> str:
    """One page: each sentence in its place with the words behind it; every string escaped, nothing requested."""
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    source = resources.files("qa.checking").joinpath("report.html.j2").read_text(encoding="utf-8")
    places = {place: [f for f in found if f.place == place] for place in dict.fromkeys(f.place for f in found)}
    return environment.from_string(source).render(places=places, tally=tally, shown=SHOWN, meanings=MEANINGS)


Form = Callable[[Sequence[Found], Tally], str]
FORMS: dict[str, Form] = {
    ".json": to_json,
    ".xml": to_junit,
    ".sarif": to_sarif,
    ".md": to_markdown,
    ".html": to_html,
}


def _clean(text: str) -> str:
    """Without the characters that XML cannot hold."""
    return "".join(
        c for c in text if c in "\n\t" or (c >= " " and not "\ud800" <= c <= "\udfff" and c not in "\ufffe\uffff")
    )


def _cell(text: str) -> str:
    """Text inside a Markdown table: nothing in it is markup."""
    text = "".join(f"\\{c}" if c in "\\`*_[]<>|#!" else c for c in " ".join(text.split()))
    return text.replace("&", "&amp;")
