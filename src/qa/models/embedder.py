"""Text -> vector. One model, two ways to run it: NumPy for few texts, sentence-transformers for many.

Importing sentence-transformers takes six seconds; a question must not wait for it. The encoder below is the
one of BERT (Devlin et al. 2019, arXiv:1810.04805) with mean pooling, as all-MiniLM-L6-v2 was trained; tests
hold both ways equal.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

from qa.models.files import digest, minilm_folder, verified
from qa.schema import ModelError

Vectors = NDArray[np.float32]

DEFAULT: Final = "all-MiniLM-L6-v2"
_PINNED: Final = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
}
_WEIGHTS: Final = ("*.safetensors", "*.bin", "*.json", "*.txt", "*.model")
_MAX_TOKENS: Final = 256
_BATCH: Final = 32
_FEW: Final = 48
"""Passages for which importing sentence-transformers takes longer than doing without it."""
_one_at_a_time = Lock()  # the limit on BLAS threads is the whole process's


class Embedder:
    """Turns texts into unit vectors, so that a dot product is their cosine similarity."""

    def __init__(self, name: str, folder: Path, digest: str, query: _MiniLM | None = None) -> None:
        self.name = name
        self.digest = digest
        """SHA-256 of the weights, or of all files where the model is another than the default."""
        self._folder = folder
        self._query = query
        self._model: Any = None
        self._lock = Lock()
        self.dimension: int = query.dimension if query else self._sentence_transformer().get_embedding_dimension()

    @classmethod
    def load(cls, name: str = DEFAULT) -> Embedder:
        """The model of that name; nothing is fetched. The default is loaded once for all who ask for it: 90 MB.

        Args:
            name: the default, a folder, or a sentence-transformers name whose files are in the local cache.

        Raises:
            ModelError: the files are missing or altered, or are no sentence-transformers model.
        """
        if name == DEFAULT:
            folder = minilm_folder()
            for file, sha256 in _PINNED.items():
                verified(folder / file, sha256)
            return cls._minilm(folder)
        folder = _locate(name)
        return cls(name, folder, _folder_digest(folder))

    @classmethod
    @lru_cache(maxsize=2)
    def _minilm(cls, folder: Path) -> Embedder:
        return cls(DEFAULT, folder, model_digest(DEFAULT), _MiniLM(folder))

    def embed_query(self, text: str) -> Vectors:
        """Unit vector of a question, shape (dimension,). The default model needs no torch for it."""
        if self._query:
            return self._query.encode(text)
        vector: Vectors = self.embed_passages([text])[0]
        return vector

    def embed_passages(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> Vectors:
        """Unit vectors, shape (len(texts), dimension), in the order given.

        Texts of like length share a batch, which saves padding.

        Args:
            progress: called with the number of texts done, after each batch.
        """
        vectors = np.empty((len(texts), self.dimension), dtype=np.float32)
        if self._query and len(texts) <= _FEW:
            for done, text in enumerate(texts, start=1):
                vectors[done - 1] = self._query.encode(text)
                if progress:
                    progress(done)
            return vectors
        # the text itself breaks ties: the same texts make the same batches, so the same bits
        order = sorted(range(len(texts)), key=lambda i: (-len(texts[i]), texts[i]))
        for start in range(0, len(order), _BATCH):
            batch = order[start : start + _BATCH]
            vectors[batch] = self._sentence_transformer().encode(
                [texts[i] for i in batch],
                batch_size=_BATCH,
                normalize_embeddings=True,
                convert_to_numpy=True,
                show_progress_bar=False,
            )
            if progress:
                progress(min(start + _BATCH, len(order)))
        return vectors

    def as_llama_index(self) -> Any:
        """This model as a llama-index `BaseEmbedding`, for an engine of one's own."""
        from llama_index.core.base.embeddings.base import BaseEmbedding  # late: a second and a half

        embedder = self

        class LlamaIndexEmbedding(BaseEmbedding):
            def _get_query_embedding(self, query: str) -> list[float]:
                return list(map(float, embedder.embed_query(query)))

            async def _aget_query_embedding(self, query: str) -> list[float]:
                return self._get_query_embedding(query)

            def _get_text_embedding(self, text: str) -> list[float]:
                return self._get_text_embeddings([text])[0]

            def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
                return [list(map(float, vector)) for vector in embedder.embed_passages(texts)]

        return LlamaIndexEmbedding(model_name=self.name)

    def _sentence_transformer(self) -> Any:
        with self._lock:
            if self._model is None:
                self._model = _load_sentence_transformer(self._folder)
            return self._model


class _MiniLM:
    """The encoder of all-MiniLM-L6-v2 in NumPy, for one text at a time: no padding, so no mask."""

    def __init__(self, folder: Path) -> None:
        from safetensors.numpy import load_file
        from tokenizers import Tokenizer

        config = json.loads((folder / "config.json").read_text())
        self._layers: int = config["num_hidden_layers"]
        self._heads: int = config["num_attention_heads"]
        self._epsilon: float = config["layer_norm_eps"]
        self.dimension: int = config["hidden_size"]
        self._weights: dict[str, Vectors] = load_file(folder / "model.safetensors")
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()  # the file asks for 128 tokens, the model was published with 256
        self._tokenizer.enable_truncation(_MAX_TOKENS)
        self._blas = ThreadpoolController()

    def encode(self, text: str) -> Vectors:
        # one thread: two of OpenBLAS's spin, and take 100 times longer where another process uses the cores
        with _one_at_a_time, self._blas.limit(limits=1, user_api="blas"):
            return self._encode(text)

    def _encode(self, text: str) -> Vectors:
        ids = self._tokenizer.encode(text.encode("utf-8", "replace").decode()).ids
        w = self._weights
        x = w["embeddings.word_embeddings.weight"][ids]
        x = x + w["embeddings.position_embeddings.weight"][: len(ids)]
        x = x + w["embeddings.token_type_embeddings.weight"][0]
        x = self._norm(x, "embeddings.LayerNorm")
        for layer in range(self._layers):
            at = f"encoder.layer.{layer}"
            q, k, v = (
                self._linear(x, f"{at}.attention.self.{part}").reshape(len(ids), self._heads, -1).swapaxes(0, 1)
                for part in ("query", "key", "value")
            )
            scores = q @ k.swapaxes(1, 2) / np.float32(math.sqrt(q.shape[-1]))
            attention = np.exp(scores - scores.max(-1, keepdims=True))
            attention /= attention.sum(-1, keepdims=True)
            seen = (attention @ v).swapaxes(0, 1).reshape(len(ids), -1)
            x = self._norm(x + self._linear(seen, f"{at}.attention.output.dense"), f"{at}.attention.output.LayerNorm")
            inner = _gelu(self._linear(x, f"{at}.intermediate.dense"))
            x = self._norm(x + self._linear(inner, f"{at}.output.dense"), f"{at}.output.LayerNorm")
        mean = x.mean(0)
        return np.asarray(mean / np.linalg.norm(mean), dtype=np.float32)

    def _linear(self, x: Vectors, name: str) -> Vectors:
        projected: Vectors = x @ self._weights[f"{name}.weight"].T + self._weights[f"{name}.bias"]
        return projected

    def _norm(self, x: Vectors, name: str) -> Vectors:
        centred = x - x.mean(-1, keepdims=True)
        scale = np.sqrt((centred**2).mean(-1, keepdims=True) + np.float32(self._epsilon))
        normal: Vectors = centred / scale * self._weights[f"{name}.weight"] + self._weights[f"{name}.bias"]
        return normal


def _gelu(x: Vectors) -> Vectors:
    # the exact one, as BERT has it; erf by Abramowitz and Stegun 7.1.26 (NumPy has none), error < 1.5e-7
    z = np.abs(x) * np.float32(math.sqrt(0.5))
    t = 1 / (1 + np.float32(0.3275911) * z)
    tail = np.zeros_like(t)
    for coefficient in (1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592):
        tail = (tail + np.float32(coefficient)) * t
    y: Vectors = np.float32(0.5) * x * (1 + np.sign(x) * (1 - tail * np.exp(-z * z)))
    return y


def model_digest(name: str) -> str:
    """The `Embedder.digest` of a model, without loading it.

    Raises:
        ModelError: there is no such model.
    """
    return _PINNED["model.safetensors"] if name == DEFAULT else _folder_digest(_locate(name))


def _locate(name: str) -> Path:
    if Path(name).is_dir():
        return Path(name).resolve()
    try:
        from huggingface_hub import snapshot_download

        known = name if "/" in name else f"sentence-transformers/{name}"
        return Path(snapshot_download(known, local_files_only=True))
    except Exception as error:  # every way a name can be wrong or absent ends the same for a person
        raise ModelError(
            f"there is no embedding model {name!r}: neither a folder nor in the local Hugging Face cache; "
            f"fetch it with `hf download sentence-transformers/NAME`, give a folder, or use {DEFAULT!r}"
        ) from error


def _load_sentence_transformer(folder: Path) -> Any:
    from sentence_transformers import SentenceTransformer  # late: six seconds
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]  # a library does not draw on people's terminals
    try:
        return SentenceTransformer(str(folder), device="cpu", local_files_only=True, trust_remote_code=False)
    except Exception as error:  # whatever a broken folder makes the library raise
        raise ModelError(
            f"{folder} cannot be loaded as a sentence-transformers model: {error}; "
            f"set embedding_model to another, the default is {DEFAULT!r}"
        ) from error


def _folder_digest(folder: Path) -> str:
    """SHA-256 over names and contents of the files that decide what the vectors are."""
    files = sorted({file for pattern in _WEIGHTS for file in folder.rglob(pattern)})
    if not any(file.suffix in {".safetensors", ".bin"} for file in files):
        raise ModelError(f"{folder} holds no model weights (*.safetensors, *.bin); set embedding_model to another")
    parts = (f"{file.relative_to(folder).as_posix()} {digest(file)}" for file in files)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
