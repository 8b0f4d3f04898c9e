"""DOCX: a walk over its XML, of either namespace.

Read: tracked insertions (not deletions), content controls, text boxes, fields as shown, footnotes, endnotes and
comments after the paragraph that has them, automatic numbers, tables of any shape, headers and footers once.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from qa.corpus import declared, tables
from qa.corpus.blocks import Block, Parsed, Unreadable, normalise
from qa.corpus.formula import linear
from qa.corpus.loaders.archive import local, part, properties, relations, value
from qa.corpus.loaders.html import joined, raised

_GONE = frozenset("del moveFrom instrText delText delInstrText fldData proofErr rPr pPr sdtPr tblPr tcPr trPr".split())
_BREAKS = frozenset(("br", "cr"))
_DEEPEST = 200
_FEW = 12
"""Words of tables in cells: more, and the outer one only sets them out on the page."""
_CODE = re.compile(r".*(?:code|preformatted|verbatim)", re.IGNORECASE)
_CONTENTS = re.compile(r"(?:toc \d|table of figures)", re.IGNORECASE)
"""Names of styles: lines kept as they are, and the entries of a table of contents."""
_PAGE_FIELD = re.compile(r"\s*(?:PAGE|NUMPAGES|SECTIONPAGES)\b", re.IGNORECASE)


def load(data: bytes, name: str, content_type: str, max_bytes: int) -> Parsed:
    """The words of a document, and its core properties."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        main = next(
            (path for kind, path in relations(archive, "").values() if kind == "officeDocument"), "word/document.xml"
        )
        tree = part(archive, main)
        if tree is None:
            raise Unreadable("it holds no document", "Save it again in the program that made it")
        return _Docx(archive, main, tree).read()


@dataclass(frozen=True, slots=True)
class _Style:
    name: str = ""
    parent: str = ""
    outline: int | None = None
    number: tuple[str, int] | None = None


class _Docx:
    def __init__(self, archive: zipfile.ZipFile, main: str, tree: Any) -> None:
        self.archive = archive
        self.tree = tree
        self.parts = relations(archive, main)
        self.said: defaultdict[str, list[str]] = defaultdict(list)
        """What stands in paragraphs whose style is called "Author" or "Date"."""
        self._initial = ""
        by_kind = dict(self.parts.values())
        self.styles = _styles(part(archive, by_kind.get("styles", "word/styles.xml")))
        self.numbers = _Numbers(part(archive, by_kind.get("numbering", "word/numbering.xml")))
        self.asides = {
            kind: {
                value(e, "id") or "": e for e in _elements(part(archive, by_kind.get(f"{kind}s", f"word/{kind}s.xml")))
            }
            for kind in ("footnote", "endnote", "comment")
        }

    def read(self) -> Parsed:
        body = next((e for e in self.tree if local(e) == "body"), None)
        if body is None:
            raise Unreadable("it holds no document", "Save it again in the program that made it")
        blocks = list(self.blocks(body))
        blocks += self._margins({normalise(b.text) for b in blocks})
        about = properties(self.archive)
        named = {"title": about.get("title"), "author": about.get("creator"), "language": about.get("language")}
        styled = {key: list(dict.fromkeys(v)) if key == "author" else v[0] for key, v in self.said.items()}
        # its dates are the file's and its template's
        return Parsed(blocks, {}, {**declared.properties(named, blocks), **styled}, printed=True)

    def _margins(self, said: set[str]) -> Iterator[Block]:
        """Headers and footers, each line once."""
        first = True
        for _, path in sorted(self.parts.values()):
            if re.search(r"(?:header|footer)\d*\.xml$", path) and (root := part(self.archive, path)) is not None:
                for block in self.blocks(root):
                    text = normalise(block.text)
                    if text not in said and any(c.isalpha() for c in text):
                        said.add(text)
                        yield Block(text, "item", opens=first)
                        first = False

    def blocks(self, element: Any, depth: int = 0) -> Iterator[Block]:
        """The blocks of a body, cell, note or text box."""
        for child in element:
            kind = local(child)
            if kind in _GONE or depth > _DEEPEST:
                continue
            if kind == "p":
                yield from self._paragraph(child, depth)
            elif kind == "tbl":
                yield from self._table(child, depth)
            elif kind == "AlternateContent":
                yield from self.blocks(_chosen(child), depth + 1)
            elif kind != "sectPr":  # content controls, insertions, custom elements
                yield from self.blocks(child, depth + 1)

    # -- paragraphs

    def _paragraph(self, paragraph: Any, depth: int) -> Iterator[Block]:
        run = _Run(paragraph)
        style, level, number = self._shape(paragraph)
        if _CONTENTS.match(style):
            return
        framed = paragraph.find("{*}pPr/{*}framePr")
        if framed is not None and value(framed, "dropCap") and len(run.text.strip()) < 3:  # the next one's first letter
            self._initial = run.text.strip()
            return
        text, self._initial = self._initial + run.text, ""
        if _CODE.match(style):
            yield from (Block(line, "code") for line in text.split("\x00") if line.strip())
            return
        lines = joined(text.split("\x00"))
        if style in ("author", "authors", "date") and lines:
            self.said[style.rstrip("s")] += lines
        mark = self.numbers.next(*number) if number and lines else None
        if lines:
            text = " ".join(lines)
            prose = len(text.split()) > 20 or (len(text.split()) > 7 and text[-1] in ".!;")
            if not level and not number and run.bold and len(text.split()) <= 12 and text[-1] not in ".!?:;,":
                level = 6
            if level and not prose:
                yield Block(f"{mark} {text}" if mark else text, "heading", level)
            elif number or style.startswith("list"):
                lines[0] = f"{mark} {lines[0]}" if mark else lines[0]
                deep = number[1] if number else 0
                yield from (Block(line, "item", deep + (i > 0)) for i, line in enumerate(lines))
            else:
                yield from (Block(f"{mark} {line}" if mark and not i else line) for i, line in enumerate(lines))
        for box in run.boxes:
            yield from self.blocks(box, depth + 1)
        for id_ in run.diagrams:
            points = part(self.archive, self.parts[id_][1]) if id_ in self.parts else None
            for n, point in enumerate(_elements(points if points is None else points.iter("{*}pt"))):
                if words := normalise(" ".join(t.text or "" for t in point.iter("{*}t") if t.text)):
                    yield Block(words, "item", opens=not n)
        for kind, id_ in run.asides:
            if (aside := self.asides[kind].get(id_)) is not None:
                yield from self._aside(kind, aside, depth)

    def _aside(self, kind: str, aside: Any, depth: int) -> Iterator[Block]:
        author = f" ({normalise(value(aside, 'author') or '')})" if value(aside, "author") else ""
        for block in self.blocks(aside, depth + 1):
            yield replace(block, text=f"Comment{author}: {block.text}") if kind == "comment" else block

    def _shape(self, paragraph: Any) -> tuple[str, int, tuple[str, int] | None]:
        """Name of the style, level of a heading (0: none), and what numbers it."""
        style_id, outline, number = _at(paragraph, "pPr/pStyle") or "Normal", _outline(paragraph), _number(paragraph)
        name = ""
        seen: set[str] = set()
        while style_id in self.styles and style_id not in seen:
            seen.add(style_id)
            style = self.styles[style_id]
            name = name or style.name.lower()
            outline = style.outline if outline is None else outline
            number = style.number if number is None else number
            if found := re.match(r"heading (\d)", style.name.lower()):
                outline = int(found[1]) if outline is None else outline
            if style.name.lower() in ("title", "subtitle"):
                return name, 1 if style.name.lower() == "title" else 2, None
            style_id = style.parent
        if number and number[0] == "0":  # numbering taken off
            number = None
        return name, (outline + 2 if outline is not None and outline < 9 else 0), number

    # -- tables

    def _table(self, table: Any, depth: int) -> Iterator[Block]:
        grid: tables.Grid = []
        header = 0
        contents: list[list[Block]] = []
        for row in _children(table, "tr"):
            about = next((e for e in row if local(e) == "trPr"), ())
            marks = {local(e): value(e) for e in about}
            if "del" in marks:
                continue
            cells = [tables.Cell("", (len(grid), -1))] * _count(marks.get("gridBefore"), 0)
            for cell in _children(row, "tc"):
                inside = list(self.blocks(cell, depth + 1))
                about = {local(e): e for e in next((e for e in cell if local(e) == "tcPr"), ())}
                text = " ".join(b.text for b in inside)
                origin = (len(grid), len(cells))
                merge = about.get("vMerge")
                goes_on = merge is not None and (value(merge) or "continue") == "continue" and not text
                if goes_on and grid and len(cells) < len(grid[-1]):
                    above = grid[-1][len(cells)]
                    text, origin = above.text, above.origin
                span = _count(value(about["gridSpan"]) if "gridSpan" in about else None, 1)
                cells += [tables.Cell(text, origin)] * max(1, min(span, tables.MAX_COLUMNS - len(cells)))
                contents.append(inside)
                if len(cells) >= tables.MAX_COLUMNS:
                    break
            if "tblHeader" in marks and marks["tblHeader"] not in ("0", "false") and header == len(grid):
                header += 1
            grid.append(cells)
        wide = max((sum(len(b.text.split()) for b in inside) for inside in contents), default=0) > 80
        within = [b for inside in contents for b in inside if b.kind == "row" or (b.kind == "heading" and b.level < 6)]
        nested = any(b.kind == "heading" for b in within) or sum(len(b.text.split()) for b in within) > _FEW
        if wide or nested or all(len({c.origin for c in row}) < 2 for row in grid):
            for inside in contents:
                yield from inside
            return
        yield from tables.blocks(grid, header or None)


class _Run:
    """The words of a paragraph in their order; a line break as NUL."""

    def __init__(self, paragraph: Any) -> None:
        self.words: list[str] = []
        self.boxes: list[Any] = []
        self.asides: list[tuple[str, str]] = []
        self.diagrams: list[str] = []
        self.fields: list[list[str]] = []  # of each open field: its instruction, until its result begins
        self.showing = True
        self._bold: list[bool] = []
        self._read(paragraph, 0)
        self.text = "".join(self.words)
        self.bold = bool(self._bold) and all(self._bold)

    def _read(self, element: Any, depth: int, up: bool = False) -> None:
        for child in element:
            kind = local(child)
            if kind == "instrText" and self.fields:
                self.fields[-1].append(child.text or "")
            if kind in _GONE or depth > _DEEPEST:
                continue
            if kind == "t":
                if self.showing:
                    self.words.append(raised(child.text or "") if up else child.text or "")
            elif kind == "oMath":
                self.words.append(linear(child) if self.showing else "")
            elif kind in _BREAKS:
                if value(child, "type") in (None, "textWrapping"):
                    self.words.append("\x00")
            elif kind in ("tab", "ptab"):
                self.words.append(" ")
            elif kind == "noBreakHyphen":
                self.words.append("-")
            elif kind == "fldChar":
                self._field(value(child, "fldCharType"))
            elif kind == "fldSimple":
                if not _PAGE_FIELD.match(value(child, "instr") or ""):
                    self._read(child, depth + 1)
            elif kind in ("footnoteReference", "endnoteReference", "commentReference"):
                self.asides.append((kind.removesuffix("Reference"), value(child, "id") or ""))
            elif kind == "txbxContent":
                self.boxes.append(child)
            elif kind == "relIds":  # a diagram (SmartArt), whose words are a part of their own
                self.diagrams.append(value(child, "dm") or "")
            elif kind == "AlternateContent":
                self._read(_chosen(child), depth + 1, up)
            elif kind == "r":
                marks = {local(e): value(e) for e in next((e for e in child if local(e) == "rPr"), ())}
                if marks.get("vanish", "0") in (None, "1", "true"):
                    continue
                if "".join(child.itertext()).strip():
                    self._bold.append("b" in marks and marks["b"] not in ("0", "false"))
                self._read(child, depth + 1, marks.get("vertAlign") == "superscript")
            else:
                self._read(child, depth + 1, up)

    def _field(self, what: str | None) -> None:
        if what == "begin":
            self.fields.append([])
        elif what == "separate" and self.fields:
            self.showing = not _PAGE_FIELD.match("".join(self.fields[-1]))
        elif what == "end" and self.fields:
            self.fields.pop()
            self.showing = True


def _chosen(alternatives: Any) -> Any:
    """What a new program shows of an element that is there twice, for new and for old ones."""
    choices = [e for e in alternatives if local(e) == "Choice"]
    return next(
        (e for e in choices if "".join(e.itertext()).strip()), alternatives[-1] if len(alternatives) else alternatives
    )


def _children(element: Any, kind: str, depth: int = 0) -> Iterator[Any]:
    """Rows of a table or cells of a row, also those inside content controls and tracked changes."""
    for child in element:
        name = local(child)
        if name == kind:
            yield child
        elif name not in _GONE and name not in ("tbl", "tc", "p") and depth < _DEEPEST:
            yield from _children(child, kind, depth + 1)


def _elements(root: Any) -> Any:
    return () if root is None else root


def _count(text: str | None, least: int) -> int:
    return min(int(text), tables.MAX_COLUMNS) if text and re.fullmatch(r"\d{1,4}", text) else least


def _at(element: Any, path: str) -> str | None:
    """The value of the element at a path of names; None where there is none."""
    found = element.find("/".join(f"{{*}}{name}" for name in path.split("/")))
    return None if found is None else value(found)


def _figure(text: str | None, otherwise: int) -> int:
    return int(text) if text and text.isdigit() else otherwise


def _number(element: Any) -> tuple[str, int] | None:
    """List and level of what numbers a paragraph or a style."""
    if element.find("{*}pPr/{*}numPr/{*}numId") is None:
        return None
    return _at(element, "pPr/numPr/numId") or "0", _figure(_at(element, "pPr/numPr/ilvl"), 0)


def _outline(element: Any) -> int | None:
    return None if element.find("{*}pPr/{*}outlineLvl") is None else _figure(_at(element, "pPr/outlineLvl"), 9)


def _styles(root: Any) -> dict[str, _Style]:
    return {
        value(e, "styleId") or "": _Style(_at(e, "name") or "", _at(e, "basedOn") or "", _outline(e), _number(e))
        for e in _elements(root)
        if local(e) == "style"
    }


class _Numbers:
    """Automatic numbers, as a word processor counts them."""

    def __init__(self, root: Any) -> None:
        self.levels: dict[str, dict[int, tuple[str, str, int]]] = {}  # of a list: level -> format, text, start
        self.lists: dict[str, str] = {}
        self.starts: dict[str, dict[int, int]] = {}  # of a list: where it begins anew, once
        self.counts: defaultdict[str, dict[int, int]] = defaultdict(dict)
        if root is None:
            return
        for e in root.iterfind("{*}abstractNum"):
            self.levels[value(e, "abstractNumId") or ""] = {
                _figure(value(level, "ilvl"), 0): _level(level) for level in e.iterfind("{*}lvl")
            }
        for e in root.iterfind("{*}num"):
            id_, base = value(e, "numId") or "", _at(e, "abstractNumId") or ""
            self.lists[id_] = base
            for override in e.iterfind("{*}lvlOverride"):
                at = _figure(value(override, "ilvl"), 0)
                for change in override.iterfind("{*}lvl"):
                    own = self.levels.setdefault(f"{base}/{id_}", dict(self.levels.get(base, {})))
                    own[at] = _level(change)
                for change in override.iterfind("{*}startOverride"):
                    self.starts.setdefault(id_, {})[at] = _figure(value(change), 1)

    def next(self, id_: str, level: int) -> str:
        """What stands before the next paragraph of a list; empty for bullets."""
        which = self.lists.get(id_, "")
        levels = self.levels.get(f"{which}/{id_}") or self.levels.get(which, {})
        counts = self.counts[which]  # lists of one kind count on, unless one begins anew
        for at, start in self.starts.pop(id_, {}).items():
            counts[at] = start - 1
        counts[level] = counts.get(level, levels.get(level, ("", "", 1))[2] - 1) + 1
        for deeper in [n for n in counts if n > level]:
            del counts[deeper]
        form, text, _ = levels.get(level, ("bullet", "", 1))
        if form in ("bullet", "none"):
            return "" if form == "bullet" else text if "%" not in text else ""

        def shown(match: re.Match[str]) -> str:
            at = int(match[1]) - 1
            kind, _, start = levels.get(at, ("decimal", "", 1))
            return _counted(counts.get(at, start), kind)

        return re.sub(r"%(\d)", shown, text).strip()


def _level(element: Any) -> tuple[str, str, int]:
    return _at(element, "numFmt") or "decimal", _at(element, "lvlText") or "", _figure(_at(element, "start"), 1)


def _counted(n: int, form: str) -> str:
    if form in ("lowerLetter", "upperLetter") and n > 0:
        letter = chr(ord("a") + (n - 1) % 26) * min(1 + (n - 1) // 26, 9)
        return letter.upper() if form == "upperLetter" else letter
    if form in ("lowerRoman", "upperRoman") and 0 < n < 4000:
        text = ""
        for size, figure in zip(
            (1000, 900, 500, 400, 100, 90, 50, 40, 10, 9, 5, 4, 1),
            "m cm d cd c xc l xl x ix v iv i".split(),
            strict=True,
        ):
            text += figure * (n // size)
            n %= size
        return text.upper() if form == "upperRoman" else text
    return f"{n:02}" if form == "decimalZero" else str(n)
