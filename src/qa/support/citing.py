"""What each sentence of a text cites: its prose, its footnotes and list of references, what its sources are called.

    read(text, sources)    -> Cited(sentence, pools) for each sentence

A document in Markdown is read as such (markdown-it): headings, code and front matter state nothing that could be
borne out, and a paragraph may be broken into lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from textwrap import shorten
from typing import Any

from qa import markers
from qa.markers import Marked
from qa.schema import Source
from qa.support.judge import dated
from qa.support.words import content

WRAPPED = 60
"""Characters from which a line of a paragraph that ends without a full stop goes on in the next."""


@dataclass(frozen=True, slots=True)
class CitedSource:
    """One source that a sentence cites, and the pages of it, if any are named."""

    source: str
    pages: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Cited:
    """A sentence, and what its markers point to."""

    unit: Marked
    citations: tuple[CitedSource, ...] = ()
    numbers: tuple[int, ...] = ()
    """Numbers that no list of references explains: what they count is for the caller to know."""
    invented: tuple[int, ...] = ()
    """Numbers that have no line in the list of references, where there is one."""
    unknown: tuple[str, ...] = ()
    """What it names that is none of the sources: files, footnotes, lines of the list of references."""


def read(text: str, sources: Sequence[Source]) -> Iterator[Cited]:
    """The sentences of a text in order, each with what it cites; spans are of the text as it was given."""
    labels = called(sources)
    body, listed = _references(text.replace("\r", " "))
    named = {key: _meant(line, sources, labels) for key, line in listed.items()}
    notes = {f"^{markers.label(key)}": f"^{key}" for key in listed}
    for unit in markers.marked(_prose(body), {**labels, **{f"^{key}": f"^{key}" for key in listed}, **notes}):
        keys = [*map(str, unit.numbers), *(id_[1:] for id_ in unit.sources if id_.startswith("^"))]
        explained = [citation for key in keys for citation in named.get(key, ())]
        called_so = [CitedSource(id_) for id_ in unit.sources if not id_.startswith("^")]
        yield Cited(
            unit,
            tuple(replace(citation, pages=citation.pages or unit.pages) for citation in (*explained, *called_so)),
            () if listed else unit.numbers,
            tuple(n for n in unit.numbers if listed and str(n) not in listed),
            (
                *unit.unknown,
                *(shorten(listed[key], 80, placeholder="…") for key in keys if key in listed and not named[key]),
            ),
        )


def called(sources: Sequence[Source]) -> dict[str, str]:
    """What each source may be called in brackets; what would name two of them names none.

    By its id, address or file, with the ending of it or without; by its title; by publisher or authors with the year,
    in one word too, as a bibliography has it.
    """
    found: dict[str, set[str]] = {}
    for source in sources:
        authors = [a for a in re.split(r"\s*(?:;|,|&|\band\b)\s*", source.author) if a]
        people = [source.author, " ".join(a.split()[-1] for a in authors)]
        people += [" ".join(authors[0].split()[i:]) for i in range(len(authors[0].split()))] if authors else []
        names = {f"{name} {date}" for name in (source.publisher, *people) if name for date in dated(source)}
        names |= {name.replace(" ", "") for name in names}
        names |= {source.title, source.id, source.original}
        for address in (source.id, re.sub(r"[?#].*", "", source.original)):
            last = address.rpartition("/")[2]
            names |= {address, last, markers.bare(address), markers.bare(last)}
        for name in names:
            found.setdefault(markers.label(name), set()).add(source.id)
    return {name: next(iter(ids)) for name, ids in found.items() if name and len(ids) == 1}


# the list of references, and footnotes --------------------------------------------------------------------

_HEADING = re.compile(
    r"\s{0,3}(?:#{1,6}\s{0,3}|\*\*)?"
    r"(?:references|sources|bibliography|notes|footnotes|citations|literature|works cited)\b[:*\s#]*$",
    re.I,
)
_NOTE = re.compile(r"\s{0,3}\[\^([^\]\s]{1,40})\]:\s{0,4}(\S.*)$")
_ENTRY = re.compile(r"\s{0,8}[-*•]?\s{0,4}(?:[\[【(]\s{0,2}\^?(\d{1,3})\s{0,2}[\]】)]:?|(\d{1,3})[.)])\s{1,4}(\S.*)$")


def _references(text: str) -> tuple[str, dict[str, str]]:
    """The text with its footnotes and its list of references blanked, and these: number or name -> line."""
    lines = text.split("\n")
    listed: dict[str, str] = {}
    for i, line in enumerate(lines):
        if note := _NOTE.match(line):
            listed[note[1]] = note[2]
            lines[i] = " " * len(line)
    last = first = len(lines)
    while first and (not lines[first - 1].strip() or _ENTRY.match(lines[first - 1])):
        first -= 1
    headed = bool(first) and bool(_HEADING.match(lines[first - 1]))
    entries = [m for line in lines[first:] if (m := _ENTRY.match(line))]
    # without a heading, "1. …" may be the text itself; and "[1] …" too, where nothing else cites
    plain = any(m[2] for m in entries)
    if entries and (headed or (not plain and markers.find("\n".join(lines[:first])))):
        listed |= {str(int(m[1] or m[2])): m[3] for m in entries}
        lines[first - headed : last] = [" " * len(line) for line in lines[first - headed : last]]
    return "\n".join(lines), listed


def _meant(line: str, sources: Sequence[Source], labels: Mapping[str, str]) -> tuple[CitedSource, ...]:
    """What a line of the list names: by id, file, address, author and year, else by most words of its title."""
    for written in (line, f"[{line.strip(' .')}]"):
        found = markers.find(written, labels)
        if by_name := tuple(CitedSource(id_, marker.pages) for marker in found for id_ in marker.sources):
            return by_name
    if any(marker.unknown for marker in found):  # nothing but a file, and none of the sources
        return ()
    said, words = f" {markers.label(line)} ", content(line)
    pages = tuple(int(p) for p in re.findall(r"\bpp?\. ?(\d{1,4})\b", line))
    named = [name for name in labels if len(name) > 3 and f" {name} " in said]
    if named:
        return (CitedSource(labels[max(named, key=len)], pages),)
    held = {source.id: _names(source) for source in sources}
    shares = {id_: len(names & words) / len(names) for id_, names in held.items() if names}
    best = max(shares, key=lambda id_: shares[id_], default="")
    return (CitedSource(best, pages),) if best and shares[best] >= 0.5 else ()


@cache
def _names(source: Source) -> frozenset[str]:
    return content(f"{source.publisher} {source.author} {source.title} {source.published}")


# prose ----------------------------------------------------------------------------------------------------

_FRONT = re.compile(r"\ufeff?---[ \t]*\n(?:.*\n)*?---[ \t]*$", re.M)
_BOLD_TITLE = re.compile(r"^[ ]{0,3}(\*\*|__)(?!\s).{1,200}(?<![.!?:\s])\1[ \t]*$", re.M)
_LISTED = re.compile(r"\s*(?:[-*+]|\d{1,3}[.)])\s+\[[^\]\n]{1,300}\]\([^)\n]{1,300}\)[*_]*\s*(?:[—–:-]+\s.*)?$")
"""An item of a list that names a document, and perhaps what it is: no claim that the document could bear out."""
_BROKEN = re.compile(r"[.!?…:;|][\"”’)\]】*_]*\s*$")


def _prose(text: str) -> str:
    """The text with all that is no prose blanked, offsets kept, and paragraphs that were broken joined."""
    if front := _FRONT.match(text):
        text = _blank(front[0]) + text[front.end() :]
    text = _BOLD_TITLE.sub(lambda match: _blank(match[0]), text)
    lines = text.split("\n")
    kept: dict[int, int] = {}  # line -> the paragraph it is of
    before = ""
    for number, token in enumerate(_markdown().parse(text)):
        if token.type == "tr_open" and before == "thead_open":
            pass  # names of columns
        elif token.type == "tr_open" or (token.type == "paragraph_open" and not _LISTED.match(lines[token.map[0]])):
            kept |= dict.fromkeys(range(*token.map), number)
        if token.type == "tr_open":
            lines[token.map[0]] = _row(lines[token.map[0]])
        before = token.type
    lines = [line if i in kept else " " * len(line) for i, line in enumerate(lines)]
    joined = [
        " " if i in kept and kept[i] == kept.get(i + 1) and _goes_on(line, lines[i + 1]) else "\n"
        for i, line in enumerate(lines[:-1])
    ]
    return "".join(part for pair in zip(lines, [*joined, ""], strict=True) for part in pair)


def _goes_on(line: str, after: str) -> bool:
    begins = after.lstrip()[:1]
    return begins.islower() or (
        len(line) >= WRAPPED and not _BROKEN.search(line[-20:]) and (begins.isalnum() or begins in "“\"'(‘[")
    )


def _row(line: str) -> str:
    """A row of a table as one sentence: a semicolon between cells, of the same length."""
    inner = re.sub(r"(?<!\\)\|", ";", line.strip().strip("|"))
    start = len(line) - len(line.lstrip().lstrip("|"))
    return (" " * start + inner).ljust(len(line))


def _blank(text: str) -> str:
    return re.sub(r"[^\n]", " ", text)


@cache
def _markdown() -> Any:
    """Blocks alone: what stands in a line is the markers' matter."""
    from markdown_it import MarkdownIt

    reader = MarkdownIt("commonmark").enable("table").disable(["code", "reference", "html_block"])
    reader.core.ruler.enableOnly(["normalize", "block"])
    return reader
