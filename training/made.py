"""Examples made by program from the sets' own sentences: what people seldom ask about, and near misses.

A near miss is a question that looks answered and is not: its name, number or event was swapped. The
rest is what real documents hold and reading-comprehension sets do not: headings, captions and
references that share all the question's words, a quotation whose speaker stands in another sentence,
lists of facts without a verb, definitions. People, outlets and titles here are invented.
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from data import STOP, Example, Paragraph, Row, Span, choose, find_all, fit, joined, words
from paraphrase import inside, synonyms

FIRST = (
    "Anna Marek Lina Tomas Yusuf Grace Ivan Noor Pedro Mei Hanna Omar Ruth Kofi Elena David Sara "
    "Jonas Amira Peter Leila Victor Nadia Samuel Clara Hassan Julia Daniel Rania Michael Ingrid"
).split()
LAST = (
    "Kovac Haddad Okafor Lindgren Moreau Tanaka Silva Novak Rahman Fischer Costa Mansour Petrov "
    "Nasser Walsh Ortega Larsen Khoury Baker Rossi Yilmaz Grant Aziz Weber Mbeki Sokolov Reyes "
    "Halabi Jensen Farouk Whitman Karimi Dubois Salem Archer Nowak Tehrani Levin Morris Saad"
).split()
ROLES = (
    "a spokesman for the ministry;a senior researcher;the mayor;a former intelligence officer;"
    "an economist;the company's chief executive;a military analyst;a professor of history;"
    "the opposition leader;an adviser to the president;a resident of the city;the foreign minister;"
    "a senior official;a fellow at the institute;the lead author of the study;a union leader"
).split(";")
OUTLETS = (
    "Reuters;AFP;The Daily Courier;Northern Post;Journal of Regional Studies;Getty Images;"
    "Institute for Policy;Channel Nine;Review of Politics;AP;The Morning Herald;Al-Naba"
).split(";")
MONTHS = ("January February March April May June July August September October November December").split()
SAYS = "said;told reporters;argued;explained;wrote;noted;claimed;stressed".split(";")

_ANTONYMS = {
    a: b
    for pair in (
        "most least",
        "first last",
        "largest smallest",
        "highest lowest",
        "before after",
        "north south",
        "east west",
        "northern southern",
        "eastern western",
        "more less",
        "always never",
        "increase decrease",
        "increased decreased",
        "oldest newest",
        "began ended",
        "begin end",
        "start end",
        "started ended",
        "won lost",
        "win lose",
        "men women",
        "male female",
        "older younger",
        "best worst",
        "major minor",
        "maximum minimum",
        "above below",
        "inside outside",
        "public private",
        "allowed forbidden",
        "early late",
        "earliest latest",
        "supported opposed",
        "support oppose",
        "bought sold",
        "arrived left",
        "accepted rejected",
        "can cannot",
        "longest shortest",
        "rich poor",
        "majority minority",
    )
    for a, b in (pair.split(), pair.split()[::-1])
}
_NAME = re.compile(r"(?<!^)\b[A-Z][\w'’-]+(?:\s+(?:of\s+(?:the\s+)?)?[A-Z][\w'’-]+)*")
_NUMBER = re.compile(r"\b\d[\d,.]*\d\b|\b\d\b")


def near_miss(rng: random.Random, question: str, window: str, pool: Article) -> str | None:
    """The question with one name, number or opposite swapped, so that the window does not answer it."""
    ways = []
    for match in _NAME.finditer(question):
        others = [n for n in pool.names if n not in window and n not in question]
        if others and match.group() in window:
            ways.append((match, rng.choice(others)))
    for match in _NUMBER.finditer(question):
        others = [n for n in pool.numbers if n not in window and len(n) == len(match.group())]
        if others:
            ways.append((match, rng.choice(others)))
    for match in re.finditer(r"\b[a-z]+\b", question):
        if match.group() in _ANTONYMS:
            ways.append((match, _ANTONYMS[match.group()]))
    if not ways:
        return None
    match, other = rng.choice(ways)
    return question[: match.start()] + other + question[match.end() :]


_VAGUE = (  # what a question asks for -> words in the place of an answer that do not give it
    (r"^(?:who|whom|whose|by whom|to whom)\b", ("someone", "a man", "an official", "a group of people", "others")),
    (r"\b(?:when|what (?:year|date|day|month|century)|which (?:year|day|month))\b", ("then", "at the time", "one day")),
    (r"\bhow (?:many|much|old|long|far|large|often)\b", ("many", "several", "some", "a number of", "a few")),
    (r"^(?:from )?where\b", ("there", "nearby", "elsewhere", "in the area")),
    (r"^(?:why|how)\b", ("for some reason", "in some way", "as said before")),
)
_ASKED_NOUN = re.compile(
    r"\b(?:[Ww]hat|[Ww]hich) (?!is\b|are\b|was\b|were\b|did\b|does\b|do\b|has\b|had\b)([a-z]{3,})\b"
)
_PREPOSITION = re.compile(r"\b(?:in|on|at|by|to|from|since|until|during) $")


def vague(rng: random.Random, example: Example, gone: Sequence[str], question: str) -> Example | None:
    """The example with the strings `gone` made vague wherever they stand, as an answer to `question` would be.

    "Karen Lind broke the record in 1954" says no longer when ("then"): the event is there, the answer is not.
    None when nothing was there to replace. Labels and span are the caller's to set.
    """
    asked = question.lower()
    words_ = next((some for pattern, some in _VAGUE if re.search(pattern, asked)), None)
    noun = _ASKED_NOUN.search(question)
    if words_ is None:
        words_ = (
            (f"a {noun[1]}", f"a certain {noun[1]}", f"one {noun[1]}") if noun else ("something", "it", "one of them")
        )
    instead = rng.choice(words_)
    parts = []
    for a, b in example.sentences:
        part = example.text[a:b]
        for answer in sorted(gone, key=len, reverse=True):
            for start, end in reversed(find_all(part, answer)):
                before = part[:start]
                if " " not in instead or instead.startswith(("at ", "in ", "for ", "as ")):
                    before = _PREPOSITION.sub("", before)
                part = before + (instead if before.strip() else instead.capitalize()) + part[end:]
        parts.append(part)
    text, spans = joined(parts)
    return None if len(text.split()) < 4 or text == example.text else replace(example, text=text, sentences=spans)


@dataclass(slots=True)
class Article:
    """What the questions and texts of one article name, to swap from."""

    names: list[str] = field(default_factory=list)
    numbers: list[str] = field(default_factory=list)
    questions: list[tuple[str, tuple[str, ...], int]] = field(default_factory=list)


def articles(paragraphs: Sequence[tuple[Paragraph, list[Row]]]) -> dict[str, Article]:
    """By article, what its paragraphs and their questions name."""
    found: dict[str, Article] = defaultdict(Article)
    for n, (p, asked) in enumerate(paragraphs):
        a = found[p.group]
        for text in [p.text, *(r["question"] for r in asked)]:
            a.names += _NAME.findall(text)
            a.numbers += _NUMBER.findall(text)
        a.questions += [(r["question"], tuple(r["answers"]), n) for r in asked if r["answers"]]
    for a in found.values():
        a.names = sorted({n for n in a.names if len(n) > 2})
        a.numbers = sorted(set(a.numbers))
    return found


def clutter(rng: random.Random, p: Paragraph, question: str) -> str:
    """A heading, caption, credit or reference, made from the paragraph's and question's words."""
    content = [w for w in re.findall(r"[\w'’-]+", p.text) if w.lower() not in STOP]
    run = " ".join(content[(at := rng.randrange(max(1, len(content) - 8))) : at + rng.randint(2, 7)])
    asked = [w for w in re.findall(r"[\w'’-]+", question) if w.lower() not in STOP]
    topic = " ".join(asked[: rng.randint(2, 5)]) or run
    author, year = f"{rng.choice(LAST)}, {rng.choice(FIRST)[0]}.", rng.randint(1950, 2024)
    return rng.choice(
        (
            p.title or run,
            topic[:1].upper() + topic[1:],
            f"{topic[:1].upper() + topic[1:]}: {run}",
            question,
            f"{run} (photo credit: {rng.choice(FIRST)} {rng.choice(LAST)}/{rng.choice(OUTLETS)})",
            f"A file photo shows {topic}. (Photo: {rng.choice(OUTLETS)})",
            f"{author} ({year}). {topic}: {run}. {rng.choice(OUTLETS)}, {rng.randint(1, 60)}"
            f"({rng.randint(1, 12)}), {rng.randint(1, 400)}-{rng.randint(401, 800)}.",
            f"[{rng.randint(1, 90)}] {author} “{topic[:1].upper() + topic[1:]},” {rng.choice(OUTLETS)}, {year}.",
            f"Keywords: {', '.join(rng.sample(content, min(4, len(content))))}",
            f"Read more: {topic[:1].upper() + topic[1:]}",
            f"Related: {run}",
            "ADVERTISEMENT",
            f"Share this article on {topic}",
            "Subscribe to our newsletter for the latest news.",
        )
    )


@dataclass(frozen=True, slots=True)
class Field:
    """A line of front matter: how it may be written, how its value is made up, how one asks for it."""

    lines: tuple[str, ...]
    value: Callable[[random.Random, Paragraph], str]
    questions: tuple[str, ...]


def _day(rng: random.Random, _: Paragraph) -> str:
    return f"{rng.randint(1, 28)} {rng.choice(MONTHS)} {rng.randint(1995, 2025)}"


def _person(rng: random.Random) -> str:
    return f"{rng.choice(FIRST)} {rng.choice(LAST)}"


def _doi(rng: random.Random, _: Paragraph) -> str:
    publisher, journal = rng.randint(1000, 99999), rng.choice(LAST).lower()[:4]
    return f"10.{publisher}/{journal}.{rng.randint(1999, 2025)}.{rng.randint(10, 99999)}"


def _department(rng: random.Random, _: Paragraph) -> str:
    subject = rng.choice(("History", "Political Science", "Economics", "Law", "Physics"))
    return f"Department of {subject}, University of {rng.choice(LAST)}"


def _keywords(rng: random.Random, p: Paragraph) -> str:
    known = sorted(set(words(p.text))) or ["x"]
    return ", ".join(rng.sample(known, min(4, len(known))))


FIELDS = {
    "doi": Field(
        ("DOI: {value}", "https://doi.org/{value}", "doi {value}", "DOI {value}"),
        _doi,
        (
            "What is the DOI?",
            "What is the article's DOI?",
            "Which DOI does the paper have?",
            "doi of the article",
        ),
    ),
    "accepted": Field(
        ("Accepted on: {value}", "Accepted: {value}", "Accepted {value}", "Accepted for publication {value}"),
        _day,
        (
            "When was the article accepted?",
            "When was the paper accepted for publication?",
            "On what date was the article accepted?",
        ),
    ),
    "received": Field(
        ("Received on: {value}", "Received: {value}", "Submitted {value}", "Date received: {value}"),
        _day,
        (
            "When was the article received?",
            "When was the paper submitted?",
            "On what date did the journal receive the article?",
        ),
    ),
    "published": Field(
        ("Published: {value}", "Published online {value}", "First published {value}", "Posted on {value}"),
        _day,
        ("When was this published?", "When was the article published?", "What is the publication date?"),
    ),
    "author": Field(
        ("By {person}", "Author: {person}", "Author(s): {person}", "Written by {person}"),
        lambda rng, p: "",  # the person whom the email belongs to
        ("Who wrote the article?", "Who is the author?", "Who is the author of the paper?"),
    ),
    "editor": Field(("Editor: {value}",), lambda rng, p: _person(rng), ("Who is the editor?", "Who edited the issue?")),
    "email": Field(
        ("Email: {value}", "Corresponding author: {value}", "Contact: {value}"),
        lambda rng, p: f"@{rng.choice(LAST).lower()}.edu",
        ("What is the author's email address?", "How can the corresponding author be reached?"),
    ),
    "affiliation": Field(
        ("Affiliation: {value}", "{value}, {person}", "{person}, {value}"),
        _department,
        (
            "Where does the author work?",
            "What is the author's affiliation?",
            "Which university is the author from?",
        ),
    ),
    "issn": Field(
        ("ISSN {value}",),
        lambda rng, p: f"{rng.randint(1000, 9999)}-{rng.randint(1000, 9999)}",
        ("What is the ISSN of the journal?",),
    ),
    "volume": Field(
        ("Volume {value}", "Vol. {value}"),
        lambda rng, p: f"{rng.randint(1, 60)}, Issue {rng.randint(1, 12)}",
        ("In which volume and issue did the article appear?", "What is the volume number?"),
    ),
    "keywords": Field(
        ("Keywords: {value}",), _keywords, ("What are the keywords?", "Which keywords does the article list?")
    ),
    "pages": Field(
        ("pp. {value}", "Pages {value}"),
        lambda rng, p: f"{rng.randint(1, 200)}-{rng.randint(201, 400)}",
        ("On which pages is the article?",),
    ),
}


def front_matter(rng: random.Random, p: Paragraph) -> Iterator[Example]:
    """List-like facts (DOI, "Accepted on") and questions about those there and those missing."""
    person = _person(rng)
    lines, values = {}, {}
    for name, about in FIELDS.items():
        line = rng.choice(about.lines) if len(about.lines) > 1 else about.lines[0]
        value = about.value(rng, p)
        if name == "email":
            value = person.lower().replace(" ", ".") + value
        values[name] = person if name == "author" else value
        lines[name] = line.format(value=value, person=person)
    shown = rng.sample(sorted(FIELDS), rng.randint(2, 5))
    parts = [lines[name] for name in shown]
    if rng.random() < 0.7:
        parts = [p.part(0, 1), *parts] if rng.random() < 0.5 else [*parts, p.part(0, 1)]
    text, spans = joined(parts, rng.choice(("\n", "\n\n", " ")))
    for name in rng.sample(shown, min(2, len(shown))):
        i = parts.index(lines[name])
        at = text.index(values[name], spans[i][0])
        yield Example(
            rng.choice(FIELDS[name].questions),
            text,
            spans,
            tuple(int(j == i) for j in range(len(parts))),
            (at, at + len(values[name])),
            p.title if rng.random() < 0.5 else "",
            "front-matter",
        )
    missing = rng.choice([name for name in FIELDS if name not in shown])
    question = rng.choice(FIELDS[missing].questions)
    yield Example(question, text, spans, (0,) * len(parts), None, "", "front-matter-missing")


def _topic(text: str) -> str | None:
    """A capitalised phrase of a sentence, not its first word."""
    names = [m.group() for m in _NAME.finditer(text) if m.start() > 3 and len(m.group()) > 3]
    return max(names, key=len) if names else None


def speakers(rng: random.Random, p: Paragraph, other: Paragraph) -> Iterator[Example]:
    """Quotations whose speaker stands in another sentence, or is only a pronoun."""
    usable = [i for i, (a, b) in enumerate(p.sentences) if 40 < b - a < 220 and '"' not in p.text[a:b]]
    if len(usable) < 2:
        return
    i, j = sorted(rng.sample(usable, 2))
    one, two = p.part(i, i + 1), p.part(j, j + 1)
    about = _topic(one), _topic(two)
    quoted = one.rstrip(".")
    first, last = rng.choice(FIRST), rng.choice(LAST)
    who, role = f"{first} {last}", rng.choice(ROLES)
    stranger = f"{rng.choice(FIRST)} {rng.choice([n for n in LAST if n != last])}"
    pronoun = rng.choice(("he", "she"))
    verb = rng.choice(SAYS)
    opening, closing = rng.choice((("“", "”"), ('"', '"')))
    introduction, follow_up = rng.choice(
        (
            (
                [f"{opening}{quoted},{closing} {verb} {who}, {role}."],
                f"{opening}{two}{closing} {pronoun} added.",
            ),
            (
                [f"{who}, {role}, {verb} that the matter was clear.", f"{opening}{quoted}.{closing}"],
                f"{pronoun.title()} added that {two[0].lower() + two[1:]}",
            ),
            (
                [
                    f"{role[0].upper() + role[1:]}, {who}, spoke on {rng.choice(MONTHS)} {rng.randint(1, 28)}.",
                    f"According to {last}, {quoted[0].lower() + quoted[1:]}.",
                ],
                f"{last} also {verb} that {two[0].lower() + two[1:]}",
            ),
            (
                [f"{who} is {role}.", f"{opening}{quoted},{closing} {pronoun} {verb}."],
                f"{opening}{two}{closing}",
            ),
        )
    )
    n = len(introduction)
    parts = [*introduction, follow_up]
    stray = rng.choice(other.sentences)
    at_end = rng.random() < 0.5
    parts = [*parts, other.text[slice(*stray)]] if at_end else [other.text[slice(*stray)], *parts]
    shift = 0 if at_end else 1
    text, spans = joined(parts)

    def example(question: str, right: set[int], span: Span | None, kind: str) -> Example:
        labels = tuple(int(k - shift in right) for k in range(len(parts)))
        return Example(question, text, spans, labels, span, p.title if rng.random() < 0.4 else "", kind)

    name = text.index(who)
    if about[0] and about[0] not in two:
        verb_past = rng.choice(("say about", "claim about", "think of", "tell reporters about"))
        yield example(f"What did {rng.choice((who, last))} {verb_past} {about[0]}?", {n - 1}, None, "speaker")
        yield example(f"What did {stranger} say about {about[0]}?", set(), None, "speaker-miss")
    if about[1] and about[1] not in one:
        yield example(f"What did {rng.choice((who, last))} say about {about[1]}?", {n}, None, "speaker")
    intro = next(k for k, part in enumerate(introduction) if who in part)
    right = {intro, n - 1}
    phrase = " ".join(one.split()[: rng.randint(6, 14)]).rstrip(".,;:")
    yield example(
        rng.choice((f"Who said that {phrase[0].lower() + phrase[1:]}?", f"Who spoke about {about[0] or phrase}?")),
        right if intro == n - 1 else {intro},
        (name, name + len(who)),
        "speaker-who",
    )
    asked = rng.choice((f"Who is {who}?", f"What is {who}'s position?", f"who is {last}"))
    at = text.lower().index(role.lower())
    holder = next(k for k, (a, b) in enumerate(spans) if a <= at < b)
    yield example(asked, {holder - shift}, (at, at + len(role)), "speaker-role")


_DEFINED = re.compile(
    r"^((?:The |An? )?[\w'’-]+(?: [\w'’-]+){0,3})(?: \([^)]*\))?,? "
    r"(is|are|was|were) (an?|the|one of|any|used|defined|considered)\b"
)
_PRONOUNS = frozenset("it he she they this that these those there here its his her their who which one".split())


def defined(rng: random.Random, p: Paragraph) -> Iterator[Example]:
    """ "What is X" for sentences that open "X is a ...", and "why ..." for those with "because"."""
    for i, (a, b) in enumerate(p.sentences):
        sentence = p.text[a:b]
        labels = [int(k == i) for k in range(len(p.sentences))]
        question = None
        if match := _DEFINED.match(sentence):
            thing = match[1]
            if thing.split()[0].lower() in _PRONOUNS or len(thing) < 4:
                continue
            thing = re.sub(r"^(The|An?) ", "", thing)
            be = match[2]
            question = rng.choice(
                (
                    f"What {be} {thing}?",
                    f"what {be} {thing.lower()}",
                    f"define {thing.lower()}",
                    f"{thing.lower()} meaning",
                    f"what does {thing.lower()} mean",
                    f"definition of {thing.lower()}",
                )
            )
            if be in ("was", "were") and rng.random() < 0.5:
                question = f"Who {be} {thing}?" if thing[0].isupper() else question
        elif " because " in sentence:
            before = sentence.split(" because ")[0].split()
            if 3 <= len(before) <= 16:
                question = f"why {' '.join(before)}".lower() if rng.random() < 0.5 else f"Why {' '.join(before)}?"
        if question:
            first, last = fit(p, *choose(rng, len(p.sentences), i, 4), i)
            yield p.window(
                question,
                first,
                last,
                labels,
                None,
                kind="defined",
                heading=p.title if rng.random() < 0.3 else "",
            )


def reported(rng: random.Random, p: Paragraph, other: Paragraph) -> Iterator[Example]:
    """Views that several people and outlets hold, reported without quotation marks: whose is which?"""
    usable = [i for i, (a, b) in enumerate(p.sentences) if 40 < b - a < 200 and '"' not in p.text[a:b]]
    if len(usable) < 2:
        return
    claims = [p.part(i, i + 1).rstrip(".") for i in sorted(rng.sample(usable, min(3, len(usable))))]
    people = [f"{first} {last}" for first, last in zip(rng.sample(FIRST, 4), rng.sample(LAST, 4), strict=True)]
    outlets = rng.sample(OUTLETS, 4)
    holders = [rng.choice(pair) for pair in zip(people, outlets, strict=True)]
    stranger = holders.pop()
    parts = [_report(rng, who, claim) for who, claim in zip(holders, claims, strict=False)]
    stray = other.text[slice(*rng.choice(other.sentences))]
    parts.insert(rng.randint(0, len(parts)), stray)
    text, spans = joined(parts)
    n = rng.randrange(len(claims))
    who, claim = holders[n], inside(synonyms(claims[n], rng) if rng.random() < 0.5 else claims[n])
    right = next(k for k, part in enumerate(parts) if who in part and part != stray)
    short = " ".join(claim.split()[: rng.randint(6, 16)]).rstrip(".,;:")
    topic = _topic(claims[n]) or " ".join(words(claims[n])[:3])
    heading = p.title if rng.random() < 0.3 else ""

    def example(question: str, answers: bool, named: bool, kind: str) -> Example:
        span = (at := text.index(who, spans[right][0]), at + len(who)) if named and answers else None
        labels = tuple(int(answers and k == right) for k in range(len(parts)))
        return Example(question, text, spans, labels, span, heading, kind)

    asks_who = ("Who said that {}?", "Who thinks that {}?", "Whose view is it that {}?", "According to whom {}?")
    asks_who += ("On whose word does the claim rest that {}?", "who says {}", "Which source reports that {}?")
    yield example(rng.choice(asks_who).format(short), True, True, "reported-who")
    asks_what = ("What does {} say about {}?", "What is {}'s view of {}?", "What did {} make of {}?")
    if not any(topic in c for c in (*claims[:n], *claims[n + 1 :])):
        yield example(rng.choice(asks_what).format(who, topic), True, False, "reported-what")
        yield example(rng.choice(asks_what).format(stranger, topic), False, False, "reported-miss")
    lost = _report(rng, "", claims[n])
    labels = (0,) * len(parts)
    without, places = joined([lost if k == right else part for k, part in enumerate(parts)])
    yield Example(rng.choice(asks_who).format(short), without, places, labels, None, heading, "reported-nobody")


def _report(rng: random.Random, who: str, claim: str) -> str:
    """A claim as somebody's; nobody's where `who` is empty."""
    if not who:
        return rng.choice((f"{claim}.", f"It is said that {inside(claim)}.", f"Some hold that {inside(claim)}."))
    said = rng.choice((*SAYS, "maintained", "contended", "held", "believed", "warned", "reported"))
    said = "said" if said == "told reporters" else said
    return rng.choice(
        (
            f"{claim}, {who} {said}.",
            f"{who} {said} that {inside(claim)}.",
            f"According to {who}, {inside(claim)}.",
            f"{who}{'' if who in OUTLETS else f', {rng.choice(ROLES)},'} {said} that {inside(claim)}.",
            f"In the view of {who}, {inside(claim)}.",
        )
    )
