"""Serves the page. `python app.py --help` lists its settings; what it answers from is set as for `qa`."""

from __future__ import annotations

import argparse
import getpass
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from qa import Assistant, QAError  # first: it sets what Gradio must find in the environment

import uvicorn  # isort: skip

from page.guard import GuardError, add_user  # isort: skip
from page.server import check, make  # isort: skip
from page.settings import Settings  # isort: skip


def arguments() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(prog="app.py", description="Serves the page of qa.")
    add = parser.add_argument
    add("--host", default="127.0.0.1", help="address to listen on (default: this machine only)")
    add("--port", type=int, default=7860)
    add("--users", type=Path, default=os.environ.get("QA_APP_USERS"), help="file of users (QA_APP_USERS)")
    add("--add-user", metavar="NAME", help="ask for a password, write the user into --users, and end")
    add("--proxy-header", default="", metavar="NAME", help="header in which a proxy in front names the user")
    add(
        "--allow-host",
        action="append",
        default=[],
        metavar="NAME",
        help="further name of the page; * for any",
    )
    add("--open", action="store_true", help="let everybody in who reaches the address")
    add(
        "--editing",
        choices=("private", "all", "off"),
        default="private",
        help="who sees documents added on the page: the visitor, everybody; or nobody may add",
    )
    add("--mcp", action="store_true", help="also serve the endpoints as MCP tools")
    add(
        "--feedback",
        type=Path,
        default=Path("feedback.jsonl"),
        help="file for what people thought of answers",
    )
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Serves until stopped; 2 where it cannot."""
    given = arguments().parse_args(argv)
    try:
        if given.add_user:
            password = getpass.getpass("Password: ")
            add_user(Path(given.users or "users.txt"), given.add_user, password)
            return 0
        settings = Settings(
            host=given.host,
            port=given.port,
            users=given.users and Path(given.users),
            proxy_header=given.proxy_header,
            hosts=tuple(given.allow_host),
            open=given.open,
            editing=given.editing,
            mcp=given.mcp,
            feedback=given.feedback,
        )
        check(settings)
        application = make(Assistant.open(), settings)
    except (QAError, GuardError) as error:
        sys.stderr.write(f"qa: {error}\n")
        return 2
    sys.stderr.write(f"qa: http://{settings.host}:{settings.port}\n")
    uvicorn.run(application, host=settings.host, port=settings.port, log_level="warning", server_header=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
