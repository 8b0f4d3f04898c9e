"""A process of its own in which documents are read: one that loops, fills the memory or crashes costs itself alone.

    with Worker() as worker:
        document, notes = worker.read(data, "report.pdf")

One process serves a whole folder and is started anew after a document that ended it. It talks JSON over its pipes,
so that nothing it sends can do more than be read. What is bounded is the processor's time, so that a busy machine loses
no document; the clock on the wall ends only what sleeps. The system ends the process (SIGXCPU), or a C thread, which
needs no interpreter, and at last this side. Memory is bounded, too (`resource`: not on Windows, where the clock alone
counts).
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import queue
import signal
import subprocess
import sys
import threading
from typing import IO, Any, Self

from qa.corpus.blocks import Unreadable
from qa.schema import CorpusError, Document, Section, Source

SECONDS = 20.0
"""Of the processor, for a document of one megabyte; each further megabyte adds `SECONDS_PER_MB`."""
SECONDS_PER_MB = 5.0
WAITING = 10.0
"""So many times the processor's seconds may pass on the wall: others use the machine, too."""
MEMORY = 3 << 30
"""Bytes of address space."""

_START_SECONDS = 120.0
_GRACE = 5.0
"""Seconds that the process has to end by itself."""
_AGAIN = "Open it in the program that made it and save it again, or save it as plain text"

_PROGRAM = """
import json, sys
sys.path[:] = json.loads(sys.argv[1])
from qa.corpus.worker import serve
serve(int(sys.argv[2]))
"""


class Worker:
    """Reads documents one after the other in another process; started when first needed."""

    def __init__(self, seconds: float | None = None, memory: int = MEMORY) -> None:
        self._seconds = SECONDS if seconds is None else seconds
        self._memory = memory
        self._process: subprocess.Popen[bytes] | None = None
        self._replies: queue.Queue[bytes | None] = queue.Queue()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the process."""
        if self._process is None:
            return
        process, self._process = self._process, None
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):  # what was still to be written to a process that is gone
                    pipe.close()

    def read(
        self, data: bytes, name: str, *, content_type: str = "", original: str = "", max_bytes: int = 20_000_000
    ) -> tuple[Document, tuple[str, ...]]:
        """As `qa.corpus.reading.document`, bounded.

        Raises:
            Unreadable: also where the document takes too long, too much memory, or the process with it.
            CorpusError: the process cannot be started.
        """
        seconds = self._seconds + SECONDS_PER_MB * max(0.0, len(data) / 1e6 - 1)
        if self._process is None:
            self._start()
        about = {
            "name": name, "content_type": content_type, "original": original, "max_bytes": max_bytes,
            "seconds": seconds, "size": len(data),
        }  # fmt: skip
        assert self._process is not None
        assert self._process.stdin is not None
        try:
            _send(self._process.stdin, about)
            self._process.stdin.write(data)
            self._process.stdin.flush()
            reply = self._reply(WAITING * seconds + _GRACE)
        except (OSError, queue.Empty):
            reply = None
        if reply is None:
            slow = self._ended_by_time()
            self.close()
            if slow:
                reason = f"it was not read within {seconds:g} seconds of the processor's time"
                raise Unreadable(reason, "Split it, or save it as plain text")
            raise Unreadable("it ends the program that reads it: damaged, or made to do so", _AGAIN)
        if refused := reply.get("refused"):
            raise Unreadable(*refused)
        return _document(reply["document"]), tuple(reply["notes"])

    def _start(self) -> None:
        path = [entry for entry in sys.path if entry]  # never the folder one happens to be in
        threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", _PROGRAM, json.dumps(path), str(self._memory)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=os.environ | threads,
        )  # fmt: skip
        assert self._process.stdout is not None
        self._replies = queue.Queue()
        threading.Thread(target=_collect, args=(self._process.stdout, self._replies), daemon=True).start()
        try:
            ready = self._reply(_START_SECONDS)
        except queue.Empty:
            ready = None
        if not ready or "ready" not in ready:
            self.close()
            detail = (ready or {}).get("error", "it ended at once")
            raise CorpusError(f"the process that reads documents does not start: {detail}; see `qa doctor`")

    def _reply(self, seconds: float) -> dict[str, Any] | None:
        frame = self._replies.get(timeout=seconds)
        return None if frame is None else json.loads(frame)

    def _ended_by_time(self) -> bool:
        assert self._process is not None
        try:
            return self._process.wait(_GRACE) in _TIMED_OUT
        except subprocess.TimeoutExpired:  # not even its own clock could end it
            return True


_TIMED_OUT = (1, -getattr(signal, "SIGXCPU", 1))
"""Exit status of a process that `faulthandler` ends, or the system for its use of the processor."""


def _collect(pipe: IO[bytes], replies: queue.Queue[bytes | None]) -> None:
    try:
        while (frame := _frame(pipe)) is not None:
            replies.put(frame)
    except (OSError, ValueError):  # closed while it was read
        pass
    replies.put(None)


def _frame(pipe: IO[bytes]) -> bytes | None:
    size = pipe.read(8)
    if len(size) < 8:
        return None
    wanted = int.from_bytes(size, "big")
    frame = pipe.read(wanted)
    return frame if len(frame) == wanted else None


def _send(pipe: IO[bytes], message: object) -> None:
    frame = json.dumps(message).encode("ascii")
    pipe.write(len(frame).to_bytes(8, "big") + frame)


def _document(row: dict[str, Any]) -> Document:
    return Document(
        Source.from_dict(row["source"]),
        row["text"],
        tuple(Section(*section) for section in row["sections"]),
        tuple(row["pages"]),
    )


def _row(document: Document) -> dict[str, Any]:
    return {
        "source": document.source.to_dict(),
        "text": document.text,
        "sections": [(s.heading, s.start, s.end, s.over) for s in document.sections],
        "pages": document.pages,
    }


# -- in the process ------------------------------------------------------------------------------------------


def serve(memory: int) -> None:
    """Reads what comes in until the pipe is closed. What a library prints goes nowhere."""
    requests = sys.stdin.buffer
    with os.fdopen(os.dup(1), "wb") as replies, open(os.devnull, "r+b") as nowhere:
        for stream in (1, 2):
            os.dup2(nowhere.fileno(), stream)
        try:
            import faulthandler

            from qa.corpus import reading
        except ImportError as error:
            _send(replies, {"error": str(error)})
            return
        _limit_memory(memory)
        _send(replies, {"ready": True})
        replies.flush()
        for about in iter(lambda: _frame(requests), None):
            asked = json.loads(about)
            seconds, size = asked.pop("seconds"), asked.pop("size")
            data = requests.read(size)
            waiting = WAITING * seconds if _limit_processor(seconds) else seconds
            faulthandler.dump_traceback_later(waiting, exit=True, file=nowhere)
            try:
                document, notes = reading.document(data, **asked)
                reply = {"document": _row(document), "notes": notes}
            except Unreadable as problem:
                reply = {"refused": (problem.reason, problem.remedy)}
            except MemoryError:
                reply = {"refused": (f"it takes more than {memory / 1e9:.1f} GB of memory", "Split it, or remove it")}
            except ImportError as error:
                reply = {"refused": (f"its reader is not here ({error})", "Install qa again")}
            except Exception as error:  # whatever it is, it costs this document alone
                reply = {"refused": (f"it cannot be read ({type(error).__name__})", _AGAIN)}
            finally:
                faulthandler.cancel_dump_traceback_later()
            del data
            _send(replies, reply)
            replies.flush()


def _limit_processor(seconds: float) -> bool:
    """Ends this process once it has computed for so long from now on, to the next whole second; whether that can be."""
    try:
        import resource
    except ImportError:  # Windows
        return False
    used, (_, hard) = resource.getrusage(resource.RUSAGE_SELF), resource.getrlimit(resource.RLIMIT_CPU)
    soft = math.ceil(used.ru_utime + used.ru_stime + seconds)
    try:
        resource.setrlimit(resource.RLIMIT_CPU, (soft if hard == resource.RLIM_INFINITY else min(soft, hard), hard))
    except (OSError, ValueError):
        return False
    return True


def _limit_memory(most: int) -> None:
    try:
        import resource
    except ImportError:  # Windows
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))  # no dump is left behind
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    soft = most if hard == resource.RLIM_INFINITY else min(most, hard)
    try:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
    except (OSError, ValueError):  # a system that knows the limit but will not set it
        return
