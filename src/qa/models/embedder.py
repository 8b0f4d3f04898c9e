"""Text -> vector: the default model by onnxruntime, any other by sentence-transformers.

Importing sentence-transformers takes six seconds and half a gigabyte; neither a question nor a build should wait for
it. Tests hold the default model equal to what sentence-transformers makes of it, for a question; many texts are
embedded in eight bits, in two fifths of the time, and found as well (`benchmarks/README.md`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache, partial
from pathlib import Path
from threading import Lock
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from qa.models.encoder import plain_tokenizer
from qa.models.files import SHIPPED, digest, minilm_folder, onnx_session, verified
from qa.schema import ModelError

Vectors = NDArray[np.float32]

DEFAULT: Final = "all-MiniLM-L6-v2"
_PINNED: Final = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
}
"""Every file of the published model that is read. What else lies beside them has no part in a vector."""
_GRAPH: Final = "embedder.onnx"
_GRAPH_INT8: Final = "embedder-int8.onnx"
_GRAPHS: Final = {
    _GRAPH: "606be78a741e16e3d23180c9d1002832348d352e12d1a18639af7d3af4a1fe0e",
    _GRAPH_INT8: "6e99222bc93e3140d28b08912cc77e409f94349c3097fab76719ee68b62706cb",
}
_WEIGHTS: Final = ("*.safetensors", "*.bin", "*.json", "*.txt", "*.model")
_MAX_TOKENS: Final = 256
BATCH: Final = 32
_WORKERS: Final = 2


class Embedder:
    """Turns texts into unit vectors, so that a dot product is their cosine similarity."""

    at_once = 1024
    """Texts that a build gives at once."""

    def __init__(self, name: str, folder: Path, digest: str, query: _MiniLM | None = None) -> None:
        self.name = name
        self.digest = digest
        """SHA-256 over every file that has a part in a vector."""
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
            for file, sha256 in _GRAPHS.items():
                verified(SHIPPED / "weights" / file, sha256)
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
        """Unit vectors, shape (len(texts), dimension), in the order given; of the default model, in eight bits.

        Args:
            progress: called with the number of texts done, now and then.
        """
        vectors = np.empty((len(texts), self.dimension), dtype=np.float32)
        if self._query:
            for done, vector in enumerate(self._query.encode_all(texts), start=1):
                vectors[done - 1] = vector
                if progress:
                    progress(done)
            return vectors
        # texts of like length share a batch, which saves padding; the text itself breaks ties: the same texts make the
        # same batches, so the same bits
        order = sorted(range(len(texts)), key=lambda i: (-len(texts[i]), texts[i]))
        for start in range(0, len(order), BATCH):
            batch = order[start : start + BATCH]
            vectors[batch] = self._sentence_transformer().encode(
                [texts[i] for i in batch],
                batch_size=BATCH,
                normalize_embeddings=True,
                convert_to_numpy=True,
                show_progress_bar=False,
            )
            if progress:
                progress(min(start + BATCH, len(order)))
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
    """all-MiniLM-L6-v2 by onnxruntime, one text at a time: no padding, so a text's vector is the same in any company.

    The graphs are ours (`training/embedder.py`), the weights are read from the file that was published.
    """

    def __init__(self, folder: Path) -> None:
        self.dimension: int = json.loads((folder / "config.json").read_text())["hidden_size"]
        self._tokenizer = plain_tokenizer(folder / "tokenizer.json")
        self._tokenizer.enable_truncation(_MAX_TOKENS)  # the file asks for 128, the model was published with 256
        self._session = onnx_session(SHIPPED / "weights" / _GRAPH, threads=1, weights=folder)
        self._folder = folder
        self._pool = ThreadPoolExecutor(_WORKERS, thread_name_prefix="embedder")

    def encode(self, text: str, session: Any = None) -> Vectors:
        ids = self._tokenizer.encode(text.encode("utf-8", "replace").decode()).ids
        vector: Vectors = (session or self._session).run(["vector"], {"ids": np.array(ids, np.int64)})[0]
        return vector

    def encode_all(self, texts: Sequence[str]) -> Iterator[Vectors]:
        session = onnx_session(SHIPPED / "weights" / _GRAPH_INT8, threads=1, weights=self._folder)
        return self._pool.map(partial(self.encode, session=session), texts)


def model_digest(name: str) -> str:
    """The `Embedder.digest` of a model, without loading it.

    Raises:
        ModelError: there is no such model.
    """
    if name != DEFAULT:
        return _folder_digest(_locate(name))
    parts = {**_PINNED, **_GRAPHS}
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


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

    drew = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]  # a library does not draw on people's terminals
    try:
        return SentenceTransformer(str(folder), device="cpu", local_files_only=True, trust_remote_code=False)
    except Exception as error:  # whatever a broken folder makes the library raise
        raise ModelError(
            f"{folder} cannot be loaded as a sentence-transformers model: {error}; "
            f"set embedding_model to another, the default is {DEFAULT!r}"
        ) from error
    finally:
        if drew:
            logging.enable_progress_bar()  # type: ignore[no-untyped-call]


def _folder_digest(folder: Path) -> str:
    """SHA-256 over names and contents of the files that decide what the vectors are."""
    files = sorted({file for pattern in _WEIGHTS for file in folder.rglob(pattern)})
    if not any(file.suffix in {".safetensors", ".bin"} for file in files):
        raise ModelError(f"{folder} holds no model weights (*.safetensors, *.bin); set embedding_model to another")
    parts = (f"{file.relative_to(folder).as_posix()} {digest(file)}" for file in files)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
