"""Bytes of each format into blocks and declared metadata. Every reader library is imported when first needed:
together they take over a second, which asking a question must not pay.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from qa.corpus import declared, webpage
from qa.corpus.blocks import Block, Parsed, Unreadable, normalise

if TYPE_CHECKING:
    from markdown_it.token import Token

SUFFIXES = {
    ".md": "markdown", ".markdown": "markdown", ".mdown": "markdown", ".txt": "text", ".text": "text",
    ".html": "html", ".htm": "html", ".xhtml": "html", ".pdf": "pdf", ".docx": "docx",
}  # fmt: skip
CONTENT_TYPES = {
    "text/html": "html", "application/xhtml+xml": "html", "text/plain": "text", "text/markdown": "markdown",
    "text/x-markdown": "markdown", "application/pdf": "pdf",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
}  # fmt: skip

_ENCODINGS = (
    "cp1252 cp1254 cp1251 cp1253 cp1255 cp1256 cp874 koi8_r koi8_u gb18030 big5 euc_jp shift_jis euc_kr"
).split()
"""Guessed between where a text is not in Unicode; close kin, which few words cannot tell apart, left out."""

_UNPACKED_RATIO = 20
"""A DOCX may unpack to so many times the size limit; more is a zip bomb."""


def parse(data: bytes, name: str, *, content_type: str = "", max_bytes: int) -> Parsed:
    """The blocks of a document whose format its first bytes, content type or suffix tell.

    Raises:
        Unreadable: with reason and remedy.
    """
    if not data.strip():
        raise Unreadable("it is empty", "Put text into it, or remove it")
    kind = "file"
    try:
        kind = _kind(data, name, content_type)
        if kind == "pdf":
            return _pdf(data, max_bytes)
        if kind == "docx":
            return _docx(data, max_bytes)
        if kind == "html":
            return _html(data)
        text, notes = decode(data)
        read = _markdown if kind == "markdown" else _text
        return _with_front_matter(text, notes, read)
    except (Unreadable, MemoryError, ImportError):  # not the document's fault, or already told
        raise
    except Exception as error:  # a reader library met something that its authors did not foresee
        detail = normalise(str(error))[:120]
        raise Unreadable(
            f"its {kind} is malformed ({type(error).__name__}{': ' + detail if detail else ''})",
            "Open it in the program that made it and save it again, or save it as plain text",
        ) from error


def _kind(data: bytes, name: str, content_type: str) -> str:
    head = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n\x00")
    if b"%PDF-" in data[:1024]:
        return "pdf"
    if head.startswith(b"PK\x03\x04") and zipfile.is_zipfile(io.BytesIO(data)):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if "word/document.xml" in archive.namelist():
                return "docx"
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        raise Unreadable("it is an old Word file or is encrypted", "Save it as DOCX without a password, or as PDF")
    suffix = PurePath(name).suffix.lower()
    content_type = content_type.partition(";")[0].strip().lower()
    kind = CONTENT_TYPES.get(content_type) or SUFFIXES.get(suffix, "")
    if not content_type and suffix and not kind:
        known = ", ".join(SUFFIXES)
        raise Unreadable(f"files ending in {suffix} are not read", f"Save it as one of {known}")
    if content_type and not kind:
        raise Unreadable(f"its content type is {content_type}", "Give the address of a page, a text, a PDF or a DOCX")
    if kind in ("pdf", "docx"):
        raise Unreadable(f"it is called {kind} but is none: damaged, or another format", "Save it again, or remove it")
    if kind != "markdown" and re.match(rb"(?:<\?xml[^>]*>\s*)?<(?:!doctype\s+html|html[\s>])", head, re.IGNORECASE):
        return "html"
    return kind or "text"


def decode(data: bytes) -> tuple[str, tuple[str, ...]]:
    """Text of bytes: UTF-8, else by byte order mark, else by charset-normalizer's guess, which is noted."""
    for mark, encoding in ((b"\xff\xfe\x00\x00", "utf-32"), (b"\x00\x00\xfe\xff", "utf-32"),
                           (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):  # fmt: skip
        if data.startswith(mark):
            try:
                return data.decode(encoding), ()
            except UnicodeDecodeError as error:
                raise Unreadable(f"it begins like {encoding} but is not", "Save it as UTF-8") from error
    if b"\x00" in data:
        raise Unreadable("it is binary, not text", "Remove it, or save its text as UTF-8")
    try:
        return data.decode("utf-8-sig"), ()
    except UnicodeDecodeError:
        pass
    from charset_normalizer import from_bytes

    best = from_bytes(data, cp_isolation=_ENCODINGS).best()
    if best is None:
        raise Unreadable("its encoding cannot be told", "Save it as UTF-8")
    return str(best), (f"not UTF-8, read as {best.encoding}; save it as UTF-8 to be sure",)


# -- text and Markdown ---------------------------------------------------------------------------------------


def _with_front_matter(text: str, notes: tuple[str, ...], read: Callable[[str], Parsed]) -> Parsed:
    about, body, problem = _front_matter(text)
    parsed = read(body)
    return Parsed(parsed.blocks, about or parsed.declared, {}, notes + problem, parsed.plain)


_FENCES = {"yaml": re.compile(r"---[^\S\n]*\r?\n"), "toml": re.compile(r"\+\+\+[^\S\n]*\r?\n")}


def _front_matter(text: str) -> tuple[dict[str, Any], str, tuple[str, ...]]:
    language = next((name for name, fence in _FENCES.items() if fence.match(text)), "")
    if not language:
        return {}, text, ()
    import tomllib

    import frontmatter
    import yaml

    mark = re.escape("---" if language == "yaml" else "+++")
    try:
        if language == "toml":
            parts = re.match(rf"{mark}[^\S\n]*\r?\n(.*?)^{mark}[^\S\n]*$", text, re.DOTALL | re.MULTILINE)
            about, body = (tomllib.loads(parts[1].replace("\r\n", "\n")), text[parts.end() :]) if parts else ({}, text)
        else:
            about, body = frontmatter.parse(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        reason = normalise(str(getattr(error, "problem", "") or error))[:100]
        body = re.sub(rf"\A{mark}.*?^{mark}[^\S\n]*$", "", text, count=1, flags=re.DOTALL | re.MULTILINE)
        return (
            {},
            body,
            (f"front matter cannot be read and was left out: {reason}. Quote values that hold a colon",),
        )
    # nothing declared: what stands between the lines of dashes is text
    return (about, body, ()) if about else ({}, text, ())


_ITEM = re.compile(r"\s*(?:[-*•·▪–]\s+)(?=\S)")


def _text(text: str) -> Parsed:
    about, count = declared.header(text.lstrip("\n"))
    lines = text.lstrip("\n").splitlines() if count else text.splitlines()
    head = [Block(line, "item") for line in _unfolded(lines[:count])]
    return Parsed([*head, *_paragraphs(lines[count:])], about, plain=True)


def _unfolded(lines: Sequence[str]) -> Iterator[str]:
    """Header lines, those that begin with a blank joined to the one before."""
    whole = ""
    for line in lines:
        if whole and line[:1] in " \t":
            whole += f" {line.strip()}"
            continue
        if whole:
            yield whole
        whole = line.strip()
    if whole:
        yield whole


def _paragraphs(lines: Sequence[str], page: int = 0, known: Counter[str] | None = None) -> Iterator[Block]:
    """Lines into blocks: hard-wrapped paragraphs are joined, words hyphenated at a line's end made whole."""
    lines = [line.strip() for line in lines]
    running = [len(a) for a, b in pairwise(lines) if a and b]
    running.sort()
    width = running[int(len(running) * 0.9)] if running else 0
    longest = max(map(len, lines), default=0)
    wrapped = 45 <= width <= 130 and running[len(running) // 2] >= 0.6 * width and longest <= 1.5 * width
    words = known if known is not None else (_vocabulary(lines) if wrapped else Counter())
    paragraph: list[str] = []
    last = ""
    for line in [*lines, ""]:
        goes_on = (
            wrapped and last and line and not _ITEM.match(line)
            and (len(last) >= 0.6 * width or line[0].islower())
            and not (len(last) < 0.85 * width and re.search(r"[.!?”\"]$", last) and line[0].isupper())
        )  # fmt: skip
        if paragraph and goes_on:
            paragraph[-1:] = glue(paragraph[-1], line, words)
        else:
            if last:
                yield _block(" ".join(paragraph), page)
            paragraph = [line]
        last = line


def _block(text: str, page: int) -> Block:
    item = _ITEM.match(text)
    return Block(text[item.end() :], "item", page=page) if item else Block(text, page=page)


def _vocabulary(lines: Sequence[str]) -> Counter[str]:
    return Counter(w.lower() for line in lines for w in re.findall(r"[^\W\d_]+(?:-[^\W\d_]+)*", line))


def glue(before: str, after: str, known: Counter[str]) -> list[str]:
    """Two lines of one paragraph; as one where a hyphen breaks a word, which it keeps if the text has it so."""
    broken = re.search(r"([^\W\d_]+)[-\u00ad\u2010]$", before[-100:])
    rest = re.match(r"[^\W\d_]+", after)
    if not broken or not rest:
        return [before, after]
    if not rest[0][0].islower() or known[f"{broken[1]}-{rest[0]}".lower()]:
        return [before + after]
    return [before[:-1] + after]


def _markdown(text: str) -> Parsed:
    from markdown_it import MarkdownIt

    tokens = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).parse(text)
    return Parsed(list(_markdown_blocks(tokens)))


def _markdown_blocks(tokens: Sequence[Token]) -> Iterator[Block]:
    """Block tokens as a reader sees them: no marks, links as their words, images left out."""
    lists: list[int | None] = []  # number of the next item; None: bullets
    level = 0
    fresh = False  # at the beginning of a list item
    row: list[str] | None = None
    for token in tokens:
        match token.type:
            case "heading_open":
                level = int(token.tag[1])
            case "heading_close":
                level = 0
            case "bullet_list_open":
                lists.append(None)
            case "ordered_list_open":
                lists.append(int(token.attrGet("start") or 1))
            case "bullet_list_close" | "ordered_list_close":
                lists.pop()
            case "list_item_open":
                fresh = True
            case "tr_open":
                row = []
            case "tr_close":
                yield Block(" | ".join(cell for cell in row or [] if cell), "item")
                row = None
            case "inline":
                words = _inline(token.children or [])
                if row is not None:
                    row.append(normalise(words))
                elif level:
                    yield Block(words, "heading", level)
                elif _is_bold_line(token.children or []):
                    yield Block(words, "heading", 6)
                elif lists:
                    if fresh and lists[-1] is not None:
                        words = f"{lists[-1]}. {words}"
                        lists[-1] += 1
                    fresh = False
                    yield Block(words, "item")
                else:
                    yield from (Block(line) for line in words.split("\n"))
            case "fence" | "code_block":
                yield from (Block(line, "item") for line in token.content.splitlines())
            case "html_block":
                plain = re.sub(r"<!--.*?-->|<[^>]*>", " ", token.content, flags=re.DOTALL)
                yield from (Block(line) for line in plain.splitlines())


def _is_bold_line(children: Sequence[Token]) -> bool:
    """A short paragraph all in bold, without a full stop: a heading in all but name."""
    marks = [token.type for token in children if token.content or token.nesting]
    words = _inline(children).split()
    return marks == ["strong_open", "text", "strong_close"] and len(words) <= 12 and words[-1][-1] not in ".!?:;,"


def _inline(children: Sequence[Token]) -> str:
    words = []
    for token in children:
        match token.type:
            case "text" | "code_inline":
                words.append(token.content)
            case "softbreak":
                words.append(" ")
            case "hardbreak":
                words.append("\n")
            case "html_inline" if re.match(r"<br\b", token.content, re.IGNORECASE):
                words.append("\n")
    return "".join(words)


# -- HTML ----------------------------------------------------------------------------------------------------


def _html(data: bytes) -> Parsed:
    import trafilatura
    from trafilatura.utils import load_html

    tree = load_html(data)
    if tree is None:
        raise Unreadable("it holds no HTML", "Open it in a browser and save the page, or remove it")
    declared = webpage.declared(tree)
    found = trafilatura.bare_extraction(
        tree, include_comments=False, include_tables=True, include_images=False, favor_recall=True
    )
    body = getattr(found, "body", None)
    blocks = [] if body is None else list(_html_blocks(body))
    return Parsed(blocks, declared)


def _html_blocks(body: Any) -> Iterator[Block]:
    """trafilatura's tree: head, p, quote, list/item, table/row/cell, code."""
    for element in body:
        words = "".join(element.itertext())
        match element.tag:
            case "head":
                yield Block(words, "heading", int((element.get("rend") or "h2")[1:] or 2))
            case "list":
                yield from (Block("".join(item.itertext()), "item") for item in element.iter("item"))
            case "table":
                for row in element.iter("row"):
                    cells = (normalise("".join(cell.itertext())) for cell in row.iter("cell"))
                    yield Block(" | ".join(cell for cell in cells if cell), "item")
            case "quote" | "div" if len(element):
                yield from _html_blocks(element) if not (element.text or "").strip() else [Block(words)]
            case _:
                yield Block(words)
        if element.tail and element.tail.strip():
            yield Block(element.tail)


# -- PDF -----------------------------------------------------------------------------------------------------

_FOLIO = re.compile(r"\W*(?:page\s+)?(?:\d{1,4}|[ivxlc]{1,6})(?:\s*(?:of|/)\s*\d{1,4})?\W*", re.IGNORECASE)


def _pdf(data: bytes, max_bytes: int) -> Parsed:
    import pypdf

    try:
        reader = pypdf.PdfReader(io.BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            raise Unreadable("it is encrypted", "Save a copy without a password")
    except pypdf.errors.DependencyError as error:
        raise Unreadable(f"it is encrypted ({error})", "Save a copy without a password") from error
    pages, size = [], 0
    for page in reader.pages:
        pages.append([line.strip() for line in page.extract_text().splitlines()])
        size += sum(map(len, pages[-1]))
        if size > max_bytes:
            raise Unreadable(f"its text is over {max_bytes / 1e6:g} MB", "Split it, or raise max_document_mb")
    about = {key: str(value) for key, value in (reader.metadata or {}).items() if value is not None}
    if not any(any(lines) for lines in pages):
        raise Unreadable("it has no text; its pages may be pictures", "Run OCR over it (ocrmypdf) and add the result")
    pages = _without_running_heads(pages)
    known = _vocabulary([line for lines in pages for line in lines])
    blocks = [b for number, lines in enumerate(pages, start=1) for b in _paragraphs(lines, number, known)]
    named = {"title": about.get("/Title"), "author": about.get("/Author")}
    return Parsed(blocks, {}, declared.properties(named, blocks), plain=True)


def _without_running_heads(pages: Sequence[Sequence[str]]) -> list[list[str]]:
    """Pages without page numbers and the lines that stand at the edge of many pages, figures aside."""
    filled = [[line for line in lines if line] for lines in pages]
    edges = Counter(s for lines in filled for s in {_shape(x) for x in (*lines[:2], *lines[-2:])})
    often = {s for s, n in edges.items() if n >= 3 and n >= 0.4 * len(pages)}
    return [_trim(_trim(list(lines), 0, often), -1, often) for lines in pages]


def _shape(line: str) -> str:
    return re.sub(r"\d+", "#", line).casefold()


def _trim(lines: list[str], end: int, often: set[str]) -> list[str]:
    """Without up to two running lines at one end: 0 is the top, -1 the bottom."""
    for _ in range(2):
        while lines and not lines[end]:
            lines.pop(end)
        if lines and (_FOLIO.fullmatch(lines[end]) or _shape(lines[end]) in often):
            lines.pop(end)
    return lines


# -- DOCX ----------------------------------------------------------------------------------------------------


def _docx(data: bytes, max_bytes: int) -> Parsed:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        size = sum(entry.file_size for entry in archive.infolist())
        if size > _UNPACKED_RATIO * max_bytes:
            raise Unreadable(f"it unpacks to {size / 1e6:.0f} MB", "Split it, or remove it if you do not trust it")
    import docx
    from docx.table import Table

    document = docx.Document(io.BytesIO(data))
    blocks = []
    for part in document.iter_inner_content():
        if isinstance(part, Table):
            for row in part.rows:
                cells = dict.fromkeys(normalise(cell.text) for cell in row.cells)  # merged cells come up twice
                blocks.append(Block(" | ".join(cell for cell in cells if cell), "item"))
            continue
        style = (part.style.name or "").lower() if part.style else ""
        if style == "title":
            blocks.append(Block(part.text, "heading", 1))
        elif level := re.match(r"heading (\d)", style):
            blocks.append(Block(part.text, "heading", int(level[1]) + 1))
        elif style.startswith("list"):
            blocks.append(Block(part.text, "item"))
        else:
            blocks += [Block(line) for line in part.text.split("\n")]
    about = document.core_properties
    named = {"title": about.title, "author": about.author, "language": about.language}
    return Parsed(blocks, {}, declared.properties(named, blocks))
