"""Checks from code: is a text borne out by these sources, sentence by sentence?

    check(text, sources)               -> Report
    assert_borne_out(text, sources)    raises AssertionError that says which sentence is not, and why
    samples.py                         rows that other frameworks write, one by one
    forms.py                           reports as JSON, JUnit, SARIF, Markdown, HTML
    shelf.py                           an index as what a text is held against

Sources are texts by name, texts, `Document` values, paths, hits, an open assistant, or an index, open or its folder.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias
from urllib.parse import unquote

from qa.config import load_config
from qa.passages import split
from qa.schema import CorpusError, Document, Hit, Source
from qa.support import CheckedSentence, Evidence, Pool, Report, Support, checked, citing, evidence_of
from qa.support import check as check_text

if TYPE_CHECKING:
    from qa.corpus import Intake, Skipped
    from qa.index import Index

__all__ = ["Checks", "Sources", "assert_borne_out", "beside", "check", "checked", "pool_of", "read_sources", "support"]


class Checks(Protocol):
    """What checks a text against sources of its own: an assistant."""

    def check(self, text: str) -> Report:
        """The report on a text."""
        ...


TOLD = 5
"""Places that cannot be read which are told one by one."""

Sources: TypeAlias = (
    "Checks | Index | str | Path | Document | Mapping[str, str] | Sequence[str | Path | Document | Hit]"
)
"""What a text may be held against. A string is a path where there is such a file or folder, else a text; a folder that
`qa index` wrote is the index."""


def check(text: str, sources: Sources, *, numbers: Literal["passages", "sources"] | None = None) -> Report:
    """Sentence by sentence, whether the sources bear a text out, markers or not.

    Args:
        text: prose or Markdown, with markers of any shape, or without.
        sources: an assistant, an index, texts by name, hits, or texts, documents, files and folders in any mixture.
        numbers: what a number in the text counts where it has no list of references: passages (the default for
            hits), or sources (for all else).

    Raises:
        CorpusError: a path does not exist, or nothing in it can be read.
    """
    if not isinstance(sources, str | Path | Document | Mapping | Sequence):
        from qa.index import Index

        return _in_index(text, sources, numbers) if isinstance(sources, Index) else sources.check(text)
    if isinstance(sources, str | Path) and (index := _index_at(sources)):
        with closing(index):
            return _in_index(text, index, numbers)
    hits = isinstance(sources, Sequence) and not isinstance(sources, str) and any(isinstance(s, Hit) for s in sources)
    return check_text(text, pool_of(sources), support(), numbers=numbers or ("passages" if hits else "sources"))


def _index_at(folder: str | Path) -> Index | None:
    """The index that was written to a folder, or is shared and belongs there; None where none is."""
    config = load_config()
    shared = bool(config.shared_url) and Path(folder).absolute() == config.index_dir.absolute()
    if not shared and (not _is_path(str(folder)) or not Path(folder).is_dir()):
        return None
    from qa.index import Index
    from qa.index.generations import current

    return Index.open(Path(folder), config) if shared or current(Path(folder)) else None


def _in_index(text: str, index: Index, numbers: Literal["passages", "sources"] | None) -> Report:
    from qa.checking.shelf import Shelf
    from qa.models.embedder import Embedder

    config = load_config()
    shelf = Shelf(index, Embedder.load(config.embedding_model), config.lexical_weight)
    return check_text(text, shelf, support(), numbers=numbers or "sources")


def assert_borne_out(
    text: str, sources: Sources, *, allow: Iterable[str] = ("supported", "likely"), cited: bool = False
) -> Report:
    """Passes where every sentence of a text is borne out by the sources.

    Args:
        allow: statuses that pass; add "partly" or "unchecked" to be lenient, leave out "likely" to be strict.
        cited: whether each sentence must also cite one of the sources.

    Raises:
        AssertionError: one that is not; the message has each such sentence, why, and the nearest words.
    """
    report = check(text, sources)
    allowed = frozenset(allow)
    wrong = [
        s for s in report.sentences if s.status not in allowed or s.invented or s.unknown or (cited and not s.cited)
    ]
    if wrong:
        count = f"{len(wrong)} of {len(report.sentences)} sentences {'is' if len(wrong) == 1 else 'are'} not borne out"
        raise AssertionError("\n\n".join([f"{count}:", *map(_told, wrong)]))
    return report


def _told(sentence: CheckedSentence) -> str:
    lines = [f"{sentence.status}: {sentence.text}", *(f"    {note}" for note in sentence.notes)]
    if sentence.evidence:
        quote = sentence.quote or sentence.evidence.text[:200]
        lines.append(f"    nearest, in {sentence.evidence.id}: “{' '.join(quote.split())}”")
    return "\n".join(lines)


@cache
def support() -> Support:
    """The judge, with the model that ships with the package; loaded once."""
    from qa.models.entailment import Entailment

    return Support(None if load_config().support == "none" else Entailment.load())


def pool_of(sources: str | Path | Document | Mapping[str, str] | Sequence[Any]) -> Pool:
    """Sources in memory, cut into passages as an index would cut them."""
    if isinstance(sources, str | Path | Document):
        sources = [sources]
    if isinstance(sources, Mapping):
        return Pool(e for name, text in sources.items() for e in _pieces(_document(text, name)))
    hits = [s for s in sources if isinstance(s, Hit)]
    if len(hits) == len(sources):
        return Pool(evidence_of(hits))
    found: list[Evidence] = []
    for n, source in enumerate(sources, start=1):
        if isinstance(source, Document):
            found += _pieces(source)
        elif isinstance(source, Hit):
            found += evidence_of([source])
        elif isinstance(source, Path) or _is_path(source):
            found += read_sources([source])[0].passages
        else:
            found += _pieces(_document(source, f"text {n}"))
    return Pool(found)


def read_sources(places: Sequence[str | Path], without: Sequence[str] = ()) -> tuple[Pool, Intake]:
    """The documents at these places, cut into passages; and what was read, what was not, and what else is to be told.

    Args:
        without: files that are no sources though they lie there: what is checked must not bear itself out.

    Raises:
        CorpusError: a place does not exist, or nothing can be read.
    """
    from qa import corpus

    reading = corpus.read(places, max_bytes=int(load_config().max_document_mb * 1e6))
    own = {str(Path(file).resolve()) for file in without}
    held = [d for d in reading.documents if str(Path(reading.origins[d.id].place).resolve()) not in own]
    if not held:
        why = [str(skip) for skip in reading.skipped] or ["there is no document; give Markdown, text, PDF or DOCX"]
        why[TOLD:] = [f"And {len(why) - TOLD} more."] if len(why) > TOLD else []
        raise CorpusError(f"nothing to check against in {', '.join(map(str, places))}: {' '.join(why)}")
    return Pool(e for document in held for e in _pieces(document)), reading


def beside(file: Path, text: str) -> tuple[Pool, tuple[Skipped, ...]] | None:
    """The documents beside a file that it cites, and which cannot be read; None where it cites none.

    By name in brackets, a footnote, a list of references or a link: `[report.pdf, p. 3]`, `[^1]: report.pdf, p. 3`,
    `[the report](sources/report.pdf)`, `[report]`. Beside it is what lies in its folder or below; and, cited by its
    path (`../sources/report.pdf`), what lies in the folder in which the program runs.
    """
    near = _files(file.parent, text) - {file.resolve()}
    named = {Path(os.path.relpath(path, file.resolve().parent)).as_posix(): path for path in sorted(near)}
    sentences = list(citing.read(text, [Source(id=name, title="") for name in named]))
    cited = {c.source: named[c.source] for one in sentences for c in one.citations}
    if not cited:
        return (Pool(()), ()) if any(one.unknown for one in sentences) else None
    documents, skipped = _each(cited)
    return Pool(e for document in documents for e in _pieces(document)), skipped


def _files(folder: Path, text: str) -> set[Path]:
    """Documents in a folder and below, and those above it that a text names by their path, where they may be read."""
    from qa.corpus.loaders import is_known

    found = set()
    for here, below, names in os.walk(folder):
        below[:] = [name for name in below if not name.startswith(".")]
        found |= {Path(here, name) for name in names if not name.startswith(".")}
    written = re.findall(r"(?:\.\./){1,9}[^\s()\[\]<>\"'#?|]{1,300}", text)
    root = Path.cwd().resolve()
    found |= {path for name in set(written) if (path := (folder / unquote(name)).resolve()).is_relative_to(root)}
    return {path.resolve() for path in found if path.suffix and is_known(path.name) and path.is_file()}


def _each(files: Mapping[str, Path]) -> tuple[list[Document], tuple[Skipped, ...]]:
    """The documents of these files, called by their keys: two of one name, or of one text, stay two."""
    from qa.corpus import read

    most = int(load_config().max_document_mb * 1e6)
    reading = read(list(files.values()), max_bytes=most)
    ids = {origin.place: id_ for id_, origin in reading.origins.items()}
    by_id = {document.id: document for document in reading.documents}
    gone = {skip.place for skip in reading.skipped}
    documents = []
    for name, path in files.items():
        if str(path) not in gone:
            id_ = ids.get(str(path.absolute()))
            document = by_id[id_] if id_ else read([path], max_bytes=most).documents[0]  # of a text there is already
            documents.append(replace(document, source=replace(document.source, id=name)))
    return documents, reading.skipped


def _pieces(document: Document) -> list[Evidence]:
    config = load_config()
    passages = split(document, target=config.passage_words, maximum=config.passage_words_max)
    return [Evidence(p.id, p.text, document.source, p.page) for p in passages]


def _document(text: str, name: str) -> Document:
    return Document(Source(id=name, title=name), text)


def _is_path(text: str) -> bool:
    try:
        return len(text) < 1000 and "\n" not in text and ("://" in text or Path(text).exists())
    except (OSError, ValueError):  # a text that no file system takes for a name
        return False
