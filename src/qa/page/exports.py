"""An answer or a conversation, to take away: Markdown with footnotes, JSON, BibTeX, CSL JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from qa import Answer, Citation, Source, Turn
from qa.page.views import count, day, label, rows, verbatim

File = tuple[str, str, str]
"""Name, media type, text."""


def export(turns: Sequence[Turn], form: str) -> File:
    """The turns in one of `FORMS`.

    Raises:
        KeyError: there is no such form.
    """
    make, name, media = FORMS[form]
    return name, media, make(turns)


def markdown(turns: Sequence[Turn]) -> str:
    """Prose with footnotes, numbered through; each footnote holds the quoted words."""
    lines: list[str] = []
    notes: list[str] = []
    for turn in turns:
        answer = turn.answer
        lines += [f"## {_escape(label(turn.question))}", ""]
        if answer.searched != answer.question:
            lines += [f"Searched for: {_escape(label(answer.searched))}", ""]
        for remark in filter(None, (answer.premise, answer.caveat)):
            lines += [_escape(remark), ""]
        if answer.abstention:
            lines += [_escape(str(answer.abstention)), ""]
        first = len(notes)
        lines += _table(answer, first)
        for sentence in answer.sentences:
            if answer.points and verbatim(sentence):
                continue  # its words stand in the table
            by = f"{_escape(sentence.attribution)}: " if sentence.attribution else ""
            marks = "".join(f"[^{first + n}]" for n in answer.markers(sentence))
            doubt = "" if sentence.verdict == "supported" else f" *({sentence.verdict.value})*"
            lines += [f"{by}{_escape(sentence.text)}{marks}{doubt}", ""]
        for pair in () if answer.points else answer.pairs:
            lines += [f"**{_escape(pair.heading)}**", "", *_side(pair.left), *_side(pair.right)]
        if answer.silent:
            names = ", ".join(_escape(label(source.name)) for source in answer.silent)
            lines += [f"Nothing found on this in: {names}.", ""]
        notes += [_footnote(first + n, c) for n, c in enumerate(answer.references, start=1)]
    return "\n".join([*lines, *notes]) + "\n"


def _table(answer: Answer, first: int) -> list[str]:
    """What a comparison says: a row for each point, a column for each source."""
    if not answer.points:
        return []
    heads = ["Point"]
    for column in answer.columns:
        about = (column.source.name, day(column.source.published), column.early and f"before {day(answer.event)}")
        heads.append(_escape(", ".join(label(part) for part in about if part)))
    lines = [f"| {' | '.join(heads)} |", f"|{' --- |' * len(heads)}"]
    for row in rows(answer):
        cells = [f"**{_escape(label(row.label))}**"]
        for column, said in zip(answer.columns, row.cells, strict=True):
            quotes = [
                f"{_escape(f'{cell.by}: ') if cell.by else ''}“{_escape(' '.join(cell.cited.quote.split()))}”"
                + (f"[^{first + cell.n}]" if cell.n else "")
                for cell in said
            ]
            cells.append("<br>".join(quotes) or f"not found (read: {count(column.read, 'passage')})")
        lines.append(f"| {' | '.join(cells)} |")
    return [*lines, ""]


def _footnote(n: int, c: Citation) -> str:
    parts = [c.source.publisher, c.source.author, f"“{label(c.source.title)}”", day(c.source.published), c.heading]
    parts += [f"p. {c.page}"] if c.page else []
    return f"[^{n}]: {_quoted(c, parts)}"


def _side(c: Citation) -> tuple[str, str]:
    return f"> {_quoted(c, [c.source.name, day(c.source.published)])}", ""


def _quoted(c: Citation, parts: Sequence[str]) -> str:
    about = ", ".join(label(part) for part in parts if part)
    return f"{_escape(about)}: “{_escape(' '.join(c.quote.split()))}”"


def as_json(turns: Sequence[Turn]) -> str:
    """Each answer as `to_dict()` gives it."""
    return json.dumps([turn.answer.to_dict() for turn in turns], ensure_ascii=False, indent=2) + "\n"


def bibtex(turns: Sequence[Turn]) -> str:
    """One entry for each cited source."""
    return "\n".join(_entry(source) for source in _cited(turns))


def csl(turns: Sequence[Turn]) -> str:
    """One CSL JSON item for each cited source."""
    return json.dumps([_item(source) for source in _cited(turns)], ensure_ascii=False, indent=2) + "\n"


FORMS: Final[dict[str, tuple[Callable[[Sequence[Turn]], str], str, str]]] = {
    "markdown": (markdown, "answer.md", "text/markdown"),
    "json": (as_json, "answer.json", "application/json"),
    "bibtex": (bibtex, "references.bib", "application/x-bibtex"),
    "csl": (csl, "references.json", "application/vnd.citationstyles.csl+json"),
}


def _cited(turns: Sequence[Turn]) -> Iterator[Source]:
    yield from {source.id: source for turn in turns for source in turn.answer.sources}.values()


def _entry(source: Source) -> str:
    research = source.kind == "research"
    year, month = [*source.published.split("-"), "", ""][:2]
    fields = {
        "title": source.title,
        "author": source.author or (f"{{{source.publisher}}}" if source.publisher else ""),
        "journal" if research else "howpublished": source.publisher,
        "year": year,
        "month": str(int(month)) if month.isdigit() else "",
        "note": source.original,
    }
    lines = [f"  {name} = {{{_tex(value)}}}" for name, value in fields.items() if value]
    key = re.sub(r"[^\w-]+", "-", source.id, flags=re.ASCII).strip("-") or "source"
    return f"@{'article' if research else 'misc'}{{{key},\n" + ",\n".join(lines) + "\n}\n"


def _item(source: Source) -> dict[str, Any]:
    kinds = {"news": "article-newspaper", "research": "article-journal", "analysis": "report"}
    item: dict[str, Any] = {
        "id": source.id,
        "type": kinds.get(source.kind, "document"),
        "title": source.title,
        "container-title" if source.kind in ("news", "research") else "publisher": source.publisher,
        "language": source.language,
        "note": source.original,
    }
    if source.author:
        item["author"] = [{"literal": source.author}]
    if re.fullmatch(r"\d{4}(-\d{2}){0,2}", source.published):
        item["issued"] = {"date-parts": [[int(part) for part in source.published.split("-")]]}
    return {name: value for name, value in item.items() if value}


_TEX: Final = {c: f"\\{c}" for c in "#$%&_"} | {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
}


def _tex(text: str) -> str:
    # braces stay only where they pair up, or the entry would end early
    even = text if text.count("{") == text.count("}") else text.replace("{", "(").replace("}", ")")
    return "".join(_TEX.get(c, c) for c in label(even))


def _escape(text: str) -> str:
    """Text that Markdown would read as markup, so that it does not."""
    return re.sub(r"([\\`*_\[\]<>#|!~$])", r"\\\1", text)
