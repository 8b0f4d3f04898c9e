"""Does this evidence bear this claim out? A small cross-encoder, int8, run by onnxruntime without torch."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from tokenizers import Encoding, Tokenizer

from qa.facts import same_name, stem

MAX_EVIDENCE = 320
"""Word pieces of evidence read; 200 English words are about 270."""
MAX_CLAIM = 96

MATCH = 4
"""Classes of lexical match: 0 not in the other text, 1 in it, 2 in a pair they share, 3 in a triple."""

_WORD = re.compile(r"\w+")


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
    texts = [unicodedata.normalize("NFC", text) for pair in pairs for text in pair]
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


def relevant(sentences: Sequence[str], claim: str, words: int = 100) -> list[int]:
    """Which sentences to hold a claim against, in their order: greedily those that add most of its words.

    Rare words weigh more. Takes at least one sentence, then while there is room for `words` words.
    """
    said = [[m[0] for m in _WORD.finditer(s)] for s in sentences]
    keys = [{stem(w) for w in ws} for ws in said]
    wanted = set(_keys([m[0] for m in _WORD.finditer(claim)], [w for ws in said for w in ws]))
    spread = {k: sum(k in ks for ks in keys) for k in wanted}
    weight = {k: math.log(1 + len(sentences) / n) for k, n in spread.items() if n}
    left, room = set(weight), words
    taken: list[int] = []
    while len(taken) < len(sentences):
        # what is covered already still counts a little: a second sentence on the same matter beats a stranger
        gains = [
            (
                sum(weight[k] for k in keys[i] & left)
                + 0.1 * sum(weight[k] for k in keys[i] & weight.keys()),
                -i,
            )
            for i in range(len(sentences))
            if i not in taken and (not taken or len(said[i]) <= room)
        ]
        if not gains or (taken and max(gains)[0] <= 0):
            break
        best = -max(gains)[1]
        taken.append(best)
        left -= keys[best]
        room -= len(said[best])
    return sorted(taken)
