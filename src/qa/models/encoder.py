"""What the reader and the entailment model have in common: two texts in, int8 weights, no torch."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, ClassVar, Self

from tokenizers import Tokenizer

from qa.models.files import SHIPPED, digest, minilm_folder, onnx_session, verified

TOKENIZER_SHA256 = "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"


class CrossEncoder:
    """A small cross-encoder over the vocabulary of all-MiniLM-L6-v2."""

    weights: ClassVar[str]
    """Name of the file that comes with this version."""
    sha256: ClassVar[str]
    """Of that file."""

    def __init__(self, session: Any, tokenizer: Tokenizer, sha256: str, threads: int = 2) -> None:
        self.digest = sha256
        self._session = session
        self._tokenizer = tokenizer
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=type(self).__name__)

    @classmethod
    def load(cls, path: Path | None = None) -> Self:
        """The model whose weights lie at `path`; by default those that come with `qa`.

        Raises:
            ModelError: the weights or the tokenizer are missing, altered or cannot be run. Only the
                shipped weights are pinned; the digest of others is told by `digest`.
        """
        weights = path or SHIPPED / "weights" / cls.weights
        sha256 = digest(weights)
        if path is None:
            verified(weights, cls.sha256)
        vocabulary = verified(minilm_folder() / "tokenizer.json", TOKENIZER_SHA256)
        # one thread each for rows that run side by side: faster on short rows than threads within a row
        return cls(onnx_session(weights, threads=1), plain_tokenizer(vocabulary), sha256)


def plain_tokenizer(path: Path) -> Tokenizer:
    """The encoder's tokenizer without the padding and cutting that its file asks for."""
    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer
