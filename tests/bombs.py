"""Documents made to stop who reads them: bombs, damage, repeats that cost a parser its square.

`python tests/bombs.py FOLDER` writes them, each with a sound one behind it, and those of `tests/hostile.py`:
`qa index --corpus FOLDER` must read the sound ones all the same.
"""

from __future__ import annotations

import io
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

from fpdf import FPDF
from openpyxl import Workbook
from pptx import Presentation

GOOD = "The harbour bridge will cost 71 million euros, the auditors said on Thursday."


def endless_pdf() -> bytes:
    made = FPDF()
    made.set_font("helvetica", size=11)
    made.add_page()
    made.cell(0, 6, "Words.")
    made._out("q Q " * 1_000_000)
    return bytes(made.output())


def archive(**files: str | bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as made:
        for name, content in files.items():
            made.writestr(name.replace("__", "/") + ".xml", content)
    return packed.getvalue()


def laughs() -> str:
    """Eleven levels of entities, each twenty of the one before."""
    levels = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 20}">' for n in range(1, 12))
    return f'<!DOCTYPE d [<!ENTITY e0 "lol">{levels}]><d>&e11;</d>'


def deep(element: str) -> bytes:
    return archive(word__document=f"<{element}>" * 100_000)


def damaged(data: bytes) -> bytes:
    return data[:30] + b"\xff" * 20 + data[50:]


def aliases(levels: int) -> str:
    return "a0: &a0 lol\n" + "".join(f"a{n}: &a{n} [{f'*a{n - 1},' * 9}]\n" for n in range(1, levels))


def merges(levels: int) -> str:
    lines = ["a0: &a0 {x: 1}", *(f"a{n}: &a{n}\n  <<: [*a{n - 1}, *a{n - 1}]" for n in range(1, levels))]
    return "---\n" + "\n".join(lines) + f"\n---\n{GOOD} It is merged."


def swapped(made: io.BytesIO, part: str, content: str) -> bytes:
    """An archive in which one part is another."""
    packed = io.BytesIO()
    with zipfile.ZipFile(made) as old, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, content if name == part else old.read(name))
    return packed.getvalue()


def sheet(cells: str) -> bytes:
    """A workbook whose sheet has these rows."""
    made = io.BytesIO()
    Workbook().save(made)
    name = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    return swapped(
        made, "xl/worksheets/sheet1.xml", f'<worksheet xmlns="{name}"><sheetData>{cells}</sheetData></worksheet>'
    )


def slides() -> bytes:
    """A presentation whose first slide is a billion laughs."""
    made, shown = io.BytesIO(), Presentation()
    shown.slides.add_slide(shown.slide_layouts[5])
    shown.save(made)
    return swapped(made, "ppt/slides/slide1.xml", laughs())


def book() -> bytes:
    """An EPUB whose chapter unpacks to half a gigabyte."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as made:
        made.writestr("mimetype", "application/epub+zip")
        made.writestr("META-INF/container.xml", "<container><rootfile full-path='a.opf'/></container>")
        made.writestr("a.opf", "<package><manifest><item id='a' href='a.html'/></manifest></package>")
        made.writestr("a.html", b"<p>" + b"a" * 450_000_000)
    return packed.getvalue()


def nested_mail() -> str:
    """A message in a message in a message."""
    head = "From: a@example.org\nSubject: Nested\nMIME-Version: 1.0\n"
    return "".join(f'{head}Content-Type: multipart/mixed; boundary="{n}"\n\n--{n}\n' for n in range(3_000)) + GOOD


def looping_pdf() -> bytes:
    """Its tree of pages holds itself."""
    return (
        b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
        b"2 0 obj<</Type/Pages/Count 1000000000/Kids[2 0 R 2 0 R]/Parent 2 0 R>>endobj\n"
        b"trailer<</Root 1 0 R/Size 3>>\n%%EOF"
    )


BOMBS: dict[str, str | bytes | Callable[[], bytes]] = {
    "damaged.docx": damaged(archive(word__document="<w>words</w>" * 50)),
    "empty.docx": archive(word__document=""),
    "zip.docx": lambda: archive(word__document=b"\0" * 450_000_000),
    "entities.docx": archive(word__document=laughs()),
    "deep.docx": deep("w"),
    "hexadecimal.md": f"---\ntitle: 0x{'f' * 10_000}\n---\n{GOOD} It has a title.",
    "merges.md": merges(30),
    "stops.md": "!" * 100_000,
    "stops-apart.txt": "! " * 100_000,
    "divisions.html": "<html><body>" + "<div>\u2039" * 100_000,
    "meta.html": "<html><head>" + "<meta " * 60_000,
    "images.md": "![" * 100_000,
    "paragraphs.html": "<html><body>" + "<p>a</p>" * 200_000,
    "lines.txt": "a\n" * 200_000,
    "deep.html": "<html><body>" + "<div>" * 200_000 + GOOD,
    "quotes.md": ">" * 50_000 + GOOD,
    "lists.md": "".join(" " * n + "- a\n" for n in range(2_000)),
    "brackets.md": "[" * 100_000,
    "open-quotation.txt": '"' + "a. " * 200_000,
    "endless.pdf": endless_pdf,
    "broken.pdf": b"%PDF-1.7 broken",
    "loop.pdf": looping_pdf,
    "corner.xlsx": lambda: sheet(
        '<row r="1048576"><c r="XFD1048576" t="inlineStr"><is><t>The far corner is used.</t></is></c></row>'
    ),
    "rows.xlsx": lambda: sheet('<row><c t="inlineStr"><is><t>a</t></is></c></row>' * 100_000),
    "entities.pptx": slides,
    "pages.epub": book,
    "nested.eml": nested_mail,
    "aliases.md": f"---\n{aliases(30)}---\n{GOOD} It has aliases.",
    "columns.csv": "a," * 1_000_000,
    "deep.jsonl": "[" * 200_000,
    "substitutions.rst": "".join(f".. |a{n}| replace:: {f'|a{n - 1}| ' * 9}\n" for n in range(1, 40)) + "|a39|",
}


def write(folder: Path) -> None:
    """Every bomb, with a sound document behind it; no two alike, for one read twice counts once."""
    for n, (name, content) in enumerate(BOMBS.items()):
        content = content() if callable(content) else content
        (folder / f"{n:02} {name}").write_bytes(content.encode() if isinstance(content, str) else content)
        (folder / f"{n:02} z.txt").write_text(f"{GOOD} It was the {n}th time.")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
