"""Plain text: its encoding, its wrapped lines, and what it really is: a table, a mail, reStructuredText, an RFC."""

from __future__ import annotations

import csv
import io
import re
from bisect import bisect
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise

from qa.corpus import declared, tables
from qa.corpus.blocks import Block, Parsed, Unreadable

_ITEM = re.compile(r"(?:[-*•·▪‣–]|\(?\d{1,3}[.)]|\(?(?:[a-z]|[ivx]{2,5})[.)])\s+(?=\S)")
_FLOWS = re.compile(r"[^\W\d_][.!?]['\"”)]? +[^\W\d_a-z]|^\s*[a-zà-öø-ÿ]\w* \w")
"""In a line of prose: a sentence ends, or the line begins inside of one."""
_ENDED = re.compile(r"[.!?:…。！？)][”\"')\]]{0,3}(?:\[\w{1,4}\])*$")
_LABEL = re.compile(r"[A-Z][\w .'’&-]{0,30}:\s")
"""Before what somebody says, or the value of a field."""
_BULLET = re.compile(r"[-*•·▪‣–]\s+(?=\S)")
_HINTS = (
    re.compile(rb"""<meta[^<>]{0,200}charset\s{0,9}=\s{0,9}["']?([\w.:-]{2,40})""", re.IGNORECASE),
    re.compile(rb"""<\?xml[^<>]{0,200}encoding\s{0,9}=\s{0,9}["']([\w.:-]{2,40})"""),
    re.compile(rb"""(?:^|\n)[^\n]{0,80}coding[:=][ \t]{0,9}([\w.-]{2,40})"""),
)


def load(data: bytes, name: str, content_type: str, max_bytes: int) -> Parsed:
    """The paragraphs of a text; of one that is another format, what that format's loader finds."""
    from qa.corpus.loaders import mail, markdown, rst

    text, notes = decode(data, content_type)
    if mail.is_mail(text):
        parsed = mail.load(text.encode("utf-8", "replace"), name, "charset=utf-8", max_bytes)
        return Parsed(parsed.blocks, parsed.declared, parsed.guessed, notes + parsed.notes)
    if rst.is_rst(text):
        parsed = rst.read(text)
        return Parsed(parsed.blocks, parsed.declared, parsed.guessed, notes + parsed.notes)
    about, body, problem = markdown.front_matter(text)
    if not about:
        about, count = declared.header(body.lstrip("\ufeff\r\n"))
        lines = body.lstrip("\ufeff\r\n").splitlines() if count else []
        head = [Block(line, "item", opens=not i) for i, line in enumerate(unfolded(lines[:count]))]
        body = "\n".join(lines[count:]) if count else body
        return Parsed([*head, *blocks(body)], about, {}, notes + problem, plain=True)
    return Parsed(blocks(body), about, {}, notes + problem, plain=True)


def unfolded(lines: Sequence[str]) -> list[str]:
    """Header lines, those that begin with a blank joined to the one before."""
    whole: list[str] = []
    for line in lines:
        if whole and line[:1] in " \t":
            whole[-1] += f" {line.strip()}"
        else:
            whole.append(line.strip())
    return whole


# -- bytes into characters -----------------------------------------------------------------------------------


def decode(data: bytes, content_type: str = "", *, markup: bool = False) -> tuple[str, tuple[str, ...]]:
    """The text of bytes, and a remark where it is not certain.

    By byte order mark; else as UTF-8, where a few bad bytes cost a character each; else as the server or the document
    says (`markup`: in its elements too); else by chardet's guess.

    Raises:
        Unreadable: it is no text.
    """
    for mark, encoding in ((b"\xff\xfe\x00\x00", "utf-32"), (b"\x00\x00\xfe\xff", "utf-32"),
                           (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):  # fmt: skip
        if data.startswith(mark):
            try:
                return data.decode(encoding), ()
            except UnicodeDecodeError as error:
                raise Unreadable(f"it begins like {encoding} but is not", "Save it as UTF-8") from error
    if b"\x00" in data:
        return _wide(data)
    try:
        return data.decode("utf-8-sig"), ()
    except UnicodeDecodeError:
        pass
    lenient = data.decode("utf-8-sig", "replace")
    bad = lenient.count("\ufffd")
    if sum(not c.isascii() for c in lenient) > 10 * bad:  # UTF-8 all the same
        lost = "one byte that is" if bad == 1 else f"{bad} bytes that are"
        return lenient, (f"it holds {lost} not UTF-8; each is shown as \ufffd",)
    for hint in _hints(data[:4096], content_type, markup):
        try:
            return data.decode(hint), ()
        except (LookupError, UnicodeDecodeError, UnicodeError):
            continue
    import chardet

    guess = chardet.detect(data[:200_000])["encoding"] or "cp1252"
    text = data.decode(guess, "replace")
    return text, (f"not UTF-8, read as {guess}; save it as UTF-8 to be sure",)


def _hints(head: bytes, content_type: str, markup: bool) -> Iterator[str]:
    if said := re.search(r"charset\s{0,9}=\s{0,9}[\"']?([\w.:-]{2,40})", content_type, re.IGNORECASE):
        yield said[1]
    for hint in _HINTS if markup else _HINTS[2:]:
        if found := hint.search(head):
            name = found[1].decode("ascii", "replace").lower()
            yield "cp1252" if name in ("iso-8859-1", "latin1", "latin-1", "ascii", "us-ascii") else name


def _wide(data: bytes) -> tuple[str, tuple[str, ...]]:
    """UTF-16 without its mark: every other byte of Western text is nought."""
    even, odd = data[::2].count(0), data[1::2].count(0)
    encoding = "utf-16-le" if odd > 4 * even else "utf-16-be"
    if max(even, odd) > len(data) / 8:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            text = "\x00"
        if sum(c.isprintable() or c.isspace() for c in text) > 0.95 * len(text):
            return text, (f"read as {encoding}, which it does not say; save it as UTF-8 to be sure",)
    raise Unreadable("it is binary, not text", "Remove it, or save its text as UTF-8")


# -- lines into blocks ---------------------------------------------------------------------------------------


def blocks(text: str) -> list[Block]:
    """The paragraphs, items and tables of a text."""
    if rows := _separated(text):
        return tables.blocks(tables.plain(rows))
    lines = _unpaged(text)
    return list(paragraphs(lines))


def _separated(text: str) -> list[list[str]]:
    """The rows of a text that is a table of values between commas, semicolons or tabs; else none."""
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) < 3:
        return []
    for mark in ",;\t|":
        if lines[0].count(mark) and len({line.count(mark) for line in lines[:50] if '"' not in line}) == 1:
            rows = list(csv.reader(io.StringIO("\n".join(lines)), delimiter=mark))
            width = len(rows[0])
            cells = [cell for row in rows for cell in row]
            short = sum(len(cell.split()) <= 4 for cell in cells) > 0.8 * len(cells)
            even = sum(len(row) == width for row in rows) > 0.95 * len(rows)
            if width > 1 and even and short and (width > 2 or mark == "\t" or mark != ","):
                return rows
    return []


_FOOT = re.compile(r".*\[Page \d+\]\s*")


def _unpaged(text: str) -> list[str]:
    """Lines without the heads and feet of printed pages: what stands at form feeds or "[Page 4]", again and again."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    feet = [i for i, line in enumerate(lines) if _FOOT.fullmatch(line)]
    if not feet:
        return [piece for line in lines for piece in line.split("\f")]
    heads: Counter[str] = Counter()
    gone = set(feet)
    for foot in feet:
        after = next((i for i in range(foot + 1, min(foot + 8, len(lines))) if lines[i].strip("\f ")), None)
        if after is not None:
            heads[lines[after].strip("\f ")] += 1
    common = {head for head, n in heads.items() if (n > 1 or len(feet) == 1) and re.search(r"\S {3,}\S", head)}
    kept: list[str] = []
    for i, line in enumerate(lines):
        bare = line.strip("\f ")
        if i in gone or (bare in common and kept and not kept[-1]):
            while kept and not kept[-1].strip():  # a paragraph may go on on the next page
                kept.pop()
            kept.append("")
            continue
        if not bare and kept and not kept[-1]:
            continue
        kept.append(line.replace("\f", ""))
    return kept


def paragraphs(lines: Sequence[str], page: int = 0) -> Iterator[Block]:
    """Lines into blocks: wrapped paragraphs joined, whatever their width; words broken at a line's end made whole."""
    known = vocabulary(lines)
    edge = _edge(lines)
    for chunk in _chunks(lines):
        yield from _chunk(chunk, known, page, edge)


def _edge(lines: Sequence[str]) -> int:
    """How far right the lines go where sentences run over their ends; 0: few do."""
    ends = sorted(
        len(a.rstrip())
        for a, b in pairwise(lines)
        if b.strip()[:1].islower() and a.strip() and not _ENDED.search(a.rstrip()) and len(a) < 160
    )
    return ends[int(0.9 * (len(ends) - 1))] if len(ends) > 2 else 0


def _chunks(lines: Sequence[str]) -> Iterator[list[str]]:
    chunk: list[str] = []
    for line in [*lines, ""]:
        if line.strip():
            chunk.append(line.expandtabs(4).rstrip())
        elif chunk:
            yield chunk
            chunk = []


def _chunk(lines: list[str], known: Counter[str], page: int, edge: int) -> Iterator[Block]:
    """One paragraph, list, or run of lines between blank ones."""
    rows, header = _columns(lines)
    if rows:
        yield from tables.blocks(tables.plain(rows), header, page=page)
        return
    width = _width(lines)
    if len(lines) < 4 and width < edge - (deep := min(len(line) - len(line.lstrip()) for line in lines)):
        width = edge - deep  # too few to tell, so the document does
    prose = sum(bool(_FLOWS.search(line)) for line in lines) >= 0.2 * len(lines)
    running: list[str] = []
    mark: tuple[int, str] | None = None
    first = True
    for before, line in pairwise(["", *lines]):
        bare = line.strip()
        item = _ITEM.match(bare)
        deep = len(line) - len(line.lstrip())
        goes_on = bool(before) and not item and not _LABEL.match(bare) and (
            _wraps(before, bare, width, prose, len(running) > 1) or (mark is not None and deep > mark[0])
        )  # fmt: skip
        if goes_on:
            running[-1:] = glue(running[-1], bare, known)
            running.insert(0, "")  # how many lines there were
            continue
        if running:
            yield _made(running[-1], mark, page, first)
            first = False
        mark = (deep, item[0]) if item else None
        running = [bare]
    if running:
        yield _made(running[-1], mark, page, first)


def _made(text: str, mark: tuple[int, str] | None, page: int, opens: bool) -> Block:
    if mark is None:
        return Block(text, page=page)
    bullet = _BULLET.match(text)
    return Block(text[bullet.end() :] if bullet else text, "item", min(mark[0] // 2, 8), page, opens=opens)


def _width(lines: Sequence[str]) -> int:
    """How long a line gets before it is wrapped: that of the longest, those far longer than the rest aside."""
    sizes = sorted(len(line.strip()) for line in lines)
    typical = sizes[max(int((len(sizes) - 1) * 0.75), len(sizes) == 2)]
    return max(size for size in sizes if size <= 1.5 * typical + 10)


def _wraps(before: str, line: str, width: int, prose: bool, inside: bool) -> bool:
    """Whether a line goes on on the next one: there was no room for its first word, or it breaks off in a sentence.

    `prose`: sentences run over the lines around; `inside`: the line before went on with one before it.
    """
    before = before.strip()
    if width > 160 or len(before) > 1.5 * width:  # a paragraph a line
        return False
    ended = bool(_ENDED.search(before))
    room = len(before) + 1 + len(line.split(maxsplit=1)[0]) <= width
    if line[0].islower() or before[-1] in ",;-–":
        return not ended or not room
    if ended:
        return not room and 45 <= width <= 100
    if prose:
        return inside or len(before) > 0.5 * width
    return len(before) > 0.75 * width and width >= 45


_WIDEST = 400
"""Characters of a line that may be set in columns."""
_RULER = re.compile(r"[\s|+:]*[-=]{2}[\s|+:=-]*")
"""A line of dashes under the names of columns, or around a row."""


def _columns(lines: Sequence[str]) -> tuple[list[list[str]], int | None]:
    """The cells of lines set in columns, and how many rows name these; none where they are not.

    Columns are told by bars, by the dashes of a ruler, or by the blanks that go down through all lines.
    """
    rulers = [i for i, line in enumerate(lines) if _RULER.fullmatch(line)]
    words = [i for i in range(len(lines)) if i not in rulers]
    if len(words) < 2 or max(map(len, lines)) > _WIDEST:
        return [], None
    barred = all("|" in lines[i] for i in words)
    if barred and rulers:
        cells = [[cell.strip() for cell in lines[i].strip().strip("|").split("|")] for i in words]
    else:
        marks = max((re.findall(r"[-=]+", lines[i]) for i in rulers), key=len, default=[])
        starts = [lines[i] for i in rulers] if len(marks) > 1 else [lines[i] for i in words]
        gutters = _gutters(starts, 1 if len(marks) > 1 else 2)
        edges = [0, *gutters, max(map(len, lines))]
        cells = [[lines[i][a:b].strip() for a, b in pairwise(edges)] for i in words]
        if any(0 < a < len(lines[i]) and not lines[i][a - 1 : a + 1].count(" ") for i in words for a in gutters):
            return [], None  # a word goes over the edge
    if len({len(row) for row in cells}) != 1 or len(cells[0]) < 2:
        return [], None
    if any(len(cell.split()) > 12 for row in cells for cell in row) or all(_ITEM.match(f"{row[0]} x") for row in cells):
        return [], None
    prose = len(words) == 2 and any(_FLOWS.search(lines[i]) for i in words)
    if not rulers and (prose or sum(all(row) for row in cells) < max(2, 0.5 * len(cells))):
        return [], None
    header = next((sum(i < ruler for i in words) for ruler in rulers if any(i < ruler for i in words)), None)
    if lines[0].lstrip().startswith("+"):  # a row may go over several lines, between rulers
        rows = [[" ".join(filter(None, column)) for column in zip(*group, strict=True)]
                for _, run in groupby(zip(words, cells, strict=True), key=lambda pair: bisect(rulers, pair[0]))
                if (group := [row for _, row in run])]  # fmt: skip
        return rows, 1 if header and len(rows) > 1 else None
    return cells, header if header and header < len(cells) else None


def _gutters(lines: Sequence[str], least: int) -> list[int]:
    """Where the blanks end that go down through all lines, `least` wide."""
    width = max(map(len, lines))
    blank = [all(line[x : x + 1] in ("", " ") for line in lines) for x in range(width)]
    first = blank.index(False) if False in blank else width
    return [x for x in range(first + least, width) if not blank[x] and all(blank[x - least : x])]


def vocabulary(lines: Sequence[str]) -> Counter[str]:
    """How often each word stands in the lines, words with hyphens as one."""
    return Counter(w.lower() for line in lines for w in re.findall(r"[^\W\d_]+(?:-[^\W\d_]+)*", line))


def glue(before: str, after: str, known: Counter[str]) -> list[str]:
    """Two lines of one paragraph; as one where a hyphen breaks a word, which it keeps if the text has it so."""
    broken = re.search(r"([^\W\d_]+)[-\u00ad\u2010]$", before[-100:])
    rest = re.match(r"[^\W\d_]+", after)
    if not broken or not rest:
        joins = before.endswith(("/", "-")) or (re.search(r"\w[–‑]$", before[-2:]) and after[:1].isdigit())
        return [before + after if joins else f"{before} {after}"]
    if not rest[0][0].islower() or known[f"{broken[1]}-{rest[0]}".lower()]:
        return [before + after]
    return [before[:-1] + after]
