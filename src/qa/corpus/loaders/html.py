"""HTML: the elements as a reader sees them, by lxml.

Left out: what is no text (scripts, forms, hidden elements), and what its element, role or class says is the page's and
not the article's (navigation, banners, share bars). Where a page marks its article, the rest is not read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from qa.corpus import tables, webpage
from qa.corpus.blocks import Block, Parsed, Unreadable, is_prose, normalise
from qa.corpus.loaders.text import decode

_NO_TEXT = frozenset(
    "script style noscript template head title meta link svg math canvas iframe object embed audio video map button "
    "select textarea input datalist dialog menu".split()
)
_AROUND = frozenset("nav aside footer form".split())
_ROLES = frozenset("navigation banner contentinfo search complementary dialog alertdialog menu menubar toolbar".split())
_FURNITURE = re.compile(
    r"(?:^|[-_ ])(?:nav(?:bar|box|igation)?|menu|breadcrumbs?|footer|sidebar|cookies?|consent|gdpr|paywall|newsletter"
    r"|subscribe|social|share|sharing|sharebar|advert(?:isement)?|ads?|promo|related|recommended|comments?|pagination"
    r"|skip-?link|headerlink|anchor-?link|mw-editsection|toc|noprint|sr-only|visually-?hidden)(?:$|[-_ ])",
    re.IGNORECASE,
)
_PARAGRAPHS = frozenset("p div section article main header figure figcaption address center blockquote hgroup".split())
_BLOCKS = _PARAGRAPHS | frozenset(
    "h1 h2 h3 h4 h5 h6 ul ol dl table pre details summary li dt dd hr tr td th tbody thead tfoot caption fieldset "
    "legend body html nav aside footer form".split()
)
_TITLE_OF_NOTE = re.compile(r"\b(?:admonition|alert|callout)[-_]?(?:title|heading)", re.IGNORECASE)
"""The class of the line above a note; what it names ends with the note, as nothing under a heading does."""
_TITLES = re.compile(r"(?:^|\s)(?:Mso)?[Tt]itle(?:$|\s)")
"""The class of a paragraph that a word processor calls its title."""
_LEVEL = re.compile(r"\blst-\S+-(\d)\b")
"""How deep Google Docs sets a list, whose lists do not lie in each other."""
_BULLET = re.compile(r"[·•▪‣◦●■]\s+(?=\S)")
_WORDS_IN_TEXT = frozenset("abbr b cite code dfn em kbd q samp strong tt var".split())
"""Elements that mark words of a sentence: what menu their class names is what the words are, not what they are for."""
_DEEPEST = 200
_RAISED = str.maketrans("0123456789+-−n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻ⁿ")
_MARKS = re.compile(r"\s*[¶§#🔗]\s*")
_REFERENCE = re.compile(r"\[?(?:\d{1,3}|[a-z]|note \d+|edit|citation needed|\*|†)\]?", re.IGNORECASE)


def load(data: bytes, name: str, content_type: str, max_bytes: int) -> Parsed:
    """The article of a page, and its metadata."""
    text, notes = decode(data, content_type, markup=True)
    tree = parse(text)
    if tree is None:
        raise Unreadable("it holds no HTML", "Open it in a browser and save the page, or remove it")
    declared = webpage.declared(tree)
    found = list(blocks(_article(tree)))
    if not any(is_prose(b.text) or b.kind in ("row", "code", "item") for b in found if not _is_caption(b)):
        if body := webpage.article_body(tree):
            found = [b for b in found if b.kind == "heading"] + [Block(line) for line in body.splitlines()]
        elif tree.xpath("//script"):
            notes += ("no article was found in it: a program may draw it. Save it from a browser as it is shown",)
    return Parsed([_uncaptioned(b) for b in found], declared, {}, notes, page=True)


def parse(text: str) -> Any:
    """The tree of a page; None where there is no element."""
    import lxml.etree
    import lxml.html

    text = re.sub(r"\A\s*<\?xml[^>]{0,200}\?>", "", text)
    parser = lxml.html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, huge_tree=False)
    try:
        return lxml.html.document_fromstring(text.encode("utf-8", "replace"), parser=parser)
    except (lxml.etree.ParserError, lxml.etree.XMLSyntaxError):
        return None


def of_fragment(markup: str) -> list[Block]:
    """The blocks of a piece of HTML inside another format."""
    tree = parse(f"<body>{markup}</body>")
    return [] if tree is None else of_tree(tree, furniture=False)


def of_tree(tree: Any, *, furniture: bool = True) -> list[Block]:
    """The blocks of a tree; without what belongs to its page if `furniture` is to go."""
    return [_uncaptioned(b) for b in blocks(tree, furniture=furniture)]


# -- where the article is ------------------------------------------------------------------------------------


def _article(tree: Any) -> Any:
    whole = _size(tree)
    for path in ("//main", "//*[@role='main']", "//article", "//*[@itemprop='articleBody']"):
        found = [e for e in tree.xpath(path) if _size(e) > 200 or _size(e) > 0.3 * whole]
        if len(found) == 1:
            return found[0]
    return tree


def _size(element: Any) -> int:
    return len("".join(element.xpath(".//text()[not(ancestor::script or ancestor::style)]")).strip())


def _is_furniture(element: Any) -> bool:
    get = element.get
    if get("role") == "tabpanel":  # shown when its tab is chosen
        return False
    if get("hidden") is not None or get("aria-hidden") == "true" or re.search(
        r"display:\s*none|visibility:\s*hidden", get("style") or ""
    ):  # fmt: skip
        return True
    said = " ".join(get(key) or "" for key in ("class", "epub:type", "role"))
    if element.tag in _AROUND and not re.search(r"\b(?:(?:foot|end|rear)?note|admonition|callout|warning|tip)", said):
        return True
    if get("role") in _ROLES:
        return True
    if element.tag in _WORDS_IN_TEXT or element.tag in ("body", "html", "main"):
        return False
    return any(_FURNITURE.search(get(key) or "") for key in ("class", "id"))


def _is_links(element: Any) -> bool:
    """A list or bar in which nearly every word leads elsewhere."""
    links = element.xpath(".//a")
    if len(links) < 4:
        return False
    words = sum(len(normalise("".join(a.itertext()))) for a in links)
    return words > 0.85 * max(1, len(normalise("".join(element.itertext()))))


# -- elements into blocks ------------------------------------------------------------------------------------

_CAPTION = "\x02"
"""Before a caption while blocks are made: it is text, but no sign of an article."""


def _is_caption(block: Block) -> bool:
    return block.text.startswith(_CAPTION)


def _uncaptioned(block: Block) -> Block:
    return Block(block.text.removeprefix(_CAPTION), block.kind, block.level, opens=block.opens)


def blocks(element: Any, *, furniture: bool = True) -> Iterator[Block]:
    """The blocks under `element`; without what belongs to the page if `furniture` is to go."""
    return _HtmlWalk(furniture).within(element, 0)


class _HtmlWalk:
    def __init__(self, furniture: bool) -> None:
        self.furniture = furniture
        self.headed = False
        """Whether a heading was read."""

    def within(self, element: Any, depth: int, item: int = -1) -> Iterator[Block]:
        """Blocks of an element's content. `item`: how deep the list item lies that it belongs to; -1: none."""
        words: list[str] = [element.text or ""]
        for child in element:
            if not isinstance(child.tag, str) or self._goes(child) or depth > _DEEPEST:
                words.append(child.tail or "")
            elif self._is_block(child):
                yield from self._lines(words, item)
                yield from self._block(child, depth + 1, item)
                words = [child.tail or ""]
            else:
                words += [self.inline(child), child.tail or ""]
        yield from self._lines(words, item)

    def _goes(self, element: Any) -> bool:
        if element.tag in _NO_TEXT:
            return True
        if not self.furniture:
            return element.get("hidden") is not None
        return _is_furniture(element) or (element.tag in ("ul", "ol", "div") and _is_links(element))

    def _is_block(self, element: Any) -> bool:
        if element.tag in _BLOCKS:
            return True
        return any(isinstance(e.tag, str) and e.tag in _BLOCKS for e in element.iterdescendants())

    def _lines(self, words: list[str], item: int) -> Iterator[Block]:
        text = "".join(words)
        for paragraph in re.split(r"\x00\s*\x00[\s\x00]*", text):
            for line in joined(paragraph.split("\x00")):
                if line and item < 0 and (bullet := _BULLET.match(line)):  # of a word processor
                    yield Block(line[bullet.end() :], "item")
                elif line:
                    yield Block(line, "item", item) if item >= 0 else Block(line)

    def inline(self, element: Any, depth: int = 0) -> str:
        """The words of an element inside a line; a line break as NUL."""
        tag = element.tag
        if not isinstance(tag, str) or self._goes(element) or depth > _DEEPEST:
            return ""
        if tag == "br":
            return "\x00"
        if tag == "wbr":
            return ""
        words = [(element.text or "").replace("\x00", "")]
        for child in element:
            words += [self.inline(child, depth + 1) if isinstance(child.tag, str) else "", child.tail or ""]
        text = "".join(words)
        if tag == "a" and _MARKS.fullmatch(text):
            return ""
        if tag == "sup":
            return raised(text, linked=bool(element.xpath(".//a")) or element.getparent().tag == "a")
        if tag == "q":
            return f"“{text}”"
        return text

    def _block(self, element: Any, depth: int, item: int) -> Iterator[Block]:
        tag = element.tag
        if tag in ("h1", "h2", "h3", "h4", "h5", "h6"):
            text = normalise(self.inline(element).replace("\x00", " "))
            if text:
                self.headed = True
                yield Block(text, "heading", int(tag[1]))
        elif tag in ("ul", "ol"):
            level = _LEVEL.search(element.get("class") or "")
            yield from self._list(element, depth, int(level[1]) if level else item + 1)
        elif tag == "dl":
            yield from self._definitions(element, depth, item + 1)
        elif tag == "table":
            yield from self._table(element, depth)
        elif tag == "pre":
            text = self.inline(element).replace("\x00", "\n").strip("\n")
            yield from (Block(line, "code", opens=not i) for i, line in enumerate(text.split("\n")))
        elif any(_TITLE_OF_NOTE.search(child.get("class") or "") for child in element):
            yield from _marked(self.within(element, depth, item + 1), "", item + 1, True)
        elif item < 0 and "ListParagraph" in (element.get("class") or ""):
            yield from self.within(element, depth, 0)
        elif tag == "p" and _TITLES.search(element.get("class") or "") and not self.headed:
            self.headed = True
            yield Block(normalise(self.inline(element).replace("\x00", " ")), "heading", 1)
        elif tag == "summary":
            yield Block(normalise(self.inline(element)), "heading", 5)
        elif tag in ("figcaption", "caption"):
            yield from (Block(_CAPTION + b.text, b.kind, b.level) for b in self.within(element, depth))
        else:
            yield from self.within(element, depth, item)

    def _list(self, element: Any, depth: int, level: int) -> Iterator[Block]:
        number = int(element.get("start")) if re.fullmatch(r"-?\d{1,6}", element.get("start") or "") else 1
        opens = level == 0
        for child in element:
            if not isinstance(child.tag, str) or self._goes(child):
                continue
            if child.tag != "li":  # a list right inside a list: wrong, and common
                yield from self._block(child, depth + 1, level) if self._is_block(child) else []
                continue
            mark = f"{number}. " if element.tag == "ol" else ""
            number += 1
            yield from _marked(self.within(child, depth + 1, level), mark, level, opens)
            opens = False

    def _definitions(self, element: Any, depth: int, level: int) -> Iterator[Block]:
        opens = level == 0
        for child in element.iter("dt", "dd"):
            if next(a for a in child.iterancestors("dl")) is not element:
                continue
            deep = level + (child.tag == "dd")
            yield from _marked(self.within(child, depth + 1, deep), "", deep, opens)
            opens = False

    def _table(self, element: Any, depth: int) -> Iterator[Block]:
        rows = [r for r in element.iter("tr") if next(a for a in r.iterancestors("table")) is element]
        cells = [[c for c in row if c.tag in ("td", "th")] for row in rows]
        for caption in element.iterchildren("caption"):
            yield from self._block(caption, depth, -1)
        lays_out = any(c.xpath(".//table | .//h1 | .//h2 | .//h3") for row in cells for c in row) or all(
            len(row) < 2 for row in cells
        )
        if lays_out or max((len(normalise("".join(c.itertext())).split()) for r in cells for c in r), default=0) > 80:
            for row in cells:
                for cell in row:
                    yield from self.within(cell, depth + 1)
            return
        header = 0
        for row, found in zip(rows, cells, strict=True):
            if not found or not (row.getparent().tag == "thead" or all(c.tag == "th" for c in found)):
                break
            header += 1
        grid = tables.spread(
            [[(self._cell(c), _span(c, "colspan"), _span(c, "rowspan")) for c in row] for row in cells]
        )
        yield from tables.blocks(grid, header or None)

    def _cell(self, cell: Any) -> str:
        return ", ".join(b.text for b in self.within(cell, 0)) if self._is_block(cell) and any(
            self._is_block(c) for c in cell if isinstance(c.tag, str)
        ) else normalise(self.inline(cell).replace("\x00", " "))  # fmt: skip


def _marked(blocks: Iterator[Block], mark: str, level: int, opens: bool) -> Iterator[Block]:
    """The blocks of one item: its mark before the first, what comes after it one deeper."""
    first = True
    for block in blocks:
        if block.kind == "item" and block.level == level:
            block = Block(f"{mark}{block.text}" if first else block.text, "item", level + (not first), opens=opens)
        elif first and mark and block.kind == "heading":
            block = Block(f"{mark}{block.text}", "heading", block.level)
        yield block
        first = opens = False


def _span(cell: Any, name: str) -> int:
    value = cell.get(name) or "1"
    return int(value) if re.fullmatch(r"\d{1,4}", value.strip()) else 1


def joined(lines: list[str]) -> list[str]:
    """Lines between single line breaks: as one where a break falls into a sentence."""
    found: list[str] = []
    for line in map(normalise, lines):
        if not line:
            continue
        if found and len(found[-1]) >= 30 and found[-1][-1] not in ".!?:;…。" and not line[0].isupper():
            found[-1] += f" {line}"
        else:
            found.append(line)
    return found


def raised(text: str, linked: bool = False) -> str:
    """A superscript: figures as such (m²), a reference to a note not at all."""
    text = text.strip()
    if (linked and _REFERENCE.fullmatch(text)) or re.fullmatch(r"\[\w{1,3}\]", text):
        return ""
    higher = text.translate(_RAISED)
    return higher if higher != text and not re.search(r"\w", re.sub(r"[⁰¹²³⁴-⁹ⁿ]", "", higher)) else text
