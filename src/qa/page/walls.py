"""The filters: what they may be set to, the chips that show how they are set, and the link that sets them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import gradio as gr

from qa import Filters, QAError, Source
from qa.page import views
from qa.page.library import Library
from qa.page.parts import QUICK, Update, Visitor, pressed

SEVERAL: Final = {"sources": "source", "publishers": "publisher", "kinds": "kind", "languages": "language"}
"""Filters of which several values may be chosen, and their names in a link."""
DATES: Final = {"since": "Published from", "until": "Published until"}


class Walls:
    """The fields of the filters, and the chips below them."""

    def __init__(self, visitor: Visitor, chips: gr.HTML) -> None:
        self.visitor = visitor
        self.chips = chips
        with gr.Row():
            self.fields: dict[str, Any] = {
                name: gr.Dropdown([], value=[], multiselect=True, label=name.capitalize(), min_width=280)
                for name in SEVERAL
            }
        with gr.Row():
            self.fields |= {
                name: gr.Textbox("", label=title, placeholder="2023 or 2023-10", max_lines=1, min_width=160)
                for name, title in DATES.items()
            }

    @property
    def inputs(self) -> list[Any]:
        """The fields, in the order of `filters`."""
        return list(self.fields.values())

    def wire(self) -> None:
        """What happens when a filter is set, or its chip pressed."""
        gr.on(
            [field.change for field in self.inputs],
            self._chips,
            [self.visitor.library, *self.inputs],
            self.chips,
            trigger_mode="always_last",
            **QUICK,
        )
        self.visitor.bridge.unfilter(self._unfilter, self.inputs, self.inputs, **QUICK)

    def choices(self, library: Library | None, values: Mapping[str, Sequence[str]] | None = None) -> Update:
        """What the filters offer over a library, set to some values."""
        found: Update = {}
        for name, options in _options(self.visitor.sources(library)).items():
            chosen = list((values or {}).get(name, ()))
            found[self.fields[name]] = gr.Dropdown(choices=list(options), value=chosen)
        return found

    def linked(self, asked: Any, library: Library | None) -> Update:
        """The filters as a link sets them; what the library does not have is left out.

        Args:
            asked: the query parameters of the address.
        """
        options = _options(self.visitor.sources(library))
        values = {
            name: _known(asked.getlist(singular), (value for _, value in options[name]))
            for name, singular in SEVERAL.items()
        }
        dates = {name: asked.get(name, "")[:10] for name in DATES}
        return {
            **self.choices(library, values),
            **{self.fields[name]: value for name, value in dates.items()},
            self.chips: self._chips(library, *values.values(), *dates.values()),
        }

    def _chips(self, library: Library | None, *values: Any) -> str:
        sources = self.visitor.sources(library)
        try:
            chosen = filters(values)
        except QAError as error:
            return views.render("notice", kind="error", lines=[str(error)], undo=False)
        return views.render(
            "chips",
            chips=views.chips(chosen, sources),
            reach=sum(chosen.passes(source) for source in sources),
            total=len(sources),
        )

    def _unfilter(
        self,
        sources: Any,
        publishers: Any,
        kinds: Any,
        languages: Any,
        since: str,
        until: str,
        event: gr.EventData,
    ) -> Update:
        data = pressed(event)
        several = {"sources": sources, "publishers": publishers, "kinds": kinds, "languages": languages}
        name = str(data.get("name"))
        if name in several:
            return {self.fields[name]: [v for v in several[name] or [] if v != data.get("value")]}
        return {self.fields[name]: ""} if name in DATES else {self.fields["since"]: since}


def filters(values: Sequence[Any]) -> Filters:
    """What the fields hold, as `qa` takes it.

    Raises:
        QAError: a date is none.
    """
    sources, publishers, kinds, languages = (tuple(value or ()) for value in values[: len(SEVERAL)])
    since, until = (str(value or "").strip() for value in values[len(SEVERAL) :])
    return Filters(sources, publishers, kinds, languages, since, until)


def _options(sources: Sequence[Source]) -> dict[str, list[tuple[str, str]]]:
    """For each filter what may be chosen: (words, value)."""

    def each(values: Iterable[str]) -> list[tuple[str, str]]:
        return [(value, value) for value in sorted({value for value in values if value})]

    return {
        "sources": [(f"{views.label(s.title)} ({views.byline(s)})", s.id) for s in sources],
        "publishers": each(s.publisher for s in sources),
        "kinds": each(s.kind for s in sources),
        "languages": each(s.language for s in sources),
    }


def _known(values: Sequence[str], allowed: Iterable[str]) -> list[str]:
    known = set(allowed)
    return [value for value in dict.fromkeys(values) if value in known]
