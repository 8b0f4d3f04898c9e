"""The dense half of an index: unit vectors by row, and who finds the nearest ones.

`Exact` multiplies, over a memory-mapped matrix: nothing to build, nothing approximate, and up to some 100,000
passages as fast as a graph. `Signs` compares one bit for each number first, and multiplies what is nearest by that:
one pass to build, which a sync can repeat. `Chroma`, embedded or on a server, finds neighbours by its HNSW graph, built
anew each time. The matrix stays the truth: what the others propose is scored by it, and where Chroma fails it answers
alone.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from qa.schema import IndexStaleError, IndexWriteError

Vectors = NDArray[np.float32]

FILE: Final = "vectors.f32"
"""The matrix, row by row, little endian, without a header: the manifest has its shape."""
SIGNS: Final = "signs.u64"
"""The signs of its numbers, a bit each: the first 64 of every row, then the next 64 of every row, and so on."""
CHROMA: Final = "chroma"
EXACT_UP_TO: Final = 100_000
"""Passages up to which the exact product is the default (`docs/scaling.md`)."""
_SHARE: Final = 200
"""One row of so many is multiplied after its signs were compared, and `_LEAST` rows at least."""
_LEAST: Final = 2_000

_HNSW: Final = {"space": "cosine", "max_neighbors": 32, "ef_construction": 200, "ef_search": 200}
_NARROW: Final = 50_000
"""Rows of a filter up to which they are multiplied instead of asking the graph and dropping the rest."""
_DEEPEST: Final = 2_000
"""Neighbours asked of the graph under a wide filter before all rows are multiplied."""
_BATCH: Final = 1000
_BLOCK: Final = 8192
_CACHED: Final = 32_768
"""Rows whose signs are compared at a time: they stay in the processor's cache."""
_opening = Lock()  # two threads that open one path at once would each make Chroma's shared system


class VectorStore(Protocol):
    """Finds the rows whose vectors are nearest to a unit vector. Several threads may ask at once."""

    def nearest(self, vector: Vectors, k: int, mask: NDArray[np.bool_] | None) -> list[tuple[int, float]]:
        """Rows with their cosine similarity, best first, ties in the order of the rows.

        Args:
            mask: which rows may be found; None: all.
        """

    def close(self) -> None:
        """Lets go of files and connections; may be called twice."""


def matrix(generation: Path, passages: int, dimension: int) -> Vectors:
    """The vectors of a generation, memory-mapped, shape (passages, dimension)."""
    return np.asarray(np.memmap(generation / FILE, np.dtype("<f4"), "r", shape=(passages, dimension)))


class Exact:
    """Every vector is compared."""

    def __init__(self, vectors: Vectors) -> None:
        self._vectors = vectors

    def nearest(self, vector: Vectors, k: int, mask: NDArray[np.bool_] | None) -> list[tuple[int, float]]:
        """As the protocol says; exact."""
        if mask is None:
            return best(_product(self._vectors, vector), k)
        rows = np.flatnonzero(mask)
        if len(rows) * 4 > len(self._vectors):  # to gather them would cost more than to multiply all
            return best(_product(self._vectors, vector)[rows], k, rows)
        return best(score(self._vectors, rows, vector), k, rows)

    def close(self) -> None:
        """Nothing is held."""


def score(vectors: Vectors, rows: NDArray[np.int64], vector: Vectors) -> Vectors:
    """Cosines of these rows."""
    parts = [_product(vectors[rows[i : i + _BLOCK]], vector) for i in range(0, len(rows), _BLOCK)]
    return np.concatenate(parts) if parts else np.zeros(0, np.float32)


def _product(vectors: Vectors, vector: Vectors) -> Vectors:
    # not BLAS: its threads spin where cores are shared, and a product this thin waits for memory, not for arithmetic
    product: Vectors = np.einsum("ij,j->i", vectors, vector)
    return product


def best(scores: Vectors, k: int, rows: NDArray[np.int64] | None = None) -> list[tuple[int, float]]:
    """The `k` highest with the row of each, best first, ties in the order of the rows."""
    if k < len(scores):
        floor = np.partition(scores, -k)[-k]
        places = np.flatnonzero(scores >= floor)
    else:
        places = np.arange(len(scores))
    places = places[np.lexsort((places, -scores[places]))][:k]
    names = places if rows is None else rows[places]
    return [(int(row), float(s)) for row, s in zip(names, scores[places], strict=True)]


class Signs:
    """The rows that share most signs with the vector are multiplied: a sketch of 1 bit a number, then the truth.

    After Charikar (2002, doi:10.1145/509907.509965): the share of equal signs falls with the angle between vectors.
    """

    def __init__(self, vectors: Vectors, generation: Path) -> None:
        self._vectors = vectors
        words = -(-vectors.shape[1] // 64)
        signs = np.memmap(generation / SIGNS, np.dtype("<u8"), "r", shape=(words, len(vectors)))
        self._signs: NDArray[np.uint64] = np.asarray(signs)

    def nearest(self, vector: Vectors, k: int, mask: NDArray[np.bool_] | None) -> list[tuple[int, float]]:
        """As the protocol says; nearly all of ten (`docs/scaling.md`), and exact under a narrow filter."""
        allowed = len(self._vectors) if mask is None else int(mask.sum())
        wanted = max(k, _LEAST, len(self._vectors) // _SHARE)
        if mask is not None and allowed <= wanted:
            rows = np.flatnonzero(mask)
        else:
            apart = self._apart(vector)
            near = apart if mask is None else apart[mask]
            some = near[:: max(1, len(near) // (_SHARE * _SHARE))]  # enough to tell how near the nearest are
            bound = np.partition(some, at := wanted * len(some) // allowed)[at] if allowed > wanted else near.max()
            rows = np.flatnonzero(apart <= bound if mask is None else (apart <= bound) & mask)
        return best(score(self._vectors, rows, vector), k, rows)

    def _apart(self, vector: Vectors) -> NDArray[np.uint16]:
        """In how many signs each row differs from the vector."""
        asked = _signs(vector[None])[:, 0]
        apart = np.zeros(len(self._vectors), np.uint16)
        for start in range(0, len(apart), _CACHED):
            part = apart[start : start + _CACHED]
            for signs, bits in zip(self._signs, asked, strict=True):
                part += np.bitwise_count(signs[start : start + _CACHED] ^ bits)
        return apart

    def close(self) -> None:
        """Nothing is held."""


def _signs(vectors: Vectors) -> NDArray[np.uint64]:
    """Their signs, shape (words of 64 bits, rows)."""
    packed = np.packbits(vectors > 0, axis=1)
    padded = np.pad(packed, ((0, 0), (0, -packed.shape[1] % 8)))
    return np.ascontiguousarray(padded.view("<u8").T)


def write_signs(vectors: Vectors, generation: Path) -> None:
    """Writes what `Signs` reads.

    Raises:
        OSError: the disk is full.
    """
    parts = [_signs(vectors[start : start + _CACHED]) for start in range(0, len(vectors), _CACHED)]
    (generation / SIGNS).write_bytes(np.concatenate(parts, axis=1).tobytes())


class Chroma:
    """Neighbours by Chroma's HNSW graph, embedded or on a server, scored by the matrix."""

    def __init__(self, vectors: Vectors, client: Any, collection: Any) -> None:
        self._exact = Exact(vectors)
        self._vectors = vectors
        self._client = client
        self._collection = collection

    @classmethod
    def open(cls, vectors: Vectors, generation: Path, url: str = "") -> Chroma:
        """The one that `write` made.

        Raises:
            IndexStaleError: it is gone, or cannot be read or reached.
        """
        import httpx
        from chromadb.errors import ChromaError, NotFoundError

        client = None
        try:
            client = _connect(generation, url)
            collection = client.get_collection(_name(generation), embedding_function=None)
            if (count := collection.count()) != len(vectors):
                raise IndexStaleError(f"{_place(generation, url)} holds {count} of {len(vectors)} vectors")
            return cls(vectors, client, collection)
        except NotFoundError as error:
            _close(client)
            raise IndexStaleError(f"{_place(generation, url)} has no vectors of this index") from error
        except IndexStaleError:
            _close(client)
            raise
        except (ChromaError, httpx.HTTPError, OSError, ValueError) as error:
            _close(client)
            raise IndexStaleError(f"{_place(generation, url)} does not answer ({error})") from error

    def nearest(self, vector: Vectors, k: int, mask: NDArray[np.bool_] | None) -> list[tuple[int, float]]:
        """As the protocol says; about as exact as the graph, and exact under a narrow filter."""
        allowed = len(self._vectors) if mask is None else int(mask.sum())
        if mask is not None and allowed <= _NARROW:
            return self._exact.nearest(vector, k, mask)
        # under a wide filter more neighbours are asked for than are wanted, and those outside dropped
        depth = min(len(self._vectors), k if mask is None else int(k * len(self._vectors) / allowed * 1.5) + 10)
        while depth <= max(_DEEPEST, k):
            rows = self._neighbours(vector, depth)
            if rows is None:
                break
            rows = rows if mask is None else rows[mask[rows]]
            if len(rows) >= k or depth == len(self._vectors):
                return best(score(self._vectors, np.sort(rows), vector), k, np.sort(rows))
            depth = min(2 * depth, len(self._vectors))
        return self._exact.nearest(vector, k, mask)

    def _neighbours(self, vector: Vectors, depth: int) -> NDArray[np.int64] | None:
        import httpx
        from chromadb.errors import ChromaError

        try:
            found = self._collection.query(vector[None], n_results=depth, include=[])["ids"][0]
            rows = np.array([int(id_) for id_ in found], np.int64)
        except (ChromaError, httpx.HTTPError, ValueError, RuntimeError):  # away or damaged: the matrix answers
            return None
        rows = np.unique(rows)
        return rows if len(rows) and rows[0] >= 0 and rows[-1] < len(self._vectors) else None

    def close(self) -> None:
        """Lets go of files and connections; may be called twice."""
        _close(self._client)


def write(vectors: Vectors, generation: Path, url: str, progress: Callable[[int], None]) -> None:
    """Puts all vectors into a new collection, by row; closes it, opens it again and counts.

    Raises:
        IndexWriteError: Chroma cannot write there, or does not hold what was written.
    """
    place = _place(generation, url)
    with _writing(place):
        client = _connect(generation, url)
        try:
            # below the threshold Chroma keeps its graph in a log, and files of noise that it changes when it reads
            threshold = min(len(vectors), _BATCH)
            hnsw = {**_HNSW, "sync_threshold": threshold, "batch_size": min(threshold, 100)}
            collection = client.create_collection(
                _name(generation), embedding_function=None, configuration={"hnsw": hnsw}
            )
            size = min(_BATCH, client.get_max_batch_size())
            for start in range(0, len(vectors), size):
                part = np.ascontiguousarray(vectors[start : start + size])
                collection.upsert(ids=[str(start + i) for i in range(len(part))], embeddings=part)
                progress(min(start + size, len(vectors)))
        finally:
            _close(client)
    try:
        Chroma.open(vectors, generation, url).close()
    except IndexStaleError as error:
        raise IndexWriteError(
            f"what was written cannot be read back: {error}; see whether the disk is full, then run `qa index` again. "
            "The index that was there before is untouched"
        ) from error


def delete(generation: Path, url: str) -> None:
    """Removes a generation's collection from a Chroma server; one that is not there is no error."""
    if not url:
        return  # the folder goes as a whole
    from chromadb.errors import NotFoundError

    with _writing(_place(generation, url)):
        client = _connect(generation, url)
        try:
            client.delete_collection(_name(generation))
        except NotFoundError:
            pass
        finally:
            _close(client)


def content(path: Path) -> str:
    """SHA-256 of what Chroma's database says. Its bytes change whenever it is opened: a row is written as a lock.

    Raises:
        OSError: it cannot be read.
        ValueError: it is no whole database.
    """
    path.stat()
    digest = hashlib.sha256()
    try:
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)
        try:
            if connection.execute("PRAGMA integrity_check").fetchone()[0] != "ok":
                raise ValueError("it is no whole database")
            tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").fetchall()
            for (name,) in tables:
                if name != "acquire_write":
                    for row in connection.execute(f'SELECT * FROM "{name}"'):
                        digest.update(repr(row).encode("utf-8", "surrogatepass"))
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise ValueError(str(error)) from error
    return digest.hexdigest()


def _name(generation: Path) -> str:
    return f"qa-{generation.name}"


def _place(generation: Path, url: str) -> str:
    return f"the Chroma server at {url}" if url else str(generation / CHROMA)


def _connect(generation: Path, url: str) -> Any:
    import chromadb  # late: half a second, and most indexes need none
    from chromadb.config import Settings

    settings = Settings(anonymized_telemetry=False)
    if not url:
        with _opening:
            return chromadb.PersistentClient(str(generation / CHROMA), settings)
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(f"{url!r} is not an address; write chroma_url as http://127.0.0.1:8000")
    secure = parts.scheme == "https"
    return chromadb.HttpClient(parts.hostname, parts.port or (443 if secure else 8000), ssl=secure, settings=settings)


def _close(client: Any) -> None:
    if client is not None:
        with _opening:
            client.close()


@contextmanager
def _writing(place: str) -> Iterator[None]:
    import httpx
    from chromadb.errors import ChromaError

    try:
        yield
    except (ChromaError, httpx.HTTPError, ValueError) as error:
        raise IndexWriteError(
            f"Chroma cannot write to {place}: {error}; see whether the disk is full and the folder or server "
            "is there, then run the command again. The index that was there before is untouched"
        ) from error
