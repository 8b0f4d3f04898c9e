"""Changes to the documents of a library: files of an upload, an address, what is declared of a source."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from fastapi import UploadFile

from qa import Filters, QAError, Source
from qa.page import views
from qa.page.library import Library
from qa.page.settings import Settings
from qa.page.telling import named, unread

MOST_FILES: Final = 50
"""Files in one go."""
FIELDS: Final = (
    "title", "publisher", "author", "published", "updated", "version", "language", "perspective", "kind",
)  # fmt: skip


async def saved(files: Sequence[UploadFile], folder: Path, settings: Settings) -> list[Path]:
    """The files of an upload in a folder of ours, under names of their own.

    Raises:
        QAError: too many, too large, or two of one name.
    """
    if len(files) > MOST_FILES:
        raise QAError(f"{len(files)} files are too many at once; add at most {MOST_FILES}.")
    kept: list[Path] = []
    most = settings.largest_file_mb * 1_000_000
    folder.mkdir(parents=True, exist_ok=True)
    for file in files:
        name = re.sub(r"[\x00-\x1f\x7f/\\]+", "_", file.filename or "")[-120:].lstrip(". ") or "file"
        if (path := folder / name) in kept:
            raise QAError(f"Two files are called {name}; rename one.")
        with path.open("wb") as out:
            while piece := await file.read(1 << 20):
                if out.tell() + len(piece) > most:
                    raise QAError(f"{name} is larger than {settings.largest_file_mb} MB; split it.")
                out.write(piece)
        kept.append(path)
    return kept


def added(library: Library, paths: Sequence[Path], address: str, steps: Any, *, private: bool) -> list[str]:
    """Adds and says so; the files stay, so that they can be looked at in the original."""
    before = {source.id for source in library.assistant.sources}
    made = library.change(add=[*paths, *([address] if address else [])], progress=steps)
    for path in paths:
        path.replace(library.files / path.name)
    read = made.reading
    lines = [
        f"{'Replaced' if s.id in before else 'Added'} “{views.label(s.title)}”, "
        f"{views.count(len(made.passages(s.id)), 'passage')}."
        for s in (document.source for document in (read.documents if read else ()))
    ]
    lines += [named(line, paths) for line in (*unread(made), *(read.notes if read else ()))]
    return [*lines, "Only you see this." if private else "Everybody sees this."]


def described(old: Source, fields: Mapping[str, str]) -> tuple[Source, set[str]]:
    """The source with these fields, and which of them are other than before."""
    given = {name: str(fields.get(name, getattr(old, name))).strip()[:500] for name in FIELDS}
    given["title"] = given["title"] or old.title
    different = {name for name, value in given.items() if value != getattr(old, name)}
    for name in ("published", "updated"):
        try:
            Filters(since=given[name])  # a date that could not be filtered by is none
        except QAError as error:
            raise QAError(str(error).replace("since", name, 1)) from error
    try:
        inferred = tuple(name for name in old.inferred if name not in different)
        return replace(old, **given, inferred=inferred), different  # type: ignore[arg-type]  # kind is checked by Source
    except ValueError as error:
        raise QAError(str(error)) from error
