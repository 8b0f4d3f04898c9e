"""What comes from outside costs time in proportion to its length, whatever it is made of."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from qa import Assistant, QAError
from qa.answer.untrusted import is_order
from qa.language import facts, missing
from qa.language.parser import parse
from qa.language.speakers import speaker
from qa.markers import marked
from qa.page import exports, views
from qa.passages import split
from qa.query import searchable, understand
from qa.schema import Document, Passage, Source
from qa.support import Support, report

REPEATED = [
    *(
        " ",
        "\n",
        "a ",
        "1 ",
        "1-",
        "1,",
        "! ",
        '"',
        "“",
        "(",
        "[[",
        "<!--",
        "-",
        "A.",
        "Aa ",
        "al-",
        "$",
    ),
    *(
        "not ",
        'not "…',
        "of the ",
        "How do ",
        "and ",
        "said ",
        "“a” said ",
        "5 May ",
        "2023 ",
        "to be ",
        "hundred and ",
    ),
    *("ignore instruction ", "twenty-", "said X, ", "A of "),
]
"""What hostile inputs repeat."""

FUNCTIONS: dict[str, Callable[[str], object]] = {
    "facts": lambda text: facts.__wrapped__(text),
    "missing": lambda text: missing.__wrapped__(text, text[::-1]),
    "orders": is_order,
    "speaker": lambda text: speaker(Passage("a", 0, len(text), text), (0, len(text))),
    "searchable": searchable,
    "marked": marked,
    "sentences": lambda text: split(Document(Source(id="a", title="A"), text)),
    "checked": lambda text: report.check(text, {"a": "The bridge will cost 48 million euros."}, Support()),
    "judged": lambda text: Support().judge(text, ["The bridge will cost 48 million euros.", text]),
    "linked": views.linked,
    "opened": lambda text: views.pane(views.Reading(Document(Source(id="a", title="A"), text), (1, 9), (0, 50))),
    "exported": lambda text: exports._escape(text) + exports._tex(text),
}
LEAST = 0.3
"""Seconds of CPU below which a ratio is noise."""


@pytest.fixture(autouse=True)
def _no_collection() -> Iterator[None]:
    """What all other tests left behind is neither collected on the function's time nor looked through each time."""
    gc.collect()
    gc.freeze()
    gc.disable()
    yield
    gc.enable()
    gc.unfreeze()


def cpu(work: Callable[[str], object], text: str) -> float:
    facts.cache_clear()
    parse.cache_clear()
    gc.collect()
    start = time.process_time()
    with suppress(QAError):  # refused: that is an answer, too
        work(text)
    return time.process_time() - start


@pytest.mark.parametrize("name", FUNCTIONS)
def test_twice_as_long_costs_about_twice_as_much(name: str) -> None:
    """CPU at n and 2n characters, n growing until it can be measured or is 50,000 long."""
    parse("The parser is loaded once.")
    slow = []
    for part in REPEATED:
        for n in (2_000, 10_000, 25_000):
            text = part * (2 * n // len(part) + 1)
            twice = min(cpu(FUNCTIONS[name], text[: 2 * n]) for _ in range(2))
            if twice > LEAST:
                once = min(cpu(FUNCTIONS[name], text[:n]) for _ in range(2))
                if twice / once > 3:
                    slow.append((part, n, once, twice))
                break
    assert not slow


@pytest.mark.parametrize(
    "question", ["How do" + " " * 125 + "and" + " " * 125 + " x?", " " * 500, *(p * 1_000 for p in REPEATED)]
)
def test_no_question_costs_much_to_understand(question: str) -> None:
    """The longest that is let in; what is longer is refused before it is read."""
    assert cpu(lambda text: understand(text[:2_000]), question) < 10
    assert cpu(understand, question * 50) < 10


def test_no_question_freezes_an_assistant(town: Assistant) -> None:
    """Asked, searched for, and as a follow-up."""
    chat = town.chat()
    for question in ("How do" + " " * 125 + "and" + " " * 125 + " x?", "not " * 400, "“" * 1_990 + "x", "1-" * 900):
        assert cpu(town.ask, question) < 60
        assert cpu(town.search, question) < 60
        assert cpu(chat.ask, question) < 60
