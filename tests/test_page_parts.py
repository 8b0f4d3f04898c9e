"""The parts of the page, without a browser: what is kept, what is made of it, work that can be ended."""

from __future__ import annotations

import asyncio
import json
import re
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import document
from qa import Answer, Assistant, Citation, Filters, QAError, Sentence, Source, Turn, Verdict
from qa.page import exports, feedback, jobs, views
from qa.page.desk import Desk
from qa.page.jobs import Job, Stopped
from qa.page.library import Library
from qa.page.reading import reading
from qa.page.settings import Settings
from qa.page.starters import _inside, starters
from qa.page.store import Store
from qa.schema import Pair, Point

BRIDGE = "What will the harbour bridge cost?"


def an_answer(**source: Any) -> Answer:
    source = {"id": "a", "title": "Title", "publisher": "The Paper", "published": "2020-05-01"} | source
    text = "The tower is 61 metres high."
    cited = Citation(Source(**source), f"a:0-{len(text)}", 0, len(text), text)
    return Answer("How high?", (Sentence(text, (cited,), Verdict.SUPPORTED, 1.0, "According to The Paper"),))


@given(st.text(), st.integers(0, 80), st.integers(0, 80), st.integers(0, 80), st.integers(0, 80))
def test_cutting_a_document_for_reading_loses_no_word(text: str, a: int, b: int, c: int, d: int) -> None:
    """Whatever the text and the spans, the paragraphs hold its words in order, and the marked ones are the quote."""
    a, b, c, d = (min(x, len(text)) for x in (a, b, c, d))
    quote, near = (min(a, b), max(a, b)), (min(c, d), max(c, d))
    opened = views.OpenDocument(document(text), quote, near)
    assert opened.window == (0, len(text))
    found = views.blocks(opened, *opened.window)
    shown = "".join(piece.text for block in found for piece in block.pieces)
    assert "".join(shown.split()) == "".join(text.split())
    marked = "".join(p.text for block in found for p in block.pieces if p.quoted)
    assert "".join(marked.split()) == "".join(text[slice(*quote)].split())
    assert sum(p.focus for block in found for p in block.pieces) <= 1


@given(st.lists(st.integers(0, 60), min_size=0, max_size=4), st.text(alphabet="ab \n", max_size=60))
def test_the_parts_of_a_long_document_add_up(cuts: list[int], text: str) -> None:
    """However it is cut, no word is shown twice and none is missing."""
    edges = sorted({0, len(text), *(min(cut, len(text)) for cut in cuts)})
    parts = [
        "".join(
            piece.text for block in views.blocks(views.OpenDocument(document(text)), a, b) for piece in block.pieces
        )
        for a, b in pairwise(edges)
    ]
    assert "".join("".join(parts).split()) == "".join(text.split())


def test_a_long_document_is_shown_around_the_quote() -> None:
    """A quote far inside is in view, and little more is sent."""
    text = "word " * 200_000
    quote = (500_000, 500_004)
    opened = views.OpenDocument(document(text), quote, quote)
    assert opened.window == (500_000 - views.WINDOW, 500_004 + views.WINDOW)
    found = views.blocks(opened, *opened.window)
    assert "".join(p.text for block in found for p in block.pieces if p.quoted) == "word"


@given(st.text())
def test_nothing_a_template_prints_is_markup(text: str) -> None:
    """Any text as question, title, publisher, quote or error comes out escaped."""
    answer = an_answer(title=text or "t", publisher=text, author=text, perspective=text)
    html = views.turn(0, text, answer, answer.sources)
    hostile = views.turn(0, f"<b id=hit>{text}", error=f"<i id=hit>{text}")
    assert "<b id=hit>" not in hostile
    assert "<i id=hit>" not in hostile
    assert "\x00" not in html


@pytest.mark.parametrize(
    ("date", "words"),
    [
        ("2023-12-05", "5 December 2023"),
        ("2023-10", "October 2023"),
        ("2017", "2017"),
        ("", ""),
        ("2023-99", "2023-99"),
    ],
)
def test_a_date_is_read_as_exactly_as_it_is_known(date: str, words: str) -> None:
    """No day is invented."""
    assert views.day(date) == words


def test_a_label_cannot_turn_the_text_around_it() -> None:
    """Direction marks and controls go from names and titles."""
    assert views.label("a\u202eb\x00c\n d") == "ab\ufffdc d"


def test_references_go_to_bibtex_and_csl() -> None:
    """Special characters are escaped, partial dates kept partial."""
    turn = Turn("How high?", an_answer(title="50% & {more", published="2020-05", author="Ana Ruiz", kind="research"))
    entry = exports.bibtex([turn])
    assert entry.startswith("@article{a,")
    assert r"title = {50\% \& (more}" in entry
    assert "month = {5}" in entry
    assert entry.count("{") == entry.count("}")
    (item,) = json.loads(exports.csl([turn]))
    assert item["issued"] == {"date-parts": [[2020, 5]]}
    assert item["author"] == [{"literal": "Ana Ruiz"}]


def test_markdown_holds_a_footnote_for_each_citation_and_no_markup_of_documents() -> None:
    """Numbers run on from answer to answer; brackets and tags of a title are escaped."""
    turns = [Turn("How high?", an_answer(title="<b>[x](javascript:1)"))] * 2
    text = exports.markdown(turns)
    assert "high.[^1]" in text
    assert "high.[^2]" in text
    assert "[^2]: The Paper" in text
    assert "<b>" not in text.replace("\\<b\\>", "")
    assert json.loads(exports.as_json(turns))[0]["schema_version"]


def test_markdown_sets_the_two_sides_of_a_pair_below_each_other() -> None:
    """With what stands between them, in neutral words; and it says which sources are silent."""
    answer = an_answer(title="A")
    (left,) = answer.references
    right = replace(left, source=replace(left.source, id="b", publisher="The *Other*"))
    pair = Pair(left, right, "disagreement", "number of rockets", 0.9)
    text = exports.markdown([Turn("How many?", replace(answer, pairs=(pair,), silent=(right.source,)))])
    assert "**They differ on number of rockets**\n\n> The Paper, 1 May 2020: “" in text
    assert "> The \\*Other\\*, 1 May 2020: “" in text
    assert "Nothing found on this in: The \\*Other\\*.\n" in text


def compared() -> Answer:
    """Two sources on one point, one of them alone on another, from before what is asked about."""
    answer = an_answer(title="A")
    (left,) = answer.references
    right = replace(
        left, source=replace(left.source, id="b", publisher="The *Other*", published="2019"), quote="So | so.", end=8
    )
    points = (Point("the tower", (left, right)), Point("the lamp", (right,)))
    return replace(answer, kind="compare", points=points, event="2020-03")


def test_markdown_holds_the_table_of_a_comparison() -> None:
    """A row a point, a column a source, those from before the event last; nothing is said twice, nor markup."""
    head, rule, tower, lamp = exports.markdown([Turn("Who differs?", compared())]).split("\n")[2:6]
    assert head == "| Point | The Paper, 1 May 2020 | The \\*Other\\*, 2019, before March 2020 |"
    assert rule == "| --- | --- | --- |"
    assert re.fullmatch(r"\| \*\*the tower\*\* \| “.*”\[\^1\] \| “So \\\| so.” \|", tower)
    assert lamp == "| **the lamp** | not found (read: 0 passages) | “So \\| so.” |"


def test_the_terminal_tells_a_comparison_point_by_point(capsys: pytest.CaptureFixture[str]) -> None:
    """Each source's words under the point, and where nothing was found."""
    from qa.cli.answers import _print_answer

    _print_answer(compared(), passages=False)
    told = " ".join(capsys.readouterr().out.split())
    assert told.index("the tower") < told.index("According to The Paper: ") < told.index("The *Other*, 2019: So | so.")
    assert "the lamp The *Other*, 2019: So | so. Not found in: The Paper (passages read: 0)." in told


@pytest.mark.parametrize("name", ["a.txt/conversations.sqlite", "a.txt", "."])
def test_where_conversations_cannot_be_kept_it_is_said(tmp_path: Path, name: str) -> None:
    """The folder is a file, the file is no database, or a folder: one line with the place and what to do."""
    (tmp_path / "a.txt").write_text("no database " * 99)
    with pytest.raises(QAError, match=r"conversations cannot be kept in .*; give another folder with --data"):
        Store(tmp_path / name)


def test_feedback_of_an_unknown_kind_is_refused(tmp_path: Path) -> None:
    """A browser may send anything; the file holds only what is known."""
    with pytest.raises(ValueError, match="known are"):
        feedback.write(tmp_path / "f.jsonl", Turn("q", an_answer()), "sideways", "", "")
    assert not (tmp_path / "f.jsonl").exists()


def test_suggestions_are_answered(town: Assistant) -> None:
    """Each is made from the corpus and was asked."""
    found = starters(town)
    assert found
    assert all(town.ask(question).abstention is None for question in found)


def test_documents_added_under_another_version_are_still_there(town: Assistant, tmp_path: Path) -> None:
    """A copy whose index is of another format is made anew from the files that were added."""
    mine = Library(town, tmp_path / "mine", private=True)
    mine.files.mkdir(parents=True)
    (mine.files / "lamp.txt").write_text("Lamp\n\nThe lamp was lit in 1911.\n")
    mine.change(add=[mine.files / "lamp.txt"])
    had = {source.id for source in mine.assistant.sources}
    mine.close()
    for manifest in (tmp_path / "mine" / "index").rglob("manifest.json"):
        manifest.write_text('{"format": 1}')
    again = Library(town, tmp_path / "mine", private=True)
    assert {source.id for source in again.assistant.sources} == had
    assert not again.can_undo
    again.close()


@pytest.mark.parametrize(
    ("heading", "inside"),
    [("The vote on it", "the vote on it"), ("Satisfaction there", "satisfaction there"), ("Port Anna?", "Port Anna"),
     ("Al-Aruri's move", "Al-Aruri's move"), ("NATO and us", "NATO and us")],
)  # fmt: skip
def test_a_heading_is_written_as_inside_a_sentence(heading: str, inside: str) -> None:
    """Small at its beginning, unless it begins with a name."""
    assert _inside(heading, Counter({"Port Anna": 2, "The Daily": 1}), {"the", "vote"}) == inside


def test_a_private_library_leaves_the_shared_one_alone(town: Assistant, tmp_path: Path) -> None:
    """Changes go to a folder of its own, undo takes the last one back; opened again it is as it was left."""
    mine = Library(town, tmp_path / "mine", private=True)
    assert not mine.changed
    mine.change(remove=["letters"])
    assert mine.changed
    assert [s.id for s in mine.assistant.sources] == ["gazette", "ledger"]
    assert [s.id for s in town.sources] == ["gazette", "ledger", "letters"]
    mine.close()
    again = Library(town, tmp_path / "mine", private=True)
    assert [s.id for s in again.assistant.sources] == ["gazette", "ledger"]
    assert not again.can_undo
    again.close()
    assert town.ask(BRIDGE).sentences


def test_every_change_of_a_session_can_be_taken_back(town: Assistant, tmp_path: Path) -> None:
    """The last first; each step finds the corpus as it was, and a new change goes on from there."""
    mine = Library(town, tmp_path / "mine", private=True)
    ids = [s.id for s in town.sources]
    for gone in ids[:2]:
        mine.change(remove=[gone])
    assert [s.id for s in mine.assistant.sources] == ids[2:]
    assert mine.undo()
    assert [s.id for s in mine.assistant.sources] == ids[1:]
    mine.change(remove=[ids[1]])
    for left in (ids[1:], ids):
        assert mine.undo()
        assert [s.id for s in mine.assistant.sources] == left
    assert not mine.undo()
    assert mine.assistant.ask(BRIDGE).sentences
    mine.close()
    assert town.ask(BRIDGE).sentences


def test_documents_live_as_long_as_their_conversation(town: Assistant, tmp_path: Path) -> None:
    """Deleted, or not opened for as long as is said, it goes with its folder; another's stays."""
    settings = Settings(data=tmp_path, keep_days=30)
    desk = Desk.over(town, settings)
    kept, gone = (desk.editable(desk.begun(owner, "Documents"), owner)[0] for owner in ("user ada", "user eve"))
    for one in (kept, gone):
        desk.library(one).files.mkdir(parents=True)
        (desk.library(one).files / "a.txt").write_text("The lamp was lit in 1911.")
    desk.store.delete(gone.id)
    desk.sweep(kept.used)
    assert [path.name for path in (tmp_path / "documents").iterdir()] == [kept.library]
    desk.sweep(kept.used + 29 * 86_400)
    assert desk.store.get(kept.id, "user ada")
    desk.sweep(kept.used + 31 * 86_400)
    assert not desk.store.get(kept.id, "user ada")
    assert list((tmp_path / "documents").iterdir()) == []
    desk.close()


def test_a_sweep_that_fails_is_not_the_last(
    town: Assistant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A full or broken disk is told, and it is tried again."""
    monkeypatch.setattr("qa.page.desk.SWEEP", 0.01)
    desk = Desk.over(town, Settings(data=tmp_path))
    desk.store.close()

    async def twice() -> None:
        sweeper = asyncio.create_task(desk.sweeping())
        while len(caplog.messages) < 2:
            await asyncio.sleep(0.01)
            assert not sweeper.done()
        sweeper.cancel()

    asyncio.run(twice())
    assert "was not deleted" in caplog.messages[0]
    desk.libraries.close()


def test_what_a_browser_sends_is_never_trusted(town: Assistant) -> None:
    """Numbers out of range, wrong types and unknown ids open nothing and break nothing."""
    answers = (town.ask(BRIDGE), None)
    for data in ({}, {"turn": 9, "n": 1}, {"turn": 0, "n": 99}, {"turn": "0", "n": 1}, {"turn": 0}, {"turn": -1},
                 {"turn": 1, "n": 1}):  # fmt: skip
        assert reading(data, answers, town) is None
    with pytest.raises(QAError, match="no source"):
        reading({"document": "../etc/passwd"}, answers, town)
    opened = reading({"document": "ledger", "start": 5, "end": 3}, answers, town)
    assert opened
    assert opened.quote is None


def test_a_citation_of_a_document_that_is_gone_still_shows_its_words(town: Assistant, tmp_path: Path) -> None:
    """As much as the answer holds of it, and that the document is no longer as it was."""
    answer = town.ask(BRIDGE)
    cited = answer.references[0]
    mine = Library(town, tmp_path / "mine", private=True)
    mine.change(remove=[cited.source.id])
    opened = reading({"turn": 0, "n": 1}, (answer,), mine.assistant)
    assert opened
    assert opened.gone
    assert opened.quote
    assert opened.document.text[slice(*opened.quote)] == cited.quote
    assert "no longer as it was cited" in views.pane(opened)
    mine.close()


def test_every_filter_is_named(town: Assistant) -> None:
    """Sources by name, dates in words."""
    filters = Filters(sources=("ledger",), kinds=("news",), since="2021-03")
    assert views.in_force(filters, town.sources) == ["Island Ledger", "news", "from March 2021"]


@pytest.mark.parametrize("date", ["2023-13", "2023-00", "2023-02-30", "0000", "２０２３", "2023-1", "yesterday"])
def test_a_date_that_the_calendar_does_not_have_is_refused(date: str) -> None:
    """On page, command line and API alike."""
    with pytest.raises(QAError, match="write a date as"):
        Filters(since=date)


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("see https://example.org/a_(b).", ["https://example.org/a_(b"]),
        ("doi 10.1000/182, and more", ["https://doi.org/10.1000/182"]),
        ("javascript:alert(1) data:text/html,x", []),
        ('https://example.org/"onmouseover="x', ["https://example.org/"]),
        ("<b>https://example.org/?a=1&b=2</b>", ["https://example.org/?a=1&amp;b=2"]),
    ],
)
def test_addresses_and_dois_are_links_and_nothing_else_is(text: str, links: list[str]) -> None:
    """No scheme but http, and nothing of the text is markup."""
    html = str(views.linked(text))
    assert [part.split('"')[0] for part in html.split('href="')[1:]] == links
    assert "<b>" not in html


# -- conversations -----------------------------------------------------------------------------------------


def test_an_answer_comes_back_as_it_was_stored(town: Assistant, tmp_path: Path) -> None:
    """Every field of it, answers and abstentions, after the file was closed and opened."""
    answers = [town.ask(q) for q in (BRIDGE, "How do the sources differ on the bridge?", "Which orchestra played?")]
    store = Store(tmp_path / "c.sqlite")
    made = store.new("ada", "Bridges")
    for answer in answers:
        store.end(store.begin(made.id, answer.question, Filters(since="2020")), answer)
    store.begin(made.id, "And then the power failed?", Filters())
    store.close()
    store = Store(tmp_path / "c.sqlite")
    turns = store.turns(made.id)
    assert [asked.answer for asked in turns] == [*answers, None]
    assert turns[0].filters == Filters(since="2020")
    assert len(store.history(turns)) == 3
    assert (tmp_path / "c.sqlite").stat().st_mode & 0o077 == 0
    store.close()


def test_an_owner_finds_their_own_alone(tmp_path: Path) -> None:
    """By any of the words in title, question or answer; the last used first."""
    store = Store(tmp_path / "c.sqlite")
    one, two = store.new("ada", "Bridges"), store.new("ada", "Towers")
    store.end(store.begin(one.id, "How long is the Marigold?", Filters()), an_answer())
    store.new("eve", "Bridges of hers")
    assert [c.title for c in store.listed("ada")] == ["How long is the Marigold?", "Towers"]
    assert [c.id for c in store.listed("ada", "MARIGOLD 61")] == [one.id]
    assert [c.id for c in store.listed("ada", "towers")] == [two.id]
    assert store.listed("ada", "100% _'\"") == []
    assert store.get(one.id, "eve") is None
    assert store.listed("") == []
    store.rename(two.id, "  The\n tower ")
    store.begin(two.id, "How high?", Filters())
    assert store.get(two.id, "ada").title == "The tower"
    store.close()


def test_what_is_deleted_is_gone_from_the_file(tmp_path: Path) -> None:
    """With its links, and overwritten."""
    store = Store(tmp_path / "c.sqlite")
    made = store.new("ada", "Bridges")
    turn = store.begin(made.id, "Where does the quicksilver lie?", Filters())
    store.end(turn, an_answer())
    link = store.link(turn)
    assert store.link(turn) == link
    assert store.linked(link).answer == an_answer()
    store.delete(made.id)
    assert store.linked(link) is None
    assert store.turns(made.id) == []
    store.close()
    assert b"quicksilver" not in (tmp_path / "c.sqlite").read_bytes()


# -- work that can be ended ----------------------------------------------------------------------------------


class Steps:
    """Shows 1, 2, 3, ...; is stuck before `halt` until it is let go."""

    def __init__(self, halt: int, last: int = 4) -> None:
        self.halt = halt
        self.last = last
        self.go = threading.Event()
        self.stopped = threading.Event()

    def __call__(self, job: Job[int]) -> str:
        try:
            for n in range(1, self.last + 1):
                if n == self.halt:
                    self.go.wait(60)
                job.show(n)
        except Stopped:
            self.stopped.set()
            raise
        return "made"


async def followed(job: Job[int], each: Callable[[int], object] = lambda view: None) -> list[int]:
    got = []
    async with aclosing(job.follow()) as views_:
        async for view in views_:
            got.append(view)
            each(view)
    return got


@pytest.mark.parametrize("halt", [1, 2, 3, 4])
def test_stopped_at_any_point_it_ends_at_once_and_keeps_what_came(halt: int) -> None:
    """Though the work itself is stuck; what it says later counts no more, and it learns that it was stopped."""
    steps, ends = Steps(halt), []
    job = Job(0, steps, lambda job, ending: ends.append((ending, job.view)))
    job.start(threading.Semaphore(1))
    got = asyncio.run(followed(job, lambda view: view == halt - 1 and job.stop()))
    assert got[-1] == halt - 1
    assert ends == [("stopped", halt - 1)]
    assert not job.stop()
    steps.go.set()
    assert steps.stopped.wait(60)
    assert job.view == halt - 1
    assert job.result is None


def test_everybody_sees_the_end_whenever_they_come() -> None:
    """Two who follow from the start, and one who comes when it is over."""
    steps = Steps(halt=2)
    job = Job(0, steps)
    job.start(threading.Semaphore(1))

    async def both() -> list[list[int]]:
        asyncio.get_running_loop().call_later(0.05, steps.go.set)
        return await asyncio.gather(followed(job), followed(job))

    for got in asyncio.run(both()):
        assert got == sorted(got)
        assert got[-1] == 4
    assert asyncio.run(followed(job)) == [4]
    assert (job.ending, job.result) == ("done", "made")


def test_what_goes_wrong_is_the_jobs_end() -> None:
    """After what came before it."""

    def broken(job: Job[int]) -> None:
        job.show(1)
        raise ValueError("no more ink")

    ends: list[str] = []
    job = Job(0, broken, lambda job, ending: ends.append(f"{ending}: {job.error}"))
    job.start(threading.Semaphore(1))
    assert asyncio.run(followed(job))[-1] == 1
    assert ends == ["failed: no more ink"]


def test_what_cannot_be_kept_is_told_and_ends_the_job() -> None:
    """A disk that is full leaves nobody waiting."""

    def full(*_: object) -> None:
        raise OSError("no space left")

    job = Job(0, Steps(halt=9), full)
    job.start(threading.Semaphore(1))
    assert asyncio.run(followed(job))[-1] == 4
    assert (job.ending, str(job.error)) == ("failed", "no space left")


def test_a_job_that_waits_for_its_place_can_be_stopped() -> None:
    """While another keeps the only one; it is not begun later."""
    place, first, begun = threading.Semaphore(1), Steps(halt=1), []
    one, two = Job(0, first), Job(0, lambda job: begun.append(job))
    one.start(place)
    two.start(place)
    assert two.stop()
    assert asyncio.run(followed(two)) == [0]
    first.go.set()
    assert asyncio.run(followed(one))[-1] == 4
    assert place.acquire(timeout=60)
    assert begun == []


def test_work_that_nobody_follows_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """A closed window frees its place."""
    monkeypatch.setattr(jobs, "ALONE", -1.0)
    job = Job(0, Steps(halt=9))
    job.start(threading.Semaphore(1))
    assert asyncio.run(followed(job)) in ([0], [0, 0])
    assert job.ending == "stopped"
