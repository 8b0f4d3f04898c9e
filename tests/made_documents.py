# ruff: noqa: E501 (a document in a line)
"""Made documents of many people's kinds, each with what is right about it: subjects times layouts.

`documents()` yields (file name, bytes, right): for each field the values that are right; ("",) where nothing is.
A title that may only come from the file's name is given as it reads.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import docx
from fpdf import FPDF

Right = dict[str, tuple[str, ...]]
FIELDS = ("title", "publisher", "author", "published", "updated", "version")


@dataclass(frozen=True)
class Subject:
    """What a document is about, who made it and when."""

    title: str
    slug: str
    org: str
    person: str
    other: str
    third: str
    iso: str
    said: str
    american: str
    prose: str
    more: str
    rival: str


SUBJECTS = (
    Subject(
        "Repairs to the Old Weir", "repairs-old-weir", "Orvik Water Board", "Maren Lund", "Tom Holt", "Berta Vik",
        "2021-03-04", "4 March 2021", "March 4, 2021",
        "The weir was closed for six weeks by default whenever the river rose above the second mark on the wall.",
        "In 1934 the parish had built it for 4,200 crowns, and by the reader checks of that time it was sound.",
        "The Coast Courier",
    ),
    Subject(
        "How We Count Seabirds", "how-we-count-seabirds", "Institute of Coastal Studies", "José de la Cruz",
        "Anna-Lena Ødegård", "Wu Xiaoling", "2019-11-23", "23 November 2019", "November 23, 2019",
        "Seabirds are counted from a light aircraft by two people, who note each flock as it passes under the wing.",
        "A count of 1911 gave sixty-three pairs, which was confirmed by unanimous decision of the society in May 1912.",
        "Harbour Gazette",
    ),
    Subject(
        "A Guide to Sourdough Bread at Home", "guide_sourdough", "Baker Street Kitchen", "Priya Raman",
        "Lukas van den Berg", "Ola Nordmann", "2016-07-18", "18 July 2016", "July 18, 2016",
        "The dough is left to rise overnight, and by morning it should have doubled in the bowl that you left it in.",
        "Bakers of the 1890s used half as much water, by all accounts, and the loaves kept for a week or longer.",
        "The Daily Crumb",
    ),
    Subject(
        "Rules for Guests and Members", "rules-guests-members", "Lakeside Rowing Club", "Ngozi Adeyemi",
        "Hans-Peter Müller", "Siobhán O'Neill", "2023-01-09", "9 January 2023", "January 9, 2023",
        "Guests may row on weekdays before noon if a member is with them, and the fee is paid by the member.",
        "The rules of 1987 were replaced in full; what was decided by the board before May 2001 no longer counts.",
        "The Evening Post",
    ),
)  # fmt: skip


def right(s: Subject, **values: str | tuple[str, ...]) -> Right:
    """What is right: given values, the subject's title, else nothing."""
    made: Right = dict.fromkeys(FIELDS, ("",))
    made["title"] = (s.title,)
    return made | {field: (value,) if isinstance(value, str) else value for field, value in values.items()}


Layout = Callable[[Subject], tuple[str, bytes | str, Right]]
LAYOUTS: list[Layout] = []


def layout(made: Layout) -> Layout:
    """Adds a layout to the set."""
    LAYOUTS.append(made)
    return made


def documents() -> Iterator[tuple[str, bytes, Right]]:
    """Every layout of every subject."""
    for make in LAYOUTS:
        for number, subject in enumerate(SUBJECTS):
            name, data, truth = make(subject)
            stem, _, suffix = name.rpartition(".")
            folder = f"{make.__name__}-{number}"
            yield f"{folder}/{stem}.{suffix}", data.encode() if isinstance(data, str) else data, truth


# -- Markdown with front matter ------------------------------------------------------------------------------


@layout
def jekyll(s: Subject):
    matter = f'layout: post\ntitle: "{s.title}"\ndate: {s.iso} 10:00:00 +0100\nauthor: {s.person}\ntags: [a, b]'
    return (
        f"{s.iso}-{s.slug}.md",
        f"---\n{matter}\n---\n\n{s.prose}\n\n{s.more}\n",
        right(s, author=s.person, published=s.iso),
    )


@layout
def hugo_yaml(s: Subject):
    matter = f"title: {s.title}\nauthors:\n  - {s.person}\n  - {s.other}\nlastmod: 2024-02-01\ndraft: false\nweight: 20"
    truth = right(s, author=f"{s.person}, {s.other}", updated="2024-02-01")
    return f"{s.slug}.md", f"---\n{matter}\n---\n{s.prose}\n\n## More\n\n{s.more}\n", truth


@layout
def hugo_toml(s: Subject):
    matter = f"title = '{s.title}'\ndate = {s.iso}T08:00:00Z\nauthor = \"{s.person}\"\n[params]\n  x = 1"
    return "index.md", f"+++\n{matter}\n+++\n\n{s.prose}\n", right(s, author=s.person, published=s.iso)


@layout
def docusaurus(s: Subject):
    matter = f"id: {s.slug}\nsidebar_label: Guide\nslug: /guide\nsidebar_position: 3"
    return f"{s.slug}.md", f"---\n{matter}\n---\n\n# {s.title}\n\n{s.prose}\n\n## Steps\n\n1. One.\n2. Two.\n", right(s)


@layout
def handbook(s: Subject):
    matter = f"Title: {s.title}\nOrganization: {s.org}\nOwner: Team Blue\nVersion: 2.1\nLast Updated: {s.american}"
    truth = right(s, publisher=s.org, version="2.1", updated=s.iso)
    return f"{s.slug}.md", f"---\n{matter}\n---\n\n# {s.title}\n\n{s.prose}\n\n{s.more}\n", truth


@layout
def pandoc(s: Subject):
    matter = (
        f"title: '{s.title}: a study'\nauthor:\n- name: {s.person}\n  affiliation: {s.org}\n- name: {s.other}\n"
        f"date: {s.american}\nabstract: |\n  {s.prose}\nlang: en-GB\nbibliography: refs.bib"
    )
    truth = right(s, title=f"{s.title}: a study", author=f"{s.person}, {s.other}", published=s.iso)
    return "paper.md", f"---\n{matter}\n---\n\n# Introduction\n\n{s.more}\n", truth


@layout
def obsidian(s: Subject):
    matter = f"created: {s.iso}\nupdated: 2024-05-06 09:10\ntags:\n  - project\naliases: []"
    truth = right(s, published=s.iso, updated="2024-05-06")
    return f"{s.title}.md", f"---\n{matter}\n---\n# {s.title}\n\n{s.prose} See [[Other note]].\n", truth


@layout
def clipping(s: Subject):
    matter = (
        f"headline: {s.title}\nbyline: By {s.person}\nsite: {s.rival}\npubDate: {s.iso}T06:00:00+01:00\n"
        f"url: https://example.org/{s.slug}"
    )
    truth = right(s, author=s.person, publisher=s.rival, published=s.iso)
    return "clip.md", f"---\n{matter}\n---\n\n{s.prose}\n\n{s.more}\n", truth


@layout
def wrong_types(s: Subject):
    matter = "title: [1, 2]\nauthor: {a: {b: c}}\ndate: soon\npublisher: false\nversion: [x]\nlang: {x: y}\nid: []"
    return f"{s.slug}.md", f"---\n{matter}\n---\n\n# {s.title}\n\n{s.prose}\n", right(s)


@layout
def blanks(s: Subject):
    matter = "title: Untitled\nauthor: admin\ndate:\npublisher: ''\ncategory: none"
    return f"{s.slug}.md", f"---\n{matter}\n---\n\n# {s.title}\n\n{s.prose}\n", right(s)


@layout
def hostile_matter(s: Subject):
    matter = (
        f'title: "<script>alert(1)</script>{s.title}<img src=x onerror=y>"\n'
        f'author: "{s.person} <b>bold</b>\\u202e"\npublisher: "{"x" * 5000}"\ndate: 99999-99-99'
    )
    truth = right(s, author=f"{s.person} bold", publisher=("x" * 300 + "…", ""))
    return "a.md", f"---\n{matter}\n---\n\n{s.prose}\n", truth


# -- Markdown that says it in its text -----------------------------------------------------------------------


@layout
def byline_italics(s: Subject):
    return (
        "post.md",
        f"# {s.title}\n\n*By {s.person}, {s.american}*\n\n{s.prose}\n\n{s.more}\n",
        right(s, author=s.person, published=(s.iso, "")),
    )


@layout
def label_list(s: Subject):
    head = f"- **Author:** {s.person}\n- **Date:** {s.said}\n- **Version:** 0.3\n- **Status:** Draft"
    return (
        "rfc-12.md",
        f"# {s.title}\n\n{head}\n\n## Summary\n\n{s.prose}\n",
        right(s, author=s.person, published=s.iso, version="0.3"),
    )


@layout
def readme(s: Subject):
    text = (
        f"[![Build](https://x.example/b.svg)](https://x.example)\n\n# {s.title}\n\nBy default nothing is printed.\n\n"
        f"## Installing\n\n{s.prose}\n\n## Authors\n\nSee AUTHORS.\n\n## Licence\n\nMIT, by the project.\n"
    )
    return "README-project.md", text, right(s)


@layout
def changelog(s: Subject):
    text = (
        f"# Changelog of {s.title}\n\nAll notable changes.\n\n## 2.4.0 (2023-11-06)\n\n- By popular demand: {s.prose}\n\n"
        f"## 2.3.1 (2023-08-19)\n\n- {s.more}\n"
    )
    return "CHANGELOG.md", text, right(s, title=f"Changelog of {s.title}")


@layout
def decision(s: Subject):
    text = f"# 7. {s.title}\n\nDate: {s.iso}\n\n## Status\n\nAccepted\n\n## Context\n\n{s.prose}\n\n## Decision\n\n{s.more}\n"
    return "0007-decision.md", text, right(s, title=(f"7. {s.title}", s.title), published=s.iso)


@layout
def minutes_md(s: Subject):
    text = (
        f"# Minutes: {s.title}\n\n**Date:** {s.said}  \n**Present:** {s.person}, {s.other}  \n**Chair:** {s.third}\n\n"
        f"## 1. Opening\n\n{s.prose}\n\n## 2. Vote\n\nApproved by unanimous decision.\n\nBy show of hands\n\nApproved\n"
    )
    return "minutes.md", text, right(s, title=f"Minutes: {s.title}", published=(s.iso, ""))


@layout
def podcast(s: Subject):
    text = "\n\n".join(
        f"**{who}:** {line}" for who, line in [(s.person, s.prose), (s.other, "Why is that?"), (s.person, s.more)]
    )
    return f"episode-12-{s.slug}.md", text, right(s, title=_spoken(f"episode-12-{s.slug}"))


@layout
def recipe(s: Subject):
    text = (
        f"# {s.title}\n\nServes 4 | 30 minutes | Easy\n\n## Ingredients\n\n- 500 g flour\n- 10 g salt\n\n## Method\n\n"
        f"1. {s.prose}\n2. {s.more}\n\nCook by touch.\n"
    )
    return "recipe.md", text, right(s)


@layout
def law(s: Subject):
    text = (
        f"# {s.title} Act 1934\n\n## Part I\n\n### Section 1. Short title\n\nThis Act may be cited as the {s.title} Act "
        f"1934 and was amended on 3 May 1951 by Order in Council.\n\n### Section 2. Powers\n\n{s.prose}\n"
    )
    return "act.md", text, right(s, title=f"{s.title} Act 1934")


@layout
def faq(s: Subject):
    text = f"# {s.title}\n\n## Who wrote this?\n\nNobody in particular.\n\n## When was it built?\n\n1934\n\n## Why?\n\n{s.prose}\n"
    return "faq.md", text, right(s)


@layout
def history(s: Subject):
    text = (
        f"# {s.title}\n\n## 1930s\n\n{s.more}\n\n## 1940s\n\nIt was published by {s.rival} on 3 May 1941 that all was "
        f"lost.\n\n## 1951\n\n{s.prose}\n"
    )
    return "history.md", text, right(s)


@layout
def year_table(s: Subject):
    rows = "\n".join(f"| {year} | {year - 1800} |" for year in range(1931, 1943))
    return "table.md", f"# {s.title}\n\n| Year | Count |\n| --- | --- |\n{rows}\n", right(s)


@layout
def told_rival(s: Subject):
    text = (
        f'# {s.title}\n\n"It was so," {s.person} told {s.rival}. What {s.other} had told {s.rival} before was denied.\n\n'
        f"{s.prose}\n\nHe told {s.rival} again.\n"
    )
    return "story.md", text, right(s)


@layout
def press_review(s: Subject):
    text = (
        f"# {s.title}: what the papers say\n\n## {s.rival}, {s.said}\n\n{s.prose}\n\n## Le Monde, 3 May 2021\n\n{s.more}\n\n"
        "## Die Zeit, 5 May 2021\n\nA third view was given by the editor.\n"
    )
    return "review.md", text, right(s, title=f"{s.title}: what the papers say")


@layout
def policy(s: Subject):
    text = f"# {s.title}\n\n*Last updated: {s.american}*\n\nFrom everyone here, thank you.\n\n{s.prose}\n\n{s.more}\n"
    return "policy.md", text, right(s, updated=s.iso)


@layout
def numbered_manual(s: Subject):
    text = f"# {s.title}\n\n## 1 Safety\n\nStand by the rail.\n\n## 2 By Hand\n\n{s.prose}\n\n## 3 Parts\n\n| A | 1 |\n|---|---|\n| B | 2 |\n"
    return "manual.md", text, right(s)


@layout
def setext(s: Subject):
    return "notes.md", f"{s.title}\n{'=' * len(s.title)}\n\nSome notes\n----------\n\n{s.prose}\n", right(s)


# -- plain text ----------------------------------------------------------------------------------------------


@layout
def dateline(s: Subject):
    text = f'{s.rival}, {s.said}\n\n{s.title}\n\n{s.prose}\n\n"No," the mayor told The Other Paper.\n\n{s.more}\n'
    return "cutting.txt", text, right(s, published=s.iso, publisher=(s.rival, ""))


@layout
def underlined(s: Subject):
    return (
        "doc.txt",
        f"{'=' * 30}\n{s.title}\n{'=' * 30}\n\n*{s.said}*\n\n{s.prose}\n\nNew\n===\n\n{s.more}\n",
        right(s, published=s.iso),
    )


@layout
def byline_text(s: Subject):
    return "essay.txt", f"{s.title}\n\nby {s.person}\n\n{s.prose}\n\n{s.more}\n", right(s, author=s.person)


@layout
def news_paste(s: Subject):
    text = (
        f"Home\nNews\nSport\nSubscribe\n{s.title}\nBy {s.person} and {s.other}\nPublished {s.said} 10:12\nShare\nFacebook\n"
        f"{s.prose}\nAdvertisement\n{s.more}\nRelated articles\nFerry sinks\n"
    )
    return "paste.txt", text, right(s, author=f"{s.person}, {s.other}", published=s.iso)


@layout
def rfc(s: Subject):
    year = s.iso[:4]
    text = (
        f"Network Working Group                                        T. Holt\nRequest for Comments: 9999{' ' * 30}Orvik\n"
        f"Category: Informational{' ' * 36}March {year}\n\n\n                 {s.title}\n\nStatus of this Memo\n\n"
        f"   This memo defines an experimental protocol for the whole community of readers.\n\n1.  Introduction\n\n   {s.prose}\n"
    )
    return "rfc9999.txt", text, right(s, title=(s.title, "Rfc9999"), published=(f"{year}-03", ""))


@layout
def letter(s: Subject):
    text = f"{s.org}\n12 Quay Street\n4021 Orvik\n\n{s.said}\n\nDear Ms Holt,\n\n{s.prose}\n\n{s.more}\n\nYours sincerely,\n\n{s.person}\n"
    return (
        "letter-holt.txt",
        text,
        right(s, title=(s.org, "Letter holt"), published=s.iso, author=("", s.person), publisher=("", s.org)),
    )


@layout
def memo(s: Subject):
    text = f"TO: {s.other}\nFROM: {s.person}\nDATE: {s.american}\nSUBJECT: {s.title}\n\n{s.prose}\n\n{s.more}\n"
    return "memo.txt", text, right(s, author=s.person, published=s.iso)


@layout
def mail(s: Subject):
    text = (
        f"From: {s.person} <someone@example.org>\nTo: {s.other} <other@example.org>\nDate: Tue, 14 Mar 2023 09:12:44 +0100\n"
        f"Subject: Re: {s.title}\n\nDear {s.other},\n\n{s.prose}\n\nBest wishes\n{s.person}\n\n> On 13 Mar 2020, Tom wrote:\n> Why?\n"
    )
    return "mail.txt", text, right(s, author=s.person, published="2023-03-14")


@layout
def proposal(s: Subject):
    text = (
        f"PEP: 9001\nTitle: {s.title}\nAuthor: {s.person} <a@example.org>,\n        {s.other}\nStatus: Draft\nType: Process\n"
        f"Created: 24-Aug-2018\n\n\nAbstract\n========\n\n{s.prose}\n\n{s.more}\n"
    )
    return "pep-9001.txt", text, right(s, author=f"{s.person}, {s.other}", published="2018-08-24")


@layout
def minutes_text(s: Subject):
    text = (
        f"{s.org}\nMinutes of the meeting held on {s.said}\n\nPresent: {s.person}, {s.other}\nApologies: {s.third}\n\n"
        f"1. Minutes of the last meeting were approved by all.\n2. {s.prose}\n3. {s.more}\n\nThe meeting closed at nine.\n"
    )
    return "minutes.txt", text, right(
        s, title=(s.org, f"Minutes of the meeting held on {s.said}", f"{s.org} Minutes of the meeting held on {s.said}"),
        published=(s.iso, ""), publisher=(s.org, ""),
    )  # fmt: skip


@layout
def hearing(s: Subject):
    text = f"CHAIR: Good morning. We begin.\nMS LUND: {s.prose}\nCHAIR: By whom?\nMR HOLT: By the board.\nMS LUND: {s.more}\n"
    return f"hearing_{s.slug}.txt", text, right(s, title=_spoken(f"hearing_{s.slug}"))


@layout
def subtitles(s: Subject):
    text = f"1\n00:00:01,000 --> 00:00:04,000\n{s.prose[:40]}\n\n2\n00:00:04,500 --> 00:00:07,000\n{s.prose[40:80]}\n\n3\n00:00:08,000 --> 00:00:09,000\nBy hand\n"
    return "talk.txt", text, right(s, title="Talk")


@layout
def comma_values(s: Subject):
    return (
        "rain.txt",
        "station,year,rain_mm,by\n" + "".join(f"Orvik,{y},{y - 1200},hand\n" for y in range(2010, 2022)),
        right(s, title="Rain"),
    )


@layout
def no_title(s: Subject):
    words = f"{s.prose} {s.more} {s.prose}".split()
    lines = [" ".join(words[i : i + 5]) for i in range(0, len(words), 5)]
    return f"{s.slug}.txt", "\n".join(lines) + "\n", right(s, title=_spoken(s.slug))


@layout
def log(s: Subject):
    return (
        "server.txt",
        "".join(f"2023-04-0{d} 12:0{d}:00 ERROR gauge {d} failed by timeout\n" for d in range(1, 9)),
        right(s, title="Server"),
    )


@layout
def man_page(s: Subject):
    text = (
        "GAUGE(1)                 User Commands                 GAUGE(1)\n\nNAME\n       gauge - read a gauge\n\nSYNOPSIS\n"
        f"       gauge [OPTION]...\n\nDESCRIPTION\n       {s.prose}\n\nAUTHOR\n       Written by {s.person}.\n"
    )
    return "gauge.txt", text, right(s, title=("Gauge", "GAUGE(1)"), author=(s.person, ""))


@layout
def ebook(s: Subject):
    text = (
        f"Title: {s.title}\n\nAuthor: {s.person}\n\nRelease date: {s.american} [eBook #1234]\n\nLanguage: English\n\n"
        f"*** START OF THE BOOK ***\n\nCHAPTER I\n\n{s.prose}\n\n{s.more}\n"
    )
    return "pg1234.txt", text, right(s, author=s.person, published=(s.iso, ""))


@layout
def contract(s: Subject):
    text = (
        f"{s.title.upper()}\n\nThis agreement is made on 4 May 2020 between {s.org} and {s.person}.\n\n1. Term\n\n{s.prose}\n\n"
        "2. Notice\n\nNotice is given by registered mail.\n\nSigned by\n\nThe Parties\n"
    )
    return "contract.txt", text, right(s, title=s.title.upper())


@layout
def form(s: Subject):
    text = f"{s.title}\n\nName: ______\nTitle: ______\nDate: ______\nSigned by: ______\n\n{s.prose}\n"
    return "form.txt", text, right(s)


@layout
def diary(s: Subject):
    text = f"{s.title}\n\n3 May 1911\n\n{s.prose}\n\n4 May 1911\n\n{s.more}\n\n5 May 1911\n\nRain all day and nobody came by.\n"
    return "diary.txt", text, right(s)


@layout
def person_page(s: Subject):
    text = f"{s.person}\n\n{s.person} was a half back who played for three clubs in the north before the war.\n\n{s.more}\n"
    return "half-back.txt", text, right(s, title=s.person)


@layout
def curriculum(s: Subject):
    text = (
        f"Name: {s.person}\nTitle: Harbour Master\nDate: 3 May 2021\n\n{s.prose}\n\nHe was hired by {s.org} in 1999.\n"
    )
    return "cv.txt", text, right(s, title=("Cv", s.person), published=("", "2021-05-03"))


@layout
def speech(s: Subject):
    text = f"{s.title}\n\nSpeech by {s.person}\n\nOrvik, {s.said}\n\nLadies and gentlemen,\n\n{s.prose}\n\n{s.more}\n"
    return "speech.txt", text, right(s, author=(s.person, ""), published=s.iso)


@layout
def wrapped_title(s: Subject):
    text = f"{s.title} and\nwhat became of it\n\n{s.person}\n\n{s.prose}\n\n{s.more}\n"
    return "wrapped.txt", text, right(s, title=f"{s.title} and what became of it", author=("", s.person))


@layout
def german(s: Subject):
    text = (
        "---\ntitle: Satzung des Rudervereins\ndate: 14. März 2023\nautor: X\n---\n\nDer Verein wurde im Jahr 1887 gegründet und "
        "hat seinen Sitz in der Stadt am See. Die Mitglieder zahlen einen Beitrag.\n"
    )
    return "satzung.md", text, right(s, title="Satzung des Rudervereins", published="2023-03-14")


# -- HTML ----------------------------------------------------------------------------------------------------


def page(head: str, body: str) -> str:
    """A whole page."""
    return f'<!DOCTYPE html><html lang="en"><head>{head}</head><body>{body}</body></html>'


@layout
def html_news(s: Subject):
    data = (
        f'{{"@context":"https://schema.org","@graph":[{{"@type":"WebPage","name":"x"}},{{"@type":"NewsArticle","headline":'
        f'"{s.title}","datePublished":"{s.iso}T06:00:00+01:00","dateModified":"2024-01-09","author":[{{"@type":"Person",'
        f'"name":"{s.person}"}},{{"@type":"Person","name":"{s.other}"}}],"publisher":{{"@type":"Organization","name":"{s.rival}"}}}}]}}'
    )
    head = f'<title>{s.title} | {s.rival}</title><script type="application/ld+json">{data}</script>'
    body = (
        f"<nav>Home</nav><main><h1>{s.title}</h1><p>{s.prose}</p><p>{s.more}</p></main><aside>By Someone Else</aside>"
    )
    truth = right(s, author=f"{s.person}, {s.other}", publisher=s.rival, published=s.iso, updated="2024-01-09")
    return "news.html", page(head, body), truth


@layout
def html_blog(s: Subject):
    head = (
        f'<title>{s.title} – {s.org}</title><meta property="og:title" content="{s.title}"><meta property="og:site_name" '
        f'content="{s.org}"><meta name="author" content="{s.person}"><meta name="generator" content="WordPress 6">'
    )
    body = (
        f'<article><header><h1>{s.title}</h1><time datetime="{s.iso}T10:00">{s.said}</time></header><p>{s.prose}</p><p>{s.more}'
        "</p></article><aside><article><time datetime='2011-01-01'>old</time></article></aside>"
    )
    return "blog.html", page(head, body), right(s, author=s.person, publisher=s.org, published=s.iso)


@layout
def html_manual(s: Subject):
    head = f"<title>{s.title} — Gauge library 3.1 documentation</title>"
    body = f"<div role=main><h1>{s.title}<a class=headerlink href='#x'>¶</a></h1><p>{s.prose}</p><p>{s.more}</p></div>"
    return "guide.html", page(head, body), right(s)


@layout
def html_wiki(s: Subject):
    head = f"<title>{s.title} - Shorepedia</title>"
    body = (
        f"<div id=content><h1>{s.title}</h1><p>{s.prose}</p><h2>References</h2><ol><li>Hale, R. (1998). Birds. doi:10.1234/abc.5"
        f"</li></ol><p>{s.more}</p></div><div class=authority-control>Authority control: National France</div>"
        f"<div id=footer>This page was last edited on {s.said}.</div>"
    )
    return "wiki.html", page(head, body), right(s, updated=(s.iso, ""))


@layout
def html_microdata(s: Subject):
    body = (
        f"<article itemscope itemtype='https://schema.org/BlogPosting'><h1 itemprop=headline>{s.title}</h1><span itemprop=author "
        f"itemscope><span itemprop=name>{s.person}</span></span><time itemprop=datePublished datetime='{s.iso}'>x</time>"
        f"<p>{s.prose}</p><p>{s.more}</p></article>"
    )
    return "micro.html", page(f"<title>{s.title}</title>", body), right(s, author=s.person, published=s.iso)


@layout
def html_government(s: Subject):
    head = (
        f'<title>{s.title} | gov.example</title><meta name="DCTERMS.publisher" content="{s.org}"><meta name="DCTERMS.issued" '
        f'content="{s.iso}"><meta name="DC.title" content="{s.title}">'
    )
    return (
        "gov.html",
        page(head, f"<main><h1>{s.title}</h1><p>{s.prose}</p><p>{s.more}</p></main>"),
        right(s, publisher=s.org, published=s.iso),
    )


@layout
def html_bare(s: Subject):
    return (
        "bare.html",
        page(f"<title>{s.title}</title>", f"<p>{s.prose}</p><p>{s.more}</p><p>By the sea it is cold.</p>"),
        right(s),
    )


@layout
def html_paper(s: Subject):
    head = (
        f'<title>{s.title} | Journal of Shores</title><meta name="citation_title" content="{s.title}"><meta name="citation_author" '
        f'content="{s.person}"><meta name="citation_author" content="{s.other}"><meta name="citation_publication_date" '
        f'content="{s.iso.replace("-", "/")}"><meta name="citation_journal_title" content="Journal of Shores">'
        '<meta name="citation_doi" content="10.1234/js.77">'
    )
    truth = right(s, author=f"{s.person}, {s.other}", publisher="Journal of Shores", published=s.iso)
    return "article.html", page(head, f"<h1>{s.title}</h1><h2>Abstract</h2><p>{s.prose}</p><p>{s.more}</p>"), truth


@layout
def html_blank(s: Subject):
    head = '<title>Document</title><meta name="author" content="admin">'
    return "untitled.html", page(head, f"<h1>{s.title}</h1><p>{s.prose}</p><p>{s.more}</p>"), right(s)


@layout
def html_neighbours(s: Subject):
    body = (
        f"<main><h1>{s.title}</h1><p>{s.prose}</p><p>{s.more}</p></main><aside><ul><li><time datetime='2020-01-01'>x</time>"
        f"<a rel=author href=/a>{s.third}</a></li><li><time datetime='2020-02-02'>y</time></li></ul></aside>"
        f"<p>By {s.other} told {s.rival} on 3 May 2011.</p>"
    )
    return "page.html", page(f"<title>{s.title} · Our site</title>", body), right(s, author=("", s.third))


# -- Word ----------------------------------------------------------------------------------------------------


def word(s: Subject, build: Callable[[docx.document.Document], None], title: str = "", author: str = "") -> bytes:
    """A Word file with properties."""
    made = docx.Document()
    made.core_properties.title, made.core_properties.author = title, author
    build(made)
    for text in (s.prose, s.more):
        made.add_paragraph(text)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


@layout
def word_good(s: Subject):
    return "report.docx", word(s, lambda d: d.add_heading(s.title, 0), s.title, s.person), right(s, author=s.person)


@layout
def word_accounts(s: Subject):
    return "report2.docx", word(s, lambda d: d.add_heading(s.title, 1), "Word Document", "Administrator"), right(s)


@layout
def word_letterhead(s: Subject):
    def build(d: docx.document.Document) -> None:
        table = d.add_table(2, 2)
        for cell, text in zip(
            (c for row in table.rows for c in row.cells), ("Form 12-B", "Rev. 4", "File", "88/2"), strict=True
        ):
            cell.text = text
        d.add_paragraph(s.title)

    return "form12.docx", word(s, build), right(s, version=("", "4"))


@layout
def word_plain(s: Subject):
    return "plain.docx", word(s, lambda d: d.add_paragraph(s.title), "", "user"), right(s)


@layout
def word_template(s: Subject):
    return (
        "annual.docx",
        word(s, lambda d: d.add_heading(s.title, 0), "Invoice Form Blue", "Microsoft Office User"),
        right(s),
    )


@layout
def word_chapters(s: Subject):
    def build(d: docx.document.Document) -> None:
        d.add_heading("Introduction", 1)
        d.add_paragraph(s.prose)
        d.add_heading("Methods", 1)

    return f"{s.slug}-final.docx", word(s, build), right(s, title=_spoken(f"{s.slug}-final"))


# -- PDF -----------------------------------------------------------------------------------------------------


def pdf(lines: list[tuple[str, int]], title: str = "", author: str = "") -> bytes:
    """A PDF of lines and their sizes; a size of 0 is a gap."""
    made = FPDF()
    made.set_title(title)
    if author:
        made.set_author(author)
    made.add_page()
    for text, size in lines:
        if not size:
            made.ln(8)
            continue
        made.set_font("helvetica", size=size)
        made.cell(0, size * 0.5, text.encode("latin-1", "replace").decode("latin-1"), new_x="LMARGIN", new_y="NEXT")
    return bytes(made.output())


def wrapped(text: str, size: int = 11) -> list[tuple[str, int]]:
    """Lines of about eighty characters."""
    lines: list[str] = [""]
    for word_ in text.split():
        lines = [*lines, word_] if len(lines[-1]) + len(word_) > 78 else [*lines[:-1], f"{lines[-1]} {word_}".strip()]
    return [(line, size) for line in lines]


@layout
def pdf_paper(s: Subject):
    people = "Maren Lund, Tom Holt and Berta Vik"
    lines = [
        (f"{s.title}: A Method", 18), ("for Small Islands and Shallow Coasts", 18), ("", 0), (people, 11),
        ("Institute of Coastal Studies, Orvik", 11), ("", 0), ("Abstract", 12), *wrapped(s.prose + " " + s.more), ("", 0),
        ("1 Introduction", 12), *wrapped(s.more + " " + s.prose),
    ]  # fmt: skip
    truth = right(
        s, title=f"{s.title}: A Method for Small Islands and Shallow Coasts", author="Maren Lund, Tom Holt, Berta Vik"
    )
    return "2304.01234.pdf", pdf(lines), truth


@layout
def pdf_junk(s: Subject):
    lines = [(s.title, 16), ("", 0), *wrapped(s.prose + " " + s.more)]
    return "out.pdf", pdf(lines, "Microsoft Word - final_v3.doc", "user"), right(s)


@layout
def pdf_tex(s: Subject):
    lines = [(s.title, 16), ("", 0), *wrapped(s.prose + " " + s.more)]
    return "tex.pdf", pdf(lines, "paper.dvi", "TeX"), right(s)


@layout
def pdf_good(s: Subject):
    lines = [(s.title, 16), ("", 0), *wrapped(s.prose + " " + s.more)]
    return "good.pdf", pdf(lines, s.title, "Ada Lind"), right(s, author="Ada Lind")


@layout
def pdf_cover(s: Subject):
    lines = [
        (s.org, 12),
        ("", 0),
        (s.title, 24),
        ("", 0),
        (s.said, 12),
        ("", 0),
        ("", 0),
        *wrapped(s.prose + " " + s.more),
    ]
    return "cover.pdf", pdf(lines), right(s, title=(s.title, s.org), published=s.iso, publisher=("", s.org))


@layout
def pdf_years(s: Subject):
    lines = [(s.title, 14), ("Year  Count", 11), *[(f"{y}  {y - 1800}", 11) for y in range(1931, 1943)]]
    return "years.pdf", pdf(lines), right(s)


@layout
def pdf_numbers(s: Subject):
    return "numbers.pdf", pdf([(f"{n}00.01 {n}", 11) for n in range(14, 30)]), right(s, title="Numbers")


@layout
def pdf_letter(s: Subject):
    lines = [
        (s.american, 11), ("", 0), ("Dear Mr Moe,", 11), ("", 0), *wrapped(s.prose + " " + s.more), ("", 0), ("With regards,", 11),
        ("Tom Holt", 11),
    ]  # fmt: skip
    return "letter.pdf", pdf(lines, "letter.odt"), right(s, title="Letter", published=s.iso, author=("", "Tom Holt"))


def _spoken(stem: str) -> str:
    words = stem.replace("-", " ").replace("_", " ")
    return words[:1].upper() + words[1:]
