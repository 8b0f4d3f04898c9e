"""The page as a person uses it, in a real browser over the real stack."""

from __future__ import annotations

import json
import re
import shutil
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pypdfium2 as pdfium
import pytest
from typer.testing import CliRunner

from browsing import WAIT, Visit
from conftest import TOWN, running
from model_server import ModelServer, Reply, copying, good
from qa import Assistant, Sentence, load_config
from qa.cli import app
from qa.page.server import make
from qa.page.settings import Editing, Settings

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext

pytestmark = pytest.mark.browser

LAST = "#turns .turn:last-child"
FIRST = "#turns .turn:first-child"

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
original: "<iframe src=javascript:window.HIT=5></iframe> https://example.org/a?b=<script> 10.1000/182"
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

LONG = "\n\n".join(
    ["# The lighthouse chronicle"]
    + [
        f"In year {n} the keeper of Cape Orrin wrote {n * 7} lines about fog, tides and the price of oil."
        for n in range(450)
    ]
    + ["The great lens of Cape Orrin was ground in Murano by Livia Sanz.", "The keeper then went home."]
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("page")
    corpus = made / "corpus"
    corpus.mkdir()
    for name, text in (TOWN | {"arabic": ARABIC, "chronicle": LONG}).items():
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
    results = folder / "results"
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
    target = results / "latest"
    target.mkdir(parents=True)
    (target / "run.json").write_text(json.dumps(run))
    return Settings(
        data=folder / "data",
        feedback=folder / "feedback.jsonl",
        results=results,
        questions=folder / "none.jsonl",
    )


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


@pytest.fixture(scope="module")
def contexts(browser: Browser) -> Any:
    """A browser of each kind, kept, so that its scripts are compiled once."""
    made: dict[str, BrowserContext] = {}

    def context(options: dict[str, Any]) -> BrowserContext:
        kind = json.dumps(options, sort_keys=True)
        if kind not in made:
            who = options.pop("who", "")
            made[kind] = browser.new_context(**options)
            made[kind].grant_permissions(["clipboard-read", "clipboard-write"])
            options["who"] = who
        return made[kind]

    return context


@pytest.fixture
def visitors(contexts: Any, address: str) -> Iterator[Any]:
    """Opens windows, closes them; nothing may have gone wrong in any. Each `who` is a person with their own browser."""
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


@pytest.fixture(autouse=True)
def _next(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """What can be asked next takes longer to find than an answer: it is looked for where a test is about it."""
    if not request.node.name.startswith(("test_what_can_be_asked_next", "test_no_serious_barrier")):
        monkeypatch.setattr("qa.page.desk.follow_ups", lambda *_: [])


@pytest.fixture(scope="module")
def kept(contexts: Any, address: str) -> Iterator[list[Visit]]:
    """The window that `window` uses again."""
    made: list[Visit] = []
    yield made
    for one in made:
        one.page.close()


@pytest.fixture
def window(kept: list[Visit], contexts: Any, address: str) -> Iterator[Visit]:
    """A window at its beginning, which other tests used before: to load the page takes longer than most questions."""
    if not kept:
        kept.append(Visit(contexts({"viewport": {"width": 1280, "height": 860}}), address).open())
    visit = kept.pop()  # put back only where all went well
    yield visit.anew()
    assert visit.wrong == []
    assert [url for url in visit.asked_for if not url.startswith((address, "data:", "blob:"))] == []
    kept.append(visit)


# -- evidence --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["desk", "phone"])
def test_every_citation_shows_its_words_in_view(visitors: Any, kind: str) -> None:
    """By marker and by ›, ‹ and arrow key; by marker again after a second question and after adding a document."""
    phone = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
    v = visitors(**{"desk": {}, "phone": phone | {"reduced_motion": "reduce"}}[kind]).ask(DIFFER)

    def by_marker(turn: str) -> list[str | None]:
        quotes = [quote.text_content() for quote in v.page.locator(f"{turn} .references blockquote").all()]
        assert len(quotes) >= 2
        for n, quote in enumerate(quotes, start=1):
            v.page.locator(f"{turn} .cite", has_text=re.compile(f"^{n}$")).first.click()
            v.opened(quote)
            assert f"Citation {n} of {len(quotes)}" in v.text("#pane .of")
            if kind == "phone":
                v.page.keyboard.press("Escape")
                v.page.locator("#pane .pane").wait_for(state="detached")
        return quotes

    quotes = by_marker(LAST)
    v.page.locator(f"{LAST} .cite", has_text=re.compile("^1$")).first.click()
    v.opened(quotes[0])
    for quote in quotes[1:]:
        v.page.get_by_label("Next citation").click()
        v.opened(quote)
    for quote in reversed(quotes[:-1]):
        v.press("ArrowLeft")
        v.opened(quote)
    v.press("Escape")
    v.page.locator("#pane .pane").wait_for(state="detached")
    if kind == "desk":
        v.ask(BRIDGE)
        by_marker(FIRST)
        v.page.locator("#composer [data-files]").set_input_files(
            {"name": "lamp.txt", "mimeType": "text/plain", "buffer": b"Lamp\n\nThe lamp was lit in 1911.\n"}
        )
        v.page.locator("#composer .notice").wait_for()
        by_marker(FIRST)
    v.picture(f"evidence-{kind}")


def test_nearest_passages_and_both_sides_of_a_pair_open_in_place(window: Visit) -> None:
    """Words that did not answer are shown as surely as those that did."""
    v = window.ask(UNANSWERABLE)
    for link in v.page.locator(f"{LAST} .nearest .link").all():
        link.click()
        v.opened()
    v.picture("abstention")


def test_a_quote_deep_in_a_long_document_is_in_view_and_the_rest_can_be_read(window: Visit) -> None:
    """Only the part around it is sent; what stands before and after comes when it is wanted."""
    v = window.ask("Who ground the great lens of Cape Orrin?")
    v.page.locator(f"{LAST} .cite").first.click()
    v.opened()
    assert "Livia Sanz" in v.text("#pane mark")
    assert len(v.page.locator("#pane").inner_html()) < 30_000
    while v.page.locator("[data-edge^=before]").count():
        before = v.page.locator("#pane .text p").count()
        v.page.locator("[data-edge^=before]").click()
        v.page.wait_for_function(
            "n => document.querySelectorAll('#pane .text p').length > n"
            " || !document.querySelector('[data-edge^=before]')",
            arg=before,
        )
    text = v.text("#pane .text")
    assert all(f"In year {n} the keeper" in text for n in range(450))
    assert text.count("In year 250 ") == 1


def test_the_page_of_a_pdf_is_shown_with_the_words_boxed(window: Visit, tmp_path: Path) -> None:
    """Beside its text; and the file can be taken away."""
    fpdf = pytest.importorskip("fpdf")
    paper = fpdf.FPDF()
    paper.set_font("Helvetica", size=14)
    for words in (
        "The tide tables of Port Vell.",
        "The dredger Marigold cost 12 million francs in 1931.",
        "An index of ships.",
    ):
        paper.add_page()
        paper.multi_cell(0, 9, f"Port yearbook\n\n{words} It was paid by the harbour board in four parts.")
    paper.output(str(tmp_path / "yearbook.pdf"))
    v = window.add(tmp_path / "yearbook.pdf").ask("What did the dredger Marigold cost?")
    v.page.locator(f"{LAST} .cite").first.click()
    v.opened()
    v.page.locator(".original summary").click()
    assert v.text(".original summary") == "Page 2 as it is printed"
    v.page.wait_for_function(
        "() => { const i = document.querySelector('.original img'); return i.complete && i.naturalWidth > 500 }"
    )
    yellow = v.page.evaluate(
        """() => { const i = document.querySelector('.original img'), c = document.createElement('canvas');
        c.width = i.naturalWidth; c.height = i.naturalHeight;
        const x = c.getContext('2d'); x.drawImage(i, 0, 0);
        const d = x.getImageData(0, 0, c.width, c.height).data; let n = 0;
        for (let k = 0; k < d.length; k += 4) n += d[k] > 200 && d[k + 1] > 150 && d[k + 2] < 120;
        return n / (c.width * c.height) }"""
    )
    assert 0.002 < yellow < 0.2
    v.picture("original")
    with v.page.expect_download() as download:
        v.page.get_by_text("Download yearbook.pdf").click()
    assert download.value.path().read_bytes() == (tmp_path / "yearbook.pdf").read_bytes()


def test_everything_can_be_reached_by_keyboard(window: Visit) -> None:
    """Ask, go to a marker, see its card, open it, go to the next citation, close it: without a mouse."""
    v = window.ask(BRIDGE)
    v.page.locator(f"{LAST} [data-do=retry]").focus()
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


def test_hovering_a_marker_shows_who_said_it_and_when(window: Visit) -> None:
    """The card holds publisher, author, date and the quote; the pane says why this passage."""
    v = window.ask("How many votes approved the harbour bridge?")
    v.page.locator(f"{LAST} .cite").first.hover()
    card = v.text("#card")
    assert "The Harbour Gazette · Ana Ruiz · 4 March 2021" in card
    assert "12 votes to 7" in card
    v.page.locator(f"{LAST} .cite").first.click()
    v.opened()
    v.page.get_by_text("Why this passage").click()
    assert "Meaning" in v.text("#pane .ranks table")
    v.picture("reading")


def test_a_quotation_carries_no_tick_and_a_written_sentence_its_verdict(visitors: Any, written: Any) -> None:
    """A mark stands only where it can differ."""
    v = visitors().ask(BRIDGE)
    assert v.page.locator(f"{LAST} .said").count()
    assert v.page.locator(f"{LAST} .verdict").count() == 0
    assert "According to" in v.text(f"{LAST} .answer")
    w = visitors(at=written(good("The auditors found that the harbour bridge will cost 71 million euros [1]. "))).ask(
        BRIDGE
    )
    for sentence in w.page.locator(f"{LAST} .said").all():
        quote = w.page.locator(f"{LAST} .references blockquote").first.text_content()
        assert sentence.locator(".verdict .word").count() or sentence.locator(".text").text_content() == quote
    w.page.close()


# -- nothing lost ----------------------------------------------------------------------------------------


def test_reload_second_tab_and_restart_show_what_was_there(
    visitors: Any, assistant: Assistant, settings: Settings, tmp_path: Path
) -> None:
    """The conversation with its follow-up, added documents, filters, opened document: all stand under its address."""
    own = replace(settings, data=tmp_path / "data")
    (tmp_path / "tower.md").write_text(
        "---\ntitle: The tower\npublisher: Tower Times\n---\nThe water tower is 61 metres high.\n"
    )
    port_of = running(make(assistant, own))
    at = next(port_of)
    v = visitors(at=at).add(tmp_path / "tower.md").ask("How high is the water tower?")
    assert "61 metres" in v.text(f"{LAST} .answer")
    v.ask("What did Mayor Inés Duarte say about the harbour bridge?")
    v.page.get_by_role("button", name="Filters").click()
    v.page.locator("#filters input[value='The Harbour Gazette']").check()
    v.ask("And when would it open?")
    assert "Searched for" in v.text(f"{LAST} .searched")
    assert "In The Harbour Gazette only." in v.text(LAST)
    v.page.locator(f"{FIRST} .cite").first.click()
    v.opened()
    shown = v.shown()
    path = v.page.url.removeprefix(at)
    assert v.page.title().startswith("How high is the water tower?")

    def whole(one: Visit) -> None:
        one.opened()
        assert one.shown() == shown
        assert one.page.locator("#filters label:visible").all_text_contents() == [" The Harbour Gazette"]
        one.tab("Sources").page.get_by_label("Remove The tower").wait_for()
        one.tab("Ask")

    v.page.reload()
    whole(v)
    second = visitors(path, at=at)
    whole(second)
    second.ask("How high is the water tower, and where?")
    v.page.close()
    second.page.close()
    next(port_of, None)
    again = running(make(assistant, own))
    at2 = next(again)
    w = visitors(path, at=at2)
    w.opened()
    assert w.page.locator(".turn").count() == 4
    w.tab("Sources").page.get_by_label("Remove The tower").wait_for()
    w.page.close()
    next(again, None)


def test_two_windows_of_one_conversation_show_the_same(visitors: Any) -> None:
    """What is asked in one is answered in both."""
    one = visitors().ask(BRIDGE)
    other = visitors(one.page.url.removeprefix(one.address))
    one.ask(UNANSWERABLE)
    other.answered(UNANSWERABLE)
    assert other.shown() == one.shown()


def test_a_question_under_way_goes_on_through_a_reload(visitors: Any, assistant: Assistant, settings: Settings) -> None:
    """The answer is made on the server; the window only watches."""
    go = threading.Event()
    for address in running(make(stuck(assistant, go), settings)):
        v = visitors(at=address)
        v.type(DIFFER)
        v.page.locator(f"{LAST} .points blockquote").first.wait_for()
        v.page.reload()
        v.page.locator(f"{LAST} .busy").wait_for()
        assert v.page.locator("#stop").is_visible()
        go.set()
        v.answered(DIFFER)
        assert v.page.locator(f"{LAST} .points blockquote").count() > 1
        v.page.close()


def test_conversations_are_listed_searched_renamed_exported_and_deleted(visitors: Any) -> None:
    """Each under its address; back and forward go between them; deleted, it is gone."""
    v = visitors(who="archivist").ask(BRIDGE)
    first = v.page.url
    v.page.get_by_role("button", name="New", exact=True).click()
    v.page.locator("#hello .welcome").wait_for()
    v.ask(UNANSWERABLE)
    v.page.go_back()
    v.page.locator("#hello .welcome").wait_for()
    v.page.go_back()
    v.answered(BRIDGE)
    assert v.page.url == first
    v.page.get_by_role("button", name="Conversations").click()
    items = v.page.locator(".talks li")
    v.page.wait_for_function("document.querySelectorAll('.talks li').length === 2")
    v.picture("conversations")
    v.page.get_by_placeholder("Find in conversations").fill("million euros")
    v.page.wait_for_function("document.querySelectorAll('.talks li').length === 1")
    assert BRIDGE in items.first.inner_text()
    items.first.get_by_role("button", name="Rename").click()
    items.first.get_by_label("New title").fill("The bridge")
    v.page.keyboard.press("Enter")
    v.page.locator(".talks a", has_text=re.compile("^The bridge$")).wait_for()
    v.page.get_by_placeholder("Find in conversations").fill("")
    v.page.wait_for_function("document.querySelectorAll('.talks li').length === 2")
    v.page.locator(".talks a", has_text=UNANSWERABLE).click()
    v.answered(UNANSWERABLE)
    v.page.get_by_role("button", name="Conversations").click()
    delete = items.filter(has_text="The bridge").get_by_role("button", name="Delete")
    delete.click()
    v.page.get_by_role("button", name="Delete for good").click()
    v.page.wait_for_function("document.querySelectorAll('.talks li').length === 1")
    v.page.keyboard.press("Escape")
    v.page.goto(first)
    v.page.locator(".notice.error", has_text="it was deleted").wait_for()


def test_edit_and_retry_keep_what_was_there(window: Visit) -> None:
    """They begin another conversation with the turns before; the first one stays, and back leads to it."""
    v = window.ask(BRIDGE).ask(UNANSWERABLE)
    first = v.page.url
    v.page.locator(f"{FIRST} [data-do=retry]").click()
    v.page.wait_for_function("url => location.href !== url", arg=first)
    v.answered(BRIDGE)
    assert v.page.locator(".turn").count() == 1
    v.page.locator(f"{LAST} [data-do=edit]").click()
    v.page.wait_for_function("q => document.querySelector('#question textarea').value === q", arg=BRIDGE)
    v.type("Who approved the harbour bridge?")
    v.answered("Who approved the harbour bridge?")
    assert v.page.locator(".turn").count() == 1
    v.page.go_back()
    v.answered(BRIDGE)
    v.page.go_back()
    v.answered(UNANSWERABLE)
    assert v.page.locator(".turn").count() == 2


def test_a_link_opens_the_stored_answer_for_somebody_else(visitors: Any) -> None:
    """Not a new one: with its evidence, to be read; what they ask then is a conversation of their own."""
    v = visitors(who="ada")
    v.page.get_by_role("button", name="Filters").click()
    v.page.locator("#filters input[value='Island Ledger']").check()
    v.ask(BRIDGE)
    v.page.locator(f"{LAST} [data-do=link]").click()
    v.page.get_by_text("Link copied").wait_for()
    link = v.page.evaluate("navigator.clipboard.readText()")
    assert link.startswith(v.address)
    w = visitors(link.removeprefix(v.address), who="bob").answered(BRIDGE)
    assert w.text(f"{LAST} .answer") == v.text(f"{LAST} .answer")
    assert w.page.locator("[data-do=retry], .thumbs").count() == 0
    w.page.locator(f"{LAST} .cite").first.click()
    w.opened()
    w.ask("Who approved it?")
    assert w.page.locator(".turn").count() == 1
    assert "?c=" in w.page.url


def test_back_closes_the_sheet_first(visitors: Any) -> None:
    """On a phone, where it lies over everything."""
    v = visitors(viewport={"width": 390, "height": 844}).ask(BRIDGE)
    url = v.page.url
    v.page.locator(f"{LAST} .cite").first.click()
    v.opened()
    v.page.get_by_label("Next citation").click()
    v.page.get_by_text("Citation 2 of").wait_for()
    v.page.go_back()
    v.page.locator("#pane .pane").wait_for(state="detached")
    assert v.page.url == url
    assert v.page.locator(".turn").count() == 1


def test_two_visitors_share_nothing(visitors: Any) -> None:
    """Neither sees the other's conversation or the documents the other added or removed."""
    one, other = visitors(who="one"), visitors(who="other")
    one.ask(BRIDGE)
    one.tab("Sources").page.get_by_label("Remove Garden notes").click()
    one.page.get_by_text("Removed “Garden notes”").wait_for()
    other.open()
    assert other.page.locator(".turn").count() == 0
    other.tab("Sources")
    assert other.page.get_by_label("Remove Garden notes").count() == 1
    other.page.get_by_role("button", name="Conversations").click()
    other.page.get_by_text("None yet").wait_for()


def test_the_corpus_in_one_screen_and_a_topic_of_it(visitors: Any) -> None:
    """For each source key sentences, people, places and dates, which open in place; the same for a topic; by date."""
    v = visitors().tab("Overview")
    gazette = v.page.locator(".glance", has_text="Council votes on the harbour bridge")
    gazette.wait_for()
    assert "The Harbour Gazette · Ana Ruiz · 4 March 2021" in gazette.inner_text()
    assert 1 <= gazette.locator(".keys li").count() <= 3
    key = gazette.locator(".keys li").first
    key.locator(".cite").click()
    v.opened(key.text_content().removesuffix("↗").strip())
    assert {"Inés Duarte", "Tomás Vidal", "3 March 2021"} <= set(gazette.locator(".named .link").all_text_contents())
    gazette.locator(".named .link", has_text="3 March 2021").click()
    v.opened("3 March 2021")
    v.page.get_by_label("A topic").fill("what the harbour bridge costs")
    v.page.keyboard.press("Enter")
    v.page.get_by_text("sources, by date").wait_for()
    titles = v.page.locator(".glance h2").all_text_contents()
    assert titles.index("Council votes on the harbour bridge") < titles.index("What the bridge really costs")
    assert "71 million" in v.text("#main .glances")
    v.picture("overview")


# -- asking ----------------------------------------------------------------------------------------------


def stuck(assistant: Assistant, go: threading.Event) -> Assistant:
    """Says its first sentence, then nothing until it may, whatever it is told."""

    class Stuck(Assistant):
        def stream(self, question: str, **options: Any) -> Iterator[Any]:
            for event in super().stream(question, **options):
                yield event
                if isinstance(event, Sentence) and question == DIFFER:
                    go.wait()

    return Stuck(assistant.index, assistant.retriever, assistant.support, assistant.config)


def test_stop_keeps_what_was_checked(visitors: Any, assistant: Assistant, settings: Settings) -> None:
    """Stop ends the answer at once, though it is in mid-step; the sentences that stand there stay, the next goes on."""
    go = threading.Event()
    for address in running(make(stuck(assistant, go), settings)):
        v = visitors(at=address)
        v.type(DIFFER)
        v.page.locator(f"{LAST} .points blockquote").first.wait_for()
        assert v.page.locator(f"{LAST} .busy").is_visible()
        v.page.locator(f"{LAST} .cite").first.click()
        v.opened()
        v.page.get_by_role("button", name="Stop").click()
        v.page.get_by_text("What stands here was checked").wait_for()
        assert v.page.locator(f"{LAST} .points blockquote").count() == 1
        v.ask(BRIDGE)
        assert v.page.locator(f"{FIRST} .points blockquote").count() == 1
        go.set()
        v.page.close()


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


def test_what_a_language_model_made_up_is_not_shown_and_counted(visitors: Any, written: Any) -> None:
    """Sentences that are not borne out are not in the answer; they can be inspected with their reasons."""
    text = "The harbour bridge is 900 kilometres long [1]. Nobody voted [77]."
    w = visitors(at=written(good("The auditors found that the harbour bridge will cost 71 million euros [1]. " + text)))
    w.ask(BRIDGE)
    assert "900 kilometres" not in w.text(f"{LAST} :is(.answer, .abstained)")
    if w.page.locator(f"{LAST} .dropped").count():
        w.page.locator(f"{LAST} .dropped summary").click()
        assert "900 kilometres" in w.text(f"{LAST} .dropped ul")
    w.page.close()


def test_a_language_model_that_says_nothing_can_be_stopped(visitors: Any, written: Any) -> None:
    """Before its first sentence: the question comes back to be changed, and is answered when asked again.

    Another one meanwhile is told to wait, and stays in its field.
    """
    v = visitors(at=written(Reply("Never.", pause=3600), copying()))
    v.type(BRIDGE)
    v.page.locator(f"{LAST} .busy", has_text="Writing with scripted").wait_for()
    v.type(UNANSWERABLE)
    v.page.locator("#composer .notice", has_text="A question is being answered").wait_for()
    assert v.page.locator("#question textarea").input_value() == UNANSWERABLE
    v.page.locator("#question textarea").fill("")
    v.page.get_by_role("button", name="Stop").click()
    v.page.locator(f"{LAST} .stopped").wait_for()
    v.page.wait_for_function("q => document.querySelector('#question textarea').value === q", arg=BRIDGE)
    v.focused("#question textarea")
    v.page.keyboard.press("Enter")
    v.answered(BRIDGE)
    assert v.page.locator(f"{LAST} .cite").count() >= 1
    v.page.close()


def test_an_abstention_is_an_answer(window: Visit) -> None:
    """It says what was searched, shows what came nearest, and which questions are answered here."""
    v = window
    v.page.locator(".starters button").first.wait_for()
    v.ask(UNANSWERABLE)
    assert "Read:" in v.text(f"{LAST} .abstained .lead")
    assert v.page.locator(f"{LAST} .error").count() == 0
    other = v.page.locator(f"{LAST} .others button").first
    question = other.inner_text()
    other.click()
    v.answered(question)
    assert v.page.locator(f"{LAST} .cite").count() >= 1


def test_a_comparison_is_a_table_of_points_and_sources(window: Visit) -> None:
    """By date; each cell is a quote that opens in place, or says how much was read; who was asked in vain is named."""
    v = window.ask(DIFFER)
    heads = v.page.locator(f"{LAST} .points thead .name").all_text_contents()
    assert heads.index("The Harbour Gazette") < heads.index("Island Ledger")
    for row in v.page.locator(f"{LAST} .points tbody tr").all():
        assert row.locator("th").inner_text().strip()
        for cell in row.locator("td").all():
            if quotes := cell.locator("blockquote").all():
                for quote in quotes:
                    words = quote.locator(".words").text_content()
                    quote.locator(".cite").click()
                    v.opened(words)
            else:
                assert re.search(r"not found \(read: \d+ passages?\)$", cell.text_content().strip())
    assert re.search(r"Not found in: .* \(read: \d+ passages?\)", v.text(f"{LAST} .silent"))
    v.picture("compare")


def test_sources_from_before_an_event_are_set_apart(window: Visit) -> None:
    """They cannot know of it: their columns come last and say so."""
    v = window.ask("How do the sources differ on the cost of the harbour bridge after June 2022?")
    heads = v.page.locator(f"{LAST} .points thead th")
    assert heads.last.text_content().endswith("from before June 2022")
    assert "The Harbour Gazette" in heads.last.text_content()
    assert heads.filter(has_text="Island Ledger").locator(".tag").count() == 0


def test_two_accounts_stand_side_by_side(visitors: Any, settings: Settings, tmp_path: Path) -> None:
    """What they are to each other is said in words; the words of both, with outlet and date, open in place."""
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    echo = TOWN["gazette"].replace("The Harbour Gazette", "Town Echo").replace("48 million", "52 million")
    (corpus / "gazette.md").write_text(TOWN["gazette"], encoding="utf-8")
    (corpus / "echo.md").write_text(echo, encoding="utf-8")
    with Assistant.build(config=load_config(corpus_dir=corpus, index_dir=tmp_path / "index")) as own:
        for address in running(make(own, replace(settings, data=tmp_path / "data"))):
            v = visitors(at=address).ask(DIFFER)
            row = v.page.locator(f"{LAST} tr.pair").first
            assert row.locator("th").inner_text().startswith("They differ on ")
            heads = v.page.locator(f"{LAST} .points thead")
            assert heads.locator(".name").all_text_contents() == ["The Harbour Gazette", "Town Echo"]
            assert all("March 2021" in date for date in heads.locator("time").all_text_contents())
            words = row.locator(".words").all_text_contents()
            assert all(part in whole for part, whole in zip(("48 million", "52 million"), words, strict=True))
            for cell, quote in zip(row.locator(".cite").all(), words, strict=True):
                cell.click()
                v.opened(quote)
            assert "Town Echo" in v.text("#pane .from")
            v.page.close()


def test_filters_are_check_boxes_and_chips_and_named_in_the_answer(window: Visit) -> None:
    """By keyboard: open them, choose a source by its title and a date, ask; shut, what is set can be taken away."""
    v = window
    v.page.locator("[data-do=filters]").focus()
    v.press("Enter")
    v.reach("#filters input[value=ledger]").press("Space")
    v.reach("#filters input[name=since]")
    v.page.keyboard.type("2022")
    v.ask(BRIDGE)
    assert "71 million" in v.text(f"{LAST} .answer")
    assert "48 million" not in v.text(f"{LAST} .answer")
    assert "In Island Ledger, from 2022 only." in v.text(LAST)
    v.page.locator("[data-do=filters]").click()
    chips = v.page.locator("#filters label:visible")
    assert [chip.strip() for chip in chips.all_text_contents()] == ["What the bridge really costs", "from"]
    chips.first.click()
    chips.last.locator("input").fill("")
    v.page.wait_for_function("document.querySelector('#filters').offsetHeight === 0")
    v.ask("And what does the harbour bridge cost after all?")
    assert " only." not in v.text(LAST)


def test_a_filter_that_is_no_date_says_so_and_keeps_the_question(window: Visit) -> None:
    """The message names the value and what to write."""
    v = window
    v.page.get_by_role("button", name="Filters").click()
    for date in ("yesterday", "2023-13", "2023-02-30"):
        v.page.get_by_label("Published from").fill(date)
        v.type(BRIDGE)
        v.page.locator("#composer .notice.error", has_text=f"Published from is '{date}'").wait_for()
        assert v.page.locator("#question textarea").input_value() == BRIDGE
        assert v.page.locator(".turn").count() == 0


def test_suggested_questions_come_from_the_documents_that_are_there(window: Visit, tmp_path: Path) -> None:
    """Each is answered; with documents of one's own there are others."""
    v = window
    suggestion = v.page.locator(".starters button").first
    question = suggestion.inner_text()
    suggestion.click()
    v.answered(question)
    assert v.page.locator(f"{LAST} .cite").count() >= 1


def test_nothing_jumps_while_an_answer_comes_in(window: Visit) -> None:
    """Cumulative layout shift from question to answer stays below what is called good (0.1)."""
    v = window.ask(BRIDGE)
    v.page.evaluate(
        """() => { window.shift = 0; window.count = list => list.forEach(
            e => { if (!e.hadRecentInput) window.shift += e.value });
            window.observer = new PerformanceObserver(list => window.count(list.getEntries()));
            window.observer.observe({type: 'layout-shift'}) }"""
    )
    v.ask(DIFFER)
    v.settle()
    assert v.page.evaluate("() => { window.count(window.observer.takeRecords()); return window.shift }") < 0.1


def test_what_can_be_asked_next_is_answered(window: Visit) -> None:
    """Each suggestion was tried: it is answered, by words that were not there yet; a reload shows the same."""
    v = window.ask("What did Mayor Inés Duarte say about the harbour bridge?")
    v.page.locator(f"{LAST} .next button").first.wait_for()
    asked = v.page.locator(f"{LAST} .next button").all_text_contents()
    v.page.reload()
    v.page.locator(f"{LAST} .next button").first.wait_for()
    assert v.page.locator(f"{LAST} .next button").all_text_contents() == asked
    v.picture("next")
    v.page.locator(f"{LAST} .next button").first.click()
    v.answered(asked[0])
    shown = v.page.locator(f"{FIRST} .references blockquote").all_text_contents()
    assert set(v.page.locator(f"{LAST} .references blockquote").all_text_contents()) - set(shown)


# -- after an answer ----------------------------------------------------------------------------------------


def test_an_answer_can_be_taken_away(window: Visit) -> None:
    """Markdown has a footnote for each citation; a copy holds the references."""
    v = window.ask(BRIDGE)
    menu = v.page.locator(LAST).get_by_role("button", name="Export", exact=True)
    menu.focus()
    v.press("Enter")
    v.reach(f"{LAST} .items [data-format=json]")
    v.press("Escape")
    v.page.locator(f"{LAST} [id^=export]").wait_for(state="hidden")
    menu.click()
    with v.page.expect_download() as download:
        v.page.get_by_role("button", name="Markdown").click()
    text = download.value.path().read_text(encoding="utf-8")
    assert download.value.suggested_filename == "answer.md"
    assert "[^1]: " in text
    assert "million euros" in text
    with v.page.expect_download() as download:
        v.page.get_by_role("button", name="Export all").click()
    assert download.value.path().read_text(encoding="utf-8") == text
    v.page.locator(f"{LAST} [data-do=copy]").click()
    v.page.get_by_text("Copied").wait_for()
    assert "[1]" in v.page.evaluate("navigator.clipboard.readText()")


def test_a_printed_answer_holds_its_evidence_and_no_buttons(window: Visit) -> None:
    """The references are unfolded, whatever the theme; the other answers, menus and fields stay away."""
    window.page.emulate_media(color_scheme="dark")
    v = window.ask(DIFFER).ask(BRIDGE)
    v.page.evaluate("() => { window.print = () => { window.sheet = document.querySelectorAll('.to-print').length }; }")
    v.page.locator(FIRST).get_by_role("button", name="Export", exact=True).click()
    v.page.locator(FIRST).get_by_role("button", name="Printable page").click()
    assert v.page.evaluate("[window.sheet, document.querySelectorAll('.to-print').length]") == [1, 0]
    v.page.evaluate(f"() => {{ document.querySelector('{FIRST}').classList.add('to-print') }}")
    sheets = pdfium.PdfDocument(v.page.pdf())
    text = " ".join(" ".join(sheet.get_textpage().get_text_range() for sheet in sheets).split())
    for words in (DIFFER, "48 million euros", "71 million euros", "What the bridge really costs"):
        assert words in text
    for words in (BRIDGE, "Retry", "Export", "Sources", "Filters", "Conversations"):
        assert words not in text


def test_feedback_is_kept_and_becomes_a_case(
    window: Visit, settings: Settings, assistant: Assistant, tmp_path: Path
) -> None:
    """Thumbs down asks why, by keyboard too; the line holds it all; the thumb stays pressed; `qa eval add` takes it."""
    v = window.ask(BRIDGE)
    v.page.locator(f"{LAST} .thumbs [value=up]").click()
    v.page.locator(f"{LAST} .thumbs [value=up][aria-pressed=true]").wait_for()
    v.reach(f"{LAST} .thumbs [value=down]").press("Space")
    v.focused(".why input")
    # as the browser draws it: in Gradio's reset the chosen one could not be told from the others
    assert v.page.locator(".why input").first.evaluate("e => getComputedStyle(e).appearance") == "auto"
    v.press("ArrowDown")
    v.reach(".why textarea")
    v.page.keyboard.type("The ledger says otherwise.")
    v.reach(".why .primary").press("Enter")
    v.page.locator(f"{LAST} .thumbs [value=down][aria-pressed=true]").wait_for()
    v.page.get_by_text("Noted, thank you.").wait_for()
    v.focused(".thumbs [value=down]")
    first, line = (json.loads(line) for line in settings.feedback.read_text(encoding="utf-8").splitlines()[-2:])
    assert (first["question"], first["verdict"]) == (BRIDGE, "up")
    assert (line["question"], line["verdict"], line["reason"]) == (BRIDGE, "down", "citation")
    assert line["note"] == "The ledger says otherwise."
    assert line["answer"]["references"]
    v.page.reload()
    v.answered(BRIDGE)
    assert v.page.locator(f"{FIRST} .thumbs [value=down]").get_attribute("aria-pressed") == "true"
    cases = tmp_path / "cases.jsonl"
    command = ["eval", "add", "--feedback", str(settings.feedback), "--questions", str(cases)]
    result = CliRunner().invoke(app, [*command, "--index", str(assistant.index.folder)])
    assert result.exit_code == 0, result.output
    assert json.loads(cases.read_text(encoding="utf-8").splitlines()[0])["question"] == BRIDGE


# -- documents ------------------------------------------------------------------------------------------------


def test_ones_own_documents_come_first(window: Visit, tmp_path: Path) -> None:
    """Dropped on the first screen they are read there, said there, and asked at once; what fails is said there too."""
    v = window
    assert v.page.locator(".welcome .drop").is_visible()
    files = {"tower.md": "# The tower\n\nThe water tower of Port Vell is 61 metres high.\n", "bad.pdf": "no PDF"}
    v.page.evaluate(
        """files => { const data = new DataTransfer();
        for (const [name, text] of Object.entries(files)) data.items.add(new File([text], name));
        for (const kind of ['dragover', 'drop'])
          document.body.dispatchEvent(
            new DragEvent(kind, { dataTransfer: data, bubbles: true, cancelable: true })) }""",
        files,
    )
    v.page.locator("#composer .notice", has_text="Added “The tower”, ").wait_for()
    assert "Not read: bad.pdf: " in v.text("#composer .notice")
    assert "Only you see this." in v.text("#composer .notice")
    assert "with your own" in v.text(".corpus")
    v.picture("own")
    v.ask("How high is the water tower?")
    assert "61 metres" in v.text(f"{LAST} .answer")


def test_adding_documents_shows_how_far_it_is_and_can_be_cancelled(
    visitors: Any, assistant: Assistant, settings: Settings, tmp_path: Path
) -> None:
    """Meanwhile questions are answered; cancelled, the documents are as they were."""
    go = threading.Event()

    class Slow(Assistant):
        def changed(self, **options: Any) -> Any:
            options["progress"]("embedding", 3, 9)
            go.wait()
            options["progress"]("embedding", 4, 9)
            return super().changed(**options)

    slow = Slow(assistant.index, assistant.retriever, assistant.support, assistant.config)
    (tmp_path / "tower.md").write_text("# The tower\n\nThe water tower is 61 metres high.\n")
    for address in running(make(slow, settings)):
        v = visitors(at=address)
        v.page.locator(".welcome [data-files]").set_input_files(tmp_path / "tower.md")
        v.page.get_by_text("Embedding 3 of 9").wait_for()
        v.page.reload()
        v.page.get_by_text("Embedding 3 of 9").wait_for()
        v.page.get_by_role("button", name="Cancel").click()
        v.page.locator("#composer .notice", has_text="Cancelled; the documents are as they were.").wait_for()
        go.set()
        v.ask(BRIDGE)
        assert v.tab("Sources").page.get_by_label("Remove The tower").count() == 0
        v.page.close()


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
    v.page.get_by_placeholder("Find in this table").fill("")
    v.page.get_by_role("button", name="Correct What the bridge really costs").click()
    v.focused(".correct input")
    v.page.get_by_label("Author", exact=True).fill("Rosa Lind")
    v.page.get_by_label("Version", exact=True).fill("2.1")
    v.page.keyboard.press("Enter")
    v.page.locator(".notice", has_text="Corrected author, version").wait_for()
    v.focused(".notice button")
    v.page.locator(".sources").get_by_text("Rosa Lind").wait_for()
    paper = tmp_path / "tower & <b>.md"
    paper.write_text("---\ntitle: The tower\npublisher: Tower Times\n---\nThe water tower is 61 metres high.\n")
    v.page.locator("#shelf [data-files]").set_input_files(paper)
    v.page.locator(".notice", has_text="Added “The tower”, 1 passage.").wait_for()
    assert str(tmp_path) not in v.text("#shelf .notice")
    assert rows.count() == before + 1
    v.page.get_by_role("button", name="Build the index again").click()
    v.page.get_by_text("The index was built again.").wait_for()
    v.page.get_by_label("Remove The tower").click()
    v.page.get_by_text("Removed “The tower”").wait_for()
    v.focused(".notice button")
    v.page.keyboard.press("Enter")
    v.page.get_by_text("taken back").wait_for()
    v.page.get_by_label("Remove The tower").wait_for()
    v.picture("sources")
    v.page.get_by_role("button", name="Correct The tower").click()
    v.focused(".correct input").press("Escape")
    v.focused("[aria-label='Correct The tower']")
    v.tab("Ask").ask("How high is the water tower?")
    assert "61 metres" in v.text(f"{LAST} .answer")


def test_a_file_that_cannot_be_read_is_named(visitors: Any, tmp_path: Path) -> None:
    """The reason stands where it was pressed, without the place it was put, and the corpus is as it was."""
    v = visitors().tab("Sources")
    rows = v.page.locator(".sources tbody tr")
    before = rows.count()
    broken = tmp_path / "broken.pdf"
    broken.write_bytes(b"not a PDF")
    v.add(broken)
    assert "broken.pdf" in v.text("#shelf .notice.error")
    assert "/broken.pdf" not in v.text("#shelf .notice.error")
    assert rows.count() == before


def test_a_page_of_the_web_can_be_added(window: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    """By its address; what leads into this machine is refused."""

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
    v = window
    field = v.page.locator(".welcome input[name=address]")
    for address, words in (
        ("/etc/hostname", "is no web address"),
        (f"{there}/lamp.html", "inside this machine or network"),
    ):
        field.fill(address)
        v.page.keyboard.press("Enter")
        v.page.locator("#composer .notice.error", has_text=words).wait_for()
    # from here on this server stands for one on the web
    monkeypatch.setattr("qa.corpus.fetching._is_public", lambda address: True)
    field.fill(f"{there}/nothing.html")
    v.page.keyboard.press("Enter")
    v.page.locator("#composer .notice.error", has_text="answered 404").wait_for()
    field.fill(f"{there}/lamp.html")
    v.page.keyboard.press("Enter")
    v.page.get_by_text("Added “The breakwater lamp”").wait_for()
    v.ask("When was the lamp of the breakwater lit?")
    assert "1911" in v.text(f"{LAST} .answer")
    v.page.locator(f"{LAST} .cite").first.click()
    v.opened()
    link = v.page.locator("#pane footer a")
    assert link.get_attribute("href") == f"{there}/lamp.html"
    assert link.get_attribute("rel") == "noopener noreferrer"
    web.shutdown()


def test_what_was_inferred_is_corrected_for_everybody_where_it_is_set_so(
    visitors: Any, town_corpus: Path, settings: Settings, tmp_path: Path
) -> None:
    """What was read off the text is marked; corrected, it is marked no more, and who comes later sees it."""
    with Assistant.build(config=load_config(corpus_dir=town_corpus, index_dir=tmp_path / "index")) as own:
        for address in running(make(own, replace(settings, editing=Editing.ALL, data=tmp_path / "data"))):
            v = visitors(at=address).tab("Sources")
            row = v.page.locator(".sources tr", has_text="Garden notes")
            assert row.locator("th.guess").count() == 1
            v.page.get_by_role("button", name="Correct Garden notes").click()
            v.page.get_by_label("Published", exact=True).fill("soon")
            v.page.get_by_role("button", name="Save").click()
            v.page.locator(".notice.error", has_text="soon").wait_for()
            v.page.get_by_role("button", name="Correct Garden notes").click()
            v.page.get_by_label("Published", exact=True).fill("2019-06")
            v.page.get_by_label("Title", exact=True).fill("Notes from the garden")
            v.page.locator(".correct select").select_option("analysis")
            v.page.get_by_role("button", name="Save").click()
            v.page.locator(".notice", has_text="Everybody sees this.").wait_for()
            w = visitors(at=address, who="later").tab("Sources")
            row = w.page.locator(".sources tr", has_text="Notes from the garden")
            assert "June 2019" in row.inner_text()
            assert "analysis" in row.inner_text()
            assert row.locator("th.guess").count() == 0
            for one in (v, w):
                one.page.close()


def test_passages_can_be_found_from_the_sources(visitors: Any) -> None:
    """A passage opens where it stands."""
    v = visitors().tab("Sources")
    v.page.get_by_label("Find passages").fill("ferry passengers")
    v.page.keyboard.press("Enter")
    v.page.locator(".found .link").first.click()
    v.opened()


# -- the other tabs ---------------------------------------------------------------------------------------------


def test_a_text_from_elsewhere_is_checked(visitors: Any, tmp_path: Path) -> None:
    """By keyboard; every verdict opens its evidence; the report stays where it is, and can be taken away or shared."""
    v = visitors()
    v.page.get_by_role("tab", name="Check").focus()
    v.press("Enter")
    v.reach("#checking textarea")
    v.page.keyboard.type(
        "The council approved the harbour bridge on 3 March 2021 by 12 votes to 7. "
        "The harbour bridge will cost 500 million dollars."
    )
    v.reach("#checking .primary").press("Enter")
    v.page.locator(".checked li").first.wait_for()
    status = v.page.locator(".checked .word").all_text_contents()
    assert status[0] == "supported"
    assert status[1] != "supported"
    assert v.text(".report .lead").startswith("2 sentences: 1 supported, ")
    v.picture("check")
    for item in v.page.locator(".checked li").all():
        assert item.locator("[data-read]").count() >= 1
        item.locator("[data-read]").first.click()
        v.opened()
    with v.page.expect_download() as download:
        v.page.get_by_text("Download this report").click()
    assert [s["status"] for s in json.loads(download.value.path().read_text())["sentences"]] == status
    v.page.get_by_role("tabpanel").get_by_role("button", name="Link", exact=True).click()
    v.page.get_by_text("Link copied").wait_for()
    link = v.page.evaluate("navigator.clipboard.readText()")
    v.page.reload()
    v.page.locator(".checked li:visible").first.wait_for()
    other = visitors(None, who="eve")
    other.page.goto(link)
    other.page.locator(".checked li:visible").first.wait_for()
    assert other.page.locator(".checked .word").all_text_contents() == status
    other.page.locator(".checked [data-read]").first.click()
    other.opened()
    with other.page.expect_download():
        other.page.get_by_text("Download this report").click()
    paper, broken = tmp_path / "budget.md", tmp_path / "broken.pdf"
    paper.write_text("---\ntitle: Budget\n---\nThe harbour bridge will cost 500 million dollars.\n")
    broken.write_bytes(b"not a PDF")
    w = visitors().tab("Check")
    w.page.get_by_label("Text to check").fill("The harbour bridge will cost 500 million dollars.")
    w.page.get_by_text("Check it against other documents").click()
    w.page.get_by_label("Its sources").set_input_files([paper, broken])
    w.page.get_by_role("button", name="Check", exact=True).click()
    w.page.get_by_text("Not read: broken.pdf").wait_for()
    assert w.page.locator(".checked .word").all_text_contents() == ["supported"]
    w.page.locator(".checked [data-read]").first.click()
    w.opened("The harbour bridge will cost 500 million dollars.")


def test_the_latest_eval_is_shown(visitors: Any) -> None:
    """Scores, curve, groups and the worst questions of the newest run."""
    v = visitors().tab("Quality")
    v.page.locator(".quality .figures").wait_for()
    assert "Passed" in v.text(".quality h2")
    assert v.text(".quality .figures dd") == "0.75"
    assert v.page.locator(".quality polyline").get_attribute("points").count(",") == 9
    assert v.page.locator(".quality .link").first.inner_text() in {f"Question {i}?" for i in (0, 2, 4, 6, 8)}
    v.picture("quality")


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_smoke_eval_can_be_run_from_the_page(
    visitors: Any, town: Assistant, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says how far it is, and its result takes the place of the last one."""
    monkeypatch.chdir(tmp_path)  # where there is no baseline of other questions
    asked = tmp_path / "questions.jsonl"
    added = CliRunner().invoke(
        app, ["eval", "add", BRIDGE, "--questions", str(asked), "--index", str(town.index.folder)]
    )
    assert added.exit_code == 0, added.output
    own = replace(settings, questions=asked, results=tmp_path / "results", data=tmp_path / "data")
    for address in running(make(town, own)):
        v = visitors(at=address).tab("Quality")
        v.page.get_by_text("No eval has been run").wait_for()
        v.page.get_by_role("button", name="Run the smoke eval").click()
        v.page.locator(".quality .figures").wait_for(timeout=8 * WAIT)
        assert "1 question" in v.text(".quality h2")
        v.page.close()
    assert (tmp_path / "results" / "smoke" / "run.json").is_file()


# -- safety -----------------------------------------------------------------------------------------------------


def test_hostile_documents_stay_text(visitors: Any) -> None:
    """Nothing in a title, publisher, text or question runs, loads or turns the page around."""
    question = "How many gulls <img src=x onerror=window.HIT=9> did the lighthouse keeper count?\u202e ${window.HIT=10}"
    v = visitors().ask(question)
    assert "4711 gulls" in v.text(f"{LAST} .answer")
    assert "<img src=x onerror=" in v.text(f"{LAST} .answer")
    v.page.locator(f"{LAST} .cite").first.hover()
    v.page.locator(f"{LAST} .cite").first.click()
    v.opened()
    assert "${window.HIT=2}" in v.text("#pane h2")
    assert "\u202e" not in v.text("#pane h2")
    links = [link.get_attribute("href") for link in v.page.locator("#pane footer a").all()]
    assert links[0] == "https://example.org/a?b="
    assert all(link.startswith("https://") for link in links)
    v.page.get_by_role("button", name="Conversations").click()
    v.page.locator(".talks a").first.wait_for()
    v.page.keyboard.press("Escape")
    v.tab("Sources").page.get_by_label("Find passages").fill("lighthouse gulls")
    v.page.keyboard.press("Enter")
    v.page.locator(".found .link").first.wait_for()
    v.tab("Check").page.get_by_label("Text to check").fill(
        "The keeper <img src=x onerror=window.HIT=11> saw 4711 gulls."
    )
    v.page.get_by_role("button", name="Check", exact=True).click()
    v.page.locator(".checked li").first.wait_for()
    assert v.page.evaluate("window.HIT") is None
    assert v.page.locator("#turns img, #pane .text img, .sources img, .found img, .checked img, iframe").count() == 0


def test_a_script_that_slipped_in_would_not_run(visitors: Any) -> None:
    """The policy stops an inline handler and a foreign address even if escaping had failed."""
    v = visitors()
    v.page.evaluate(
        """() => { const at = document.querySelector('#turns'); window.stopped = 0;
        document.addEventListener('securitypolicyviolation', () => { window.stopped++ });
        at.innerHTML = '<img src=x onerror="window.HIT=1"><img src="http://203.0.113.9/t">'; }"""
    )
    v.page.wait_for_function("window.stopped >= 2")
    assert v.page.evaluate("window.HIT") is None
    assert all("Content Security Policy" in line or "404" in line for line in v.wrong)
    v.wrong.clear()
    v.asked_for.clear()


def test_no_question_freezes_the_page(window: Visit) -> None:
    """It is answered, or a line says why not and the words stay; then the next one is."""
    v = window
    emoji = "\u202eWhat\x00 will 👩\u200d👩\u200d👧🏴\u200d☠️ the\u2066 bridge\ufeff cost?\u0000"
    for question in ("\x00", "x" * 1_000_000, emoji, "🌉" * 900):
        turns = v.page.locator("#turns .turn").count()
        v.page.evaluate("document.querySelectorAll('.told').forEach(told => told.replaceChildren())")
        v.page.evaluate("words => { document.querySelector('#question textarea').value = words }", question)
        v.page.locator("#question textarea").press("Enter")
        v.page.wait_for_function(
            "n => document.querySelector('#composer .notice.error') ||"
            " document.querySelectorAll('#turns .turn :is(.acts, .error)').length > n",
            arg=turns,
        )
        if len(question) > 2000:
            assert v.text("#composer .notice") == "The question has 1,000,000 characters; ask in at most 2,000."
            assert v.page.evaluate("document.querySelector('#question textarea').value.length") == len(question)
        v.fits()
        v.ask(BRIDGE)
        assert v.page.locator(f"{LAST} .cite").count() >= 1
        assert "\x00" not in v.page.locator("#turns").inner_html()


def test_a_word_without_end_breaks_nothing(window: Visit) -> None:
    """200,000 letters without a space neither hang nor widen the page."""
    v = window.ask("What did the printer set?")
    v.page.locator(f"{LAST} :is(.cite, .nearest .link)").first.click()
    v.page.locator("#pane .text p").first.wait_for()
    for width in (1280, 390):
        v.page.set_viewport_size({"width": width, "height": 844})
        v.fits()


def test_a_document_from_right_to_left_is_read_so(visitors: Any) -> None:
    """Direction and language are those of the document."""
    v = visitors().tab("Sources")
    v.page.get_by_text("الميناء القديم").last.click()
    text = v.page.locator("#pane .text")
    text.wait_for()
    assert (text.get_attribute("dir"), text.get_attribute("lang")) == ("rtl", "ar")


# -- made well ---------------------------------------------------------------------------------------------------


WHOLE = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
SEEN = {"type": "rule", "values": ["color-contrast", "target-size", "link-in-text-block", "meta-viewport"]}
"""What colours and room decide; all else is the same markup in any window."""


@pytest.mark.parametrize(
    ("theme", "width", "rules"), [("light", 1280, WHOLE), ("dark", 390, SEEN)], ids=["light", "dark, on a phone"]
)
def test_no_serious_barrier(visitors: Any, theme: str, width: int, rules: Any) -> None:
    """axe finds nothing serious or critical on any tab, with an answer, a document or the conversations open."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed").Axe()
    v = visitors(color_scheme=theme, viewport={"width": width, "height": 860}, reduced_motion="reduce")
    states = {"welcome": lambda: None, "answer": lambda: v.ask(DIFFER)}
    states["reading"] = lambda: (v.page.locator(f"{LAST} .cite").first.click(), v.opened())
    states["filters"] = lambda: (
        v.page.keyboard.press("Escape"),
        v.page.locator("#pane .pane").wait_for(state="detached"),
        v.page.get_by_role("button", name="Filters").click(),
    )
    for tab in ("Overview", "Sources", "Check", "Quality", "API"):
        states[tab] = lambda tab=tab: v.tab(tab)
    states["history"] = lambda: (
        v.page.get_by_role("button", name="Conversations").click(),
        v.page.locator(".talks a").first.wait_for(),
    )
    for name, go in states.items():
        go()
        v.page.evaluate("scrollTo(0, document.body.scrollHeight)")  # so that the composer lies over nothing
        v.settle()
        found = axe.run(v.page, options={"runOnly": rules})
        serious = [
            (x["id"], [node["html"][:160] for node in x["nodes"]][:3])
            for x in found.response["violations"]
            if x["impact"] in ("serious", "critical")
        ]
        assert serious == [], name
        v.fits()
        v.picture(f"{theme}-{width}-{name.split()[0].lower()}")


def test_the_page_fits_its_window(window: Visit) -> None:
    """No scrolling sideways, from a small phone to a large screen; the sheet lies over a small one."""
    v = window.ask(DIFFER)
    for width in (360, 768, 2560):
        v.page.set_viewport_size({"width": width, "height": 800})
        v.fits()
        assert v.page.get_by_role("heading", name="Answers that show their evidence").count() == 1
        v.page.locator(f"{LAST} .cite").first.click()
        v.opened()
        v.fits()
        position = v.page.locator("#pane-column").evaluate("e => getComputedStyle(e).position")
        assert position == ("fixed" if width < 901 else "sticky")
        v.press("Escape")
        v.page.locator("#pane .pane").wait_for(state="detached")


def test_light_or_dark_is_remembered(visitors: Any) -> None:
    """The choice outlives a reload."""
    v = visitors(color_scheme="light")
    v.page.get_by_label("Light or dark").click()
    dark = "getComputedStyle(document.body).backgroundColor === 'rgb(22, 24, 27)'"
    assert v.page.evaluate(dark)
    v.open()
    assert v.page.evaluate(dark)
