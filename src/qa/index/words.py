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
from functools import cached_property, lru_cache
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
import Stemmer
from numpy.typing import NDArray

from qa.index.vectors import best
from qa.language import fold

K1: Final = 1.5
B: Final = 0.75
_FEW: Final = 40
"""Times as many passages as are wanted that a filter may leave to be scored one by one."""
_LOOK_UP: Final = 8
"""Postings that can be read while one passage is looked up among them."""
_WORTH: Final = 4
"""To see who leads costs as much as reading one posting for so many passages."""
_AT_ONCE: Final = 1 << 22
"""Postings of an index that are taken over at a time."""
_ROUNDING: Final = 1e-3
"""More than sums of the same numbers in another order differ by."""

# numbers whole ("1,200", "7.5"), else words; scripts that put no space between words go by the character
_TOKEN = re.compile(r"\d+(?:[.,]\d+)+|[぀-ヿ㐀-鿿]|[^\W_぀-ヿ㐀-鿿]+")
_POSSESSIVE = re.compile(r"'s\b")


def _stopwords() -> frozenset[str]:
    """Those of bm25s, from its file: the package itself would import scipy, a quarter of a second for each command."""
    package = find_spec("bm25s")
    assert package
    assert package.submodule_search_locations
    (folder,) = package.submodule_search_locations
    spec = spec_from_file_location("stopwords", Path(folder) / "stopwords.py")
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return frozenset(module.STOPWORDS_EN_PLUS)


_STOPWORDS = _stopwords()
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
        # plain views of what is mapped: the class of a mapped array costs more than what is read of it
        self._vocabulary = np.asarray(vocabulary)
        self._starts, self._indptr, self._rows, self._counts, self._lengths = (np.asarray(arrays[n]) for n in _ARRAYS)
        self._asked = lru_cache(maxsize=16)(self._look_up)

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

    @cached_property
    def _damping(self) -> NDArray[np.float32]:
        """What a passage's length makes of K1."""
        mean = float(np.mean(self._lengths)) if len(self._lengths) else 0.0
        longer = np.asarray(self._lengths, np.float32) / np.float32(mean)
        return np.asarray(K1 * (1 - B + B * longer), np.float32)

    def stands(self, word: str) -> bool:
        """Whether a word stands in a passage, in any of its forms."""
        return bool(self._asked(word))

    def scores(self, query: str, rows: NDArray[np.integer[Any]] | None = None) -> NDArray[np.float32]:
        """One score per passage, or for each of `rows`; 0 where no word is shared."""
        out = np.zeros(self.passages if rows is None else len(rows), np.float32)
        wanted = None if rows is None else np.asarray(rows, np.int32)
        for weight, part in self._asked(query):
            there, counts = self._rows[part], self._counts[part]
            if wanted is None:
                out[there] += self._shares(weight, there, counts)
                continue
            spots = np.searchsorted(there, wanted)
            spots[spots == len(there)] = 0
            known = there[spots] == wanted
            out[known] += self._shares(weight, wanted[known], counts[spots[known]])
        return out

    def best(self, query: str, k: int, mask: NDArray[np.bool_] | None = None) -> list[tuple[int, float]]:
        """The `k` highest scores above 0 with the row of each, best first, ties in the order of the rows.

        Args:
            mask: which rows may be found; None: all.
        """
        if mask is not None and (allowed := np.flatnonzero(mask)).size <= k * _FEW:
            rows = allowed
        else:
            rows = self._leading(query, k, mask)
        scores = self.scores(query, rows)
        shared = scores > 0
        return best(scores[shared], k, rows[shared])

    def _leading(self, query: str, k: int, mask: NDArray[np.bool_] | None) -> NDArray[np.int64]:
        """Rows among which the `k` best are.

        Rare words first; as soon as all words that are left could lift no other passage among the best, their postings
        are not read (MaxScore; Turtle and Flood 1995): those of the words that stand nearly everywhere.
        """
        words = sorted(self._asked(query), key=lambda word: -word[0])
        out, found, read = np.zeros(self.passages, np.float32), np.zeros(0, np.int64), 0.0
        left, unread = sum(weight for weight, _ in words), sum(part.stop - part.start for _, part in words)
        for weight, part in words:
            rows, counts = self._rows[part], self._counts[part]
            unread -= len(rows)
            if mask is not None:
                rows, counts = rows[allowed := mask[rows]], counts[allowed]
            out[rows] += self._shares(weight, rows, counts)
            read, left = read + weight, left - weight
            if unread and (left >= read or unread * _WORTH < self.passages):  # none can lead yet, or it saves nothing
                continue
            found = np.flatnonzero(out > 0)
            if len(found) > k:
                ahead = np.partition(out[found], -k)[-k] - _ROUNDING
                found = found[out[found] + left >= ahead]
                if ahead > left and len(found) * _LOOK_UP < unread:
                    break
        return found

    def _shares(self, weight: float, rows: NDArray[Any], counts: NDArray[Any]) -> NDArray[np.float32]:
        """What a word adds to the scores of passages."""
        often = np.asarray(counts, np.float32)
        return np.asarray(np.float32(weight) * (often / (often + self._damping[rows])), np.float32)

    def _look_up(self, query: str) -> tuple[tuple[float, slice], ...]:
        """The words of a query that stand in passages: the most that each can add, and where its postings lie."""
        found = []
        for token, times in Counter(tokens(query)).items():
            if (i := self._find(token)) is not None:
                part = slice(int(self._indptr[i]), int(self._indptr[i + 1]))
                size = part.stop - part.start
                rarity = np.log(1 + (self.passages - size + 0.5) / (size + 0.5))
                found.append((float(times * rarity), part))
        return tuple(found)

    def _token(self, i: int) -> bytes:
        return self._vocabulary[int(self._starts[i]) : int(self._starts[i + 1])].tobytes()

    def _postings(self, first: int, last: int, moved: NDArray[np.int32]) -> Postings:
        """Those of some tokens whose passages stay: token, new row of the passage, count."""
        part = slice(int(self._indptr[first]), int(self._indptr[last]))
        rows = moved[self._rows[part]]
        there = rows >= 0
        owners = np.repeat(np.arange(first, last, dtype=np.int32), np.diff(self._indptr[first : last + 1]))
        return owners[there], rows[there], self._counts[part][there]

    def _find(self, token: str) -> int | None:
        wanted = token.encode()
        size = len(self._starts) - 1
        i = bisect_left(range(size), wanted, key=self._token)
        return i if i < size and self._token(i) == wanted else None


class Counting:
    """Words of passages as they are counted, or taken over from an index."""

    def __init__(self) -> None:
        self._ids: dict[bytes, int] = {}
        self._parts: list[Postings] = []
        self._lengths: list[tuple[NDArray[np.int64], NDArray[np.int32]]] = []
        self._found: tuple[list[int], list[int], list[int]] = ([], [], [])
        self._sizes: tuple[list[int], list[int]] = ([], [])
        nothing = {name: np.zeros(int(name in _ARRAYS[:2]), np.int64) for name in _ARRAYS}
        self._old, self._moved = Words(np.zeros(0, np.uint8), nothing), np.zeros(0, np.int32)

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
        """The passages of an index that stay; once, at most.

        Args:
            moved: new row of each of its passages; -1 where it is gone.
        """
        self._old, self._moved = old, moved.astype(np.int32)
        there = moved >= 0
        self._lengths.append((moved[there], np.asarray(old._lengths)[there]))

    def words(self, passages: int) -> Words:
        """What was counted, for that many passages. The same passages give the same, however they came.

        No step goes token by token through the vocabulary that was taken over, and what is held of its postings at a
        time is a part: there are some ninety to a passage.
        """
        self._pack()
        old, moved = self._old, self._moved
        found, size = sorted(self._ids), len(old._starts) - 1
        places = np.array([bisect_left(range(size), token, key=old._token) for token in found], np.int64)
        known = np.array([at < size and old._token(at) == token for at, token in zip(places, found, strict=True)], bool)
        stay = np.zeros(size, np.int64)  # postings of each old token that stay
        bounds = np.searchsorted(old._indptr, np.arange(0, old._indptr[-1], _AT_ONCE))
        parts = list(pairwise(np.unique((0, *bounds, size)))) or [(0, 0)]
        for first, last in parts:
            owners, _, _ = old._postings(first, last, moved)
            stay[first:last] = np.bincount(owners - first, minlength=last - first)
        used = stay > 0
        used[places[known]] = True
        # tokens of both, in order: a new one stands before the old one whose place it was given
        keys = np.concatenate((np.flatnonzero(used) + 0.5, places[~known]))
        order = np.argsort(keys, kind="stable")
        keys, rank = keys[order], np.argsort(order)
        new_place = np.full(size, -1, np.int32)
        new_place[used] = rank[: used.sum()]
        spot = np.empty(len(found), np.int32)
        spot[known], spot[~known] = new_place[places[known]], rank[used.sum() :]
        spots = np.empty(len(found), np.int32)
        spots[[self._ids[token] for token in found]] = spot
        ids, rows, counts = (np.concatenate(part) for part in zip(*self._parts, strict=True))
        ids = spots[ids]
        sizes = np.bincount(ids, minlength=len(order))
        sizes[new_place[used]] += stay[used]
        indptr = np.concatenate(([0], np.cumsum(sizes))).astype(np.int64)
        arrays: dict[str, NDArray[Any]] = {
            "indptr": indptr,
            "rows": np.empty(indptr[-1], np.int32),
            "counts": np.empty(indptr[-1], np.uint16),
            "lengths": np.zeros(passages, np.int32),
        }
        for first, last in parts:
            low, high = np.searchsorted(keys, (first, last if last < size else np.inf))
            new, (owners, there, often) = (ids >= low) & (ids < high), old._postings(first, last, moved)
            both = np.concatenate((there, rows[new]))
            # what was taken over is in this order already, and a stable sort makes use of it
            turn = np.argsort(
                np.concatenate((new_place[owners], ids[new])).astype(np.int64) * passages + both, kind="stable"
            )
            arrays["rows"][indptr[low] : indptr[high]] = both[turn]
            arrays["counts"][indptr[low] : indptr[high]] = np.concatenate((often, counts[new]))[turn]
        for at, tokens_there in self._lengths:
            arrays["lengths"][at] = tokens_there
        fresh = [token for token, there in zip(found, known, strict=True) if not there]
        stays = np.repeat(used, np.diff(old._starts))
        before = np.concatenate(([0], np.cumsum(stays)))[old._starts[places[~known]]]  # bytes before each new token
        letters = np.fromiter(map(len, fresh), np.int64, len(fresh))
        vocabulary = np.insert(
            old._vocabulary[stays], np.repeat(before, letters), np.frombuffer(b"".join(fresh), np.uint8)
        )
        spelled = np.concatenate((np.diff(old._starts)[used], letters))[order]
        arrays["starts"] = np.concatenate(([0], np.cumsum(spelled))).astype(np.int64)
        return Words(vocabulary, arrays)

    def _pack(self) -> None:
        ids, rows, counts = self._found
        self._parts.append((np.array(ids, np.int32), np.array(rows, np.int32), np.array(counts, np.uint16)))
        self._lengths.append((np.array(self._sizes[0], np.int64), np.array(self._sizes[1], np.int32)))
        self._found, self._sizes = ([], [], []), ([], [])


Postings = tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.uint16]]
"""Place of the token in the vocabulary, row of the passage, and how often it stands there."""
