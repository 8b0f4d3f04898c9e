"""`qa serve`: the page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from qa.cli.common import CorpusDir, IndexDir, open_assistant
from qa.page.settings import Editing, Settings


def serve(
    index_dir: IndexDir = None,
    corpus_dir: CorpusDir = None,
    host: Annotated[str, typer.Option(help="Address to listen on; the default: this machine only.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 7860,
    users: Annotated[
        Path | None, typer.Option(envvar="QA_APP_USERS", help="File of users, who must sign in.", show_default=False)
    ] = None,
    add_user: Annotated[
        str, typer.Option(metavar="NAME", help="Ask for a password, write the user into --users, and end.")
    ] = "",
    proxy_header: Annotated[
        str, typer.Option(metavar="NAME", help="Header in which a proxy in front names the user.")
    ] = "",
    allow_host: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Further name of the page, * for any; repeatable.", show_default=False),
    ] = None,
    open_: Annotated[bool, typer.Option("--open", help="Let everybody in who reaches the address.")] = False,
    editing: Annotated[
        Editing, typer.Option(help="Who sees documents added on the page: the visitor, all; or nobody may add any.")
    ] = Editing.PRIVATE,
    mcp: Annotated[bool, typer.Option("--mcp", help="Also serve the endpoints as MCP tools.")] = False,
    data: Annotated[Path, typer.Option(help="Folder of the conversations and of the documents added to them.")] = Path(
        "conversations"
    ),
    keep_days: Annotated[
        int, typer.Option(min=1, help="Days after which a conversation that nobody opened is deleted.")
    ] = 30,
    feedback: Annotated[Path, typer.Option(help="File for what people thought of answers.")] = Path("feedback.jsonl"),
) -> None:
    """Open the page: ask, read the evidence, add documents, check a text."""
    from qa.page import guard

    if add_user:
        guard.add_user(users or Path("users.txt"), add_user, typer.prompt("Password", hide_input=True))
        return
    given = Settings(
        host=host,
        port=port,
        users=users,
        proxy_header=proxy_header,
        hosts=tuple(allow_host or ()),
        open=open_,
        editing=editing,
        mcp=mcp,
        data=data,
        keep_days=keep_days,
        feedback=feedback,
    )
    guard.refuse_unguarded(given)
    from qa.page.process import run

    run(lambda: open_assistant(index_dir, corpus_dir), given)
