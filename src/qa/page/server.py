"""Page, API and guard on one address."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.staticfiles import StaticFiles

from qa import Assistant, QAError

# Gradio reads these as it loads: it reports nothing, and sums nothing up for a dashboard that is off here
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
os.environ.setdefault("GRADIO_ANALYTICS_MAX_EVENTS", "1")
os.environ.setdefault("GRADIO_ANALYTICS_CACHE_FREQUENCY", str(10**9))
import gradio as gr  # isort: skip

from qa.page import api, blocks, routes
from qa.page.desk import Desk
from qa.page.gate import Gate
from qa.page.guard import Guard, Users, refuse_unguarded
from qa.page.library import Library
from qa.page.settings import Settings

STATIC = Path(__file__).parent / "static"
SANS = ("system-ui", "sans-serif")
MONO = ("ui-monospace", "monospace")

HEAD = """
<meta name="color-scheme" content="light dark">
<meta name="description" content="Answers that show their evidence">
<link rel="icon" href="/qa-static/mark.svg" type="image/svg+xml">
<link rel="stylesheet" href="/qa-static/page.css">
<script src="/qa-static/page.js"></script>
"""


def make(assistant: Assistant, settings: Settings) -> Guard:
    """The ASGI application.

    Raises:
        GuardError: it would listen to other machines without anybody signing in, or MCP is not installed.
    """
    refuse_unguarded(settings)
    desk = Desk.over(assistant, settings)
    shared = desk.libraries.shared
    tools = _tools(shared) if settings.mcp else None

    @asynccontextmanager
    async def living(_: FastAPI) -> AsyncIterator[None]:
        # asking the suggestions also warms the models up, so the first visitor does not wait for them
        threading.Thread(target=shared.suggest, daemon=True).start()
        sweeper = asyncio.create_task(desk.sweeping())
        async with AsyncExitStack() as stack:
            if tools:
                await stack.enter_async_context(tools.session_manager.run())
            yield
        sweeper.cancel()
        desk.close()

    app = FastAPI(title="qa", lifespan=living, docs_url=None, redoc_url=None, openapi_url=None)
    for kind in (QAError, HTTPException, RequestValidationError):
        app.add_exception_handler(kind, _refused)
    app.include_router(api.router(shared))
    app.include_router(routes.router(desk))
    if tools:
        app.mount("/mcp", tools.streamable_http_app())
    app.mount("/qa-static", StaticFiles(directory=STATIC), name="static")
    app = gr.mount_gradio_app(
        app,
        blocks.page(shared, settings),
        path="/",
        server_name=settings.host,
        server_port=settings.port,
        footer_links=[],
        run_history=False,
        show_error=False,
        mcp_server=False,
        pwa=False,
        ssr_mode=False,
        enable_monitoring=False,
        theme=theme(),
        head=HEAD,
    )
    users = Users.read(settings.users) if settings.users else None
    names = frozenset({"127.0.0.1", "localhost", "::1", settings.host, *settings.hosts})
    return Guard(Gate(app), names, users, settings.proxy_header)


def _tools(shared: Library) -> Any:
    from qa.page.tools import server  # an optional part

    return server(shared)


async def _refused(request: Request, error: Exception) -> JSONResponse:
    """An error in words, in the shape that its client reads: the page's own, or OpenAI's."""
    status, told = 400, str(error)
    if isinstance(error, HTTPException):
        status, told = error.status_code, str(error.detail)
    elif isinstance(error, RequestValidationError):
        first = error.errors()[0]
        status, told = 422, f"{'.'.join(str(part) for part in first['loc'][1:])}: {first['msg']}"
        if first["type"] == "json_invalid":
            told = f"the body is no JSON: {first['ctx']['error']} at character {first['loc'][1]}"
    if request.url.path.startswith("/v1/"):
        kind = "server_error" if status >= 500 else "invalid_request_error"
        return JSONResponse({"error": {"message": told, "type": kind, "param": None, "code": None}}, status)
    return JSONResponse({"error": told}, status)


def theme() -> gr.themes.Base:
    """Gradio's own parts in the colours of `page.css`, which holds them for light and dark."""
    made = gr.themes.Base(font=SANS, font_mono=MONO)
    colours = {
        "body_background_fill": "paper",
        "body_text_color": "ink",
        "body_text_color_subdued": "soft",
        "background_fill_primary": "sheet",
        "background_fill_secondary": "sunken",
        "block_background_fill": "sheet",
        "block_border_color": "line",
        "block_label_text_color": "soft",
        "block_label_background_fill": "sheet",
        "block_title_text_color": "ink",
        "block_info_text_color": "soft",
        "border_color_primary": "line",
        "border_color_accent": "accent",
        "input_background_fill": "sheet",
        "input_border_color": "strong-line",
        "input_border_color_focus": "accent",
        "input_placeholder_color": "soft",
        "button_primary_background_fill": "accent",
        "button_primary_background_fill_hover": "accent",
        "button_primary_text_color": "paper",
        "button_primary_border_color": "accent",
        "button_primary_border_color_hover": "accent",
        "button_secondary_background_fill": "sunken",
        "button_secondary_background_fill_hover": "line",
        "button_secondary_text_color": "ink",
        "color_accent": "accent",
        "color_accent_soft": "accent-soft",
        "link_text_color": "accent",
        "panel_background_fill": "sheet",
        "loader_color": "accent",
    }
    both = {name: f"var(--{colour})" for name, colour in colours.items()}
    dark = {f"{name}_dark": value for name, value in both.items() if hasattr(made, f"{name}_dark")}
    return made.set(**both, **dark, block_radius="12px", input_radius="9px", input_border_width="1px")
