"""The steps of a build: documents -> passages -> words and vectors -> files of a new generation.

What an index that was there before holds of the same documents is taken over: passages, names, words and vectors of
a document that has not changed, and the vector of every text that was embedded before.
"""

from __future__ import annotations

import hashlib
import re
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from qa import __version__
from qa.config import Config
from qa.corpus.origins import code_digest
from qa.index import generations, vectors
from qa.index import manifest as manifests
from qa.index.manifest import FORMAT, DamagedIndexError, Manifest
from qa.index.texts import Texts, Writer
from qa.index.words import Counting
from qa.language import name_key, names_of
from qa.models.embedder import Embedder
from qa.passages import split
from qa.schema import CorpusError, Document, IndexWriteError, Passage, Source

if TYPE_CHECKING:
    from qa.index import Index

Steps = Callable[[str, int, int], None]
"""Told (step, done, total) while an index is built."""

_LIBRARIES: Final = ("chromadb", "bm25s", "llama-index-core")
_CODE: Final = ("passages.py", "schema.py", "language", "index")
"""What turns documents into passages and words."""
_NAME: Final = re.compile(r"[^\W\d_][\w’'-]*\w")
"""A word of a name; those of `qa.language` run from "al-Arouri" to "Izz ad-Din"."""
_FEWEST: Final = 10


def embedded_text(passage: Passage, source: Source) -> str:
    """What the model and BM25 read, never what is cited: heading, passage, then title, publisher and date.

    A heading that the passage begins with is not said twice: it would outweigh what is said under it. The source comes
    last, for a model that reads 256 tokens must not lose a passage's end to a long title.
    """
    heading = f"{passage.heading}. " if passage.heading and not passage.text.startswith(passage.heading) else ""
    about = ", ".join(filter(None, (source.title, source.publisher, source.published)))
    text = f"{heading}{passage.text} {about}"
    return text.encode("utf-8", "replace").decode()  # half a surrogate pair is no text for a tokenizer


def refuse_unfit(documents: Sequence[Document | str]) -> None:
    """Raises CorpusError for documents of which no index can be made."""
    if not documents:
        raise CorpusError("there are no documents to index; put some into the corpus folder, or name a path")
    twice = [id_ for id_, n in Counter(map(identity, documents)).items() if n > 1]
    if twice:
        raise CorpusError(f"two documents have the id {twice[0]!r}; rename one, or give it an `id`")


def identity(document: Document | str) -> str:
    """The id of a document, or of one that is kept."""
    return document if isinstance(document, str) else document.id


class Build:
    """One generation in the making.

    Args:
        new: its folder.
        base: an index to take over from.
    """

    def __init__(self, new: Path, config: Config, embedder: Embedder, base: Index | None, report: Steps) -> None:
        self.new = new
        self.config = config
        self.embedder = embedder
        self.report = report
        self.base = base
        self.vectors = base is not None and base.manifest.model_digest == embedder.digest
        """Whether vectors are taken over from the base."""
        self.whole = base is not None and self.vectors and reusable(base.manifest, config)
        """Whether passages and words of unchanged documents are, too."""
        self._moved = np.full(self.base.manifest.passages if self.base else 0, -1, np.int64)
        """New row of each passage of the base."""
        self._fresh: list[int] = []
        """Rows of the passages that are new."""

    def write(self, documents: Sequence[Document | str], origins: Mapping[str, Any]) -> Manifest:
        """Writes every file, the manifest last.

        Raises:
            CorpusError: not one word in them.
            DamagedIndexError: what was to be taken over is not what was written.
            IndexWriteError: the disk is full.
        """
        if self.base and self.vectors and (wrong := self.base.altered()):  # before anything of it is taken over
            raise DamagedIndexError("; ".join(wrong))
        digests = self._cut(documents, origins)
        texts = Texts(self.new)
        try:
            passages = texts.count()
            if not passages:
                raise CorpusError(f"there is not one word in {len(documents)} documents; nothing was indexed")
            counting = Counting()
            if self.whole and self.base:
                counting.take(self.base.words, self._moved)
            self._embed(texts, passages, counting)
        finally:
            texts.close()
        self.report("writing", 0, passages)
        counting.words(passages).save(self.new / "words")
        store = self._store(passages)
        files = sorted(path for path in self.new.rglob("*") if path.is_file())
        manifest = Manifest(
            format=FORMAT,
            version=__version__,
            code=code_digest(_CODE),
            corpus=manifests.corpus_digest(digests),
            model=self.embedder.name,
            model_digest=self.embedder.digest,
            settings=self.config.index_settings(),
            vectors=store,
            chroma_url=self.config.chroma_url,
            versions={name: version(name) for name in _LIBRARIES},
            documents=len(documents),
            passages=passages,
            dimension=self.embedder.dimension,
            files=generations.digests(self.new, files),
        )
        (self.new / "manifest.json").write_text(manifest.to_json(), "utf-8")
        self.report("writing", passages, passages)
        return manifest

    def _cut(self, documents: Sequence[Document | str], origins: Mapping[str, Any]) -> dict[str, str]:
        """Passages and names of every document into the file of texts; the digest of each."""
        old = self.base.texts.stored() if self.base else {}
        digests: dict[str, str] = {}
        with _explained(self.new):
            writer = Writer(self.new, self.base.texts if self.base and self.whole else None)
            try:
                for done, document in enumerate(documents, start=1):
                    id_ = identity(document)
                    there = old.get(id_)
                    if isinstance(document, Document):
                        digest = manifests.document_digest(document)
                    elif there:
                        digest = there.digest
                    else:
                        raise CorpusError(f"there is no document {id_!r} in the index to keep; read it anew")
                    if self.whole and there and there.digest == digest:
                        self._moved[there.first : there.last] = np.arange(there.last - there.first) + writer.passages
                        writer.keep(there, origins.get(id_))
                    else:
                        if isinstance(document, str):
                            assert self.base is not None  # it was said to be there
                            document = self.base.texts.document(id_)
                        self._add(writer, document, origins.get(id_))
                    digests[id_] = digest
                    self.report("splitting", done, len(documents))
                writer.finish()
            finally:
                writer.close()
        return digests

    def _add(self, writer: Writer, document: Document, origin: Any) -> None:
        passages = split(document, target=self.config.passage_words, maximum=self.config.passage_words_max)
        self._fresh += range(writer.passages, writer.passages + len(passages))
        embedded = [text_digest(embedded_text(p, document.source)) for p in passages]
        writer.add(document, passages, embedded, _names(passages), origin)

    def _embed(self, texts: Texts, passages: int, counting: Counting) -> None:
        """Vectors of all passages into the matrix; words of the new ones are counted on the way."""
        known = self._known(texts) if self.vectors and self._fresh else {}
        there = np.full(passages, -1, np.int64)  # row of the base that has the vector
        there[self._moved[self._moved >= 0]] = np.flatnonzero(self._moved >= 0)
        there[list(known)] = list(known.values())
        fresh = np.zeros(passages, bool)
        fresh[self._fresh] = True
        done = passages - len(self._fresh)
        self.report("embedding", done, passages)
        # written, not mapped: on a full disk a write fails, and a mapped page kills the process
        with _explained(self.new), generations.explained(self.new.parent), (self.new / vectors.FILE).open("wb") as file:
            for start in range(0, passages, size := self.embedder.at_once):
                rows = np.arange(start, min(start + size, passages))
                out = np.empty((len(rows), self.embedder.dimension), "<f4")
                if self.base and (old := there[rows] >= 0).any():
                    out[old] = self.base.matrix[there[rows[old]]]
                wanted: dict[str, list[int]] = {}  # text -> its places: said a thousand times, it is embedded once
                for row in rows[fresh[rows]]:
                    passage = texts.passage(int(row))
                    text = embedded_text(passage, texts.source(passage.document_id))
                    counting.add(int(row), text)
                    if there[row] < 0:
                        wanted.setdefault(text, []).append(int(row) - start)
                if wanted:
                    made = self.embedder.embed_passages(
                        list(wanted), partial(self._embedded, done + int(fresh[rows].sum()) - len(wanted), passages)
                    )
                    for places, vector in zip(wanted.values(), made, strict=True):
                        out[places] = vector
                done += int(fresh[rows].sum())
                file.write(out.tobytes())
        self.report("embedding", done, passages)

    def _embedded(self, before: int, passages: int, done: int) -> None:
        self.report("embedding", before + done, passages)

    def _known(self, texts: Texts) -> dict[int, int]:
        """New row -> row of the base that embeds the same text, among those that are not taken over as they are."""
        assert self.base is not None
        there = {digest: row for row, digest in self.base.texts.embedded(np.flatnonzero(self._moved < 0).tolist())}
        return {row: there[digest] for row, digest in texts.embedded(self._fresh) if digest in there}

    def _store(self, passages: int) -> str:
        """Makes what finds vectors beside the matrix, as the settings, or their number, say."""
        chosen = self.config.vector_store
        if chosen == "auto":
            large = passages > vectors.EXACT_UP_TO
            chosen = "chroma" if self.config.chroma_url else "signs" if large else "exact"
        if chosen == "chroma" and passages < _FEWEST and not self.config.chroma_url:
            chosen = "exact"  # Chroma writes no graph of so few
        rows = vectors.matrix(self.new, passages, self.embedder.dimension)
        if chosen == "signs":
            with generations.explained(self.new.parent):
                vectors.write_signs(rows, self.new)
        if chosen == "chroma":
            vectors.write(
                rows, self.new, self.config.chroma_url, lambda done: self.report("writing", done - 1, passages)
            )
        return chosen


def reusable(manifest: Manifest, config: Config) -> bool:
    """Whether passages and words of an index would come out the same today."""
    return manifest.settings == config.index_settings() and manifest.code == code_digest(_CODE)


def text_digest(text: str) -> bytes:
    """What is kept of each embedded text, so that the next build knows what it need not embed."""
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


def _names(passages: Sequence[Passage]) -> list[tuple[str, str]]:
    names: set[tuple[str, str]] = set()
    for passage in passages:
        for fact in names_of(passage.text):
            for word in _NAME.findall(passage.text[fact.start : fact.end]):
                if word != word.lower() and len(key := name_key(word)) > 1:  # one consonant is shared by too many
                    names.add((key, word))
    return sorted(names)


@contextmanager
def _explained(new: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise IndexWriteError(
            f"the index in {new.parent} cannot be written: {error}; free some disk space, or choose another folder "
            "with --index or QA_INDEX_DIR. The index that was there before is untouched"
        ) from error
