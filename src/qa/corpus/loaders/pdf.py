"""PDF by pdfium: its characters and where they stand, read as the page is laid out (`qa.corpus.layout`).

Characters make words, and words make segments: what stands on a line without a gap. No page is drawn.
"""

from __future__ import annotations

import ctypes
import re
import statistics
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

from qa.corpus import declared, layout
from qa.corpus.blocks import Parsed, Unreadable, normalise
from qa.corpus.layout import Segment, without_line_numbers
from qa.corpus.loaders.html import raised

_LIGATURES = {0xFB00: "ff", 0xFB01: "fi", 0xFB02: "fl", 0xFB03: "ffi", 0xFB04: "ffl", 0xFB05: "st", 0xFB06: "st"}
_ACCENTS = dict(zip("`´ˆ˜¨¯˘˙˚ˇ˝", map(chr, (768, 769, 770, 771, 776, 772, 774, 775, 778, 780, 779)), strict=True))
"""Set over the letter that comes next, as old fonts of LaTeX do, and the marks that Unicode joins with it."""
_SPACE, _GAP = 0.12, 0.75
"""Between words, and between segments: shares of the height of the type."""
_BLANKS = 3
"""So many blanks in a row set something apart."""
_FEW = 20
"""Characters: a page that holds fewer, and a picture, is a picture."""


def load(data: bytes, name: str, content_type: str, max_bytes: int) -> Parsed:
    """The paragraphs and tables of the pages, and what the file says of itself."""
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        if "password" in str(error).lower() or "security" in str(error).lower():
            raise Unreadable("it is encrypted", "Save a copy without a password") from error
        raise
    try:
        if document.get_formtype():
            document.init_forms()
        pages: list[list[Segment]] = []
        scanned: list[int] = []
        size = 0
        for number in range(len(document)):
            page = document[number]
            pages.append(_page(page, document))
            letters = sum(len(s.text) for s in pages[-1])
            if letters < _FEW and _has_picture(page):
                scanned.append(number + 1)
            page.close()
            size += letters
            if size > max_bytes:
                raise Unreadable(f"its text is over {max_bytes / 1e6:g} MB", "Split it, or raise max_document_mb")
        about = document.get_metadata_dict()
    finally:
        document.close()
    if not any(pages):
        raise Unreadable("it has no text; its pages may be pictures", "Run OCR over it (ocrmypdf) and add the result")
    blocks = layout.blocks(pages)
    named = {"title": about.get("Title"), "author": about.get("Author")}
    return Parsed(blocks, {}, declared.properties(named, blocks), _told(scanned, len(pages)), plain=True, printed=True)


def _told(scanned: list[int], of: int) -> tuple[str, ...]:
    if not scanned:
        return ()
    which = ", ".join(map(str, scanned[:12])) + (" ..." if len(scanned) > 12 else "")
    return (
        f"{len(scanned)} of {of} pages hold almost no text, perhaps pictures (page {which}); OCR reads them (ocrmypdf)",
    )


# -- characters into segments --------------------------------------------------------------------------------


def _page(page: Any, document: Any) -> list[Segment]:
    """The segments of a page; those that are turned come after the others, as they read when the page is turned."""
    chars = list(_characters(page))
    letters = "".join(char[1] for char in chars)
    mirrored = 2 * len(_LEFTWARDS.findall(letters)) > sum(c.isalpha() for c in letters)
    found: dict[int, list[tuple[str, float, float, float, float, bool]]] = {}
    printed: set[tuple[int, str, int, int]] = set()
    for turn, letter, x0, x1, y, size, bold in _from_the_right(chars) if mirrored else chars:
        near = [(turn, letter, round(16 * x0 / (size or 1)) + dx, round(8 * y / (size or 1))) for dx in (0, -1, 1)]
        if not letter.isspace() and not printed.isdisjoint(near):  # printed twice, a little apart, to look bold
            continue
        printed.add(near[0])
        found.setdefault(turn, []).append((letter, x0, x1, y, size, bold))
    fields = [replace(s, x0=-s.x1, x1=-s.x0) if mirrored else s for s in _fields(page, document)]
    segments: list[Segment] = []
    most = max(found, key=lambda turn: len(found[turn]), default=0)
    type_size = statistics.median(char[4] for char in found[most]) if found else 0.0
    for turn in sorted(found):
        made = _segments(found[turn])
        # a stamp that runs up the edge is no heading, however large
        segments += made if turn == most else [replace(s, size=min(s.size, type_size), bold=False) for s in made]
    return without_line_numbers(segments) + fields


_FROM_RIGHT = "\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc"
_LEFTWARDS = re.compile(f"[{_FROM_RIGHT}]")
_LETTER = rf"[^\W_{_FROM_RIGHT}]"
_WORD = rf"{_LETTER}(?:[^\s{_FROM_RIGHT}()\[\]]*{_LETTER})?"
_RIGHTWARDS = re.compile(rf"{_WORD}(?:(?<=[^\W\d_])\s+(?=[^\W\d_]){_WORD})*")
"""A figure, or words of another script, inside such a line."""
_MIRRORED = str.maketrans("()[]{}<>«»", ")(][}{><»«")
_ALEF_LAM = re.compile("[\u0622\u0623\u0625\u0627]\u0644")
"""Their ligature is lam, then alef: where it comes the other way, pdfium turned the letters of all."""
_Char = tuple[int, str, float, float, float, float, bool]


def _from_the_right(chars: Sequence[_Char]) -> Iterator[_Char]:
    """The characters of a page of Arabic, Hebrew or Persian, which pdfium gives as they are spoken, mirrored: so its
    lines, columns and tables begin at the right. What reads from the left is turned again, each piece in its place."""
    turned = any(_ALEF_LAM.fullmatch(char[1]) for char in chars)
    lines: list[list[_Char]] = []
    for turn, char, x0, x1, y, size, bold in chars:
        last = lines[-1][-1] if lines else None
        if last and unicodedata.combining(char[0]):  # a mark belongs to its letter
            lines[-1][-1] = (turn, last[1] + char, *last[2:])
            continue
        if not last or turn != last[0] or abs(y - last[4]) > 0.3 * size:
            lines.append([])
        if "\ufb1d" <= char[0] <= "\ufefc":
            char = unicodedata.normalize("NFKC", char)
        elif turned:
            char = char[::-1]
        lines[-1].append((turn, char.translate(_MIRRORED), -x1, -x0, y, size, bold))
    for line in lines:
        for found in _RIGHTWARDS.finditer("".join(char[1][0] for char in line)):
            piece: list[_Char] = []
            done: list[_Char] = []
            for place in sorted(line[found.start() : found.end()], key=lambda place: place[2]):
                if piece and place[2] - piece[-1][3] > _GAP * place[5]:  # of the next cell
                    done += _turned(piece)
                    piece = []
                piece.append(place)
            line[found.start() : found.end()] = done + _turned(piece)
        yield from line


def _turned(piece: Sequence[_Char]) -> list[_Char]:
    both = piece[0][2] + piece[-1][3]
    return [(turn, char, both - x1, both - x0, *rest) for turn, char, x0, x1, *rest in reversed(piece)]  # type: ignore[misc]


def _characters(page: Any) -> Iterator[_Char]:
    """(quarter turns, character, left, right, base line, height, bold) in the direction in which each reads."""
    from pypdfium2 import raw

    text = page.get_textpage()
    box, x, y = raw.FS_RECTF(), ctypes.c_double(), ctypes.c_double()
    generated = raw.FPDFText_IsGenerated
    last: _Char | None = None
    for i in range(text.count_chars()):
        code = raw.FPDFText_GetUnicode(text, i)
        if generated(text, i) or (code < 32 and code != 2):
            continue
        char = "-" if code in (2, 0xAD, 0xFFFE) else _LIGATURES.get(code) or chr(code)
        raw.FPDFText_GetLooseCharBox(text, i, box)
        raw.FPDFText_GetCharOrigin(text, i, x, y)
        turn = round(raw.FPDFText_GetCharAngle(text, i) / (3.14159265 / 2)) % 4
        bold = raw.FPDFText_GetFontWeight(text, i) >= 600
        if turn == 0:
            place = box.left, box.right, y.value, box.top - box.bottom
        elif turn == 3:
            place = box.bottom, box.top, -x.value, box.right - box.left
        elif turn == 1:
            place = -box.top, -box.bottom, x.value, box.right - box.left
        else:
            place = -box.right, -box.left, -y.value, box.top - box.bottom
        accent = _ACCENTS.get(last[1]) if last else None
        if last and accent and char.isalpha() and place[0] < (last[2] + last[3]) / 2 < place[1]:
            char = unicodedata.normalize("NFC", {"ı": "i", "ȷ": "j"}.get(char, char) + accent)
        elif last and last[2:6] == place and place[0] < place[1] and not char.isspace():
            char = last[1] + char  # the letters of a ligature, all in its one place
        elif last:
            yield last
        last = (turn, char, *place, bold)
    if last:
        yield last
    text.close()


def _segments(chars: Sequence[tuple[str, float, float, float, float, bool]]) -> list[Segment]:
    """Characters on one base line, cut where a gap is wider than words are apart."""
    runs: list[list[tuple[str, float, float, float, float, bool]]] = []
    blanks, begun = 0, 0.0
    for char in chars:
        if char[0].isspace():
            begun = begun if blanks else char[1]
            blanks += 1
            continue
        if blanks == 1 and 0 <= char[1] - begun < 0.1 * char[4]:  # a blank that takes no room is none
            blanks = 0
        if runs and blanks < _BLANKS and _follows(runs[-1][-1], char):
            runs[-1].append((f" {char[0]}" if blanks else char[0], *char[1:]))
        else:
            runs.append([char])
        blanks = 0
    return _merged([_segment(run) for run in runs])


def _follows(a: tuple[str, float, float, float, float, bool], b: tuple[str, float, float, float, float, bool]) -> bool:
    size = max(a[4], b[4], 1.0)
    return abs(a[3] - b[3]) < 0.1 * size and -0.5 * size < b[1] - a[2] < _GAP * size and abs(a[4] - b[4]) < 0.15 * size


def _segment(run: Sequence[tuple[str, float, float, float, float, bool]]) -> Segment:
    size = max(char[4] for char in run) or 1.0
    words = [run[0][0]]
    for a, b in pairwise(run):
        words += [" ", b[0]] if b[1] - a[2] > _SPACE * size and b[0][0] != " " else [b[0]]
    bold = sum(char[5] for char in run) > len(run) / 2
    return Segment("".join(words), run[0][1], run[-1][2], run[0][3], size, bold)


def _merged(segments: list[Segment]) -> list[Segment]:
    """Pieces of one line that touch, set in another type or raised: one segment."""
    done: list[Segment] = []
    ends: dict[int, list[int]] = {}  # by base line: which of `done` may go on
    for segment in sorted(segments, key=lambda s: s.x0):
        key = round(segment.y / 4)
        near = [i for k in range(key - 2, key + 3) for i in ends.get(k, ())[-8:]]
        before = next((i for i in sorted(near, key=lambda i: -done[i].x1) if _touch(done[i], segment)), None)
        if before is None:
            ends.setdefault(key, []).append(len(done))
            done.append(segment)
            continue
        a = done[before]
        raise_b, raise_a = _is_raised(segment, a), _is_raised(a, segment)
        apart = " " if segment.x0 - a.x1 > _SPACE * max(a.size, segment.size) and not raise_b else ""
        left = raised(a.text) if raise_a else a.text
        right = raised(segment.text) if raise_b else segment.text
        base = segment if raise_a else a
        done[before] = replace(
            base, text=f"{left}{apart}{right}", x0=a.x0, x1=max(a.x1, segment.x1), bold=a.bold and segment.bold,
            size=max(a, segment, key=lambda s: len(s.text)).size,  # signs of mathematics stand in higher boxes
        )  # fmt: skip
        ends.setdefault(round(base.y / 4), []).append(before)
    return done


def _touch(a: Segment, b: Segment) -> bool:
    size = max(a.size, b.size)
    if not -0.3 * size < b.x0 - a.x1 < _GAP * size:
        return False
    if abs(a.y - b.y) < 0.1 + 0.02 * size:
        return b.x0 - a.x1 < 1.5 * _SPACE * size or a.bold != b.bold or a.size != b.size
    return _is_raised(a, b) or _is_raised(b, a)


def _is_raised(a: Segment, b: Segment) -> bool:
    """Whether `a` is a superscript of the line of `b`."""
    return len(a.text) < 5 and a.size < 0.85 * b.size and 0.05 * b.size < a.y - b.y < 0.6 * b.size


def _fields(page: Any, document: Any) -> Iterator[Segment]:
    """What is filled into the fields of a form, and notes that are written on the page."""
    from pypdfium2 import raw

    form = document.formenv
    for i in range(raw.FPDFPage_GetAnnotCount(page)):
        note = raw.FPDFPage_GetAnnot(page, i)
        if not note:
            continue
        kind = raw.FPDFAnnot_GetSubtype(note)
        value = ""
        if kind == raw.FPDF_ANNOT_WIDGET and form:
            sort = raw.FPDFAnnot_GetFormFieldType(form, note)
            if sort in (raw.FPDF_FORMFIELD_CHECKBOX, raw.FPDF_FORMFIELD_RADIOBUTTON):
                value = "☒" if raw.FPDFAnnot_IsChecked(form, note) else "☐"
            elif sort in (raw.FPDF_FORMFIELD_TEXTFIELD, raw.FPDF_FORMFIELD_COMBOBOX, raw.FPDF_FORMFIELD_LISTBOX):
                value = _utf16(lambda buffer, n: raw.FPDFAnnot_GetFormFieldValue(form, note, buffer, n))  # noqa: B023
        elif kind == raw.FPDF_ANNOT_FREETEXT:
            value = _utf16(lambda buffer, n: raw.FPDFAnnot_GetStringValue(note, b"Contents", buffer, n))  # noqa: B023
        box = raw.FS_RECTF()
        if (text := normalise(value)) and raw.FPDFAnnot_GetRect(note, box):
            height = min(abs(box.top - box.bottom), 12.0)
            middle = (box.top + box.bottom) / 2 - height / 3
            yield Segment(text, box.left, max(box.left + 4.0 * len(text), box.left + 1), middle, height)
        raw.FPDFPage_CloseAnnot(note)


def _utf16(read: Any) -> str:
    from pypdfium2 import raw

    size = read(None, 0)
    if not 2 < size < 100_000:
        return ""
    buffer = ctypes.create_string_buffer(size)
    read(ctypes.cast(buffer, ctypes.POINTER(raw.FPDF_WCHAR)), size)
    return buffer.raw.decode("utf-16-le", "replace").rstrip("\x00")


def _has_picture(page: Any) -> bool:
    from pypdfium2 import raw

    return next(iter(page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE], max_depth=3)), None) is not None
