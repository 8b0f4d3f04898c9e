"""The pages of a PDF, read in a process of its own: one made to loop or to fill the memory stops itself alone.

Run as a program it reads the bytes of a PDF and writes JSON; it imports nothing of `qa`, for it starts at each PDF.
"""

from __future__ import annotations

import io
import json
import subprocess
import sys
from dataclasses import dataclass

MAX_SECONDS = 300
"""A thousand pages take one or two minutes."""
_MAX_MEMORY = 4 << 30


class PdfError(Exception):
    """The PDF cannot be read: why, and what to do."""


@dataclass(frozen=True, slots=True)
class Pdf:
    """What a PDF holds: the lines of each page, and what it says of itself ("/Title", "/Author", "/CreationDate")."""

    pages: list[list[str]]
    about: dict[str, str]


def read(data: bytes, max_characters: int) -> Pdf:
    """The text of a PDF.

    Raises:
        PdfError: (reason, remedy): it is encrypted, malformed, too long, or takes longer than MAX_SECONDS.
    """
    try:
        done = subprocess.run(
            [sys.executable, "-I", __file__, str(max_characters)], input=data, capture_output=True, timeout=MAX_SECONDS
        )
    except subprocess.TimeoutExpired as error:
        raise PdfError(
            f"its text could not be read within {MAX_SECONDS} seconds", "Print it to a new PDF, or save it as text"
        ) from error
    if done.returncode:
        last = done.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
        raise PdfError(
            f"its pdf is malformed ({last[:120] or f'the reader stopped with code {done.returncode}'})",
            "Open it in the program that made it and save it again, or save it as plain text",
        )
    found = json.loads(done.stdout)
    if "refused" in found:
        raise PdfError(*found["refused"])
    return Pdf(found["pages"], found["about"])


def _main() -> None:
    _limit_memory()
    try:
        found = _read(sys.stdin.buffer.read(), int(sys.argv[1]))
        told: dict[str, object] = {"pages": found.pages, "about": found.about}
    except PdfError as problem:
        told = {"refused": problem.args}
    json.dump(told, sys.stdout)


def _limit_memory() -> None:
    try:
        import resource
    except ImportError:  # Windows
        return
    resource.setrlimit(resource.RLIMIT_AS, (_MAX_MEMORY, _MAX_MEMORY))


def _read(data: bytes, max_characters: int) -> Pdf:
    import pypdf

    try:
        reader = pypdf.PdfReader(io.BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            raise PdfError("it is encrypted", "Save a copy without a password")
        pages, size = [], 0
        for page in reader.pages:
            pages.append([line.strip() for line in page.extract_text().splitlines()])
            size += sum(map(len, pages[-1]))
            if size > max_characters:
                raise PdfError(f"its text is over {max_characters / 1e6:g} MB", "Split it, or raise max_document_mb")
        return Pdf(pages, {key: str(value) for key, value in (reader.metadata or {}).items() if value is not None})
    except pypdf.errors.DependencyError as error:
        raise PdfError(f"it is encrypted ({error})", "Save a copy without a password") from error


if __name__ == "__main__":
    _main()
