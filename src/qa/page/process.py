"""The process that serves the page: what it writes aside, and how it ends."""

from __future__ import annotations

import logging
import os
import shutil
import signal
import socket
import sys
import tempfile
import threading
from collections.abc import Callable
from typing import Any, Final, NoReturn

import uvicorn

from qa import Assistant
from qa.page.settings import Settings

GRACE: Final = 2
"""Seconds that open connections are given when the server is to end."""


def run(opened: Callable[[], Assistant], settings: Settings) -> None:
    """Serves until the process is told to end; then leaves it within five seconds, whoever is connected.

    Args:
        opened: opens what is asked; called once whatever it or its libraries write aside will go with the process.

    Raises:
        GuardError: it would listen to other machines without anybody signing in, or MCP is not installed.
        QAError: what is asked cannot be opened.
    """
    with tempfile.TemporaryDirectory(prefix="qa-page-") as scratch:
        tempfile.tempdir = os.environ["TMPDIR"] = os.environ["GRADIO_TEMP_DIR"] = scratch
        signal.signal(signal.SIGTERM, lambda *_: _leave(0))
        from qa.page.server import make  # only now: Gradio looks at its environment as it loads

        application = make(opened(), settings)
        sys.stderr.write(f"qa: http://{settings.host}:{settings.port}\n")
        config = uvicorn.Config(
            application,
            host=settings.host,
            port=settings.port,
            log_level="warning",
            server_header=False,
            timeout_graceful_shutdown=GRACE,
        )
        try:
            _Server(config).run()
        except SystemExit as ended:  # it could not listen
            _leave(ended.code if isinstance(ended.code, int) else 1)
        _leave(1)  # it could not begin


class _Server(uvicorn.Server):
    """Leaves once connections have ended and conversations are written, or when that takes too long."""

    status = 1

    def handle_exit(self, sig: int, frame: Any) -> None:
        if not self.should_exit:
            logging.getLogger("uvicorn.error").disabled = True  # tracebacks of what is broken off now
            self.status = 130 if sig == signal.SIGINT else 0
            late = threading.Timer(2 * GRACE, _leave, [self.status])
            late.daemon = True
            late.start()
        super().handle_exit(sig, frame)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await super().shutdown(sockets)
        _leave(self.status)


def _leave(status: int) -> NoReturn:
    # threads may be in a model or in an index still: an interpreter taken down under them crashes
    shutil.rmtree(tempfile.gettempdir(), ignore_errors=True)
    sys.stderr.flush()
    os._exit(status)
