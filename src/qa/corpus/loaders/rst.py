"""reStructuredText by docutils, which may open no file and run no code; what it does not know stays as its words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from qa.corpus import declared, tables
from qa.corpus.blocks import Block, Parsed, normalise
from qa.corpus.loaders.text import decode, unfolded

_ROLE = re.compile(r":(?!pep:|rfc:|sub:|sup:)[a-zA-Z][\w+.:-]{0,40}:`([^`<]{0,300}?)\s{0,9}(?:<[^`<>]{0,300}>)?`")
_DIRECTIVE = re.compile(r"^[^\S\n]{0,40}\.\. ([a-zA-Z][\w+.:-]{0,40})::", re.MULTILINE)
_SILENT = frozenset("toctree index module currentmodule image figure only highlight contents automodule".split())
_UNSEEN = frozenset("system_message comment target substitution_definition pending meta raw".split())
_VERSION = {
    "versionadded": "Added in version", "versionchanged": "Changed in version",
    "deprecated": "Deprecated since version",
}  # fmt: skip
_SETTINGS = {
    "file_insertion_enabled": False, "raw_enabled": False, "report_level": 5, "halt_level": 5, "warning_stream": None,
    "_disable_config": True, "smart_quotes": False, "line_length_limit": 100_000, "doctitle_xform": True,
    "docinfo_xform": True, "toc_backlinks": False,
}  # fmt: skip
_ADORNED = re.compile(r"^(?P<title>\S[^\n]{0,200})\n(?P<line>([=\-~^#*+\"'`:.])\3{3,})[^\S\n]*$", re.MULTILINE)
_SIGNS = re.compile(
    r"^\.\. \S|``[^`\n]{1,200}``|:[a-z]{2,20}:`|::[^\S\n]*$|^:[A-Z][\w ]{1,30}:[^\S\n]|`_", re.MULTILINE
)


def load(data: bytes, name: str, content_type: str, max_bytes: int) -> Parsed:
    """The blocks of a reStructuredText file."""
    text, notes = decode(data, content_type)
    parsed = read(text)
    return Parsed(parsed.blocks, parsed.declared, {}, notes)


def is_rst(text: str) -> bool:
    """Whether a plain text is reStructuredText: underlined titles, and two signs more that nothing else has."""
    head = text[:40_000].replace("\r\n", "\n")
    titles = [m for m in _ADORNED.finditer(head) if len(m["line"].rstrip()) >= len(m["title"].rstrip()) - 1]
    return bool(titles) and len(_SIGNS.findall(head)) >= 2


def read(text: str) -> Parsed:
    """The blocks of reStructuredText; the fields that stand before its first title as what it declares."""
    from docutils import core

    text = _ROLE.sub(lambda m: m[1] or m[0], text.replace("\r\n", "\n").expandtabs(4))
    text = text.lstrip("\n")
    about, count = declared.header(text)
    lines = text.split("\n")
    body = "\n".join(lines[count:])
    _register(set(_DIRECTIVE.findall(body)))
    tree = core.publish_doctree(body, settings_overrides=dict(_SETTINGS))
    head = [Block(line, "item", opens=not i) for i, line in enumerate(unfolded(lines[:count]))]
    if not about and tree.get("title"):
        about = {"title": tree["title"]}
    return Parsed([*head, *_RstWalk().blocks(tree, 0, -1)], about)


def _register(names: set[str]) -> None:
    """Directives that docutils does not know say their argument and their content."""
    from docutils import nodes
    from docutils.parsers.rst import Directive, directives
    from docutils.parsers.rst.languages import en

    class Other(Directive):  # type: ignore[misc]
        has_content = True
        optional_arguments = 1
        final_argument_whitespace = True

        def run(self) -> list[nodes.Node]:
            if self.name in _SILENT or self.name.startswith("auto"):
                return []
            said = " ".join(" ".join(self.arguments).split())
            said = f"{_VERSION[self.name]} {said}" if self.name in _VERSION else said
            found: list[nodes.Node] = []
            if said:
                found.append(nodes.paragraph(said, said))
            if self.content:
                holder = nodes.container() if self.name in _VERSION else nodes.block_quote()
                self.state.nested_parse(self.content, self.content_offset, holder)
                found.append(holder)
            return found

        @property
        def option_spec(self) -> Any:
            return _AnyOption()

    for name in names:
        if name in _SILENT or (name not in en.directives and name not in directives._directives):
            directives.register_directive(name, Other)


class _AnyOption(dict[str, Any]):
    """Takes every option and does nothing with it."""

    def __bool__(self) -> bool:
        return True

    def __getitem__(self, key: str) -> Any:
        return lambda argument: argument


class _RstWalk:
    """docutils' tree into blocks."""

    def blocks(self, node: Any, level: int, item: int) -> Iterator[Block]:
        """Blocks under a node. `item`: how deep the list item lies that it belongs to; -1: none."""
        for child in node.children:
            yield from self.block(child, level, item)

    def block(self, node: Any, level: int, item: int) -> Iterator[Block]:
        kind = type(node).__name__
        if kind in _UNSEEN or "contents" in node.get("classes", ()):
            return
        if kind == "section":
            yield from self.blocks(node, level + 1, -1)
        elif kind in ("title", "rubric"):
            yield Block(_words(node), "heading", level + (kind == "rubric") or 1)
        elif kind == "subtitle":
            yield Block(_words(node), "heading", 2)
        elif kind in ("bullet_list", "enumerated_list"):
            yield from self._list(node, item + 1)
        elif kind in ("definition_list", "field_list", "option_list", "docinfo"):
            yield from self._pairs(node, item + 1)
        elif kind in ("literal_block", "doctest_block"):
            yield from (Block(line, "code", opens=not i) for i, line in enumerate(node.astext().split("\n")))
        elif kind == "line_block":
            yield from (
                Block(line.strip(), "item", max(item, 0), opens=not i)
                for i, line in enumerate(node.astext().split("\n"))
            )
        elif kind == "table":
            yield from self._table(node)
        elif kind in ("paragraph", "attribution", "caption", "term"):
            if text := _words(node):
                yield Block(text, "item", item) if item >= 0 else Block(text)
        elif kind in ("footnote", "citation"):
            yield from (
                b for child in node.children if type(child).__name__ != "label" for b in self.block(child, level, item)
            )
        elif hasattr(node, "children") and node.children:
            yield from self.blocks(node, level, item)

    def _list(self, node: Any, level: int) -> Iterator[Block]:
        number = int(node.get("start", 1))
        for n, entry in enumerate(node.children):
            mark = f"{number + n}. " if type(node).__name__ == "enumerated_list" else ""
            yield from _marked(self.blocks(entry, 0, level), mark, level, n == 0 and level == 0)

    def _pairs(self, node: Any, level: int) -> Iterator[Block]:
        for n, entry in enumerate(node.children):
            if len(entry.children) < 2:  # author and date of a docinfo
                yield Block(f"{type(entry).__name__.capitalize()}: {_words(entry)}", "item", level, opens=not n)
                continue
            term, *rest = entry.children
            words = _words(term)
            if type(node).__name__ in ("field_list", "docinfo"):
                inside = [b for part in rest for b in self.block(part, 0, level)]
                text = f"{words}: {inside[0].text}" if inside else words
                yield Block(text, "item", level, opens=not n)
                yield from (Block(b.text, b.kind, level + 1) for b in inside[1:])
                continue
            yield Block(words, "item", level, opens=not n)
            for part in rest:
                yield from self.block(part, 0, level + 1)

    def _table(self, node: Any) -> Iterator[Block]:
        from docutils import nodes

        rows = list(node.findall(nodes.row))
        head = sum(type(row.parent).__name__ == "thead" for row in rows)
        grid = tables.spread(
            [(_words(e), e.get("morecols", 0) + 1, e.get("morerows", 0) + 1) for e in row.children] for row in rows
        )
        for title in node.findall(nodes.title):
            yield Block(_words(title))
        yield from tables.blocks(grid, head or None)


def _words(node: Any) -> str:
    from docutils import nodes

    found: list[str] = []
    for part in node.findall(nodes.Text):
        parent = part.parent
        if isinstance(parent, nodes.footnote_reference | nodes.citation_reference | nodes.problematic):
            if isinstance(parent, nodes.problematic):
                found.append(re.sub(r"[`|_*]", "", str(part)))
            continue
        found.append(str(part))
    return normalise("".join(found))


def _marked(blocks: Iterator[Block], mark: str, level: int, opens: bool) -> Iterator[Block]:
    first = True
    for block in blocks:
        if block.kind == "item" and block.level == level:
            block = Block(f"{mark}{block.text}" if first else block.text, "item", level + (not first), opens=opens)
        yield block
        first = opens = False
