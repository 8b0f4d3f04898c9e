"""Does this evidence bear this claim out? A small cross-encoder, int8, run without torch.

Similarity cannot say: a claim with one wrong figure is as similar to its evidence as the right one. The
model reads both, is told which words they share, and was trained on claims with one thing wrong
(`qa.mutate`) as well as on claims that people wrote. `training/support.py` trains it;
`training/cards/support.md` says on what, and how good it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from tokenizers import Encoding, Tokenizer

from qa.language import same_name, stem
from qa.models.encoder import CrossEncoder

MAX_EVIDENCE = 320
"""Word pieces of evidence read; 200 English words are about 270."""
MAX_CLAIM = 96

MATCH = 4
"""Classes of lexical match: 0 not in the other text, 1 in it, 2 in a pair they share, 3 in a triple."""


def _words(encoding: Encoding, text: str, limit: int) -> tuple[list[int], list[int], list[str]]:
    """Word pieces, the word each belongs to, and the words."""
    ids: list[int] = encoding.ids[:limit]
    owners = [word or 0 for word in encoding.word_ids[:limit]]  # None only for special pieces: none here
    starts: dict[int, int] = {}
    ends: dict[int, int] = {}
    for word, (start, end) in zip(owners, encoding.offsets, strict=False):
        starts.setdefault(word, start)
        ends[word] = end
    return ids, owners, [text[starts[w] : ends[w]] for w in range(len(starts))]


def _keys(words: list[str], other: list[str]) -> list[str]:
    """Stems, by which words are compared; a name that the other text spells otherwise gets the other's."""
    keys = [stem(w) for w in words]
    theirs = {stem(w) for w in other}
    names = {w for w in other if w[0].isupper() and len(w) > 3}
    for i, word in enumerate(words):
        if keys[i] not in theirs and word[0].isupper() and len(word) > 3:
            keys[i] = next((stem(n) for n in sorted(names) if same_name(word, n)), keys[i])
    return keys


def _grams(keys: list[str]) -> tuple[set[str], set[tuple[str, ...]], set[tuple[str, ...]]]:
    return set(keys), set(pairwise(keys)), set(zip(keys, keys[1:], keys[2:], strict=False))


def _match(keys: list[str], other: list[str]) -> list[int]:
    """For each word, how it occurs in the other text (see MATCH)."""
    ones, twos, threes = _grams(other)
    found = [int(k in ones) for k in keys]
    for n, grams in ((2, twos), (3, threes)):
        for i in range(len(keys) - n + 1):
            if tuple(keys[i : i + n]) in grams:
                found[i : i + n] = [max(n, f) for f in found[i : i + n]]
    return found


def encode(tokenizer: Tokenizer, pairs: Sequence[tuple[str, str]]) -> list[tuple[list[int], list[int], int]]:
    """Each pair (evidence, claim) as word pieces, their types, and the place of the claim's first piece.

    A type says to which text a piece belongs and how its word occurs in the other: `segment * MATCH + match`.
    So alignment, which a small encoder is poor at, is given to it (after the exact-match feature of Chen et
    al. 2017, arXiv:1704.00051).
    """
    # half a character is none for a tokenizer; one stands in its place, so that offsets hold
    texts = [text.encode("utf-8", "replace").decode() for pair in pairs for text in pair]
    encodings = tokenizer.encode_batch(texts, add_special_tokens=False)
    cls, sep = (tokenizer.token_to_id(mark) or 0 for mark in ("[CLS]", "[SEP]"))
    rows = []
    for i in range(0, len(texts), 2):
        left, left_owner, left_words = _words(encodings[i], texts[i], MAX_EVIDENCE)
        right, right_owner, right_words = _words(encodings[i + 1], texts[i + 1], MAX_CLAIM)
        left_keys = [stem(w) for w in left_words]
        right_keys = _keys(right_words, left_words)
        in_left, in_right = _match(left_keys, right_keys), _match(right_keys, left_keys)
        ids = [cls, *left, sep, *right, sep]
        types = [0, *(in_left[w] for w in left_owner), 0, *(MATCH + in_right[w] for w in right_owner), 0]
        rows.append((ids, types, len(left) + 2))
    return rows


def pad(
    rows: Sequence[tuple[list[int], list[int], int]], multiple: int = 1
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Ids, attention mask and types, each (rows, longest), the longest rounded up to a multiple."""
    longest = -(-max(len(ids) for ids, _, _ in rows) // multiple) * multiple
    ids, mask, types = (np.zeros((len(rows), longest), np.int64) for _ in range(3))
    for i, (row, kinds, _) in enumerate(rows):
        ids[i, : len(row)], mask[i, : len(row)], types[i, : len(row)] = row, 1, kinds
    return ids, mask, types


class Entailment(CrossEncoder):
    """The shipped support model, or one trained by `training/support.py` (a path of its own)."""

    weights = "support.onnx"
    sha256 = "766b63b045bc74d1d43c7f8449af5f1994403d7afc64be69bfbd5bc4c8ebc92b"

    def judge(self, pairs: Sequence[tuple[str, str]]) -> NDArray[np.float32]:
        """For each (evidence, claim) the probabilities that the claim is supported, neutral, contradicted.

        Shape (n, 3), calibrated, rows sum to one. Evidence beyond 320 word pieces (about 240 words) is not
        read: `qa.support.words.relevant` chooses. What a pair gets does not depend on the others; as in the reader,
        each runs alone.
        """
        rows = encode(self._tokenizer, pairs)
        out = np.zeros((len(rows), 3), np.float32)
        # longest first, so that no thread is left with a long row at the end
        order = sorted(range(len(rows)), key=lambda i: -len(rows[i][0]))
        for i, (verdict, _) in zip(order, self._pool.map(self._run, [rows[i] for i in order]), strict=True):
            out[i] = verdict
        return out

    def doubts(self, evidence: str, claim: str) -> list[tuple[int, int, float]]:
        """For each word of the claim its span and the probability that just this is not borne out."""
        row = encode(self._tokenizer, [(evidence, claim)])[0]
        pieces = self._run(row)[1][row[2] : len(row[0]) - 1]
        encoding = self._tokenizer.encode(claim.encode("utf-8", "replace").decode(), add_special_tokens=False)
        words: dict[int, tuple[int, int, float]] = {}
        owners = [word or 0 for word in encoding.word_ids]  # None only for special pieces: none here
        for p, word, (start, end) in zip(pieces, owners, encoding.offsets, strict=False):
            first, _, worst = words.get(word, (start, end, 0.0))
            words[word] = (first, end, max(worst, float(p)))
        return list(words.values())

    def _run(self, row: tuple[list[int], list[int], int]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        ids, types, _ = row
        feed = {"input_ids": np.array([ids], np.int64), "token_type_ids": np.array([types], np.int64)}
        verdict, pieces = self._session.run(["verdict", "pieces"], feed)
        return verdict[0], pieces[0]
