"""The lexical half of an index: BM25 (Robertson and Zaragoza 2009) over the stems of the words, read where it lies.

    tokens.bin starts.npy      the vocabulary, sorted, one behind the other
    indptr.npy                 where the postings of each token begin
    rows.npy counts.npy        passages that hold it, and how often
    lengths.npy                tokens in each passage

Counts are kept, not scores: they stay true when other passages come and go, so a sync counts new passages only. The
score is worked out for the words of a question, as bm25s does for all words beforehand (its "lucene" variant).
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import Stemmer
from bm25s.stopwords import STOPWORDS_EN_PLUS
from numpy.typing import NDArray

from qa.language import fold

K1: Final = 1.5
B: Final = 0.75

# numbers whole ("1,200", "7.5"), else words; scripts that put no space between words go by the character
_TOKEN = re.compile(r"\d+(?:[.,]\d+)+|[぀-ヿ㐀-鿿]|[^\W_぀-ヿ㐀-鿿]+")
_POSSESSIVE = re.compile(r"'s\b")
_STOPWORDS = frozenset(STOPWORDS_EN_PLUS)
_ARRAYS: Final = ("starts", "indptr", "rows", "counts", "lengths")


def tokens(text: str) -> list[str]:
    """The stems that are looked up: no case, no accents, no stopwords; "U.S." and "US" are the same."""
    plain = _POSSESSIVE.sub("", fold(re.sub(r"\b([A-Z])\.(?=[A-Z]\b)", r"\1", text)))
    words = [word.replace(",", "") for word in _TOKEN.findall(plain) if word not in _STOPWORDS]
    # a stemmer keeps state between calls and must not be shared between threads; a new one costs 10 µs
    return list(Stemmer.Stemmer("english").stemWords(words))


class Words:
    """BM25 scores of passages, by their row."""

    def __init__(self, vocabulary: NDArray[np.uint8], arrays: dict[str, NDArray[Any]]) -> None:
        self._vocabulary = vocabulary
        self._starts, self._indptr, self._rows, self._counts, self._lengths = (arrays[name] for name in _ARRAYS)
        self._mean = float(np.mean(self._lengths)) if len(self._lengths) else 0.0

    @classmethod
    def build(cls, texts: Sequence[str]) -> Words:
        """The words of these texts."""
        counting = Counting()
        for row, text in enumerate(texts):
            counting.add(row, text)
        return counting.words(len(texts))

    @classmethod
    def load(cls, folder: Path) -> Words:
        """What `save` wrote, memory-mapped.

        Raises:
            OSError, ValueError: a file is missing or not what was written.
        """
        arrays = {name: np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False) for name in _ARRAYS}
        size = (folder / "tokens.bin").stat().st_size
        vocabulary = np.memmap(folder / "tokens.bin", np.uint8, "r") if size else np.zeros(0, np.uint8)
        return cls(vocabulary, arrays)

    def save(self, folder: Path) -> None:
        """Writes the files into a folder, made if missing."""
        folder.mkdir(exist_ok=True)
        (folder / "tokens.bin").write_bytes(self._vocabulary.tobytes())
        for name in _ARRAYS:
            np.save(folder / f"{name}.npy", getattr(self, f"_{name}"))

    @property
    def passages(self) -> int:
        """How many there are."""
        return len(self._lengths)

    def scores(self, query: str) -> NDArray[np.float32]:
        """One score per passage; 0 where no word is shared."""
        out = np.zeros(self.passages, np.float32)
        for token, times in Counter(tokens(query)).items():
            if (i := self._find(token)) is None:
                continue
            part = slice(int(self._indptr[i]), int(self._indptr[i + 1]))
            rows, counts = np.asarray(self._rows[part]), np.asarray(self._counts[part], np.float32)
            rarity = np.log(1 + (self.passages - len(rows) + 0.5) / (len(rows) + 0.5))
            longer = np.asarray(self._lengths[rows], np.float32) / np.float32(self._mean)
            out[rows] += np.float32(times * rarity) * (counts / (counts + K1 * (1 - B + B * longer)))
        return out

    def _token(self, i: int) -> bytes:
        return self._vocabulary[int(self._starts[i]) : int(self._starts[i + 1])].tobytes()

    def _find(self, token: str) -> int | None:
        wanted = token.encode()
        size = len(self._starts) - 1
        i = bisect_left(range(size), wanted, key=self._token)
        return i if i < size and self._token(i) == wanted else None


class Counting:
    """Words of passages as they are counted, or taken over from an index."""

    def __init__(self) -> None:
        self._ids: dict[bytes, int] = {}
        self._parts: list[tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.uint16]]] = []
        self._lengths: list[tuple[NDArray[np.int64], NDArray[np.int32]]] = []
        self._found: tuple[list[int], list[int], list[int]] = ([], [], [])
        self._sizes: tuple[list[int], list[int]] = ([], [])

    def add(self, row: int, text: str) -> None:
        """Counts one passage."""
        found = Counter(tokens(text))
        ids, rows, counts = self._found
        for token, times in found.items():
            ids.append(self._ids.setdefault(token.encode(), len(self._ids)))
            rows.append(row)
            counts.append(min(times, 65535))
        self._sizes[0].append(row)
        self._sizes[1].append(found.total())
        if len(ids) > 1_000_000:
            self._pack()

    def take(self, old: Words, moved: NDArray[np.int64]) -> None:
        """The passages of an index that stay.

        Args:
            moved: new row of each of its passages; -1 where it is gone.
        """
        size = len(old._starts) - 1
        ids = np.fromiter((self._ids.setdefault(old._token(i), len(self._ids)) for i in range(size)), np.int64, size)
        rows = moved[np.asarray(old._rows)]
        stay = rows >= 0
        owners = np.repeat(ids, np.diff(np.asarray(old._indptr)))
        self._parts.append((owners[stay], rows[stay].astype(np.int32), np.asarray(old._counts)[stay]))
        there = moved >= 0
        self._lengths.append((moved[there], np.asarray(old._lengths)[there]))

    def words(self, passages: int) -> Words:
        """What was counted, for that many passages. The same passages give the same, however they came."""
        self._pack()
        ids, rows, counts = (np.concatenate(part) for part in zip(*self._parts, strict=True))
        lengths = np.zeros(passages, np.int32)
        for places, sizes in self._lengths:
            lengths[places] = sizes
        used = np.zeros(len(self._ids), bool)
        used[ids] = True
        vocabulary = sorted(token for token, i in self._ids.items() if used[i])
        place = np.zeros(len(self._ids), np.int64)
        place[[self._ids[token] for token in vocabulary]] = np.arange(len(vocabulary))
        ids = place[ids]
        order = np.lexsort((rows, ids))
        arrays: dict[str, NDArray[Any]] = {
            "starts": np.cumsum([0, *map(len, vocabulary)], dtype=np.int64),
            "indptr": np.concatenate(([0], np.cumsum(np.bincount(ids, minlength=len(vocabulary))))).astype(np.int64),
            "rows": rows[order],
            "counts": counts[order],
            "lengths": lengths,
        }
        return Words(np.frombuffer(b"".join(vocabulary), np.uint8), arrays)

    def _pack(self) -> None:
        ids, rows, counts = self._found
        self._parts.append((np.array(ids, np.int64), np.array(rows, np.int32), np.array(counts, np.uint16)))
        self._lengths.append((np.array(self._sizes[0], np.int64), np.array(self._sizes[1], np.int32)))
        self._found, self._sizes = ([], [], []), ([], [])
