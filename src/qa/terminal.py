"""What is printed: consoles through which no document can command a terminal, JSON, a progress bar.

Everything that a person sees on a terminal goes through `out` and `err`, whatever command it is from.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console as RichConsole
from rich.console import ConsoleOptions, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars
from rich.segment import Segment
from rich.text import Text

Step = Callable[[str, int, int], None]
"""Told of progress: what is happening, how much is done, of how much."""

_SCRIPT = "[\u0590-\u1fff\u2190-\ufdff\ufe0f\ufe70-\ufeff\U0001f000-\U0001faff]"
"""Letters and emoji that are written with joiners."""
_UNSEEN = re.compile(
    rf"""(?x)
      [\x00-\x08\x0b-\x1f\x7f-\x9f]                                        # control characters, not \t and \n
    | [\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]   # zero-width, bidi, separators
    | [\U000e0000-\U000e0fff\ud800-\udfff]                                 # tags, halves of a character
    | (?<!{_SCRIPT})[\u200c\u200d] | [\u200c\u200d](?!{_SCRIPT})           # joiners where no script needs them
    """
)


def visible(text: str) -> str:
    """The text with every character that commands a terminal, or cannot be seen in one, as "<U+202E>"."""
    return _UNSEEN.sub(lambda match: f"<U+{ord(match[0]):04X}>", text)


def written(text: str, suffix: str) -> str:
    """A finished report, made visible in the way of its form: somebody may print the file."""
    if suffix in (".json", ".sarif"):
        return _UNSEEN.sub(_escaped, text)
    less, more = ("&lt;", "&gt;") if suffix in (".html", ".xml") else ("<", ">")
    return _UNSEEN.sub(lambda match: f"{less}U+{ord(match[0]):04X}{more}", text)


class Console(RichConsole):
    """Rich's, but of what it is given only what can be seen reaches the terminal; styles are its own."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """As Rich's, with the text of every segment made `visible`: before it is laid out, or lines would be cut."""
        if isinstance(renderable, Text) and _UNSEEN.search(renderable.plain):
            at, made = 0, renderable.blank_copy()
            for match in _UNSEEN.finditer(renderable.plain):
                made.append_text(renderable[at : match.start()]).append(
                    visible(match[0]), renderable.get_style_at_offset(self, match.start())
                )
                at = match.end()
            renderable = made.append_text(renderable[at:])
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(visible(segment.text), segment.style)


out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


def print_json(value: Any) -> None:
    """For other programs: nothing is wrapped or left out; what cannot be seen is escaped, so the data are exact."""
    out.file.write(to_json(value, indent=2) + "\n")


def to_json(value: Any, *, indent: int | None = None) -> str:
    """JSON in which what cannot be seen is escaped; read back, it is the same."""
    return _UNSEEN.sub(_escaped, json.dumps(value, ensure_ascii=False, indent=indent))


def _escaped(match: re.Match[str]) -> str:
    units = match[0].encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[i : i + 4]}" for i in range(0, len(units), 4))


@contextmanager
def steps(*, quiet: bool = False) -> Iterator[Step]:
    """A progress bar on standard error; none where nobody watches."""
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bars(*columns, console=err, transient=True, disable=quiet or not err.is_terminal) as bars:
        tasks: dict[str, Any] = {}

        def step(name: str, done: int, total: int) -> None:
            if name not in tasks:
                tasks[name] = bars.add_task(name, total=total)
            bars.update(tasks[name], completed=done, total=total)

        yield step
