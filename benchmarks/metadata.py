"""What 200 made documents are called, by whom they are said to be, and of when: right, absent or wrong.

    python benchmarks/metadata.py [-v]

Twenty layouts that documents have, ten of each with other names; what is true of each is known, for it was made so. A
field counts as wrong where it holds anything else: another author, or one where nobody signed. What the file declares
and what is inferred from its text are counted apart.
"""

# ruff: noqa: E501 (a layout is read in one line)
from __future__ import annotations

import argparse
import json
import re
from collections import Counter
from collections.abc import Callable
from datetime import date
from random import Random
from typing import NamedTuple

from qa.corpus.reading import document

FIELDS = ("title", "author", "published", "publisher")
PEOPLE = ("Ada Kern", "Per Olsen", "Ines Corbal", "Otto Reher", "Ruth Amsel", "Dag Molin", "Lise Brandt",
          "Jean-Luc Morel", "Siân Prys", "Tomasz Wilk", "Ngozi Adeyemi", "Hanne O'Brien", "Karin von Stade")  # fmt: skip
BODIES = ("Orvik Harbour Board", "Institute for Salt Marshes", "Tarn Valley Trust", "Ministry of Inland Waters",
          "Lakeside Rowing Club", "Society of Organ Builders", "Marrow Street Library", "Union of Ferry Crews")  # fmt: skip
PAPERS = ("The Orvik Herald", "Tarn Daily News", "Sele Observer", "The Marrow Gazette", "Lower Valley Courier")
THEMES = ("the new tidal barrier", "the closing of the mill", "bats in church towers", "the price of peat",
          "the ferry to the islands", "the school kitchens", "the flood of the lower town", "salt in the wells")  # fmt: skip
PROSE = (
    "Nobody in the valley had expected that {theme} would be spoken of for so long, and the council put it off twice.",
    "The cost was put at 340,000 crowns by the surveyor, who had been sent for by default.",
    "In May 1987 a first plan was drawn up by Henrik Dahl and given up again within a year.",
    "“It was paid for by the readers,” said Marta Selin, who keeps the archive of the Northern Post.",
    "According to the Northern Post the work will not begin before 3 April 2031, if it begins at all.",
)


class Made(NamedTuple):
    """A document with what is true of it; "" is nothing."""

    name: str
    text: str
    title: str
    author: str = ""
    published: str = ""
    publisher: str = ""


class Cast:
    """The names of one document."""

    def __init__(self, seed: int) -> None:
        random = Random(seed)
        self.person, self.other, self.third = random.sample(PEOPLE, 3)
        self.body, self.paper, self.theme = random.choice(BODIES), random.choice(PAPERS), random.choice(THEMES)
        self.day = date(random.randint(1996, 2024), random.randint(1, 12), random.randint(1, 28))
        self.iso, self.long = self.day.isoformat(), f"{self.day.day} {self.day:%B} {self.day.year}"
        self.american = f"{self.day:%B} {self.day.day}, {self.day.year}"
        self.month = f"{self.day:%B %Y}"
        said = list(PROSE)
        random.shuffle(said)
        self.prose = "\n\n".join(" ".join(said[i : i + 2]).format(theme=self.theme) for i in (0, 2, 3))
        self.about = self.theme[0].upper() + self.theme[1:]


def _html(head: str, body: str, site: str = "") -> str:
    nav = "<nav><a href=/>Home</a> <a href=/news>News</a></nav>"
    return f"<html><head>{head}</head><body>{nav}<main>{body}</main><footer>© 2030 {site}</footer></body></html>"


def _paragraphs(text: str) -> str:
    return "".join(f"<p>{p}</p>" for p in text.split("\n\n"))


LAYOUTS: tuple[Callable[[Cast], Made], ...] = (
    lambda c: Made("front.md", f"---\ntitle: On {c.theme}\nauthor: {c.person}\ndate: {c.iso}\n---\n\n{c.prose}\n",
                   f"On {c.theme}", c.person, c.iso),
    lambda c: Made("toml.md", f'+++\ntitle = "{c.about}"\nauthors = ["{c.person}", "{c.other}"]\ndate = {c.iso}\n+++\n\n'
                   f"{c.prose}\n", c.about, f"{c.person}.*{c.other}", c.iso),
    lambda c: Made("news.txt", f"Council argues over {c.theme}\n\nBy {c.person}\n\n{c.american}\n\n{c.prose}\n",
                   f"Council argues over {c.theme}", c.person, c.iso),
    lambda c: Made("report.txt", f"{c.about}\n\nA report of the {c.body}\n\n{c.month}\n\n{c.prose}\n",
                   c.about, published=c.iso[:7], publisher=c.body),
    lambda c: Made("letter.txt", f"{c.body}\n12 Dock Street\nOrvik\n\n{c.long}\n\nDear Mr Holt,\n\n{c.prose}\n\n"
                   f"Yours faithfully,\n\n{c.person}\n", f"{c.body}|Letter", c.person, c.iso, c.body),
    lambda c: Made("memo.txt", f"FROM: {c.person}\nTO: All staff\nDATE: {c.long}\nSUBJECT: {c.about}\n\n{c.prose}\n",
                   c.about, c.person, c.iso),
    lambda c: Made("minutes.md", f"# Minutes of the meeting of {c.long}\n\nPresent: {c.person}, {c.other}, {c.third}\n\n"
                   f"{c.prose}\n", f"Minutes of the meeting of {c.long}", "", c.iso),
    lambda c: Made("paper.md", f"# A study of {c.theme}\n\n{c.person}, {c.other}\n\nReceived {c.long}\n\n## Abstract\n\n"
                   f"{c.prose}\n", f"A study of {c.theme}", f"{c.person}.*{c.other}", c.iso),
    lambda c: Made("meta.html", _html(f'<title>{c.about} | {c.paper}</title><meta name="author" content="{c.person}">'
                   f'<meta property="article:published_time" content="{c.iso}T08:00:00Z"><meta property="og:site_name" '
                   f'content="{c.paper}">', f"<h1>{c.about}</h1>{_paragraphs(c.prose)}", c.paper),
                   c.about, c.person, c.iso, c.paper),
    lambda c: Made("linked.html", _html('<script type="application/ld+json">' + json.dumps(
                       {"@type": "NewsArticle", "headline": c.about, "datePublished": c.iso,
                        "author": {"@type": "Person", "name": c.person}, "publisher": {"name": c.paper}}) + "</script>",
                       f"<h1>{c.about}</h1>{_paragraphs(c.prose)}"), c.about, c.person, c.iso, c.paper),
    lambda c: Made("bare.html", _html("<title>untitled</title>", f"<h1>{c.about}</h1>{_paragraphs(c.prose)}", c.body),
                   c.about, publisher=f"(?:{c.body})?"),
    lambda c: Made("blog.md", f"# Thoughts on {c.theme}\n\n*Posted on {c.long} by {c.person}*\n\n{c.prose}\n",
                   f"Thoughts on {c.theme}", c.person, c.iso),
    lambda c: Made("law.txt", f"Ordinance on {c.theme}\n\nSection 1\n\n{c.prose}\n\nSection 2\n\n{c.prose}\n",
                   f"Ordinance on {c.theme}"),
    lambda c: Made("changes.md", f"# Changelog\n\n## 2.1.0 ({c.iso})\n\n- {c.about} is counted.\n\n## 2.0.0 (1995-01-02)"
                   "\n\n- First words.\n", "Changelog"),
    lambda c: Made("faq.md", f"# Questions about {c.theme}\n\n## Who pays for it?\n\n{c.prose}\n\n## Since when?\n\n"
                   f"Since {c.long}, by order of {c.person}.\n", f"Questions about {c.theme}"),
    lambda c: Made("talk.txt", f"{c.about}: a talk\n\n{c.person}: When did it all begin?\n\n{c.other}: It began in {c.month}, "
                   f"by chance.\n\n{c.person}: And who paid for it?\n\n{c.other}: The {c.body} did, as always.\n",
                   f"{c.about}: a talk"),
    lambda c: Made("mail.eml", f"From: {c.person} <a@example.org>\nTo: b@example.org\nSubject: {c.about}\n"
                   f"Date: {c.day:%a, %d %b %Y} 09:00:00 +0000\nContent-Type: text/plain; charset=utf-8\n\n{c.prose}\n",
                   c.about, c.person, c.iso),
    lambda c: Made("release.txt", f"PRESS RELEASE\n\n{c.body} decides on {c.theme}\n\nOrvik, {c.long}. {c.prose}\n\nContact: "
                   f"{c.person}, press office\n", f"{c.body} decides on {c.theme}|Press release", "", c.iso, f"(?:{c.body})?"),
    lambda c: Made("review.md", f"# Review: “{c.about}” by {c.other}\n\n{c.prose}\n\nThe book has 240 pages and was published "
                   f"by the {c.body} in {c.month}.\n", f"Review: “{c.about}” by {c.other}"),
    lambda c: Made("notes.txt", f"{c.prose}\n\n{c.paper} wrote on {c.long} that {c.person} had paid for it.\n", "Notes"),
)  # fmt: skip


def right(field: str, wanted: str, got: str) -> bool:
    """Whether a field says what is true."""
    pattern = wanted if field == "author" or "?" in wanted or "|" in wanted else re.escape(wanted)
    return bool(re.fullmatch(pattern, got, re.IGNORECASE))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-v", "--verbose", action="store_true", help="print what is wrong")
    verbose = parser.parse_args().verbose
    tally: Counter[tuple[str, str]] = Counter()
    for n, layout in enumerate(LAYOUTS):
        for seed in range(10):
            made = layout(Cast(100 * n + seed))
            source = document(made.text.encode(), made.name)[0].source
            for field in FIELDS:
                wanted, got = getattr(made, field), getattr(source, field)
                how = "inferred" if field in source.inferred else "declared"
                if right(field, wanted, got):
                    tally[field, "right" if got else "rightly absent"] += 1
                elif got:
                    tally[field, f"wrong, {how}"] += 1
                    if verbose:
                        print(f"{made.name} {seed}: {field} is {got!r}, not {wanted!r} ({how})")
                else:
                    tally[field, "missed"] += 1
    columns = ("right", "rightly absent", "missed", "wrong, declared", "wrong, inferred")
    print(f"| field | {' | '.join(columns)} |\n| --- |{' --: |' * len(columns)}")
    for field in FIELDS:
        print(f"| {field} | {' | '.join(str(tally[field, column]) for column in columns)} |")


if __name__ == "__main__":
    main()
