"""Questions to begin with and to go on with, made by rule from names, dates and headings: each is tried first."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import chain, zip_longest
from typing import Final

from qa import Answer, Assistant, Overview

NAMES = re.compile(r"(?<=[a-z,;] )[A-Z][\w’'-]+(?: (?:[a-z]{2,3}-)?[A-Z][\w’'-]+)*")
"""Capitalised words inside a sentence."""

READ = 20_000
"""Characters of a document that are looked at."""

MANY = 40
"""Documents that are looked at."""


TRIED: Final = 5
"""Questions to go on with that are tried at most."""


def starters(assistant: Assistant, wanted: int = 4) -> list[str]:
    """Questions that this corpus answers: each was asked, and those it abstains on are left out."""
    quoting = _quoting(assistant)
    found: list[str] = []
    for question in _candidates(assistant):
        if len(found) == wanted:
            break
        if question not in found and quoting.ask(question).abstention is None:
            found.append(question)
    return found


def follow_ups(assistant: Assistant, answer: Answer, glance: Callable[[str], Overview], wanted: int = 3) -> list[str]:
    """Questions that lead on from an answer: each was asked, and is surely answered by words that are not there yet.

    Args:
        glance: what a source, by its id, is about.
    """
    quoting = _quoting(assistant)
    there = {(c.source.id, c.start) for c in answer.references}
    found: list[str] = []
    for question in list(dict.fromkeys(_leading_on(answer, glance)))[:TRIED]:
        if len(found) == wanted:
            break
        made = quoting.ask(question)
        new = {(c.source.id, c.start) for c in made.references} - there
        if new and not (made.abstention or made.unsure or made.premise):
            found.append(question)
            there |= new
    return found


def _leading_on(answer: Answer, glance: Callable[[str], Overview]) -> Iterator[str]:
    """Who is named and what happened beside the words that were cited; what else was read is headed by."""
    near = " ".join(c.before + c.quote + c.after for c in answer.references)
    asked = f"{answer.question} {answer.searched}"
    seen = [glance(source.id).mentions for source in answer.sources[:4]]
    people = [f"Who is {m.text}?" for one in seen for m in one.people if m.text in near and m.text not in asked]
    days = [f"What happened on {m.text}?" for one in seen for m in one.dates if m.text in near and " " in m.text]
    headings = [
        f"What does {hit.source.name} say about {_inside(hit.passage.heading, Counter(), set())}?"
        for hit in answer.hits
        if 1 < len(hit.passage.heading.split()) < 9 and hit.source.publisher
    ]
    yield from filter(None, chain.from_iterable(zip_longest(people, days, headings)))


def _quoting(assistant: Assistant) -> Assistant:
    # without a language model: whether there is an answer is not its business, and its calls cost
    return Assistant(assistant.index, assistant.retriever, assistant.support, assistant.config)


def _candidates(assistant: Assistant) -> Iterator[str]:
    sources = assistant.sources[:MANY]
    names: Counter[str] = Counter()
    with_article: Counter[str] = Counter()
    small: set[str] = set()
    for source in sources:
        text = assistant.document(source.id).text[:READ]
        small.update(re.findall(r"(?<![\w’'])[a-z][\w’'-]*", text))
        found = set(NAMES.findall(text)) - {source.publisher, source.author}
        names.update(found)
        with_article.update(name for name in found if _with_article(name, text))
    titles = " ".join(source.title for source in sources)
    shared = [name for name, n in names.most_common(60) if n > len(sources) // 2 and n > 1]
    shared.sort(key=lambda name: -titles.count(name))
    # "the United States", "the West Bank": no person
    shared = [name for name in shared if with_article[name] <= names[name] // 3]
    bodies = [name for name in shared if " " not in name]
    people = [name for name in shared if " " in name]
    publishers = list(dict.fromkeys(source.publisher for source in sources if source.publisher))
    if len(publishers) > 1 and len(bodies) > 1:
        yield f"How do the sources differ on the relation between {bodies[0]} and {bodies[1]}?"
    if people:
        yield f"Who is {people[0]}?"
    for i, source in enumerate(sources):
        headings = [s.heading for s in assistant.document(source.id).sections if 1 < len(s.heading.split()) < 9]
        if headings and source.publisher:
            heading = headings[i % len(headings)]
            yield f"What does {source.publisher} say about {_inside(heading, names, small)}?"
    others = [name for name, _ in names.most_common(12) if " " in name and not with_article[name]]
    for person in dict.fromkeys([*people[1:3], *others]):
        yield f"Who is {person}?"
    for body in bodies[:2]:
        yield f"What do the sources say about {body}?"


def _with_article(name: str, text: str) -> bool:
    """Whether it is mostly "the" so-and-so: "the Hamas leader" now and then makes no "the Hamas"."""
    said = re.findall(rf"\b([Tt]he )?{re.escape(name)}\b", text)
    return sum(map(bool, said)) > len(said) / 2


def _inside(heading: str, names: Counter[str], small: set[str]) -> str:
    """A heading as it stands inside a sentence: its first word small, unless the corpus only knows it as a name."""
    first = heading.split()[0]
    named = any(first in name.split() for name in names) and first.lower() not in small
    keeps = named or any(letter.isupper() for letter in first[1:])
    return (heading if keeps else first.lower() + heading[len(first) :]).rstrip(".?!:")
