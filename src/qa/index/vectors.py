"""The dense half of an index: a Chroma collection, embedded or on a server, whose rows llama-index can read."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any, Final
from urllib.parse import urlsplit

import chromadb
import httpx
import numpy as np
from chromadb.config import Settings
from chromadb.errors import ChromaError, NotFoundError
from numpy.typing import NDArray

from qa.schema import IndexStaleError, IndexWriteError, Passage, Source

_HNSW: Final = {"space": "cosine", "max_neighbors": 32, "ef_construction": 200, "ef_search": 200}
_FILTER_LIMIT: Final = 1000
"""Values in one filter; Chroma fails on some tens of thousands ("too many SQL variables")."""
_BATCH: Final = 1000
_opening = Lock()  # two threads that open one path at once would each make Chroma's shared system


class VectorIndex:
    """Unit vectors of passages, by passage id. Several threads may read at once."""

    def __init__(self, client: Any, collection: Any, place: str) -> None:
        self._client = client
        self._place = place
        self._collection = collection

    @classmethod
    def create(cls, generation: Path, url: str = "") -> VectorIndex:
        """A new, empty one, in `generation`, or on the Chroma server at `url` under its name.

        Raises:
            IndexWriteError: Chroma cannot write there.
        """
        with _writing(_place(generation, url)):
            client = _connect(generation, url)
            collection = client.create_collection(
                _name(generation), embedding_function=None, configuration={"hnsw": _HNSW}
            )
        return cls(client, collection, _place(generation, url))

    @classmethod
    def open(cls, generation: Path, url: str = "") -> VectorIndex:
        """The one that was made there.

        Raises:
            IndexStaleError: it is gone, damaged, or the server does not answer.
            IndexWriteError: its files are read-only.
        """
        client = None
        try:
            if not url:
                _see_file(generation / "chroma" / "chroma.sqlite3")
            client = _connect(generation, url)
            collection = client.get_collection(_name(generation), embedding_function=None)
            return cls(client, collection, _place(generation, url))
        except NotFoundError as error:
            _close(client)
            raise IndexStaleError(f"{_place(generation, url)} has no vectors of this index; run `qa index`") from error
        except (ChromaError, httpx.HTTPError, ValueError, OSError) as error:
            _close(client)
            if url:
                raise IndexStaleError(
                    f"{_place(generation, url)} does not answer ({error}); start it (`chroma run`), "
                    "or unset chroma_url and run `qa index`"
                ) from error
            raise IndexStaleError(f"the vectors in {generation} cannot be read ({error}); run `qa index`") from error

    def write(
        self,
        passages: Sequence[Passage],
        sources: Sequence[Source],
        vectors: NDArray[np.float32],
        progress: Callable[[int], None] | None = None,
    ) -> None:
        """Puts passages in, each with its source and vector (same places), again if they are there already.

        Raises:
            IndexWriteError: Chroma cannot write, mostly because the disk is full.
        """
        with _writing(self._place):
            size = min(_BATCH, self._client.get_max_batch_size())
            for start in range(0, len(passages), size):
                batch = slice(start, start + size)
                self._collection.upsert(
                    ids=[p.id for p in passages[batch]],
                    embeddings=vectors[batch],
                    documents=[p.text.encode("utf-8", "replace").decode() for p in passages[batch]],
                    metadatas=[_metadata(p, s) for p, s in zip(passages[batch], sources[batch], strict=True)],
                )
                if progress:
                    progress(min(start + size, len(passages)))

    def count(self) -> int:
        """Passages in it.

        Raises:
            IndexStaleError: the files are damaged.
        """
        with _reading():
            return int(self._collection.count())

    def get(self, ids: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """The stored vectors of those of `ids` that have one.

        Raises:
            IndexStaleError: a row has lost its vector, or the files are damaged.
        """
        found: dict[str, NDArray[np.float32]] = {}
        with _reading():
            for start in range(0, len(ids), _BATCH):
                rows = self._collection.get(ids=list(ids[start : start + _BATCH]), include=["embeddings"])
                found.update(zip(rows["ids"], rows["embeddings"], strict=True))
        return found

    def nearest(
        self,
        vector: NDArray[np.float32],
        k: int,
        sources: Collection[str] | None,
        everything: Collection[str],
    ) -> list[tuple[str, float]]:
        """Passage ids with their cosine similarity, best first, ties by id.

        Args:
            sources: only passages of these; None: all.
            everything: the ids of all sources, so that the shorter of "one of" and "none of" can be asked.

        Raises:
            IndexStaleError: the files are damaged or gone.
        """
        found: dict[str, float] = {}
        for where in _filters(sources, everything):
            with _reading():
                result = self._collection.query(vector[None], n_results=k, where=where, include=["distances"])
            cosines = (1.0 - distance for distance in result["distances"][0])
            found.update(zip(result["ids"][0], cosines, strict=True))
        return sorted(found.items(), key=lambda hit: (-hit[1], hit[0]))[:k]

    def close(self) -> None:
        """Lets go of files and connections; may be called twice."""
        _close(self._client)


def delete(generation: Path, url: str) -> None:
    """Removes a generation's collection from a Chroma server; one that is not there is no error."""
    if not url:
        return  # the folder goes as a whole
    with _writing(_place(generation, url)):
        client = _connect(generation, url)
        try:
            client.delete_collection(_name(generation))
        except NotFoundError:
            pass
        finally:
            _close(client)


def _see_file(path: Path) -> None:
    if not path.is_file():
        raise IndexStaleError(f"the index has lost its vectors, {path}; run `qa index`")
    if not os.access(path, os.W_OK):  # Chroma opens its database for writing, even to read
        raise IndexWriteError(
            f"{path} is read-only, and Chroma cannot read without writing; copy the index to a folder you "
            "may write and name it with --index or QA_INDEX_DIR"
        )


def _name(generation: Path) -> str:
    return f"qa-{generation.name}"


def _place(generation: Path, url: str) -> str:
    return f"the Chroma server at {url}" if url else str(generation)


def _connect(generation: Path, url: str) -> Any:
    settings = Settings(anonymized_telemetry=False)
    if not url:
        with _opening:
            return chromadb.PersistentClient(str(generation / "chroma"), settings)
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(f"{url!r} is not an address; write chroma_url as http://127.0.0.1:8000")
    secure = parts.scheme == "https"
    return chromadb.HttpClient(parts.hostname, parts.port or (443 if secure else 8000), ssl=secure, settings=settings)


def _close(client: Any) -> None:
    if client is not None:
        with _opening:
            client.close()


def _metadata(passage: Passage, source: Source) -> dict[str, Any]:
    # the form that llama-index reads back as a node; every row has every key, for `upsert` merges
    from llama_index.core.schema import NodeRelationship, RelatedNodeInfo, TextNode  # late: a second, for writing only
    from llama_index.core.vector_stores.utils import node_to_metadata_dict

    node = TextNode(
        id_=passage.id,
        start_char_idx=passage.start,
        end_char_idx=passage.end,
        metadata={
            "source": source.id,
            "title": source.title,
            "publisher": source.publisher,
            "author": source.author,
            "published": source.published,
            "language": source.language,
            "kind": source.kind,
            "heading": passage.heading,
        },
        relationships={NodeRelationship.SOURCE: RelatedNodeInfo(node_id=source.id)},
    )
    return node_to_metadata_dict(node, remove_text=True, flat_metadata=True)


def _filters(sources: Collection[str] | None, everything: Collection[str]) -> Iterator[dict[str, Any] | None]:
    wanted = sorted(set(everything).intersection(everything if sources is None else sources))
    unwanted = sorted(set(everything).difference(wanted))
    if not unwanted:
        yield None
    elif len(unwanted) < len(wanted) and len(unwanted) <= _FILTER_LIMIT:
        yield {"source": {"$nin": unwanted}}
    else:
        for start in range(0, len(wanted), _FILTER_LIMIT):
            yield {"source": {"$in": wanted[start : start + _FILTER_LIMIT]}}


@contextmanager
def _writing(place: str) -> Iterator[None]:
    try:
        yield
    except (ChromaError, httpx.HTTPError, ValueError) as error:
        raise IndexWriteError(
            f"Chroma cannot write to {place}: {error}; see whether the disk is full and the folder or server "
            "is there, then run the command again. The index that was there before is untouched"
        ) from error


@contextmanager
def _reading() -> Iterator[None]:
    try:
        yield
    except (ChromaError, httpx.HTTPError) as error:
        raise IndexStaleError(f"its vectors cannot be read ({error}); run `qa index`") from error
