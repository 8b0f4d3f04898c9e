"""Documents -> an index that can be searched by meaning and by words: built whole, swapped in, opened.

    manifest      what it was built from
    generations   where it lies, how a new one takes the place of an old one, whether it is damaged
    texts         documents, passages, names: two SQLite files
    vectors       who finds the nearest vectors: an exact product, signs first, or Chroma
    words         BM25
    shared        a database that several machines answer from
    build         the steps from documents to files

`Index` is what the rest of the package sees. Opening one reads its manifest; what it holds is read where it lies.
"""

from __future__ import annotations

import shutil
import weakref
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack, suppress
from functools import cached_property, lru_cache, partial
from pathlib import Path
from threading import Lock
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from qa.config import Config
from qa.index import generations
from qa.index import manifest as manifests
from qa.index import vectors as stores
from qa.index.build import Build, Steps, embedded_text, identity, refuse_unfit, reusable
from qa.index.generations import current, explained, move_pointer, sweep, writing
from qa.index.manifest import FORMAT, DamagedIndexError, ForeignFormatError, Manifest
from qa.index.shared import Shared
from qa.index.texts import Documents, Passages, Sources, Texts, Vocabulary
from qa.index.vectors import VectorStore
from qa.index.words import Words
from qa.models.embedder import Embedder, model_digest
from qa.schema import (
    Document,
    Filters,
    IndexBusyError,
    IndexStaleError,
    IndexWriteError,
    Passage,
    QAError,
    Source,
)

__all__ = ["FORMAT", "Index", "Manifest", "Rows", "embedded_text"]

Rows = NDArray[np.bool_]
"""Which passages may be found: one value for each row."""

_in_use: Counter[Path] = Counter()
"""Generations that are open in this process; they are not swept away."""
_in_use_lock = Lock()


class Index:
    """An index that can be searched, of one generation: it does not change while it is open.

    Made by `build` or `open`; close it, or use it in a `with` statement. Several threads may read at once.
    """

    def __init__(self, folder: Path, generation: Path, manifest: Manifest, notes: tuple[str, ...] = ()) -> None:
        self.folder = folder
        self.manifest = manifest
        self._notes = notes
        self._shared: Shared | None = None
        self._generation = generation
        self.texts = Texts(generation)
        self.matrix = stores.matrix(generation, manifest.passages, manifest.dimension)
        """The vectors, by row."""
        self.words = Words.load(generation / "words")
        self.rows = lru_cache(maxsize=16)(self._rows)
        with _in_use_lock:
            _in_use[generation] += 1
        self._release = weakref.finalize(self, _let_go, generation)

    @classmethod
    def build(
        cls,
        documents: Sequence[Document | str],
        folder: Path,
        config: Config,
        embedder: Embedder | None = None,
        progress: Steps | None = None,
        *,
        base: Index | None = None,
        origins: Mapping[str, Any] | None = None,
    ) -> Self:
        """Makes the index of these documents and puts it in the place of the one in `folder`, if any.

        It takes the old one's place whole, after it was checked, or not at all. What an index before it made of
        unchanged documents is taken over; where nothing has changed at all, that one stays.

        Args:
            documents: a string is the id of one that the base has, kept as it is.
            embedder: the model; default: the setting `embedding_model`.
            progress: called with (step, done, total).
            base: an index to take over from; default: the one in `folder`.
            origins: by id, where a document came from: whatever JSON the caller wants back from `origins`.

        Raises:
            CorpusError: there are no documents, no words in them, two of one id, or one that is not there to keep.
            IndexStaleError: what was to be kept is damaged, or the database of `shared_url` is away.
            ModelError: the embedding model is missing or altered.
            IndexBusyError: another process is writing this index, or another machine has, meanwhile.
            IndexWriteError: the folder or the database of `shared_url` cannot be written, or the disk is full.
        """
        report = progress or (lambda step, done, total: None)
        origins = origins or {}
        refuse_unfit(documents)
        folder = folder.absolute()
        shared = Shared(config.shared_url) if config.shared_url else None
        if shared:
            before = current(folder)
            shared.pull(folder, partial(_is_open, folder))
            if base and base.folder == folder and before != current(folder):
                raise IndexBusyError(
                    "another machine has put a newer index into the database of shared_url; it is here now: repeat the "
                    "change, and it is made to that one"
                )
        with ExitStack() as stack:
            new = stack.enter_context(writing(folder))
            _clean(folder, new, config.chroma_url)
            embedder = embedder or Embedder.load(config.embedding_model)
            if base is None and (base := cls.serving(folder)):
                stack.callback(base.close)
            if base and base._is_made_of(documents, folder, config, embedder, origins):
                if shared and not shared.current():
                    shared.push(base._generation, "")
                return cls.open(folder, config)
            try:
                with explained(folder):
                    try:
                        Build(new, config, embedder, base, report).write(documents, origins)
                    except DamagedIndexError:
                        if any(isinstance(document, str) for document in documents):
                            raise
                        shutil.rmtree(new)  # what was to be taken over is damaged: all is made anew
                        new.mkdir()
                        Build(new, config, embedder, None, report).write(documents, origins)
                    if shared:
                        shared.push(new, current(folder))
                    move_pointer(folder, new.name, base._generation.name if base and base.folder == folder else "")
            except BaseException:  # Ctrl-C too, which may come when the pointer has moved already
                with suppress(QAError):
                    if current(folder) != new.name:
                        stores.delete(new, config.chroma_url)
                raise
            _clean(folder, new, config.chroma_url)
        return cls.open(folder, config)

    @classmethod
    def open(cls, folder: Path, config: Config) -> Self:
        """The index in `folder`, if it was built with these settings. Where it is damaged, the one before it serves.

        Where `shared_url` names a database, what is current there is brought into the folder first.

        Raises:
            IndexMissingError: there is none.
            IndexStaleError: it was built by another format, model or setting, or nothing whole is left of it.
            ModelError: the files of the embedding model are missing.
        """
        folder, shared, away = folder.absolute(), None, ""
        if config.shared_url:
            shared = Shared(config.shared_url)
            try:
                shared.pull(folder, partial(_is_open, folder))
            except (IndexBusyError, IndexStaleError, IndexWriteError) as error:
                if not current(folder):
                    raise
                away = f"what was brought here last answers: {error}"
        index = cls._open(folder)
        index._shared, index._notes = shared, (*index._notes, *filter(None, (away,)))
        try:
            if wrong := _mismatches(index.manifest, config):
                raise IndexStaleError(
                    f"the index in {folder} does not fit: {'; '.join(wrong)}. Run `qa index` to rebuild it"
                )
        except QAError:
            index.close()
            raise
        return index

    @classmethod
    def serving(cls, folder: Path) -> Self | None:
        """What serves in a folder now, whatever its settings; None where nothing does, or it is of another format."""
        try:
            return cls._open(folder.absolute())
        except QAError:
            return None

    @classmethod
    def _open(cls, folder: Path) -> Self:
        names, wrong = generations.readable(folder)
        damage = [wrong] if wrong else []
        for name in names:
            try:
                manifest = _manifest(folder / name)
                wrongs = generations.compare(folder / name, _files(manifest, chroma=False))
                if wrongs:
                    raise DamagedIndexError("; ".join(wrongs))
                notes = tuple(f"the index in {folder} is damaged: {line}; run `qa index`" for line in damage)
                if name != names[0]:
                    notes = (f"{notes[0]}. The one before it answers",)
                return cls(folder, folder / name, manifest, notes)
            except (DamagedIndexError, OSError, ValueError) as error:
                if generations.readable(folder)[0] != names:  # a writer was faster: what was looked for is swept away
                    return cls._open(folder)
                damage.append(str(error))
        raise DamagedIndexError(f"the index in {folder} is damaged: {damage[0]}; run `qa index` to build it again")

    def _is_made_of(
        self,
        documents: Sequence[Document | str],
        folder: Path,
        config: Config,
        embedder: Embedder,
        origins: Mapping[str, Any],
    ) -> bool:
        m = self.manifest
        if self.notes or self.folder != folder or not self.is_current or not reusable(m, config):
            return False
        if m.model_digest != embedder.digest or m.chroma_url != config.chroma_url or m.documents != len(documents):
            return False
        if config.vector_store not in ("auto", m.vectors):
            return False
        there = self.texts.digests()
        same = list(there) == list(map(identity, documents)) and all(
            isinstance(d, str) or there[d.id] == manifests.document_digest(d) for d in documents
        )
        return same and all(origin == origins.get(id_, origin) for id_, origin in self.texts.origins())

    def differs(self, config: Config) -> tuple[str, ...]:
        """The settings, and model files, that were others when this was built: one line each."""
        return tuple(_mismatches(self.manifest, config))

    def origins(self) -> dict[str, Any]:
        """By id, where documents came from, as far as `build` was told."""
        return {id_: origin for id_, origin in self.texts.origins() if origin is not None}

    def differences(self, documents: Iterable[Document]) -> tuple[str, ...]:
        """One line for each of `documents` that was added, removed or changed since this was built."""
        return manifests.differences(self.texts.digests(), {d.id: manifests.document_digest(d) for d in documents})

    @property
    def is_current(self) -> bool:
        """Whether `folder`, and the database of `shared_url`, still hold this one; when not, open it again."""
        name = self._generation.name
        return current(self.folder) == name and (not self._shared or self._shared.names(name))

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know of its state: damage, and what answers in its place."""
        return self._notes + self._store[1]

    # -- what is in it ---------------------------------------------------------------------------------

    @cached_property
    def sources(self) -> tuple[Source, ...]:
        """The sources, in the order in which their documents were given."""
        return tuple(self.texts.sources())

    @cached_property
    def described(self) -> Sources:
        """The same, read when asked for, and looked up by what describes them."""
        return Sources(self.texts)

    @property
    def publishers(self) -> list[str]:
        """Of the sources, sorted; of those that differ in case, one."""
        return self.texts.publishers()

    def source(self, id: str) -> Source:
        """One source, looked up.

        Raises:
            KeyError: there is none.
        """
        return self.texts.source(id)

    @cached_property
    def documents(self) -> Mapping[str, Document]:
        """Document id -> document, whole; read when asked for."""
        return Documents(self.texts)

    @cached_property
    def passages(self) -> Mapping[str, Passage]:
        """Passage id -> passage, in the order of the documents; read when asked for."""
        return Passages(self.texts)

    def passages_of(self, id: str) -> tuple[Passage, ...]:
        """The passages of a document, in the order of its text; none where there is no such document."""
        return tuple(self.texts.passages(*self.texts.rows(id)))

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The names in the corpus: `language.name_key` -> the spellings that stand there."""
        return Vocabulary(self.texts)

    def passing(self, filters: Filters) -> frozenset[str]:
        """Ids of the sources that pass."""
        return frozenset(self.texts.passing(filters))

    def passing_count(self, filters: Filters) -> int:
        """How many sources pass."""
        return self.texts.passing_count(filters)

    def _rows(self, filters: Filters) -> Rows:
        """The passages of the sources that pass: what `dense` and `lexical` take. Found once for each filter."""
        mask = np.zeros(self.manifest.passages, bool)
        for first, last in self.texts.ranges(filters):
            mask[first:last] = True
        return mask

    # -- searching -------------------------------------------------------------------------------------

    def dense(self, vector: NDArray[np.float32], k: int, rows: Rows | None = None) -> list[tuple[str, float]]:
        """The `k` passages nearest to a unit vector: id and cosine similarity, best first, ties in their order.

        Args:
            rows: which may be found, see `rows`; None: all.
        """
        found = self._store[0].nearest(vector, min(k, self.manifest.passages), rows)
        return self._by_id(found)

    def lexical(self, query: str, k: int, rows: Rows | None = None) -> list[tuple[str, float]]:
        """The `k` passages that share most words with `query`: id and BM25 score, best first, ties in their order.

        A passage that shares none is not there at all.
        """
        return self._by_id(self.words.best(query, k, rows))

    def stands(self, word: str) -> bool:
        """Whether a word stands in a passage, in any of its forms."""
        return self.words.stands(word)

    def compare(self, ids: Sequence[str], query: str, vector: NDArray[np.float32]) -> list[tuple[float, float]]:
        """Cosine and BM25 score of these passages, whether or not either ranking has found them."""
        rows = np.array(self.texts.rows_of(ids), np.int64)
        cosines = stores.score(self.matrix, rows, vector)
        return [(float(c), float(s)) for c, s in zip(cosines, self.words.scores(query, rows), strict=True)]

    def _by_id(self, found: Sequence[tuple[int, float]]) -> list[tuple[str, float]]:
        return list(zip(self.texts.ids_of([row for row, _ in found]), (score for _, score in found), strict=True))

    def examine(self) -> tuple[str, ...]:
        """Reads every file whole: what is damaged, one line each; nothing where all is as it was written."""
        wrong = generations.compare(self._generation, self.manifest.files, deep=True)
        if not wrong:
            self.texts.verify()
        return wrong

    def altered(self) -> tuple[str, ...]:
        """Reads the files that another index may take over: what is damaged, one line each."""
        return generations.compare(self._generation, _files(self.manifest, chroma=False), deep=True)

    def close(self) -> None:
        """Lets go of files and connections; may be called twice."""
        if not self._release.alive:
            return
        self._release()
        if "_store" in self.__dict__:
            self._store[0].close()
        self.texts.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @cached_property
    def _store(self) -> tuple[VectorStore, tuple[str, ...]]:
        """Who finds the nearest vectors, and why it is not who should."""
        url, generation = self.manifest.chroma_url, self._generation
        if self.manifest.vectors == "signs":
            return stores.Signs(self.matrix, generation), ()
        if self.manifest.vectors != "chroma":
            return stores.Exact(self.matrix), ()
        try:
            if wrong := generations.compare(generation, _files(self.manifest, chroma=True)):
                raise DamagedIndexError("; ".join(wrong))
            store = stores.Chroma.open(self.matrix, generation, url)
            if not url:
                generations.restamp(generation, f"{stores.CHROMA}/chroma.sqlite3")
            return store, ()
        except IndexStaleError as error:
            mend = "start the server, or unset chroma_url and run `qa index`" if url else "run `qa index`"
            return stores.Exact(self.matrix), (f"every vector is compared instead of asking Chroma: {error}; {mend}",)


def _is_open(folder: Path, name: str) -> bool:
    return _in_use[folder / name] > 0


def _let_go(generation: Path) -> None:
    with _in_use_lock:
        _in_use[generation] -= 1


def _manifest(generation: Path) -> Manifest:
    try:
        return Manifest.from_json((generation / "manifest.json").read_bytes())
    except FileNotFoundError as error:
        raise DamagedIndexError(f"{generation.name} is lost") from error
    except ForeignFormatError as error:
        raise IndexStaleError(
            f"the index in {generation.parent} does not fit: {error}. Run `qa index` to rebuild it"
        ) from error
    except (OSError, ValueError) as error:
        raise DamagedIndexError(f"manifest.json cannot be read: {error}") from error


def _files(manifest: Manifest, *, chroma: bool) -> dict[str, str]:
    return {n: digest for n, digest in manifest.files.items() if n.startswith(f"{stores.CHROMA}/") == chroma}


def _clean(folder: Path, new: Path, url: str) -> None:
    def forget(name: str) -> None:
        try:
            place = _manifest(folder / name).chroma_url
        except QAError:
            place = url
        with suppress(QAError):  # a server that is away keeps a collection that nobody reads
            stores.delete(folder / name, place)

    sweep(folder, lambda name: name == new.name or _is_open(folder, name), forget)


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
