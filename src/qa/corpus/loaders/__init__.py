"""A registry of loaders, one file a format: bytes -> blocks and what the document declares about itself.

    load(data, "report.pdf", max_bytes=...)  -> Parsed
    register(".log", reader)                 a loader of one's own, for a suffix

The first bytes tell the format, then the content type a server gave, then the suffix. A loader is a function
`load(data, name, content_type, max_bytes) -> Parsed` and is imported when first needed: together their libraries take
over a second, which asking a question must not pay.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import PurePath

from qa.corpus.blocks import Block, Parsed, Unreadable, normalise

_UNPACKED_RATIO = 20
"""An archive may unpack to so many times the size limit; more is a bomb."""
_MOST_FILES = 20_000


@dataclass(frozen=True, slots=True)
class Format:
    """What a format is called by files and by servers; its loader is the module of its name."""

    name: str
    suffixes: tuple[str, ...]
    content_types: tuple[str, ...] = ()


_OFFICE = "application/vnd.openxmlformats-officedocument."
FORMATS = (
    Format(
        "markdown", (".md", ".markdown", ".mdown", ".mkd", ".mdx", ".qmd", ".rmd"), ("text/markdown", "text/x-markdown")
    ),
    Format("text", (".txt", ".text"), ("text/plain",)),
    Format("html", (".html", ".htm", ".xhtml"), ("text/html", "application/xhtml+xml")),
    Format("pdf", (".pdf",), ("application/pdf",)),
    Format("docx", (".docx", ".docm", ".dotx"), (f"{_OFFICE}wordprocessingml.document",)),
    Format("pptx", (".pptx", ".pptm", ".ppsx"), (f"{_OFFICE}presentationml.presentation",)),
    Format("xlsx", (".xlsx", ".xlsm"), (f"{_OFFICE}spreadsheetml.sheet",)),
    Format("csv", (".csv", ".tsv", ".tab"), ("text/csv", "text/tab-separated-values")),
    Format("epub", (".epub",), ("application/epub+zip",)),
    Format("mail", (".eml",), ("message/rfc822",)),
    Format("rst", (".rst", ".rest"), ("text/x-rst", "text/prs.fallenstein.rst")),
    Format("subtitles", (".srt", ".vtt"), ("text/vtt", "application/x-subrip")),
    Format("jsonl", (".jsonl", ".ndjson"), ("application/jsonl", "application/x-ndjson")),
)
SUFFIXES = {suffix: form.name for form in FORMATS for suffix in form.suffixes}
CONTENT_TYPES = {kind: form.name for form in FORMATS for kind in form.content_types}
_UNREAD = frozenset(".doc .dot .odt .ods .odp .rtf .xls .ppt .pages .wpd .wps .msg .mobi .azw3 .djvu".split())
_OF_PROGRAMS = frozenset(
    "makefile dockerfile containerfile jenkinsfile vagrantfile gemfile rakefile procfile brewfile justfile codeowners "
    "pipfile".split()
)
"""Documents that no loader reads, and files without a suffix that are none."""
_INSIDE = {"word/": "docx", "ppt/": "pptx", "xl/": "xlsx"}

Own = Callable[[bytes, str], Parsed | str]
"""A loader of one's own: (bytes, file name) -> the text, or blocks and metadata."""

_own: dict[str, Own] = {}


def register(suffix: str, loader: Own) -> None:
    """Files ending in `suffix` (".log") are read by `loader` from now on, before any loader of the house.

    It runs in this process: what is yours is trusted, and is not bounded. It may raise `Unreadable`.

    Raises:
        ValueError: a suffix that does not begin with a dot.
    """
    if not re.fullmatch(r"\.[^\s/\\]+", suffix):
        raise ValueError(f"a suffix begins with a dot, as '.log'; this is {suffix!r}")
    _own[suffix.lower()] = loader


def own(name: str) -> Own | None:
    """The registered loader for a file of this name."""
    return _own.get(PurePath(name).suffix.lower())


def is_known(name: str) -> bool:
    """Whether a file of this name is a document, by its suffix; one without a suffix may be.

    So is one in a format that is not read here: that is to be told. What a program keeps beside it is none.
    """
    suffix = PurePath(name).suffix.lower()
    if name.startswith("~$") or name.endswith("~"):
        return False
    return name.lower() not in _OF_PROGRAMS if not suffix else suffix in SUFFIXES or suffix in _own or suffix in _UNREAD


def stem(name: str) -> str:
    """The name without the suffix of a format."""
    return PurePath(name).stem if PurePath(name).suffix.lower() in (*SUFFIXES, *_own) else name


def run_own(loader: Own, data: bytes, name: str) -> Parsed:
    """What a loader of one's own makes of a document.

    Raises:
        Unreadable: also where it fails or gives something else.
    """
    try:
        made = loader(data, name)
    except Unreadable:
        raise
    except Exception as error:
        raise Unreadable(
            f"its loader failed: {type(error).__name__}: {normalise(str(error))[:120]}", "Mend the loader"
        ) from error
    if isinstance(made, str):
        made = Parsed([Block(line) for line in made.split("\n\n")])
    if not isinstance(made, Parsed):
        raise Unreadable(f"its loader gave {type(made).__name__}", "Let it give text, or qa.corpus.blocks.Parsed")
    return made


def load(data: bytes, name: str, *, content_type: str = "", max_bytes: int) -> Parsed:
    """The blocks of a document.

    Raises:
        Unreadable: with reason and remedy.
    """
    if not data.strip():
        raise Unreadable("it is empty", "Put text into it, or remove it")
    kind = "file"
    try:
        kind = _kind(data, name, content_type, max_bytes)
        parsed = import_module(f"qa.corpus.loaders.{kind}").load(data, name, content_type, max_bytes)
        assert isinstance(parsed, Parsed)
        return parsed
    except (Unreadable, MemoryError, ImportError):  # not the document's fault, or already told
        raise
    except Exception as error:  # a reader library met something that its authors did not foresee
        detail = normalise(str(error))[:120]
        raise Unreadable(
            f"its {kind} is malformed ({type(error).__name__}{': ' + detail if detail else ''})",
            "Open it in the program that made it and save it again, or save it as plain text",
        ) from error


def _kind(data: bytes, name: str, content_type: str, max_bytes: int) -> str:
    head = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n\x00")
    if b"%PDF-" in data[:1024]:
        return "pdf"
    if head.startswith(b"PK\x03\x04") and (found := _archived(data, max_bytes)):
        return found
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        raise Unreadable("it is an old Office file or is encrypted", "Save it as DOCX without a password, or as PDF")
    suffix = PurePath(name).suffix.lower()
    plain = content_type.partition(";")[0].strip().lower()
    kind = CONTENT_TYPES.get(plain, "")
    if (not kind or kind == "text") and suffix in SUFFIXES:  # servers call much "text/plain"
        kind = SUFFIXES[suffix] if kind or not plain or plain == "application/octet-stream" else kind
    if not plain and suffix and not kind:
        raise Unreadable(f"files ending in {suffix} are not read", f"Save it as one of {', '.join(SUFFIXES)}")
    if plain and not kind:
        raise Unreadable(f"its content type is {plain}", "Give the address of a page, a text, a PDF or a DOCX")
    if kind in ("pdf", "docx", "pptx", "xlsx", "epub"):
        raise Unreadable(f"it is called {kind} but is none: damaged, or another format", "Save it again, or remove it")
    if kind == "text" and re.match(rb"(?:<\?xml[^>]{0,200}>\s*)?<(?:!doctype\s+html|html[\s>])", head, re.IGNORECASE):
        return "html"
    return kind or "text"


def _archived(data: bytes, max_bytes: int) -> str:
    """The format of a ZIP archive, by what lies in it."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            names = [entry.filename.replace("\\", "/") for entry in entries]
            size = sum(entry.file_size for entry in entries)
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OverflowError):
        return ""
    found = next((kind for folder, kind in _INSIDE.items() if any(n.lstrip("/").startswith(folder) for n in names)), "")
    if not found and any(n.lower().endswith(".opf") or n == "META-INF/container.xml" for n in names):
        found = "epub"
    if found and (size > _UNPACKED_RATIO * max_bytes or len(entries) > _MOST_FILES):
        raise Unreadable(
            f"it unpacks to {size / 1e6:.0f} MB in {len(entries)} files",
            "Split it, or remove it if you do not trust it",
        )
    return found
