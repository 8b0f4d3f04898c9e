"""The page as Gradio lays it out: its tabs and their parts, which `page.js` fills from `routes`, and the endpoints."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

import gradio as gr

from qa.page import api, quality, views
from qa.page.library import Library
from qa.page.settings import Editing, Settings

WAITING: Final = 200
"""Requests of programs that may wait; further ones are told to come again."""
# the page's script may come after Gradio has mounted its blocks
MOUNT: Final = (
    "const mount = () => window.qa.mount(element); window.qa ? mount() : addEventListener('qa', mount, { once: true });"
)


def page(shared: Library, settings: Settings) -> gr.Blocks:
    """Nothing of a visitor is in it: it is the same for all."""
    part = partial(_part, editable=settings.editing is not Editing.OFF)
    blocks: gr.Blocks = gr.Blocks(title="qa", fill_width=True)
    with blocks:
        part("head")
        with gr.Row(elem_id="desk"):
            with gr.Column(elem_id="main"), gr.Tabs():
                with gr.Tab("Ask", id="ask"):
                    part("ask")
                with gr.Tab("Overview", id="overview"):
                    part("overview")
                with gr.Tab("Sources", id="sources"):
                    part("shelf")
                with gr.Tab("Check", id="check"):
                    part("checking")
                with gr.Tab("Quality", id="quality"):
                    part("measuring", can_run=quality.can_run(settings))
                with gr.Tab("API", id="api"):
                    part("programs", mcp=settings.mcp)
            with gr.Column(elem_id="pane-column"):
                part("paper")
        api.add(shared, concurrency=api.AT_ONCE)
    blocks.queue(max_size=WAITING)
    blocks.has_launched = True  # only then does Gradio look at where a file lies that a request names
    return blocks


def _part(template: str, **values: Any) -> None:
    gr.HTML(views.render(template, **values), js_on_load=MOUNT, apply_default_css=False)
