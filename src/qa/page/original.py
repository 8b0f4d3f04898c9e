"""A page of the PDF itself, with the quoted words boxed."""

from __future__ import annotations

import threading
from io import BytesIO
from pathlib import Path
from typing import Final

import pypdfium2 as pdfium

SCALE: Final = 1.6
"""Pixels for each point (1/72 inch)."""
LARGEST: Final = 4_000_000
"""Pixels of a picture; a larger page is drawn smaller."""
BOX: Final = (255, 214, 64)
_ONE: Final = threading.Lock()
"""PDFium is not made for several threads."""


def picture(path: Path, page: int, quote: str) -> bytes | None:
    """The page, from 1, as PNG; None where the file has no such page, or is no PDF.

    Args:
        quote: words to box; where they run on to the next page, their beginning is boxed.
    """
    with _ONE:
        try:
            with pdfium.PdfDocument(path) as document:
                if not 1 <= page <= len(document):
                    return None
                one = document[page - 1]
                width, height = one.get_size()
                scale = min(SCALE, (LARGEST / max(width * height, 1)) ** 0.5)
                image = one.render(scale=scale).to_pil().convert("RGB")
                for left, bottom, right, top in _boxes(one.get_textpage(), quote):
                    edges = (left * scale, (height - top) * scale, right * scale, (height - bottom) * scale)
                    at = tuple(round(edge) for edge in edges)
                    at = (
                        max(at[0] - 2, 0),
                        max(at[1] - 2, 0),
                        min(at[2] + 2, image.width),
                        min(at[3] + 2, image.height),
                    )
                    if at[0] < at[2] and at[1] < at[3]:
                        image.paste(_tinted(image.crop(at)), at)
        except (pdfium.PdfiumError, OSError):
            return None
    out = BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def _boxes(text: pdfium.PdfTextPage, quote: str) -> list[tuple[float, float, float, float]]:
    """Rectangles around the quoted words, in points from the lower left; none where they are not found."""
    whole = text.get_text_range()
    places = [i for i, char in enumerate(whole) if char.isalnum()]
    letters = "".join(whole[i] for i in places).casefold()
    wanted = "".join(char for char in quote if char.isalnum()).casefold()
    if not wanted or len(letters) != len(places):
        return []
    # as much of its beginning as stands on this page
    length = next((n for n in (len(wanted), len(wanted) // 2, len(wanted) // 4) if n and wanted[:n] in letters), 0)
    if not length:
        return []
    first = letters.index(wanted[:length])
    start, end = places[first], places[first + length - 1] + 1
    return [text.get_rect(i) for i in range(text.count_rects(start, end - start))]


def _tinted(image: object) -> object:
    from PIL import Image, ImageChops

    assert isinstance(image, Image.Image)
    return ImageChops.multiply(image, Image.new("RGB", image.size, BOX))
