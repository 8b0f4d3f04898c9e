"""The same four things as MCP tools, over streamable HTTP: JSON as text, and as structured content."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import anyio.to_thread
from mcp.server.fastmcp import FastMCP
from mcp.server.fastmcp.exceptions import ToolError
from mcp.server.transport_security import TransportSecuritySettings

from qa import Filters, QAError
from qa.page.api import LONGEST_TEXT
from qa.page.library import Library
from qa.page.telling import fitting

T = TypeVar("T")


def server(library: Library) -> FastMCP:
    """The tools, over the library everybody shares. Its `session_manager` must run while its application is served.

    An error of ours reaches the client in its own words, as a result that is marked as an error.
    """
    # whoever asks has passed the guard, which knows the names that this page answers to
    safe = TransportSecuritySettings(enable_dns_rebinding_protection=False)
    made = FastMCP("qa", stateless_http=True, streamable_http_path="/", transport_security=safe)

    @made.tool()
    async def ask(
        question: str,
        sources: list[str] | None = None,
        publishers: list[str] | None = None,
        since: str = "",
        until: str = "",
    ) -> dict[str, Any]:
        """Answer a question from the corpus: every sentence cites the exact words that bear it out, with a verdict;
        where the corpus does not answer, `abstention` says why. `sources` takes ids as the tool sources lists them;
        `since` and `until` a date as 2017, 2017-11 or 2017-11-30.
        """
        return await _told(
            lambda: library.assistant.ask(
                question,
                filters=Filters(tuple(sources or ()), tuple(publishers or ()), since=since, until=until),
            ).to_dict()
        )

    @made.tool()
    async def search(question: str, top_k: int = 5) -> list[dict[str, Any]]:
        """Find 1 to 50 passages of the corpus, best first, each with its source, exact span and rank in each stage."""
        most = max(1, min(top_k, 50))
        return await _told(lambda: [hit.to_dict() for hit in library.assistant.search(question, top_k=most)])

    @made.tool()
    async def sources() -> list[dict[str, Any]]:
        """List the sources of the corpus: id, title, publisher, author, date, kind, perspective."""
        return [source.to_dict() for source in library.assistant.sources]

    @made.tool()
    async def check(text: str) -> dict[str, Any]:
        """Check a text from elsewhere, with or without markers like [1], sentence by sentence against the corpus:
        supported, likely, partly, unsupported, contradicted or unchecked, with the decisive words.
        """
        return await _told(lambda: library.assistant.check(fitting("text", text, LONGEST_TEXT)).to_dict())

    return made


async def _told(work: Callable[[], T]) -> T:
    try:
        return await anyio.to_thread.run_sync(work)
    except QAError as error:
        raise ToolError(str(error)) from error
