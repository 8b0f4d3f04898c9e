"""Markdown by markdown-it: no marks, links as their words; front matter in YAML and TOML; shortcodes out."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from qa.corpus import tables
from qa.corpus.blocks import Block, Parsed, normalise
from qa.corpus.loaders import html
from qa.corpus.loaders.text import decode

if TYPE_CHECKING:
    from markdown_it.token import Token


def load(data: bytes, name: str, content_type: str, max_bytes: int) -> Parsed:
    """The blocks of a Markdown file and its front matter."""
    text, notes = decode(data, content_type)
    declared, body, problem = front_matter(text.replace("\r\n", "\n").replace("\r", "\n"))
    return Parsed(read(body), declared, {}, notes + problem)


def front_matter(text: str) -> tuple[dict[str, Any], str, tuple[str, ...]]:
    """What a text declares before it begins, the text without it, and a remark if it cannot be read.

    Every value of YAML is taken as it is written: no figure is unfolded, no alias merged.
    """
    text = text.removeprefix("\ufeff")
    fence = re.match(r"(---|\+\+\+)[^\S\n]*\r?\n", text)
    if not fence:
        return {}, text, ()
    mark = fence[1]
    end = re.compile(
        rf"^{re.escape(mark)}[^\S\n]*(?:\r?\n|\Z)" + (r"|^\.\.\.[^\S\n]*\r?\n" if mark == "---" else ""), re.M
    )
    closing = end.search(text, fence.end())
    if not closing:
        return {}, text, ()
    inside, body = text[fence.end() : closing.start()], text[closing.end() :]
    import yaml

    try:
        declared = tomllib.loads(inside) if mark == "+++" else yaml.load(inside, yaml.BaseLoader)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        reason = normalise(str(getattr(error, "problem", "") or error))[:100]
        return {}, body, (f"front matter cannot be read and was left out: {reason}. Quote values that hold a colon",)
    # nothing declared: what stands between the lines of dashes is text
    return (declared, body.lstrip("\n"), ()) if isinstance(declared, dict) and declared else ({}, text, ())


def read(text: str) -> list[Block]:
    """The blocks of Markdown."""
    from markdown_it import MarkdownIt
    from mdit_py_plugins.deflist import deflist_plugin
    from mdit_py_plugins.footnote import footnote_plugin

    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    parser.use(deflist_plugin).use(footnote_plugin, inline=True, move_to_end=True)
    return _MarkdownWalk(parser.parse(_plain(text))).blocks


# -- what is not Markdown but stands in it -------------------------------------------------------------------

_SHORTCODE = re.compile(
    r"(?P<code>`[^`\n]{1,500}`)|\{\{[<%](?P<inside>[^{}]{0,500}?)[%>]\}\}"
    r"|\{%[^{}%]{0,500}?%\}|<%[^%]{1,500}%>"
)
"""What a template leaves to a program; not where it is shown as code."""
_SAYS = re.compile(r"""\b(?:text|title|label|caption)\s?=\s?["']([^"']{1,300})["']|^\s?\w+\s+"([^"=]+\s[^"]+)\"""")
_ADMONITION = re.compile(
    r"""\s*(?:(?:!!!|\?\?\?\+?)\s+[\w -]{1,60}|===[!+]?\s+(?="))(?:"(?P<title>[^"]{0,200})")?\s*"""
)
_DIRECTIVE = re.compile(r"\s*:{3,}\s*(?:\{?[\w.-]{1,60}\}?)?\s*(?:\[?(?P<title>[^\]\[{}]{0,200})\]?)?\s*")
_CALLOUT = re.compile(r"(?P<quote>\s*>)\s*\[!\w+\][+-]?\s*(?P<title>.*)")
_ATTRIBUTES = re.compile(r"\s*\{\s?[:#.][^{}]{0,200}\}\s*$")
_MARKS = re.compile(
    r"!\[\[[^\[\]\n]{1,200}\]\]|\[\[(?:[^\[\]|\n]{1,200}\|)?(?P<link>[^\[\]|\n]{1,200})\]\]"
    r"|==(?=\S)(?P<marked>[^=\n]{1,200}?)(?<=\S)==|\+\+(?P<keys>[\w-]+(?:\+[\w-]+)*)\+\+|%%[^%\n]{1,300}%%"
    r"|:(?:material|fontawesome|octicons|simple)-[\w-]{1,60}:|(?:^|\s)\^[\w-]{3,40}$"
)
"""Marks of Obsidian and MkDocs in a line: links between notes, marked words, keys, icons, comments, names of lines."""
_COUNTED = re.compile(r"^(\s*)#(?=\.\s+\S)")
"""An item that Pandoc numbers."""
_LEFT_OUT = re.compile(
    r"""\s*(?:\[\[?toc\]?\]|\\(?:newpage|pagebreak)|<!--\s*more\s*-->|(?-i:import\s[^'"]{0,200}["'][^'"]{1,200}["'];?)"""
    r"""|(?-i:export\s(?:const|default|let|function)\s.*))\s*""",
    re.IGNORECASE,
)


def _plain(text: str) -> str:
    """Without shortcodes, directives and attributes, whose content stays; code is left alone."""
    found: list[str] = []
    fence = ""
    notes: list[tuple[int, bool]] = []  # open ones: how deep their content is set in, and whether it is an item's
    in_table = directed = called = False
    text = _SHORTCODE.sub(lambda match: match[0].replace("\n", " "), text)
    for line in text.split("\n"):
        bare = line.strip()
        deep = len(line) - len(line.lstrip())
        while notes and bare and deep < notes[-1][0] and not fence:
            notes.pop()
        inside, named = notes[-1] if notes else (0, directed)
        line = "  " * named + line[min(deep, inside) :]
        if fence or re.match(r"(?:```|~~~)", bare):
            if not fence:
                fence = bare[:3]
            elif bare.startswith(fence) and not bare.strip("`~"):
                fence = ""
            found.append(line)
            continue
        if "<table" in line:
            in_table = True
        if in_table:
            if bare:  # a blank line would end the element for Markdown
                found.append(_SHORTCODE.sub(_said, line).replace("\\\n", " "))
            in_table = "</table" not in line
            continue
        if admonition := _ADMONITION.fullmatch(line):
            notes.append((deep + 4, bool(admonition["title"])))
            found += ["", f"- {admonition['title']}" if admonition["title"] else "", ""]
            continue
        if bare.startswith(":::") and (directive := _DIRECTIVE.fullmatch(line)):
            directed = bool(directive["title"])
            found += ["", f"- {directive['title']}" if directed else "", ""]
            continue
        if callout := _CALLOUT.fullmatch(line):
            called = bool(callout["title"])
            found += ["", f"{callout['quote']} - {callout['title']}" if called else "", callout["quote"]]
            continue
        if called and (called := bare.startswith(">")):
            line = line.replace(">", ">  ", 1)
        if _LEFT_OUT.fullmatch(line):
            continue
        line = _SHORTCODE.sub(_said, line) if "{" in line or "<%" in line else line
        if "{" in line:
            line = _ATTRIBUTES.sub("", line)
        line = _COUNTED.sub(r"\g<1>1", line)
        found.append(line)
    return "\n".join(found)


def _said(match: re.Match[str]) -> str:
    return match["code"] or "\\\n".join(named or alone for named, alone in _SAYS.findall(match["inside"] or ""))


# -- tokens into blocks --------------------------------------------------------------------------------------


class _MarkdownWalk:
    """Block tokens as a reader sees them. A footnote stands after the paragraph that refers to it."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self.blocks: list[Block] = []
        self.notes: dict[int, list[Token]] = {}
        self.depth = -1
        body = list(self._without_notes(tokens))
        self._read(body, set())

    def _without_notes(self, tokens: Sequence[Token]) -> Iterator[Token]:
        note: list[Token] | None = None
        for token in tokens:
            if token.type == "footnote_open":
                note = self.notes.setdefault(token.meta["id"], [])
            elif token.type == "footnote_close":
                note = None
            elif note is not None:
                note.append(token)
            elif not token.type.startswith("footnote_"):
                yield token

    def _read(self, tokens: Sequence[Token], told: set[int]) -> None:
        numbers: list[int | None] = []  # of the next item; None: bullets
        level = 0
        fresh = opens = False
        rows: list[list[str]] = []
        head = 0
        owed: list[int] = []  # footnotes of the paragraph
        for token in tokens:
            match token.type:
                case "heading_open":
                    level = int(token.tag[1])
                case "heading_close":
                    level = 0
                case "bullet_list_open" | "ordered_list_open":
                    start = token.attrGet("start")
                    numbers.append(None if token.type.startswith("bullet") else int(1 if start is None else start))
                    opens = opens or len(numbers) == 1
                case "bullet_list_close" | "ordered_list_close" | "dl_close":
                    numbers.pop()
                case "dl_open":
                    numbers.append(None)
                    opens = len(numbers) == 1
                case "list_item_open" | "dt_open" | "dd_open":
                    fresh = True
                    self.depth = len(numbers) - (token.type != "dd_open")
                case "table_open":
                    rows, head = [], 0
                case "thead_close":
                    head = len(rows)
                case "tr_open":
                    rows.append([])
                case "table_close":
                    named = any(cell for row in rows[:head] for cell in row)
                    self.blocks += tables.blocks(tables.plain(rows), head if named else None)
                    rows = []
                case "inline":
                    words, called = inline(token.children or [])
                    owed += called
                    if rows:
                        rows[-1].append(normalise(words.replace("\x00", ", ")))
                    elif level:
                        self._add(Block(normalise(words), "heading", level))
                    elif numbers:
                        for line in html.joined(words.split("\x00")):
                            if fresh and numbers[-1] is not None:
                                line = f"{numbers[-1]}. {line}"
                                numbers[-1] += 1
                            deep = self.depth + (not fresh)
                            self._add(Block(line, "item", deep, opens=opens))
                            fresh = opens = False
                    elif _is_bold_line(token.children or []):
                        self._add(Block(normalise(words), "heading", 6))
                    else:
                        for line in html.joined(words.split("\x00")):
                            self._add(Block(line))
                case "fence" | "code_block":
                    lines = token.content.rstrip("\n").split("\n")
                    self.blocks += [Block(line, "code", opens=not i) for i, line in enumerate(lines)]
                case "html_block":
                    self.blocks += html.of_fragment(token.content)
            if owed and token.type in ("paragraph_close", "heading_close", "table_close"):
                for note in owed:
                    if note not in told:
                        told.add(note)
                        deep, self.depth = self.depth, -1
                        self._read(self.notes.get(note, []), told)
                        self.depth = deep
                owed = []

    def _add(self, block: Block) -> None:
        if block.text:
            self.blocks.append(block)


def _is_bold_line(children: Sequence[Token]) -> bool:
    """A short paragraph all in bold, without a full stop: a heading in all but name."""
    marks = [token.type for token in children if token.content or token.nesting]
    words = inline(children)[0].split()
    return marks == ["strong_open", "text", "strong_close"] and len(words) <= 12 and words[-1][-1] not in ".!?:;,"


def inline(children: Sequence[Token]) -> tuple[str, list[int]]:
    """The words of a line, a hard break as NUL, and the footnotes that it calls."""
    words: list[str] = []
    called: list[int] = []
    raised_from: int | None = None
    for token in children:
        match token.type:
            case "text":
                words.append(_MARKS.sub(lambda m: m["link"] or m["marked"] or m["keys"] or "", token.content))
            case "code_inline":
                words.append(token.content)
            case "softbreak":
                words.append(" ")
            case "hardbreak":
                words.append("\x00")
            case "footnote_ref":
                called.append(token.meta["id"])
            case "html_inline":
                tag = token.content.lower()
                if re.match(r"<br\b", tag):
                    words.append("\x00")
                elif tag.startswith("<sup"):
                    raised_from = len(words)
                elif tag == "</sup>" and raised_from is not None:
                    words[raised_from:] = [html.raised("".join(words[raised_from:]))]
                    raised_from = None
    return "".join(words), called
