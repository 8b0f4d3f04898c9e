"""What the server keeps of its visitors: it goes when they have gone, and does not grow while they ask.

Gradio alone keeps every session until the server stops. And a component that it updates it makes anew under a new
number, and keeps beside the old one with what it showed: each question left a copy of the conversation behind.
"""

from __future__ import annotations

import asyncio
import math
import os
from datetime import datetime, timedelta
from typing import Final

import gradio as gr

# Gradio keeps every event for a dashboard that is off here, and sums all of them up anew after each
os.environ.setdefault("GRADIO_ANALYTICS_MAX_EVENTS", "1")
os.environ.setdefault("GRADIO_ANALYTICS_CACHE_FREQUENCY", str(10**9))

LEFT: Final = timedelta(minutes=10)
"""How long a session outlives its window: a connection may break and come back."""
IDLE: Final = timedelta(hours=2)
"""How long a session is kept in which nothing is done; what a program leaves behind has no window."""
MANY: Final = 1000
"""Sessions that are kept at the same time; those that were used longest ago go."""
EVERY: Final = 15.0
"""Seconds from one sweep to the next."""


async def sweeping(blocks: gr.Blocks) -> None:
    """Sweeps until it is cancelled."""
    while True:
        await asyncio.sleep(EVERY)
        sweep(blocks, datetime.now())


def sweep(blocks: gr.Blocks, now: datetime) -> None:
    """Forgets sessions that are over, and in the others whatever stands for no component of the page.

    Gradio has no door for this: the names below are those of its StateHolder, SessionState and Queue.
    """
    holder, queue = blocks.state_holder, blocks._queue
    for name, session in list(holder.session_data.items()):
        # Gradio would count from when a value was set, and take it from somebody who works for long
        session.STATE_TTL_WHEN_CLOSED = math.inf  # type: ignore[assignment]
        if now - holder.time_last_used.get(name, now) > (LEFT if session.is_closed else IDLE):
            holder.delete_state(name)
            del holder.session_data[name]
            holder.time_last_used.pop(name, None)
            queue.pending_messages_per_session.pop(name, None)
            queue.pending_event_ids_session.pop(name, None)
            continue
        for kept in (session.config_values, session.blocks_config.blocks):
            for number in kept.keys() - blocks.blocks.keys():
                del kept[number]
