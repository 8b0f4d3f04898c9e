"""The lexical half of an index: BM25 over the stems of the words (Robertson and Zaragoza 2009), by bm25s."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import bm25s
import numpy as np
import Stemmer
from bm25s.stopwords import STOPWORDS_EN_PLUS
from numpy.typing import NDArray

from qa.language import fold

# numbers whole ("1,200", "7.5"), else words; scripts that put no space between words go by the character
_TOKEN = re.compile(r"\d+(?:[.,]\d+)+|[぀-ヿ㐀-鿿]|[^\W_぀-ヿ㐀-鿿]+")
_POSSESSIVE = re.compile(r"'s\b")
_STOPWORDS = frozenset(STOPWORDS_EN_PLUS)


def tokens(text: str) -> list[str]:
    """The stems that are looked up: no case, no accents, no stopwords; "U.S." and "US" are the same."""
    plain = _POSSESSIVE.sub("", fold(re.sub(r"\b([A-Z])\.(?=[A-Z]\b)", r"\1", text)))
    words = [word.replace(",", "") for word in _TOKEN.findall(plain) if word not in _STOPWORDS]
    # a stemmer keeps state between calls and must not be shared between threads; a new one costs 10 µs
    return list(Stemmer.Stemmer("english").stemWords(words))


class Words:
    """BM25 scores of passages, by their place in the list they were built from."""

    def __init__(self, scorer: bm25s.BM25) -> None:
        self._scorer = scorer

    @classmethod
    def build(cls, texts: Sequence[str]) -> Words:
        """The scores of these texts, computed once."""
        vocabulary: dict[str, int] = {}  # in order of appearance, so that the same texts give the same files
        ids = [[vocabulary.setdefault(token, len(vocabulary)) for token in tokens(text)] for text in texts]
        vocabulary.setdefault("", len(vocabulary))  # a corpus without one word still has an index
        scorer = bm25s.BM25(backend="numpy", csc_backend="numpy")
        scorer.index((ids, vocabulary), create_empty_token=False, show_progress=False)
        return cls(scorer)

    @classmethod
    def load(cls, folder: Path) -> Words:
        """What `save` wrote."""
        return cls(bm25s.BM25.load(folder, show_progress=False))

    def save(self, folder: Path) -> None:
        """Writes the scores into a folder, made if missing."""
        self._scorer.save(folder, show_progress=False)

    def scores(self, query: str, mask: NDArray[np.float32] | None = None) -> NDArray[np.float32]:
        """One score per text; 0 where no word is shared, or where `mask` is 0."""
        known = self._scorer.get_tokens_ids(tokens(query))
        size = int(self._scorer.scores["num_docs"])
        if not known:
            return np.zeros(size, dtype=np.float32)
        found: NDArray[np.float32] = self._scorer.get_scores_from_ids(known, weight_mask=mask)
        return found
