"""A window on the page, as the tests of the page use it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from conftest import ROOT

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, ConsoleMessage, Page

ARTEFACTS = ROOT / "tests" / "artefacts"
"""Pictures of the page are kept here, if somebody has made the folder."""
WAIT = 60_000
"""Milliseconds a browser waits for what it was promised."""


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
        self.page.on("console", self._note)
        self.page.on("dialog", lambda dialog: (self.wrong.append(dialog.message), dialog.dismiss()))

    def _note(self, message: ConsoleMessage) -> None:
        # that the server refused something is told on the page; the browser tells it once more
        if message.type == "error" and not re.search(r"status of 4\d\d", message.text):
            self.wrong.append(message.text)

    def open(self, path: str = "/") -> Visit:
        self.page.goto(self.address + path)
        self.page.wait_for_selector("#hello .welcome:visible, #turns .acts, #turns .error")
        return self

    def anew(self) -> Visit:
        """As if it had just been opened: nothing asked, typed, chosen or open on the Ask tab."""
        self.asked_for.clear()
        self.wrong.clear()
        self.page.set_viewport_size({"width": 1280, "height": 860})
        self.page.emulate_media(color_scheme="light")
        self.page.mouse.move(0, 0)
        self.page.evaluate(
            """() => { const one = selector => document.querySelector(selector);
            one('[role=tab][data-tab-id=ask]').click();
            one('[data-do=filters][aria-expanded=true]')?.click();
            document.querySelectorAll('.told').forEach(told => told.replaceChildren());
            one('#question textarea').value = '';
            one('#hello').replaceChildren();
            one('#new').click();
            scrollTo(0, 0) }"""
        )
        self.page.wait_for_selector("#hello .welcome:visible")
        self.page.wait_for_function("!document.querySelector('.turn, #pane .pane')")
        return self

    def type(self, question: str) -> None:
        self.page.locator("#question textarea").fill(question)
        self.page.keyboard.press("Enter")

    def ask(self, question: str) -> Visit:
        self.type(question)
        return self.answered(question)

    def answered(self, question: str) -> Visit:
        self.page.wait_for_function(
            "q => { const turn = [...document.querySelectorAll('.turn')].at(-1);"
            " return turn?.querySelector('h2').textContent === q && turn.querySelector('.acts, .error')"
            " && !document.body.classList.contains('asking') }",
            arg=question,
        )
        return self

    def tab(self, name: str) -> Visit:
        self.page.get_by_role("tab", name=name).click()
        return self

    def text(self, selector: str) -> str:
        return " ".join(self.page.locator(selector).first.inner_text().split())

    def shown(self) -> str:
        """All turns, without what can be asked next, which comes later."""
        script = """() => { const turns = document.querySelector('#turns').cloneNode(true);
            turns.querySelectorAll('.next').forEach(e => e.remove()); return turns.textContent }"""
        return " ".join(self.page.evaluate(script).split())

    def add(self, *files: Path) -> Visit:
        """Adds files where the open tab takes them; waits until they are in."""
        self.page.locator("[data-tab]:visible [data-files]").first.set_input_files(files)
        self.page.locator("[data-tab]:visible .notice").wait_for()
        return self

    def opened(self, words: str | None = None) -> Visit:
        """The pane shows a document, the marked words stand in its window, and the pane in the browser's."""
        self.page.wait_for_function(
            """words => { const marks = [...document.querySelectorAll('#pane mark.quote')];
            const squeezed = text => text.replace(/\\s+/g, ''), shown = marks.map(m => m.textContent).join('');
            if (!marks.length || (words && squeezed(shown) !== squeezed(words))) return false;
            const box = document.querySelector('#focus').getClientRects()[0];
            const pane = document.querySelector('#pane .text').getBoundingClientRect();
            const on = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
            return box.top >= pane.top && box.bottom <= pane.bottom && pane.top >= 0 && box.bottom <= innerHeight
              && box.left >= 0 && box.right <= innerWidth && on?.closest('mark.quote') }""",
            arg=words,
        )
        return self

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
        if ARTEFACTS.is_dir():
            self.page.screenshot(path=ARTEFACTS / f"{name}.png")
