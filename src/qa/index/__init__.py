"""Documents -> an index that can be searched by meaning and by words: built whole, swapped in, opened.

    manifest      what it was built from
    generations   where it lies, and how a new one takes the place of an old one
    vectors       Chroma; rows that llama-index reads too
    words         BM25
    build         the steps from documents to files

`Index` is what the rest of the package sees.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from threading import Lock
from types import MappingProxyType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from qa.config import Config
from qa.index import manifest as manifests
from qa.index import vectors as chroma
from qa.index.build import Steps, check, cut, embed, embedded_text, text_digest, write_files, write_vectors
from qa.index.generations import current, explained, move_pointer, read_pointer, sweep, writing
from qa.index.manifest import FORMAT, Manifest
from qa.index.vectors import VectorIndex
from qa.index.words import Words
from qa.models.embedder import Embedder, model_digest
from qa.schema import (
    Document,
    IndexStaleError,
    Passage,
    QAError,
    Section,
    Source,
)

__all__ = ["FORMAT", "Index", "Manifest", "embedded_text"]

_in_use: Counter[Path] = Counter()
"""Generations that are open in this process; they are not swept away."""
_in_use_lock = Lock()


class Index:
    """An index that can be searched, of one generation: it does not change while it is open.

    Made by `build` or `open`; close it, or use it in a `with` statement. Several threads may read at once.
    """

    def __init__(self, folder: Path, generation: Path, manifest: Manifest, vectors: VectorIndex) -> None:
        self.folder = folder
        self.manifest = manifest
        self._generation = generation
        self._vectors = vectors
        self._closed = False
        with _in_use_lock:
            _in_use[generation] += 1

    @classmethod
    def build(
        cls,
        documents: Sequence[Document],
        folder: Path,
        config: Config,
        embedder: Embedder | None = None,
        progress: Steps | None = None,
    ) -> Self:
        """Makes the index of these documents and puts it in the place of the one in `folder`, if any.

        It takes the old one's place whole, after it was checked, or not at all. Vectors of passages whose
        embedded text has not changed are taken over from the old one.

        Args:
            embedder: the model; default: the setting `embedding_model`.
            progress: called with (step, done, total).

        Raises:
            CorpusError: there are no documents, no words in them, or two of one id.
            ModelError: the embedding model is missing or altered.
            IndexBusyError: another process is writing this index.
            IndexWriteError: the folder cannot be written, or the disk is full.
        """
        report = progress or (lambda step, done, total: None)
        check(documents)
        folder = folder.absolute()
        with writing(folder) as new:
            _clean(folder, config.chroma_url)
            try:
                embedder = embedder or Embedder.load(config.embedding_model)
                passages, sources = cut(documents, config, report)
                texts = [embedded_text(p, s) for p, s in zip(passages, sources, strict=True)]
                known = _known_vectors(folder, embedder, set(map(text_digest, texts)))
                found = embed(texts, embedder, known, report)
                write_vectors(new, config.chroma_url, passages, sources, found, report)
                with explained(folder):
                    write_files(new, documents, passages, texts, embedder, config)
                    move_pointer(folder, new.name)
            except BaseException:  # Ctrl-C too, which may come when the pointer has moved already
                with suppress(QAError):
                    if current(folder) != new.name:
                        chroma.delete(new, config.chroma_url)
                raise
            _clean(folder, config.chroma_url)
        return cls.open(folder, config)

    @classmethod
    def open(cls, folder: Path, config: Config) -> Self:
        """The index in `folder`, if it is whole and was built with these settings.

        Raises:
            IndexMissingError: there is none.
            IndexStaleError: it was built by another format, model or setting, or it is damaged.
            IndexWriteError: the folder is read-only, which Chroma cannot work with.
            ModelError: the files of the embedding model are missing.
        """
        folder = folder.absolute()
        index = cls._open(folder)
        try:
            wrong = _mismatches(index.manifest, config)
            if not wrong and (count := index._vectors.count()) != index.manifest.passages:
                wrong = [f"it holds {count} vectors for {index.manifest.passages} passages"]
            if wrong:
                raise IndexStaleError(
                    f"the index in {folder} does not fit: {'; '.join(wrong)}. Run `qa index` to rebuild it"
                )
        except QAError:
            index.close()
            raise
        return index

    @classmethod
    def _open(cls, folder: Path) -> Self:
        generation = folder / read_pointer(folder).current
        try:
            manifest = Manifest.from_json((generation / "manifest.json").read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise IndexStaleError(
                f"the index in {folder} cannot be read: {error}. Run `qa index` to build it again"
            ) from error
        return cls(folder, generation, manifest, VectorIndex.open(generation, manifest.chroma_url))

    def differences(self, documents: Iterable[Document]) -> tuple[str, ...]:
        """One line for each of `documents` that was added, removed or changed since this was built."""
        return manifests.differences(self.manifest.documents, documents)

    @property
    def is_current(self) -> bool:
        """Whether `folder` still holds this one; when not, open it again."""
        return current(self.folder) == self._generation.name

    # -- what is in it ---------------------------------------------------------------------------------

    @cached_property
    def sources(self) -> tuple[Source, ...]:
        """The sources, in the order in which their documents were given."""
        return tuple(Source.from_dict(data) for data in self._rows("sources.jsonl"))

    @cached_property
    def documents(self) -> Mapping[str, Document]:
        """Document id -> document, whole."""
        sources = {source.id: source for source in self.sources}
        return MappingProxyType(
            {
                row["id"]: Document(
                    sources[row["id"]],
                    row["text"],
                    tuple(Section(*section) for section in row["sections"]),
                    tuple(row["pages"]),
                )
                for row in self._rows("documents.jsonl")
            }
        )

    @cached_property
    def passages(self) -> Mapping[str, Passage]:
        """Passage id -> passage, in the order of the documents."""
        passages = (
            Passage(
                row["document_id"],
                row["start"],
                row["end"],
                row["text"],
                tuple((start, end) for start, end in row["sentences"]),
                row["heading"],
                row["page"],
            )
            for row in self._rows("passages.jsonl")
        )
        return MappingProxyType({passage.id: passage for passage in passages})

    @cached_property
    def vocabulary(self) -> Mapping[str, tuple[str, ...]]:
        """The names in the corpus: `facts.name_key` -> the spellings that stand there."""
        return MappingProxyType({key: tuple(names) for key, names in self._rows("names.jsonl")})

    # -- searching -------------------------------------------------------------------------------------

    def dense(
        self, vector: NDArray[np.float32], k: int, sources: Collection[str] | None = None
    ) -> list[tuple[str, float]]:
        """The `k` passages nearest to a unit vector: id and cosine similarity, best first, ties by id.

        Args:
            sources: ids of the sources to search; None: all.

        Raises:
            IndexStaleError: the index was damaged or removed while it was open.
        """
        try:
            return self._vectors.nearest(vector, min(k, self.manifest.passages), sources, self.manifest.documents)
        except IndexStaleError as error:
            raise self._stale(str(error)) from error

    def lexical(self, query: str, k: int, sources: Collection[str] | None = None) -> list[tuple[str, float]]:
        """The `k` passages that share most words with `query`: id and BM25 score, best first, ties by id.

        A passage that shares none is not there at all.
        """
        ids = self._passage_ids
        mask = None
        if sources is not None:
            allowed = set(sources)
            mask = np.fromiter((p.document_id in allowed for p in self.passages.values()), np.float32)
        scores = self._words.scores(query, mask)
        floor = np.partition(scores, -k)[-k] if k < len(scores) else np.float32(0)
        places = np.flatnonzero((scores > 0) & (scores >= floor))
        found = ((ids[place], float(scores[place])) for place in places)
        return sorted(found, key=lambda hit: (-hit[1], hit[0]))[:k]

    def close(self) -> None:
        """Lets go of files and connections; may be called twice."""
        if self._closed:
            return
        self._closed = True
        self._vectors.close()
        with _in_use_lock:
            _in_use[self._generation] -= 1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- files -----------------------------------------------------------------------------------------

    @cached_property
    def _passage_ids(self) -> tuple[str, ...]:
        return tuple(self.passages)

    @cached_property
    def _words(self) -> Words:
        for name in self.manifest.files:
            if name.startswith("words/"):
                self._read(name)
        return Words.load(self._generation / "words")

    def _rows(self, name: str) -> Iterator[Any]:
        # not splitlines(): a text may hold U+2028, which JSON leaves as it is
        for line in self._read(name).decode("utf-8", "surrogatepass").split("\n"):
            if line:
                yield json.loads(line)

    def _read(self, name: str) -> bytes:
        try:
            data = (self._generation / name).read_bytes()
        except OSError as error:
            raise self._stale(f"it has lost {name} ({error.strerror}); run `qa index`") from error
        if hashlib.sha256(data).hexdigest() != self.manifest.files.get(name):
            raise self._stale(f"{name} was altered; run `qa index`")
        return data

    def _stale(self, what: str) -> IndexStaleError:
        if not self.is_current:
            what = "another process replaced it while it was open; open it again"
        return IndexStaleError(f"the index in {self.folder} cannot be read: {what}")


def _known_vectors(folder: Path, embedder: Embedder, wanted: set[str]) -> dict[str, NDArray[np.float32]]:
    """Digest of an embedded text -> its vector, out of the current generation."""
    try:
        with Index._open(folder) as old:
            if old.manifest.model_digest != embedder.digest:
                return {}
            rows = zip(old.passages, old._rows("embedded.jsonl"), strict=True)
            ids = {digest: id_ for id_, digest in rows if digest in wanted}
            found = old._vectors.get(tuple(ids.values()))
            return {digest: found[id_] for digest, id_ in ids.items() if id_ in found}
    except (QAError, ValueError):  # missing, damaged, or of another format: then all is embedded anew
        return {}


def _clean(folder: Path, url: str) -> None:
    def forget(name: str) -> None:
        try:
            manifest = Manifest.from_json((folder / name / "manifest.json").read_text("utf-8"))
            place = manifest.chroma_url
        except (OSError, ValueError):
            place = url
        with suppress(QAError):  # a server that is away keeps a collection that nobody reads
            chroma.delete(folder / name, place)

    sweep(folder, lambda name: _in_use[folder / name] > 0, forget)


def _mismatches(manifest: Manifest, config: Config) -> list[str]:
    wrong = [
        f"{name} was {manifest.settings.get(name)!r} and is {value!r}"
        for name, value in config.index_settings().items()
        if manifest.settings.get(name) != value
    ]
    if config.embedding_model == manifest.model:
        here = model_digest(manifest.model)
        if here != manifest.model_digest:
            wrong.append(f"the files of {manifest.model} were {manifest.model_digest[:12]} and are {here[:12]}")
    if manifest.chroma_url != config.chroma_url:
        was, here = (url or "in the folder" for url in (manifest.chroma_url, config.chroma_url))
        wrong.append(f"its vectors are {was}, the setting chroma_url says {here}")
    return wrong
