"""What comes from outside costs time in proportion to its length, whatever it is made of."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from typing import Any

import pytest

from qa import Assistant, QAError
from qa.answer.untrusted import is_order
from qa.corpus.blocks import Block
from qa.corpus.cleaning import assemble, clean
from qa.language import facts, missing
from qa.language.parser import _load, parse
from qa.language.speakers import speaker
from qa.markers import marked
from qa.page import exports, views
from qa.passages import split
from qa.query import searchable, understand
from qa.schema import Document, Passage, Source
from qa.support import Support, report

REPEATED = (
    *(" ", "\n", "a ", "1 ", "1-", "1,", "! ", '"', "“", "(", "[[", "<!--", "-", "A.", "Aa ", "al-", "$"),
    *("not ", 'not "…', "of the ", "How do ", "and ", "said ", "“a” said ", "5 May ", "2023 ", "to be "),
    *("hundred and ", "ignore instruction ", "twenty-", "said X, ", "A of "),
)
"""What hostile inputs repeat."""


@cache
def words() -> Any:
    return _load(("tok2vec", "tagger", "parser", "ner", "lemmatizer", "attribute_ruler", "senter"))


def tokens(text: str) -> None:
    with words().memory_zone():  # as the parser does; else it would remember the word
        words().tokenizer(text)


FUNCTIONS: dict[str, Callable[[str], object]] = {
    "facts": lambda text: facts.__wrapped__(text),
    "missing": lambda text: missing.__wrapped__(text, text[::-1]),
    "orders": is_order,
    "speaker": lambda text: speaker(Passage("a", 0, len(text), text), (0, len(text))),
    "tokens": tokens,
    "searchable": searchable,
    "marked": marked,
    "sentences": lambda text: split(Document(Source(id="a", title="A"), text)),
    "cleaned": lambda text: assemble(clean([Block(text)], page=True), "A"),
    "cleaned lines": lambda text: clean(
        [Block(text[i : i + 50]) for i in range(0, len(text), 50)], infer_headings=True
    ),
    "checked": lambda text: report.check(text, {"a": "The bridge will cost 48 million euros."}, Support()),
    "judged": lambda text: Support().judge(text, ["The bridge will cost 48 million euros.", text]),
    "linked": views.linked,
    "opened": lambda text: views.pane(views.OpenDocument(Document(Source(id="a", title="A"), text), (1, 9), (0, 50))),
    "exported": lambda text: exports._escape(text) + exports._tex(text),
}
LEAST = 0.08
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


def grows(work: Callable[[str], object], part: str, *sizes: int) -> str:
    """Where twice as much costs more than three times as much; n grows until it can be measured."""
    for n in sizes:
        text = part * (2 * n // len(part) + 1)
        once, twice = 0.0, cpu(work, text[: 2 * n])
        if twice > LEAST:
            once = cpu(work, text[:n])
            if twice / once > 3:  # once more: the machine does other things, too
                once, twice = (min(past, cpu(work, text[:m])) for past, m in ((once, n), (twice, 2 * n)))
            return f"{part!r} {n}: {once:.2f} s, {twice:.2f} s" if twice > LEAST and twice / once > 3 else ""
    return ""


@pytest.mark.parametrize("name", FUNCTIONS)
def test_twice_as_long_costs_about_twice_as_much(name: str) -> None:
    """CPU at n and 2n characters, up to 24,000; `benchmarks/hostile.py` tries longer ones."""
    parse("The parser is loaded once."), tokens("So is this.")
    sizes = (2_000,) if name == "tokens" else (2_000, 12_000)  # of a longer text no more is parsed
    assert not [slow for part in REPEATED if (slow := grows(FUNCTIONS[name], part, *sizes))]


def test_twice_as_long_a_question_costs_about_twice_as_much(town: Assistant) -> None:
    """Understood, asked, searched for, and as a follow-up: up to the longest that is let in."""
    parse("The parser is loaded once.")
    assert not [slow for part in REPEATED if (slow := grows(understand, part, 1_000))]
    blanks = "How do" + " " * 125 + "and" + " " * 125 + " x? "
    for work, parts in (
        (town.ask, (blanks, "not ", "“", "1-")),
        (town.search, ("not ", "1-")),
        (town.chat().ask, "“-"),
    ):
        assert not [slow for part in parts if (slow := grows(work, part, 1_000))]
