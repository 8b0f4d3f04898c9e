"""The process that serves the page: what it writes aside, and how it ends."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import Callable
from typing import Any, Final

import uvicorn

from qa import Assistant
from qa.page.settings import Settings

GRACE: Final = 2
"""Seconds that open connections are given when the server is to end."""


def run(opened: Callable[[], Assistant], settings: Settings) -> None:
    """Serves until the process is told to end; then within five seconds, whoever is connected.

    Args:
        opened: opens what is asked; called once whatever it or its libraries write aside will go with the process.

    Raises:
        GuardError: it would listen to other machines without anybody signing in, or MCP is not installed.
    """
    with tempfile.TemporaryDirectory(prefix="qa-page-") as scratch:
        tempfile.tempdir = os.environ["TMPDIR"] = os.environ["GRADIO_TEMP_DIR"] = scratch
        # uvicorn passes the signal on once it has ended; the folder is to be removed before the process goes
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        from qa.page.server import make  # only now: Gradio looks at its environment as it loads

        with opened() as assistant:
            application = make(assistant, settings)
            sys.stderr.write(f"qa: http://{settings.host}:{settings.port}\n")
            config = uvicorn.Config(
                application,
                host=settings.host,
                port=settings.port,
                log_level="warning",
                server_header=False,
                timeout_graceful_shutdown=GRACE,
            )
            _Server(config).run()


class _Server(uvicorn.Server):
    """Ends what does not end by itself: a lifespan that waits for its clients, a thread that is stuck."""

    def handle_exit(self, sig: int, frame: Any) -> None:
        if not self.should_exit:
            late = threading.Timer(2 * GRACE, _leave)
            late.daemon = True
            late.start()
        super().handle_exit(sig, frame)


def _leave() -> None:
    shutil.rmtree(tempfile.gettempdir(), ignore_errors=True)
    os._exit(0)
