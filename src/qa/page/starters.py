"""Questions to begin with and to go on with, made by rule from names, dates and headings: each is tried first."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import chain, zip_longest
from typing import Final

from qa import Answer, Assistant, Overview, Source

NAMES = re.compile(r"(?<=[a-z,;] )[A-Z][\w’'-]+(?: (?:[a-z]{2,3}-)?[A-Z][\w’'-]+)*")
"""Capitalised words inside a sentence."""

READ = 20_000
"""Characters of a document that are looked at."""

MANY = 40
"""Documents that are looked at."""


GLANCED: Final = 6
"""Documents of which it is asked who is named in them."""

TRIED: Final = 5
"""Questions to go on with that are tried at most."""


def starters(assistant: Assistant, glance: Callable[[str], Overview] | None = None, wanted: int = 4) -> list[str]:
    """Questions that this corpus answers: each was asked, and those it is not sure of are left out.

    Args:
        glance: what a source, by its id, is about; by itself it is looked up.
    """
    quoting = _quoting(assistant)
    found: list[str] = []
    for question in _candidates(assistant, glance or assistant.overview):
        if len(found) == wanted:
            break
        if question not in found and _sure(quoting.ask(question)):
            found.append(question)
    return found


def follow_ups(
    assistant: Assistant, answer: Answer, glance: Callable[[str], Overview], wanted: int = 3
) -> Iterator[list[str]]:
    """Questions that lead on from an answer: each was asked, and is surely answered by words that are not there yet.

    Gives those found so far after each that was tried.

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
        if new and _sure(made):
            found.append(question)
            there |= new
        yield list(found)


def _leading_on(answer: Answer, glance: Callable[[str], Overview]) -> Iterator[str]:
    """Who is named and what happened beside the words that were cited; what else was read is headed by."""
    near = " ".join(c.before + c.quote + c.after for c in answer.references)
    asked = f"{answer.question} {answer.searched}"
    seen = [glance(source.id).mentions for source in answer.sources[:4]]
    people = [f"Who is {m.text}?" for one in seen for m in one.people if m.text in near and m.text not in asked]
    days = [f"What happened on {m.text}?" for one in seen for m in one.dates if m.text in near and " " in m.text]
    headings = [
        f"What does {_who(hit.source)} say about {hit.passage.nearest.rstrip('.?!:')}?"
        for hit in answer.hits
        if 1 < len(hit.passage.nearest.split()) < 9 and len(_who(hit.source).split()) < 9
        if hit.passage.nearest not in hit.source.title
    ]
    yield from filter(None, chain.from_iterable(zip_longest(people, days, headings)))


def _who(source: Source) -> str:
    return source.publisher or f"“{source.title}”"


def _sure(answer: Answer) -> bool:
    return not (answer.abstention or answer.unsure or answer.premise)


def _quoting(assistant: Assistant) -> Assistant:
    # without a language model: whether there is an answer is not its business, and its calls cost
    return Assistant(assistant.index, assistant.retriever, assistant.support, assistant.config)


def _candidates(assistant: Assistant, glance: Callable[[str], Overview]) -> Iterator[str]:
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
    # of one word, in most of the sources, and not "the" so-and-so
    bodies = [name for name, n in names.most_common(60) if " " not in name and n > max(1, len(sources) // 2)]
    bodies = sorted((name for name in bodies if with_article[name] <= names[name] // 3), key=lambda n: -titles.count(n))
    publishers = {source.publisher for source in sources if source.publisher}
    if len(publishers) > 1 and len(bodies) > 1:
        yield f"How do the sources differ on the relation between {bodies[0]} and {bodies[1]}?"
    people: Counter[str] = Counter()
    for source in sources[:GLANCED]:
        people.update({m.text: m.times for m in glance(source.id).mentions.people if m.times > 1})
    persons = [f"Who is {name}?" for name, _ in people.most_common(4)]
    yield from persons[:1]
    for i, source in enumerate(sources):
        headings = [s.heading for s in assistant.document(source.id).sections if 1 < len(s.heading.split()) < 9]
        headings = [heading for heading in headings if heading not in source.title and not heading[0].isdigit()]
        asking = [heading for heading in headings if heading.endswith("?") and len(heading.split()) > 3]
        if asking:
            yield asking[i % len(asking)]
        elif headings and len(_who(source).split()) < 9:
            yield f"What does {_who(source)} say about {_inside(headings[i % len(headings)], names, small)}?"
    yield from persons[1:]
    for body in bodies[:2]:
        yield f"What do the sources say about {body}?"


def _with_article(name: str, text: str) -> bool:
    """Whether it is mostly "the" so-and-so: "the Hamas leader" now and then makes no "the Hamas"."""
    said = re.findall(rf"\b([Tt]he )?{re.escape(name)}\b", text)
    return sum(map(bool, said)) > len(said) / 2


def _inside(heading: str, names: Counter[str], small: set[str]) -> str:
    """A heading as it stands inside a sentence: its words small, but for those that the corpus only knows as names."""
    known = {word for name in names for word in name.split()}
    first, *rest = heading.rstrip(".?!:").split()
    if (first in known and first.lower() not in small) or any(letter.isupper() for letter in first[1:]):
        return " ".join([first, *rest])
    rest = [word.lower() if word.istitle() and word.lower() in small and word not in known else word for word in rest]
    return " ".join([first.lower(), *rest])
