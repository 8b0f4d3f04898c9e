"""The page as a person uses it, in a real browser over the real stack; and its API, its exports and its guard."""

from __future__ import annotations

import base64
import json
import re
import shutil
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pypdf import PdfReader
from typer.testing import CliRunner

from conftest import ROOT, TOWN, document, running
from model_server import ModelServer, Reply, copying, good
from qa import Answer, Assistant, Citation, Filters, QAError, Sentence, Source, Turn, Verdict, load_config
from qa.cli import app
from qa.page import exports, feedback, views
from qa.page.guard import Guard, GuardError, Users, add_user, check, is_loopback
from qa.page.library import Library
from qa.page.reading import reading
from qa.page.server import make
from qa.page.settings import Editing, Settings
from qa.page.starters import _inside, starters
from qa.schema import Pair

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

ARTEFACTS = ROOT / "tests" / "artefacts"
WAIT = 60_000
"""Milliseconds a browser waits for what it was promised."""

BRIDGE = "What will the harbour bridge cost?"
DIFFER = "How do the sources differ on what the harbour bridge will cost?"
UNANSWERABLE = "Which orchestra recorded the seventh symphony?"

HOSTILE = """---
title: "<img src=http://203.0.113.9/t onerror=window.HIT=1> \\u202egnp.exe ${window.HIT=2}"
publisher: "<script>window.HIT=3</script> {{value}} Lighthouse"
author: "javascript:window.HIT=4"
published: 2020-01-01
language: en
kind: news
original: "<iframe src=javascript:window.HIT=5></iframe>"
---
The lighthouse keeper <img src=x onerror="window.HIT=6"> counted 4711 gulls on the lighthouse in May 2019.
The lighthouse keeper said ${Object.assign(window,{HIT:7})} that {{#each value}} gulls </script> are
![gulls](http://203.0.113.9/beacon) [loud](javascript:window.HIT=8) `at night` 👩\u200d👩\u200d👧 \u202ethgin\u202c too.
"""

ARABIC = """---
title: الميناء القديم
publisher: جريدة المرفأ
published: 2020-06
language: ar
kind: news
---
بنى البحارة الميناء القديم في عام 1890. يبلغ طول الميناء القديم 300 متر.
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("page")
    corpus = made / "corpus"
    corpus.mkdir()
    for name, text in (TOWN | {"arabic": ARABIC}).items():
        (corpus / f"{name}.md").write_text(text, encoding="utf-8")
    # as plain text, which is kept to the letter; of Markdown the tags would already be gone
    (corpus / "hostile.txt").write_text(HOSTILE, encoding="utf-8")
    (corpus / "word.txt").write_text("Colophon\n\nThe printer set " + "x" * 200_000 + " in one word.\n")
    return made


@pytest.fixture(scope="module")
def assistant(folder: Path) -> Iterator[Assistant]:
    with Assistant.build(config=load_config(corpus_dir=folder / "corpus", index_dir=folder / "index")) as made:
        yield made


@pytest.fixture(scope="module")
def settings(folder: Path) -> Settings:
    return Settings(feedback=folder / "feedback.jsonl", results=folder / "results", questions=folder / "none.jsonl")


@pytest.fixture(scope="module")
def address(assistant: Assistant, settings: Settings) -> Iterator[str]:
    yield from running(make(assistant, settings))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not chromium:
        pytest.skip("no Chromium here; `apt-get install chromium` brings one")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield browser
        browser.close()


class Visit:
    """A window on the page, and what went wrong in it."""

    def __init__(self, context: BrowserContext, address: str) -> None:
        self.address = address
        self.page: Page = context.new_page()
        self.page.set_default_timeout(WAIT)
        self.asked_for: list[str] = []
        self.wrong: list[str] = []
        self.page.on("request", lambda request: self.asked_for.append(request.url))
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("console", lambda m: self.wrong.append(m.text) if m.type == "error" else None)
        self.page.on("dialog", lambda dialog: (self.wrong.append(dialog.message), dialog.dismiss()))

    def open(self, path: str = "/") -> Visit:
        self.page.goto(self.address + path)
        self.page.wait_for_selector("#hello .welcome:visible, #current .acts, #current .error")
        return self

    def type(self, question: str) -> None:
        self.page.locator("#question textarea").fill(question)
        self.page.keyboard.press("Enter")

    def ask(self, question: str) -> Visit:
        self.type(question)
        return self.answered(question)

    def answered(self, question: str) -> Visit:
        self.page.wait_for_function(
            "q => document.querySelector('#current h2')?.textContent === q"
            " && document.querySelector('#current :is(.acts, .error)')",
            arg=question,
        )
        return self

    def tab(self, name: str) -> Visit:
        self.page.get_by_role("tab", name=name).click()
        return self

    def text(self, selector: str) -> str:
        return " ".join(self.page.locator(selector).first.inner_text().split())

    def upload(self, opener: str, *files: Path) -> None:
        self.page.get_by_role("button", name=opener).click()
        field = self.page.get_by_role("tabpanel").filter(visible=True).locator("input[type=file]")
        field.set_input_files(files)
        for file in files:
            self.page.get_by_role("tabpanel").filter(visible=True).get_by_text(file.stem).first.wait_for()

    def press(self, key: str, times: int = 1) -> None:
        for _ in range(times):
            self.page.keyboard.press(key)

    def reach(self, selector: str, key: str = "Tab") -> Visit:
        """Goes on with a key until the focus is there; it must be seen to be there."""
        for _ in range(120):
            self.page.keyboard.press(key)
            if self.page.evaluate("s => document.activeElement.matches(s)", selector):
                break
        else:
            raise AssertionError(f"{selector} cannot be reached by {key}")
        look = """() => { const all = []; for (let e = document.querySelector('[data-here]'); e && all.length < 5;
            e = e.parentElement) { const s = getComputedStyle(e); all.push(s.outline + s.boxShadow + s.borderColor); }
            return all.join() }"""
        self.page.evaluate("document.activeElement.dataset.here = ''")
        self.settle()
        focused = self.page.evaluate(look)
        self.page.evaluate("document.activeElement.blur()")
        self.settle()
        bare = self.page.evaluate(look)
        self.page.evaluate(
            """() => { const here = document.querySelector('[data-here]'); delete here.dataset.here;
            here.focus({ focusVisible: true, preventScroll: true }) }"""
        )
        assert focused != bare, f"nothing shows that {selector} has the focus"
        return self

    def focused(self, selector: str) -> Visit:
        """The focus comes to what the selector names, or into it."""
        self.page.wait_for_function("s => document.activeElement.closest(s)", arg=selector)
        return self

    def settle(self) -> None:
        """What is under way, and comes to an end, has been painted."""
        self.page.evaluate(
            """() => Promise.all(document.getAnimations().filter(a => a.effect.getComputedTiming().endTime < Infinity)
            .map(a => a.finished.catch(() => {})))
            .then(() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done))))"""
        )

    def fits(self) -> None:
        """Nothing is wider than the window; what is, is named."""
        self.settle()
        wide = """() => document.documentElement.scrollWidth <= innerWidth ? [] :
            [...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > innerWidth + 1)
            .map(e => e.cloneNode().outerHTML.slice(0, 99))"""
        assert self.page.evaluate(wide) == []

    def picture(self, name: str) -> None:
        ARTEFACTS.mkdir(exist_ok=True)
        self.page.screenshot(path=ARTEFACTS / f"{name}.png")


@pytest.fixture(scope="module")
def contexts(browser: Browser) -> Any:
    """A browser of each kind, kept, so that its scripts are compiled once."""
    made: dict[str, BrowserContext] = {}

    def context(options: dict[str, Any]) -> BrowserContext:
        kind = json.dumps(options, sort_keys=True)
        if kind not in made:
            made[kind] = browser.new_context(**options)
            made[kind].grant_permissions(["clipboard-read", "clipboard-write"])
        return made[kind]

    return context


@pytest.fixture
def visitors(contexts: Any, address: str) -> Iterator[Any]:
    """Opens windows, each of a visitor of its own; closes them; nothing may have gone wrong in any."""
    opened: list[Visit] = []

    def visit(path: str | None = "/", *, at: str = address, **options: Any) -> Visit:
        opened.append(Visit(contexts({"viewport": {"width": 1280, "height": 860}} | options), at))
        return opened[-1] if path is None else opened[-1].open(path)

    yield visit
    for one in opened:
        one.page.close()
    for one in opened:
        assert one.wrong == []
        assert [url for url in one.asked_for if not url.startswith((one.address, "data:", "blob:"))] == []


# -- asking ----------------------------------------------------------------------------------------------

browsing = pytest.mark.browser


@browsing
def test_every_sentence_has_markers_and_a_verdict_in_words(visitors: Any) -> None:
    """A person sees what is said, by whom, what it cites, and whether that bears it out."""
    v = visitors()
    assert not v.page.get_by_role("button", name="Export all").is_visible()
    v.ask(BRIDGE)
    assert v.page.get_by_role("button", name="Export all").is_visible()
    said = v.page.locator("#current .said").all()
    assert said
    for sentence in said:
        assert sentence.locator(".cite").count() >= 1
        assert sentence.locator(".verdict .word").text_content() in {w for _, w, _ in views.VERDICTS.values()}
    assert "According to" in v.text("#current .answer")
    assert "million euros" in v.text("#current .answer")
    v.picture("answer")


@browsing
def test_a_question_in_the_first_instant_of_a_visit_is_answered(visitors: Any) -> None:
    """The page can be used before the server has drawn it to its end; what that draws later undoes nothing."""
    v = visitors(None)
    held: list[Any] = []
    v.page.route("**/run/predict*", lambda route: route.continue_() if held else held.append(route))
    v.page.goto(v.address)
    v.page.locator("#question textarea").wait_for()
    while not held:
        v.page.wait_for_timeout(20)
    v.ask(BRIDGE)
    held[0].continue_()
    v.page.locator("#hello .welcome").wait_for(state="attached")
    assert v.text("#current .asked h2") == BRIDGE
    assert not v.page.locator("#hello .welcome").is_visible()
    v.ask("Who approved it?")
    assert v.page.locator("#past .turn").count() == 1


@browsing
def test_a_marker_opens_the_document_at_the_quote(visitors: Any) -> None:
    """Click: the whole document, the cited words marked and in view; next goes on; Escape comes back."""
    v = visitors().ask(BRIDGE)
    marker = v.page.locator("#current .cite").first
    quoted = v.page.locator("#ref-0-1 blockquote").text_content()
    marker.click()
    mark = v.page.locator("#pane mark.quote")
    mark.first.wait_for()
    assert " ".join(mark.all_text_contents()).split() == quoted.split()
    v.page.wait_for_function(
        """() => { const box = document.querySelector('#focus').getBoundingClientRect(),
            pane = document.querySelector('#pane .text').getBoundingClientRect();
            return box.top >= pane.top && box.bottom <= pane.bottom }"""
    )
    assert v.page.locator("#pane .near").count() >= 1
    v.page.get_by_text("Why this passage").click()
    assert "Meaning" in v.text("#pane .ranks table")
    v.picture("reading")
    v.page.get_by_label("Next citation").click()
    v.page.get_by_text("Citation 2 of").wait_for()
    v.page.keyboard.press("Escape")
    v.page.locator("#pane .pane").wait_for(state="detached")
    v.page.wait_for_function("e => e === document.activeElement", arg=marker.element_handle())


@browsing
def test_everything_can_be_reached_by_keyboard(visitors: Any) -> None:
    """Ask, go to a marker, see its card, open it, go to the next citation, close it: without a mouse."""
    v = visitors().ask(BRIDGE)
    v.page.locator("#current [data-do=retry]").focus()
    v.page.keyboard.press("Tab")
    v.focused(".cite").page.locator("#card").wait_for()
    assert v.page.locator("#card blockquote").text_content() in v.page.locator("#ref-0-1").text_content()
    v.page.keyboard.press("Enter")
    v.page.get_by_text("Citation 1 of").wait_for()
    v.focused("#pane")
    v.page.keyboard.press("ArrowRight")
    v.page.get_by_text("Citation 2 of").wait_for()
    v.page.keyboard.press("Escape")
    v.page.locator("#pane .pane").wait_for(state="detached")
    v.focused(".cite")


@browsing
def test_filters_are_set_and_taken_away_by_keyboard(visitors: Any) -> None:
    """Open them, choose a publisher, give a date, take both chips away."""
    v = visitors()
    v.reach("[data-do=filters]").press("Enter")
    v.reach("#filters input[aria-label=Publishers]")
    v.page.keyboard.type("Island")
    v.page.wait_for_function("() => document.querySelectorAll('[role=option]').length === 1")
    v.press("ArrowDown")
    v.press("Enter")
    v.page.get_by_label("Remove the filter Island Ledger").wait_for()
    v.reach("#filters input:is([placeholder^='2023'])")
    v.page.keyboard.type("2022")
    v.page.get_by_label("Remove the filter from 2022").wait_for()
    for words in ("from 2022", "Island Ledger"):
        v.reach(f"[aria-label='Remove the filter {words}']", "Shift+Tab").press("Enter")
        v.page.get_by_label(f"Remove the filter {words}").wait_for(state="detached")


@browsing
def test_feedback_is_given_by_keyboard(visitors: Any) -> None:
    """Down, the reason by arrow, a note, sent."""
    v = visitors().ask(BRIDGE)
    v.reach("#current [data-do=down]").press("Space")
    v.focused(".why input")
    v.press("ArrowDown")
    v.reach(".why textarea")
    v.page.keyboard.type("By hand.")
    v.reach(".why [type=submit]").press("Enter")
    v.page.get_by_text("Noted, thank you").wait_for()
    v.focused("[data-do=down]")


@browsing
def test_sources_are_kept_by_keyboard(visitors: Any, tmp_path: Path) -> None:
    """To the tab, add a file, correct it, remove it, take that back: the focus is never lost."""
    paper = tmp_path / "tower.md"
    paper.write_text("---\ntitle: The tower\npublisher: Tower Times\n---\nThe water tower is 61 metres high.\n")
    v = visitors()
    v.reach("[role=tab]", "Shift+Tab")
    while v.page.evaluate("document.activeElement.textContent.trim()") != "Sources":
        v.reach("[role=tab]", "Shift+Tab")
    v.press("Enter")
    v.page.locator(".sources").wait_for()
    v.reach("button.label-wrap").press("Enter")
    v.page.locator("#files input[type=file]").wait_for(state="attached")
    v.settle()
    with v.page.expect_file_chooser() as opened:
        v.reach("#files button").press("Enter")
    opened.value.set_files(paper)
    v.page.get_by_role("tabpanel").filter(visible=True).get_by_text("tower").first.wait_for()
    v.reach("#add").press("Enter")
    v.page.get_by_text("Added “The tower”").wait_for()
    v.reach("[aria-label='Correct The tower']", "Shift+Tab").press("Enter")
    v.focused("#correcting")
    v.press("Tab", 2)
    v.page.keyboard.type("Ida Berg")
    v.reach("#keep").press("Enter")
    v.page.get_by_text("Corrected author").wait_for()
    v.focused(".notice button")
    v.reach("[aria-label='Remove The tower']").press("Enter")
    v.page.get_by_text("Removed “The tower”").wait_for()
    v.focused(".notice button")
    v.press("Enter")
    v.page.get_by_text("taken back").wait_for()
    v.page.get_by_label("Remove The tower").wait_for()
    v.reach("[aria-label='Correct The tower']").press("Enter")
    v.focused("#correcting")
    v.reach("#leave").press("Enter")
    v.focused("[aria-label='Correct The tower']")


@browsing
def test_a_text_is_checked_by_keyboard(visitors: Any) -> None:
    """To the tab, the text, the button."""
    v = visitors()
    v.reach("[role=tab]", "Shift+Tab")
    while v.page.evaluate("document.activeElement.textContent.trim()") != "Check a text":
        v.reach("[role=tab]", "Shift+Tab")
    v.press("Enter")
    v.reach("#text textarea")
    v.page.keyboard.type("The council approved the harbour bridge on 3 March 2021 by 12 votes to 7.")
    v.reach("#check").press("Enter")
    v.page.locator(".checked li").first.wait_for()


@browsing
def test_hovering_a_marker_shows_who_said_it_and_when(visitors: Any) -> None:
    """The card holds publisher, author, date and the quote."""
    v = visitors("/?publisher=The+Harbour+Gazette").ask("How many votes approved the harbour bridge?")
    v.page.locator("#current .cite").first.hover()
    card = v.text("#card")
    assert "The Harbour Gazette · Ana Ruiz · 4 March 2021" in card
    assert "12 votes to 7" in card


@browsing
def test_a_comparison_stands_in_columns_with_those_who_are_silent(visitors: Any) -> None:
    """One card for each source; the others are named; the cited ones are ordered by date."""
    v = visitors().ask(DIFFER)
    cards = v.page.locator("#current .card")
    assert cards.count() >= 2
    names = cards.locator(".name").all_text_contents()
    assert {"The Harbour Gazette", "Island Ledger"} <= set(names)
    assert v.page.locator("#current .silent bdi").count() >= 1
    assert v.text("#current .silent").startswith("Nothing found on this in: ")
    assert v.page.locator("#current .timeline time").all_text_contents()[:2] == ["4 March 2021", "November 2022"]
    v.picture("compare")


AGREE = "Do the sources agree on when the council approved the harbour bridge?"
GAZETTE = TOWN["gazette"]
ECHO = GAZETTE.replace("The Harbour Gazette", "Town Echo").replace("48 million", "52 million")
NEXT_DAY = ECHO.replace("2021-03-04", "2021-03-05")
MAJORITY = (
    NEXT_DAY.split("## The vote")[0] + "The council approved the harbour bridge on 3 March 2021, after five hours.\n"
)


@browsing
@pytest.mark.parametrize(
    ("question", "other", "relation", "told"),
    [
        (DIFFER, ECHO, "They differ", ("48 million", "52 million")),
        (DIFFER, NEXT_DAY, "Later report", ("48 million", "52 million")),
        (AGREE, MAJORITY, "They agree", ("3 March 2021 by 12 votes", "3 March 2021, after five hours")),
    ],
    ids=["differ", "later", "agree"],
)
def test_two_accounts_stand_side_by_side(
    visitors: Any, settings: Settings, tmp_path: Path, question: str, other: str, relation: str, told: tuple[str, str]
) -> None:
    """What they are to each other is said in words; the words of both, with outlet and date, open in place."""
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    (corpus / "gazette.md").write_text(GAZETTE, encoding="utf-8")
    (corpus / "echo.md").write_text(other, encoding="utf-8")
    with Assistant.build(config=load_config(corpus_dir=corpus, index_dir=tmp_path / "index")) as own:
        for address in running(make(own, settings)):
            v = visitors(at=address).ask(question)
            pair = v.page.locator("#current .pair").first
            assert pair.locator("figcaption").inner_text().startswith(f"{relation} on ")
            sides = pair.locator("blockquote")
            left, right = (side.bounding_box() for side in sides.all())
            assert left["y"] == right["y"]
            assert left["x"] + left["width"] <= right["x"]
            assert sides.locator(".name").all_text_contents() == ["The Harbour Gazette", "Town Echo"]
            assert all("March 2021" in date for date in sides.locator("time").all_text_contents())
            assert sides.locator("time").count() == 2
            words = sides.locator(".words").all_text_contents()
            assert all(part in whole for part, whole in zip(told, words, strict=True))
            sides.last.get_by_text("Read it in place").click()
            v.page.locator("#pane mark").first.wait_for()
            assert " ".join(v.page.locator("#pane mark").all_text_contents()) == words[1]
            assert "Town Echo" in v.text("#pane .from")
            v.page.close()


@browsing
def test_an_abstention_is_an_answer(visitors: Any) -> None:
    """It says what was searched, shows what came nearest, and how to ask otherwise."""
    v = visitors()
    while v.page.locator(".starters button").count() == 0:
        v.open()
    v.ask(UNANSWERABLE)
    assert "Read:" in v.text("#current .abstained .lead")
    assert v.page.locator("#current .error").count() == 0
    v.page.locator("#current .nearest .link").first.click()
    v.page.locator("#pane mark").first.wait_for()
    v.picture("abstention")
    other = v.page.locator("#current .others button").first
    question = other.inner_text()
    other.click()
    v.answered(question)
    assert v.page.locator("#current .cite").count() >= 1


@browsing
def test_a_follow_up_says_what_was_searched_for(visitors: Any) -> None:
    """The question as it was understood is shown."""
    v = visitors().ask("What did Mayor Inés Duarte say about the harbour bridge?").ask("And when would it open?")
    assert "Searched for" in v.text("#current .searched")
    assert v.page.locator("#past .turn").count() == 1


@browsing
def test_retry_edit_and_new_change_the_conversation(visitors: Any) -> None:
    """Retry asks again in place; edit takes the question back; new begins afresh."""
    v = visitors().ask(BRIDGE).ask(UNANSWERABLE)
    v.page.locator("#past [data-do=retry]").click()
    v.answered(BRIDGE)
    assert v.page.locator("#past .turn").count() == 0
    v.page.locator("#current [data-do=edit]").click()
    v.page.wait_for_function("q => document.querySelector('#question textarea').value === q", arg=BRIDGE)
    assert v.page.locator(".turn").count() == 0
    v.ask(UNANSWERABLE)
    v.page.get_by_role("button", name="New", exact=True).click()
    v.page.locator("#hello .welcome").wait_for()


@browsing
def test_suggested_questions_come_from_the_corpus_and_are_answered(visitors: Any) -> None:
    """A suggestion never ends in an abstention."""
    v = visitors()
    while v.page.locator(".starters button").count() == 0:
        v.open()  # they are asked while the page is already up
    suggestion = v.page.locator(".starters button").first
    question = suggestion.inner_text()
    suggestion.click()
    v.answered(question)
    assert v.page.locator("#current .cite").count() >= 1


@browsing
def test_filters_are_chips_and_part_of_the_link(visitors: Any) -> None:
    """A link reopens question and filters; a chip takes its filter away."""
    v = visitors("/?q=What+will+the+harbour+bridge+cost%3F&publisher=Island+Ledger&since=2022").answered(BRIDGE)
    assert "71 million" in v.text("#current .answer")
    assert "48 million" not in v.text("#current .answer")
    assert v.page.locator(".chips button").all_inner_texts() == ["Island Ledger ✕", "from 2022 ✕"]
    assert "publisher=Island+Ledger" in v.page.url
    v.page.get_by_label("Remove the filter from 2022").click()
    v.page.get_by_label("Remove the filter from 2022").wait_for(state="detached")
    v.page.get_by_label("Remove the filter Island Ledger").click()
    v.page.locator(".chips").wait_for(state="detached")
    v.ask("And what does the harbour bridge cost after all?")
    assert "publisher" not in v.page.url


@browsing
def test_a_filter_that_is_no_date_says_so(visitors: Any) -> None:
    """The message names the value and what to write."""
    v = visitors()
    v.page.get_by_role("button", name="Filters").click()
    v.page.get_by_label("Published from").fill("yesterday")
    v.page.get_by_text("since is 'yesterday'").wait_for()


@pytest.fixture
def written(folder: Path, settings: Settings) -> Iterator[Any]:
    """The page over the same index with a scripted language model behind it."""
    addresses = []
    with ExitStack() as stack:

        def serve(*script: Any) -> str:
            server = stack.enter_context(ModelServer(*script))
            config = load_config(index_dir=folder / "index", llm_url=server.url, llm_model="scripted", llm_retries=0)
            assistant = stack.enter_context(Assistant.open(config=config))
            addresses.append(running(make(assistant, settings)))
            return next(addresses[-1])

        yield serve
        for address in addresses:
            next(address, None)


@browsing
def test_a_language_models_prose_is_shown_checked_and_what_was_dropped_is_counted(visitors: Any, written: Any) -> None:
    """Sentences that are not borne out are not in the answer; they can be inspected with their reasons."""
    v = visitors(at=written(copying(2), good("The bridge is made of cheese and cost 9 dollars [1].")))
    v.ask(BRIDGE)
    assert "cheese" not in v.text("#current .answer")
    text = "The harbour bridge is 900 kilometres long [1]. Nobody voted [77]."
    w = visitors(at=written(good("The auditors found that the harbour bridge will cost 71 million euros [1]. " + text)))
    w.ask(BRIDGE)
    assert "900 kilometres" not in w.text("#current .turn :is(.answer, .abstained)")
    if w.page.locator("#current .dropped").count():
        w.page.locator("#current .dropped summary").click()
        assert "900 kilometres" in w.text("#current .dropped ul")
    for one in (v, w):
        one.page.close()


@browsing
def test_stop_keeps_what_was_checked(visitors: Any, assistant: Assistant, settings: Settings) -> None:
    """Stop ends the answer at once, though it is in mid-step; the sentences that stand there stay, the next goes on."""
    go = threading.Event()

    class Stuck(Assistant):
        """Says its first sentence, then nothing, whatever it is told."""

        def stream(self, question: str, **options: Any) -> Iterator[Any]:
            for event in super().stream(question, **options):
                yield event
                if isinstance(event, Sentence) and question == DIFFER:
                    go.wait()

    stuck = Stuck(assistant.index, assistant.retriever, assistant.support, assistant.config)
    for address in running(make(stuck, settings)):
        v = visitors(at=address)
        v.type(DIFFER)
        v.page.locator("#current .said").first.wait_for()
        assert v.page.locator("#current .busy").is_visible()
        v.page.locator("#question .stop-button").click()
        v.page.get_by_text("What stands here was checked").wait_for()
        assert v.page.locator("#current .said").count() == 1
        v.page.locator("#current .cite").first.click()
        v.page.locator("#pane mark").first.wait_for()
        v.ask(BRIDGE)
        assert v.page.locator("#past .said").count() == 1
        go.set()
        v.page.close()


@browsing
def test_a_language_model_that_says_nothing_can_be_stopped(visitors: Any, written: Any) -> None:
    """Before its first sentence: the question comes back to be changed, and is answered when asked again."""
    v = visitors(at=written(Reply("Never.", pause=3600), copying()))
    v.type(BRIDGE)
    v.page.locator("#current .busy", has_text="Writing with scripted").wait_for()
    v.page.locator("#question .stop-button").click()
    v.page.locator("#current .stopped").wait_for()
    v.page.wait_for_function("q => document.querySelector('#question textarea').value === q", arg=BRIDGE)
    v.focused("#question textarea")
    v.page.keyboard.press("Enter")
    v.answered(BRIDGE)
    assert v.page.locator("#current .cite").count() >= 1
    v.page.close()


@browsing
def test_a_language_model_that_never_ends_can_be_left(visitors: Any, written: Any) -> None:
    """New begins afresh while an answer is being written, and nothing of it comes back."""
    v = visitors(at=written(Reply("It rains and rains [1]. ", endless=True, pause=0.05), copying()))
    v.type("When did the council approve the harbour bridge?")
    v.page.locator("#current .busy", has_text="Writing with scripted").wait_for()
    v.page.get_by_role("button", name="New", exact=True).click()
    v.page.locator("#hello .welcome").wait_for()
    v.ask(BRIDGE)
    assert v.page.locator(".turn").count() == 1
    v.page.close()


@browsing
def test_nothing_jumps_while_an_answer_comes_in(visitors: Any) -> None:
    """Cumulative layout shift from question to answer stays below what is called good (0.1)."""
    v = visitors().ask(BRIDGE)
    v.page.evaluate(
        """() => { window.shift = 0; window.count = list => list.forEach(
            e => { if (!e.hadRecentInput) window.shift += e.value });
            window.observer = new PerformanceObserver(list => window.count(list.getEntries()));
            window.observer.observe({type: 'layout-shift'}) }"""
    )
    v.ask(DIFFER)
    v.settle()
    assert v.page.evaluate("() => { window.count(window.observer.takeRecords()); return window.shift }") < 0.1


@browsing
def test_two_visitors_share_nothing(visitors: Any) -> None:
    """Neither sees the other's conversation or the documents the other added."""
    one, other = visitors(), visitors()
    one.ask(BRIDGE)
    assert other.page.locator(".turn").count() == 0
    one.tab("Sources").page.get_by_label("Remove Garden notes").click()
    one.page.get_by_text("Removed “Garden notes”").wait_for()
    other.page.reload()
    other.page.wait_for_selector("#hello .welcome")
    other.tab("Sources")
    assert other.page.get_by_label("Remove Garden notes").count() == 1


# -- after an answer ----------------------------------------------------------------------------------------


@browsing
def test_an_answer_can_be_taken_away(visitors: Any) -> None:
    """Markdown has a footnote for each citation; a copy holds the references; a link opens the same again."""
    v = visitors("/?publisher=Island+Ledger").ask(BRIDGE)
    menu = v.page.locator("#current [data-do=menu]")
    menu.focus()
    v.page.keyboard.press("Enter")
    v.page.keyboard.press("ArrowDown")
    assert v.page.evaluate("document.activeElement.textContent") == "JSON"
    v.page.keyboard.press("Escape")
    assert menu.evaluate("e => e === document.activeElement")
    menu.click()
    with v.page.expect_download() as download:
        v.page.get_by_role("menuitem", name="Markdown").click()
    text = download.value.path().read_text(encoding="utf-8")
    assert download.value.suggested_filename == "answer.md"
    assert "[^1]: " in text
    assert "71 million euros" in text
    with v.page.expect_download() as download:
        v.page.get_by_role("button", name="Export all").click()
    assert download.value.path().read_text(encoding="utf-8") == text
    v.page.locator("#current [data-do=copy]").click()
    v.page.get_by_text("Copied").wait_for()
    assert "[1]" in v.page.evaluate("navigator.clipboard.readText()")
    v.page.locator("#current [data-do=link]").click()
    v.page.get_by_text("Link copied").wait_for()
    link = v.page.evaluate("navigator.clipboard.readText()")
    assert link.startswith(v.address)
    w = visitors(link.removeprefix(v.address)).answered(BRIDGE)
    assert w.page.locator(".chips button").all_inner_texts() == ["Island Ledger ✕"]
    assert w.text("#current .answer") == v.text("#current .answer")


@browsing
def test_a_printed_answer_holds_its_evidence_and_no_buttons(visitors: Any) -> None:
    """The references are unfolded, whatever the theme; the other answers, menus and fields stay away."""
    v = visitors(color_scheme="dark").ask(DIFFER).ask(BRIDGE)
    v.page.evaluate("() => { window.print = () => { window.sheet = document.body.className }; }")
    v.page.locator("#past [data-do=menu]").click()
    v.page.locator("#past").get_by_role("menuitem", name="Printable page").click()
    assert "printing" in v.page.evaluate("window.sheet")
    assert "printing" not in v.page.evaluate("document.body.className")
    v.page.evaluate("() => { window.print = () => { window.left = new Promise(done => { window.printed = done }) }; }")
    v.page.evaluate("() => { document.querySelectorAll('#past .references').forEach(d => { d.open = true }) }")
    v.page.evaluate("() => { document.querySelector('#past .turn').classList.add('to-print') }")
    v.page.evaluate("document.body.classList.add('printing')")
    text = " ".join(" ".join(page.extract_text() for page in PdfReader(BytesIO(v.page.pdf())).pages).split())
    for words in (DIFFER, "48 million euros", "71 million euros", "What the bridge really costs"):
        assert words in text
    for words in (BRIDGE, "Retry", "Export", "Sources", "Filters"):
        assert words not in text


@browsing
def test_feedback_is_kept_and_becomes_a_case(
    visitors: Any, settings: Settings, assistant: Assistant, tmp_path: Path
) -> None:
    """Thumbs down asks why; the line holds it all; the thumb stays pressed; `qa eval add` begins from it."""
    v = visitors().ask(BRIDGE)
    v.page.locator("#current [data-do=up]").click()
    v.page.locator("#current [data-do=up][aria-pressed=true]").wait_for()
    v.page.locator("#current [data-do=down]").click()
    v.page.get_by_label("A citation does not support it").check()
    v.page.get_by_label("In your words").fill("The ledger says otherwise.")
    v.page.get_by_role("button", name="Send").click()
    v.page.locator("#current [data-do=down][aria-pressed=true]").wait_for()
    first, line = (json.loads(line) for line in settings.feedback.read_text(encoding="utf-8").splitlines()[-2:])
    assert (first["question"], first["verdict"]) == (BRIDGE, "up")
    assert (line["question"], line["verdict"], line["reason"]) == (BRIDGE, "down", "citation")
    assert line["note"] == "The ledger says otherwise."
    assert line["answer"]["references"]
    v.ask(UNANSWERABLE)
    assert v.page.locator("#past [data-do=down]").get_attribute("aria-pressed") == "true"
    assert v.page.locator("#past [data-do=up]").get_attribute("aria-pressed") == "false"
    cases = tmp_path / "cases.jsonl"
    command = ["eval", "add", "--feedback", str(settings.feedback), "--questions", str(cases)]
    result = CliRunner().invoke(app, [*command, "--index", str(assistant.index.folder)])
    assert result.exit_code == 0, result.output
    assert json.loads(cases.read_text(encoding="utf-8").splitlines()[0])["question"] == BRIDGE


# -- the other tabs -------------------------------------------------------------------------------------------


@browsing
def test_sources_can_be_found_read_corrected_added_rebuilt_and_removed(visitors: Any, tmp_path: Path) -> None:
    """Each change is said, seen in the table, and can be taken back."""
    v = visitors().tab("Sources")
    rows = v.page.locator(".sources tbody tr:visible")
    before = rows.count()
    v.page.get_by_placeholder("Find in this table").fill("ledger 2022")
    assert rows.count() == 1
    v.page.locator(".sources .link:visible").click()
    v.page.locator("#pane").get_by_text("The ferry company carried 900,000 passengers").wait_for()
    v.page.keyboard.press("Escape")
    v.page.get_by_label("Correct What the bridge really costs").click()
    v.page.get_by_label("Author", exact=True).fill("Rosa Lind")
    v.page.get_by_role("button", name="Save").click()
    v.page.get_by_text("Corrected author").wait_for()
    v.page.locator(".sources").get_by_text("Rosa Lind").wait_for()
    paper = tmp_path / "tower & <b>.md"
    paper.write_text("---\ntitle: The tower\npublisher: Tower Times\n---\nThe water tower is 61 metres high.\n")
    broken = tmp_path / "broken.pdf"
    broken.write_bytes(b"not a PDF")
    v.upload("Add documents", paper, broken)
    v.page.get_by_role("button", name="Add", exact=True).click()
    v.page.get_by_text("Added “The tower”, 1 passage.").wait_for()
    said = v.text(".notice")
    assert "Not read: broken.pdf: " in said
    assert "Only you see this." in said
    assert str(tmp_path) not in said
    assert "/" not in said.split("Not read: ")[1].split(": ")[0]
    assert rows.count() == 1
    v.page.get_by_placeholder("Find in this table").fill("")
    assert rows.count() == before + 1
    v.page.get_by_role("button", name="Build the index again").click()
    v.page.get_by_text("The index was built again.").wait_for()
    v.page.get_by_label("Remove The tower").click()
    v.page.get_by_text("Removed “The tower”").wait_for()
    undo = v.page.get_by_role("button", name="Undo")
    v.focused(".notice button")
    v.page.keyboard.press("Enter")
    v.page.get_by_text("taken back").wait_for()
    undo.click()  # the rebuilding that came before it
    v.picture("sources")
    v.tab("Ask").ask("How high is the water tower?")
    assert "61 metres" in v.text("#current .answer")


@browsing
def test_a_file_that_cannot_be_read_is_named(visitors: Any, tmp_path: Path) -> None:
    """The reason stands on the page, without the place it was put, and the corpus is as it was."""
    v = visitors().tab("Sources")
    rows = v.page.locator(".sources tbody tr")
    before = rows.count()
    broken = tmp_path / "broken.pdf"
    broken.write_bytes(b"not a PDF")
    v.upload("Add documents", broken)
    v.page.get_by_role("button", name="Add", exact=True).click()
    v.page.locator(".notice.error").wait_for()
    assert "broken.pdf" in v.text(".notice.error")
    assert "/broken.pdf" not in v.text(".notice.error")
    assert rows.count() == before


@browsing
def test_a_page_of_the_web_can_be_added(visitors: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """By its address; what leads into this machine, or is a path on it, is refused."""

    class Web(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            text = "The lamp of the breakwater was lit in 1911. It is seen for 14 miles. "
            body = f"<html><title>The breakwater lamp</title><article><p>{text * 4}</p></article>".encode()
            self.send_response(200 if self.path == "/lamp.html" else 404)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    web = ThreadingHTTPServer(("127.0.0.1", 0), Web)
    threading.Thread(target=web.serve_forever, args=(0.05,), daemon=True).start()
    there = f"http://127.0.0.1:{web.server_address[1]}"
    v = visitors().tab("Sources")
    v.page.get_by_role("button", name="Add documents").click()
    field = v.page.get_by_label("Web address")
    add = v.page.get_by_role("button", name="Add", exact=True)
    for address, words in (
        ("/etc/hostname", "is no web address"),
        (f"{there}/lamp.html", "inside this machine or network"),
    ):
        field.fill(address)
        add.click()
        v.page.locator(".notice.error", has_text=words).wait_for()
    # from here on this server stands for one on the web
    monkeypatch.setattr("qa.corpus.fetching._is_public", lambda address: True)
    field.fill(f"{there}/nothing.html")
    add.click()
    v.page.locator(".notice.error", has_text="answered 404").wait_for()
    field.fill(f"{there}/lamp.html")
    add.click()
    v.page.get_by_text("Added “The breakwater lamp”").wait_for()
    v.tab("Ask").ask("When was the lamp of the breakwater lit?")
    assert "1911" in v.text("#current .answer")
    web.shutdown()


@browsing
def test_what_was_inferred_is_corrected_for_everybody_where_it_is_set_so(
    visitors: Any, assistant: Assistant, settings: Settings, tmp_path: Path
) -> None:
    """What was read off the text is marked; corrected, it is marked no more, and who comes later sees it."""
    with Assistant.build(
        config=load_config(corpus_dir=assistant.config.corpus_dir, index_dir=tmp_path / "index")
    ) as own:
        for address in running(make(own, replace(settings, editing=Editing.ALL))):
            v = visitors(at=address).tab("Sources")
            row = v.page.locator(".sources tr", has_text="Garden notes")
            assert row.locator("th.guess").count() == 1
            v.page.get_by_label("Correct Garden notes").click()
            v.focused("#correcting")
            assert "Garden notes" in v.text("#correcting .correct")
            v.page.get_by_label("Published", exact=True).fill("soon")
            v.page.get_by_role("button", name="Save").click()
            v.page.locator(".notice.error", has_text="soon").wait_for()
            v.page.get_by_label("Published", exact=True).fill("2019-06")
            v.page.get_by_label("Title", exact=True).fill("Notes from the garden")
            v.page.get_by_label("Kind", exact=True).click()
            v.page.get_by_role("option", name="analysis").click()
            v.page.get_by_role("button", name="Save").click()
            v.page.locator(".notice", has_text="Everybody sees this.").wait_for()
            w = visitors(at=address).tab("Sources")
            row = w.page.locator(".sources tr", has_text="Notes from the garden")
            assert "June 2019" in row.inner_text()
            assert "analysis" in row.inner_text()
            assert row.locator("th.guess").count() == 0
            for one in (v, w):
                one.page.close()


@browsing
def test_passages_can_be_found_from_the_sources(visitors: Any) -> None:
    """A passage opens where it stands."""
    v = visitors().tab("Sources")
    v.page.get_by_label("Find passages").fill("ferry passengers")
    v.page.keyboard.press("Enter")
    v.page.locator(".found .link").first.click()
    v.page.locator("#pane mark").first.wait_for()


@browsing
def test_a_text_from_elsewhere_is_checked(visitors: Any, tmp_path: Path) -> None:
    """Sentence by sentence, with the words that decided; against the corpus, or documents given with it."""
    v = visitors().tab("Check a text")
    v.page.get_by_label("Text to check").fill(
        "The council approved the harbour bridge on 3 March 2021 by 12 votes to 7. "
        "The harbour bridge will cost 500 million dollars."
    )
    v.page.get_by_role("button", name="Check", exact=True).click()
    v.page.locator(".checked li").first.wait_for()
    status = v.page.locator(".checked .word").all_text_contents()
    assert status[0] == "supported"
    assert status[1] != "supported"
    assert v.text(".report .lead").startswith("2 sentences: 1 supported, ")
    v.picture("check")
    paper, broken = tmp_path / "budget.md", tmp_path / "broken.pdf"
    paper.write_text("---\ntitle: Budget\n---\nThe harbour bridge will cost 500 million dollars.\n")
    broken.write_bytes(b"not a PDF")
    v.upload("Check it against other documents", paper, broken)
    v.page.get_by_role("button", name="Check", exact=True).click()
    v.page.get_by_text("Not read: broken.pdf").wait_for()
    status = v.page.locator(".checked .word").all_text_contents()
    assert status[0] != "supported"
    assert status[1] == "supported"


@browsing
def test_the_latest_eval_is_shown(visitors: Any, settings: Settings) -> None:
    """Scores, curve, groups and the worst questions of the newest run."""
    record = {"kind": "fact", "split": "test", "abstained": False, "confidence": 0.9}
    records = [
        record | {"id": str(i), "question": f"Question {i}?", "text": "An answer",
                  "pairs": {"AURC": [i % 2, 1 - i / 9], "nugget recall": [i % 2, 1]}}
        for i in range(9)
    ]  # fmt: skip
    score = {"value": 0.75, "low": 0.5, "high": 0.9, "n": 9}
    run = {
        "run_version": 1, "environment": {"questions": 9, "version": "0"}, "records": records, "passed": True,
        "scores": {"nugget recall": 0.75, "AURC": 0.2}, "intervals": {"nugget recall": score},
        "groups": {"kind": {"fact": {"nugget recall": score}}},
    }  # fmt: skip
    target = settings.results / "latest"
    target.mkdir(parents=True)
    (target / "run.json").write_text(json.dumps(run))
    v = visitors().tab("Quality")
    assert "Passed" in v.text(".quality h2")
    assert v.text(".quality .figures dd") == "0.75"
    assert v.page.locator(".quality polyline").get_attribute("points").count(",") == 9
    assert v.page.locator(".quality .link").first.inner_text() in {f"Question {i}?" for i in (0, 2, 4, 6, 8)}
    v.picture("quality")


@browsing
def test_the_smoke_eval_can_be_run_from_the_page(
    visitors: Any, assistant: Assistant, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says how far it is, and its result takes the place of the last one."""
    monkeypatch.chdir(tmp_path)  # where there is no baseline of other questions
    asked = tmp_path / "questions.jsonl"
    for question in (BRIDGE, "When did the council approve the harbour bridge?"):
        added = CliRunner().invoke(
            app, ["eval", "add", question, "--questions", str(asked), "--index", str(assistant.index.folder)]
        )
        assert added.exit_code == 0, added.output
    own = replace(settings, questions=asked, results=tmp_path / "results")
    for address in running(make(assistant, own)):
        v = visitors(at=address).tab("Quality")
        assert "No eval has been run" in v.text(".quality")
        v.page.get_by_role("button", name="Run the smoke eval").click()
        v.page.get_by_text(re.compile("asking|measuring|judging the judge")).first.wait_for()
        v.page.locator(".quality .figures").wait_for()
        assert "2 questions" in v.text(".quality h2")
        assert v.page.locator(".quality tbody th").last.is_visible()
        v.page.close()
    assert (tmp_path / "results" / "smoke" / "run.json").is_file()


# -- safety -----------------------------------------------------------------------------------------------------


@browsing
def test_hostile_documents_stay_text(visitors: Any) -> None:
    """Nothing in a title, publisher, text or question runs, loads or turns the page around."""
    question = "How many gulls <img src=x onerror=window.HIT=9> did the lighthouse keeper count?\u202e ${window.HIT=10}"
    v = visitors().ask(question)
    assert "4711 gulls" in v.text("#current .answer")
    assert "<img src=x onerror=" in v.text("#current .answer")
    v.page.locator("#current .cite").first.hover()
    v.page.locator("#current .cite").first.click()
    v.page.locator("#pane mark").first.wait_for()
    assert "<img src=" in v.text("#pane h2")
    assert "\u202e" not in v.text("#pane h2")
    v.tab("Sources").page.get_by_label("Find passages").fill("lighthouse gulls")
    v.page.keyboard.press("Enter")
    v.page.locator(".found .link").first.wait_for()
    v.tab("Check a text").page.get_by_label("Text to check").fill(
        "The keeper <img src=x onerror=window.HIT=11> saw 4711 gulls."
    )
    v.page.get_by_role("button", name="Check", exact=True).click()
    v.page.locator(".checked li").first.wait_for()
    assert v.page.evaluate("window.HIT") is None
    assert v.page.locator("#current img, #pane img, .sources img, .found img, .checked img, iframe").count() == 0


@browsing
def test_a_script_that_slipped_in_would_not_run(visitors: Any) -> None:
    """The policy stops an inline handler and a foreign address even if escaping had failed."""
    v = visitors()
    v.page.evaluate(
        """() => { const at = document.querySelector('#current'); window.stopped = 0;
        document.addEventListener('securitypolicyviolation', () => { window.stopped++ });
        at.innerHTML = '<img src=x onerror="window.HIT=1"><img src="http://203.0.113.9/t">'; }"""
    )
    v.page.wait_for_function("window.stopped >= 2")
    assert v.page.evaluate("window.HIT") is None
    assert all("Content Security Policy" in line or "404" in line for line in v.wrong)
    v.wrong.clear()
    v.asked_for.clear()


@browsing
@pytest.mark.parametrize(
    "question",
    [
        "x" * 1_000_000,
        "\u202eWhat\x00 will 👩\u200d👩\u200d👧🏴\u200d☠️ the\u2066 bridge\ufeff cost?\u0000",
        "\x00",
        "🌉" * 900,
    ],
    ids=["a word of a megabyte", "everything at once", "nothing but NUL", "nothing but emoji"],
)
def test_no_question_freezes_the_page(visitors: Any, question: str) -> None:
    """It is answered, or a line says why not; then the next one is."""
    v = visitors()
    v.page.evaluate(
        """words => { const field = document.querySelector('#question textarea');
        field.value = words; field.dispatchEvent(new Event('input', { bubbles: true })); }""",
        question,
    )
    v.page.locator("#question textarea").press("Enter")
    if len(question) > 2000:
        v.page.locator("#current .error").wait_for()
        assert v.text("#current .error") == "The question has 1,000,000 characters; ask in at most 2,000."
    else:
        v.page.locator("#current :is(.acts, .error)").wait_for()
        assert "\x00" not in v.page.locator("#current").inner_html()
    v.fits()
    v.ask(BRIDGE)
    assert v.page.locator("#current .cite").count() >= 1


@browsing
def test_an_uploaded_word_of_a_megabyte_is_kept_and_read(visitors: Any, tmp_path: Path) -> None:
    """It is added in place, is found by its neighbours' words, and opens."""
    paper = tmp_path / "kiln.txt"
    paper.write_text("Kiln\n\nThe kiln burnt for nine days. " + "y" * 1_000_000 + "\n\nThe potter slept beside it.\n")
    v = visitors().tab("Sources")
    v.upload("Add documents", paper)
    v.page.get_by_role("button", name="Add", exact=True).click()
    v.page.locator(".notice", has_text="Added").wait_for()
    v.tab("Ask").ask("For how many days did the kiln burn?")
    v.page.locator("#current :is(.cite, .nearest .link)").first.click()
    v.page.locator("#pane .text p").first.wait_for()
    for width in (1280, 390):
        v.page.set_viewport_size({"width": width, "height": 844})
        v.fits()


@browsing
def test_a_word_without_end_breaks_nothing(visitors: Any) -> None:
    """200,000 letters without a space neither hang nor widen the page."""
    v = visitors().ask("What did the printer set?")
    v.page.get_by_role("tab", name="Sources").click()
    v.page.get_by_label("Find in this table").fill("word")
    v.page.locator(".sources .link:visible").first.click()
    v.page.locator("#pane .text p").first.wait_for()
    v.fits()


@browsing
def test_a_document_from_right_to_left_is_read_so(visitors: Any) -> None:
    """Direction and language are those of the document."""
    v = visitors().tab("Sources")
    v.page.get_by_text("الميناء القديم").first.click()
    text = v.page.locator("#pane .text")
    text.wait_for()
    assert (text.get_attribute("dir"), text.get_attribute("lang")) == ("rtl", "ar")


# -- made well ---------------------------------------------------------------------------------------------------


@browsing
@pytest.mark.parametrize(
    ("theme", "width"), [("light", 1280), ("dark", 1280), ("light", 390)], ids=["light", "dark", "phone"]
)
def test_no_serious_barrier(visitors: Any, theme: str, width: int) -> None:
    """axe finds nothing serious or critical on any tab, with an answer and a document open."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed").Axe()
    v = visitors(color_scheme=theme, viewport={"width": width, "height": 860}, reduced_motion="reduce").ask(DIFFER)
    states = {"answer": lambda: None}
    states["reading"] = lambda: (
        v.page.locator("#current .cite").first.click(),
        v.page.locator("#pane mark").first.wait_for(),
    )
    states["filters"] = lambda: (
        v.page.keyboard.press("Escape"),
        v.page.locator("#pane .pane").wait_for(state="detached"),
        v.page.get_by_role("button", name="Filters").click(),
    )
    for tab in ("Sources", "Check a text", "Quality"):
        states[tab] = lambda tab=tab: v.tab(tab)
    for name, go in states.items():
        go()
        v.page.evaluate("scrollTo(0, document.body.scrollHeight)")  # so that the composer lies over nothing
        v.settle()
        found = axe.run(v.page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]})
        serious = [
            (x["id"], [node["html"][:160] for node in x["nodes"]][:3])
            for x in found.response["violations"]
            if x["impact"] in ("serious", "critical")
        ]
        assert serious == [], name
        v.picture(f"{theme}-{width}-{name.split()[0].lower()}")


@browsing
@pytest.mark.parametrize("width", [360, 768, 2560])
def test_the_page_fits_its_window(visitors: Any, width: int) -> None:
    """No scrolling sideways, from a small phone to a large screen; the sheet lies over a small one."""
    v = visitors(viewport={"width": width, "height": 800}).ask(DIFFER)
    v.fits()
    v.page.locator("#current .cite").first.click()
    v.page.locator("#pane mark").first.wait_for()
    v.fits()
    position = v.page.locator("#pane-column").evaluate("e => getComputedStyle(e).position")
    assert position == ("fixed" if width < 901 else "sticky")


@browsing
def test_light_or_dark_is_remembered(visitors: Any) -> None:
    """The choice outlives a reload."""
    v = visitors(color_scheme="light")
    v.page.get_by_label("Light or dark").click()
    assert v.page.evaluate("document.body.classList.contains('dark')")
    v.open()
    assert v.page.evaluate("document.body.classList.contains('dark')")


# -- the API ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def client(address: str) -> Any:
    from gradio_client import Client

    return Client(address, verbose=False)


def test_ask_streams_and_ends_with_the_whole_answer(client: Any, assistant: Assistant) -> None:
    """What a program gets is `to_dict()`, after progress and sentences."""
    job = client.submit(BRIDGE, api_name="/ask")
    answer = job.result()["answer"]
    events = [next(iter(event)) for event in job.outputs()]
    assert events[0] == "progress"
    assert "sentence" in events
    mine = assistant.ask(BRIDGE).to_dict()
    assert {k: v for k, v in answer.items() if k != "timings"} == {k: v for k, v in mine.items() if k != "timings"}


def test_search_sources_and_check_are_endpoints(client: Any, assistant: Assistant) -> None:
    """Each returns typed JSON; a filter is a wall there too."""
    hits = client.predict(BRIDGE, top_k=3, publishers=["Island Ledger"], api_name="/search")
    assert {hit["source"] for hit in hits} == {"ledger"}
    assert [s["id"] for s in client.predict(api_name="/sources")] == [s.id for s in assistant.sources]
    report = client.predict("The bridge is made of chocolate.", api_name="/check")
    assert report["sentences"][0]["status"] != "supported"


def test_an_error_of_ours_reaches_a_program_in_its_words(client: Any) -> None:
    """The message says what to do."""
    from gradio_client.exceptions import AppError

    with pytest.raises(AppError, match="write a date as"):
        client.predict(BRIDGE, since="yesterday", api_name="/ask")


def test_only_the_four_endpoints_are_public(client: Any) -> None:
    """What the page does inside is not offered to programs."""
    assert set(client.view_api(return_format="dict")["named_endpoints"]) == {"/ask", "/search", "/sources", "/check"}


def test_a_chat_front_end_can_sit_on_it(address: str, assistant: Assistant) -> None:
    """OpenAI's shape, with the references; streamed parts add up to the same text."""
    messages = [
        {"role": "system", "content": "You are helpful."},
        {"role": "user", "content": "What did Mayor Inés Duarte say about the harbour bridge?"},
        {"role": "assistant", "content": "..."},
        {"role": "user", "content": [{"type": "text", "text": BRIDGE}]},
    ]
    sent = {"model": "qa", "messages": messages, "temperature": 0}
    reply = httpx.post(f"{address}/v1/chat/completions", json=sent, timeout=60).json()
    content = reply["choices"][0]["message"]["content"]
    assert "[1]" in content
    chat = assistant.chat()
    chat.ask(messages[1]["content"])
    assert reply["references"] == chat.ask(BRIDGE).to_dict()["references"]
    with httpx.stream("POST", f"{address}/v1/chat/completions", json=sent | {"stream": True}, timeout=60) as stream:
        lines = [line[6:] for line in stream.iter_lines() if line.startswith("data: ")]
    assert lines[-1] == "[DONE]"
    chunks = [json.loads(line) for line in lines[:-1]]
    assert "".join(c["choices"][0]["delta"].get("content", "") for c in chunks) == content
    assert chunks[-1]["references"] == reply["references"]
    assert httpx.get(f"{address}/v1/models").json()["data"][0]["id"] == "qa"
    assert httpx.post(f"{address}/v1/chat/completions", json={"messages": []}).status_code == 422


def test_openais_own_client_reads_it(address: str) -> None:
    """Streaming through the library that most front ends use."""
    openai = pytest.importorskip("openai", reason="openai is not installed")
    client = openai.OpenAI(base_url=f"{address}/v1", api_key="none")
    parts = client.chat.completions.create(model="qa", messages=[{"role": "user", "content": BRIDGE}], stream=True)
    text = "".join(part.choices[0].delta.content or "" for part in parts)
    assert "million euros" in text


def test_an_mcp_client_finds_and_calls_the_four_tools(assistant: Assistant, settings: Settings) -> None:
    """Served by flag; a real client lists the tools and asks."""
    pytest.importorskip("mcp", reason="mcp is not installed")
    import asyncio
    from concurrent.futures import ThreadPoolExecutor

    from mcp import ClientSession
    from mcp.client.streamable_http import streamablehttp_client

    async def talk(address: str) -> tuple[list[str], Any]:
        async with (
            streamablehttp_client(f"{address}/gradio_api/mcp/") as (read, write, _),
            ClientSession(read, write) as session,
        ):
            await session.initialize()
            tools = [tool.name for tool in (await session.list_tools()).tools]
            return tools, await session.call_tool("ask", {"question": BRIDGE})

    for address in running(make(assistant, replace(settings, mcp=True))):
        with ThreadPoolExecutor(1) as thread:  # the browser's loop runs in this one
            tools, result = thread.submit(lambda at=address: asyncio.run(talk(at))).result()
    assert set(tools) == {"ask", "search", "sources", "check"}
    assert not result.isError
    assert "million euros" in result.content[0].text


def test_many_at_once_are_all_answered(address: str) -> None:
    """Thirty people asking at the same time each get their own answer."""
    from concurrent.futures import ThreadPoolExecutor

    from gradio_client import Client

    questions = [BRIDGE, "Who denied that the company had paid for the campaign?", "What do tomatoes want?"]

    def one(i: int) -> bool:
        client = Client(address, verbose=False, httpx_kwargs={"timeout": WAIT / 1000})
        answer = client.predict(questions[i % 3], api_name="/ask")["answer"]
        return answer["question"] == questions[i % 3]

    with ThreadPoolExecutor(30) as people:
        assert all(people.map(one, range(30)))


# -- the guard --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def guarded(assistant: Assistant, settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    users = tmp_path_factory.mktemp("users") / "users.txt"
    add_user(users, "ada", "correct horse")
    yield from running(make(assistant, replace(settings, users=users)))


def test_nobody_listens_to_other_machines_unasked() -> None:
    """Without users, proxy or the word, only this machine is listened to."""
    with pytest.raises(GuardError, match="--users"):
        check(Settings(host="0.0.0.0"))
    check(Settings(host="0.0.0.0", open=True))
    check(Settings(host="::1"))
    assert not is_loopback("example.org")


def test_whoever_does_not_sign_in_gets_nothing(guarded: str) -> None:
    """Page, queue, MCP's list of tools, uploads and chat completions have one door; health has none."""
    for path in ("/", "/config", "/gradio_api/info", "/gradio_api/mcp/schema", "/v1/models", "/qa-static/page.js"):
        assert httpx.get(guarded + path).status_code == 401, path
    assert httpx.post(f"{guarded}/gradio_api/upload", files={"files": b"x"}).status_code == 401
    assert httpx.get(f"{guarded}/health").status_code == 200


def test_a_user_signs_in_with_the_right_password_only(guarded: str) -> None:
    """Basic for people, Bearer for programs."""
    assert httpx.get(guarded, auth=("ada", "correct horse")).status_code == 200
    assert httpx.get(guarded, auth=("ada", "wrong horse"), timeout=20).status_code == 401
    bearer = {"Authorization": "Bearer ada:correct horse"}
    assert httpx.get(f"{guarded}/v1/models", headers=bearer).status_code == 200
    junk = {"Authorization": "Basic " + base64.b64encode(b"\xff\xfe").decode()}
    assert httpx.get(guarded, headers=junk).status_code == 401


def test_passwords_are_kept_as_hashes_for_their_owner_alone(tmp_path: Path) -> None:
    """The file holds no password, is private, and a user is replaced, not doubled."""
    path = tmp_path / "users.txt"
    add_user(path, "ada", "correct horse")
    add_user(path, "ada", "battery staple")
    text = path.read_text()
    assert "staple" not in text
    assert text.count("ada:$argon2id$") == 1
    assert path.stat().st_mode & 0o077 == 0
    users = Users.read(path)
    assert users.check("ada", "battery staple")
    assert not users.check("ada", "correct horse")
    assert not users.check("eve", "battery staple")
    with pytest.raises(GuardError, match="at least"):
        add_user(path, "bob", "short")
    path.write_text("ada:secret\n")
    with pytest.raises(GuardError, match="line 1"):
        Users.read(path)


def test_a_proxy_may_sign_people_in(assistant: Assistant) -> None:
    """With the header set the proxy's word counts; without it nobody comes in."""

    async def hello(scope: Any, receive: Any, send: Any) -> None:
        from starlette.responses import PlainTextResponse

        await PlainTextResponse("hello")(scope, receive, send)

    for address in running(Guard(hello, frozenset({"127.0.0.1"}), proxy_header="X-Forwarded-User")):
        assert httpx.get(address).status_code == 401
        assert httpx.get(address, headers={"X-Forwarded-User": "ada"}).text == "hello"


def test_other_names_and_other_sites_are_refused(address: str) -> None:
    """A page elsewhere can neither rebind a name to this one nor post to it."""
    assert httpx.get(address, headers={"Host": "evil.example"}).status_code == 421
    elsewhere = {"Origin": "http://evil.example"}
    assert httpx.post(f"{address}/v1/chat/completions", json={}, headers=elsewhere).status_code == 403
    assert httpx.post(f"{address}/v1/chat/completions", json={}, headers={"Origin": address}).status_code == 422


def test_every_reply_carries_the_policy(address: str) -> None:
    """Scripts need the nonce of this very page; it may not be framed, and it names no other address."""
    one, two = (httpx.get(address, headers={"Accept": "text/html"}) for _ in range(2))
    policy = one.headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in policy
    assert "unsafe-inline" not in policy.split("script-src")[1].split(";")[0]
    assert policy != two.headers["Content-Security-Policy"]
    assert one.text.count("<script") == one.text.count("<script nonce=")
    assert httpx.get(f"{address}/health").headers["X-Content-Type-Options"] == "nosniff"


def test_files_of_the_machine_are_not_served(address: str) -> None:
    """Gradio's file route gives neither the corpus folder nor the system's files."""
    for path in ("/etc/passwd", str(ROOT / "pyproject.toml"), "../../etc/passwd"):
        assert httpx.get(f"{address}/gradio_api/file={path}").status_code in (403, 404)


# -- parts ----------------------------------------------------------------------------------------------------------


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
    found, before, after = views.blocks(views.Reading(document(text), quote, near))
    assert (before, after) == (0, 0)
    shown = "".join(piece.text for block in found for piece in block.pieces)
    assert "".join(shown.split()) == "".join(text.split())
    marked = "".join(p.text for block in found for p in block.pieces if p.quoted)
    assert "".join(marked.split()) == "".join(text[slice(*quote)].split())
    assert sum(p.focus for block in found for p in block.pieces) <= 1


def test_a_long_document_is_shown_around_the_quote() -> None:
    """A quote far inside is in view, and what is left out is counted."""
    text = "word " * 200_000
    quote = (500_000, 500_004)
    found, before, after = views.blocks(views.Reading(document(text), quote, quote))
    assert before == 500_000 - views.WINDOW
    assert after == len(text) - 500_004 - views.WINDOW
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


@pytest.mark.parametrize(
    ("heading", "inside"),
    [("The vote on it", "the vote on it"), ("Satisfaction there", "satisfaction there"), ("Port Anna?", "Port Anna"),
     ("Al-Aruri's move", "Al-Aruri's move"), ("NATO and us", "NATO and us")],
)  # fmt: skip
def test_a_heading_is_written_as_inside_a_sentence(heading: str, inside: str) -> None:
    """Small at its beginning, unless it begins with a name."""
    assert _inside(heading, Counter({"Port Anna": 2, "The Daily": 1}), {"the", "vote"}) == inside


def test_a_private_library_leaves_the_shared_one_alone(town: Assistant) -> None:
    """Changes go to a folder of its own, undo takes the last one back, closing removes the folder."""
    mine = Library(town, private=True)
    mine.change(remove=["letters"])
    assert [s.id for s in mine.assistant.sources] == ["gazette", "ledger"]
    assert [s.id for s in town.sources] == ["gazette", "ledger", "letters"]
    assert mine.can_undo
    own = mine.assistant.index.folder
    assert mine.undo()
    assert [s.id for s in mine.assistant.sources] == ["gazette", "ledger", "letters"]
    assert not mine.can_undo
    mine.close()
    assert not own.exists()
    assert town.ask(BRIDGE).sentences


def test_every_change_of_a_session_can_be_taken_back(town: Assistant) -> None:
    """The last first; each step finds the corpus as it was, and a new change goes on from there."""
    mine = Library(town, private=True)
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


def test_what_a_browser_sends_is_never_trusted(town: Assistant) -> None:
    """Numbers out of range, wrong types and unknown ids open nothing and break nothing."""
    turns = (Turn("How high?", town.ask(BRIDGE)),)
    for data in ({}, {"turn": 9, "n": 1}, {"turn": 0, "n": 99}, {"turn": "0", "n": 1}, {"turn": 0}, {"turn": -1}):
        assert reading(data, turns, town) is None
    with pytest.raises(QAError, match="no source"):
        reading({"document": "../etc/passwd"}, turns, town)
    opened = reading({"document": "ledger", "start": 5, "end": 3}, turns, town)
    assert opened
    assert opened.quote is None


def test_chips_name_every_wall(town: Assistant) -> None:
    """Sources by name, dates in words."""
    filters = Filters(sources=("ledger",), kinds=("news",), since="2021-03")
    assert [words for _, _, words in views.chips(filters, town.sources)] == ["Island Ledger", "news", "from March 2021"]
