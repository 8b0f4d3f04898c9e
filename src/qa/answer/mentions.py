"""Who, where and when: the people, places and dates that passages name, each with the place where it is named first.

What is a person and what a place is told by a small model that errs: a name is listed as what most of its mentions
are, a person only where the full name stands somewhere, a place only where it is named twice.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from qa.language import facts
from qa.language.alike import name_words, one_entity
from qa.language.parser import entities
from qa.schema import Hit

MOST: Final = 8
"""Of each kind."""
_JOINED: Final = re.compile(r"['’]s\s|\S\s*\n\s*\S")
"""Two names taken for one: "Nasrallah Iran's", a heading and what follows."""
READ: Final = 24
"""Passages that are looked at: of more, every second, third, ..."""


@dataclass(frozen=True, slots=True)
class Mention:
    """A name or date, how often it is mentioned, and its first place (offsets of the document)."""

    text: str
    times: int
    hit: Hit
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Mentions:
    """People and places by how often they are mentioned, dates by the calendar."""

    people: tuple[Mention, ...] = ()
    places: tuple[Mention, ...] = ()
    dates: tuple[Mention, ...] = ()


def mentions(hits: Sequence[Hit]) -> Mentions:
    """What passages name.

    Raises:
        ModelError: the parser cannot be loaded.
    """
    hits = hits[:: -(-len(hits) // READ) or 1]
    labels: dict[str, Counter[str]] = {}
    first: dict[str, Mention] = {}
    for hit in hits:
        for entity in entities(hit.passage.text):
            words = name_words(entity.text)
            if not words or _JOINED.search(entity.text):
                continue
            name = " ".join(words)
            labels.setdefault(name, Counter())[entity.label] += 1
            start = hit.passage.start + entity.start
            first.setdefault(name, Mention(name, 1, hit, start, start + len(entity.text)))
    kinds = {name: counts.most_common(1)[0][0] for name, counts in labels.items()}
    total = {name: sum(counts.values()) for name, counts in labels.items()}
    people = [m for m in _merged([first[n] for n in kinds if kinds[n] == "PERSON"], total) if " " in m.text]
    # "Nasrallah Iran", once, where the second is a place, is two names that met
    people = [m for m in people if total[m.text] > 1 or kinds.get(m.text.split()[-1]) != "GPE"]
    surnames = {m.text.split()[-1] for m in people}
    where = [n for n in kinds if kinds[n] in ("GPE", "LOC", "FAC") and total[n] > 1 and n not in surnames]
    places = [replace(first[name], times=total[name]) for name in where]
    return Mentions(_most(people), _most(places), tuple(_dates(hits)))


def _merged(found: Sequence[Mention], total: dict[str, int]) -> list[Mention]:
    """One for each person, under the fullest name; surnames alone count for who bears them."""
    kept: list[Mention] = []
    for one in sorted(found, key=lambda m: (-len(m.text.split()), -total[m.text])):
        other = next(
            (i for i, m in enumerate(kept) if one_entity(one.text, m.text) or m.text.startswith(one.text)), None
        )
        if other is None:
            kept.append(replace(one, times=total[one.text]))
        else:
            kept[other] = replace(kept[other], times=kept[other].times + total[one.text])
    return kept


def _most(found: Iterable[Mention]) -> tuple[Mention, ...]:
    return tuple(sorted(found, key=lambda m: -m.times)[:MOST])


def _dates(hits: Sequence[Hit]) -> list[Mention]:
    """Those that name a day, month or year of the calendar, the most exact and frequent of them, in its order."""
    found: dict[str, Mention] = {}
    times: Counter[str] = Counter()
    for hit in hits:
        for fact in facts(hit.passage.text):
            if fact.kind == "date" and fact.value[:4].isdigit() and fact.value[4:5] in ("", "-"):
                times[fact.value] += 1
                text, start = hit.passage.text[fact.start : fact.end], hit.passage.start + fact.start
                found.setdefault(fact.value, Mention(text, 1, hit, start, hit.passage.start + fact.end))
    best = sorted(found, key=lambda value: (-len(value), -times[value]))[:MOST]
    return [replace(found[value], times=times[value]) for value in sorted(best)]
