"""Takes the pictures of the page anew: `make app` in one terminal, this in another. Needs a Chromium.

They are of the project's own corpus; the one of a PDF is of a paper made here.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from pathlib import Path

from fpdf import FPDF
from playwright.sync_api import Page, sync_playwright

COMPARE = "How do the sources differ on the relation between Hamas and Hezbollah?"
YEARBOOK = (
    "The tide tables of Port Vell were set anew after the survey of 1930.",
    "The dredger Marigold cost 12 million francs in 1931. The harbour board paid for it in four parts, the last "
    "of them in March 1935. She deepened the northern basin from six metres to nine, for grain ships to turn in.",
)
TEXT = (
    "Nasrallah met leaders of Hamas and Islamic Jihad in October 2023. They met in Cairo. All three groups denied it."
)
FOLDER = Path(__file__).parent
PHONE = {"width": 390, "height": 844}


def ask(page: Page, question: str) -> None:
    """Asks and waits for the whole answer."""
    page.locator("#question textarea").fill(question)
    page.keyboard.press("Enter")
    page.locator("#turns .turn:last-child .acts").wait_for()
    page.evaluate("() => { scrollTo(0, 0); document.activeElement.blur(); }")


def read(page: Page, n: int) -> None:
    """Opens a citation of the last answer."""
    page.locator("#turns .turn:last-child .cite[aria-describedby]").nth(n).click()
    page.locator("#pane mark").first.wait_for()


def yearbook(folder: str) -> Path:
    """A PDF of two pages."""
    paper = FPDF()
    paper.set_font("Times", size=15)
    for words in YEARBOOK:
        paper.add_page()
        paper.multi_cell(0, 9, f"Port yearbook 1935\n\n{words}")
    path = Path(folder) / "yearbook.pdf"
    paper.output(str(path))
    return path


def main() -> None:
    """All pictures."""
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--address", default="http://127.0.0.1:7860", help="where the page is served")
    address = given.parse_args().address
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])

        def opened(width: int = 1280, height: int = 860) -> Page:
            page = browser.new_page(viewport={"width": width, "height": height}, reduced_motion="reduce")
            page.goto(address)
            page.locator("#hello .welcome").wait_for()
            return page

        def taken(page: Page, name: str) -> None:
            page.evaluate("document.activeElement.blur()")
            page.mouse.move(5, 5)
            page.wait_for_timeout(400)
            page.screenshot(path=FOLDER / f"page-{name}.png")

        page = opened()
        page.locator(".starters").wait_for()
        taken(page, "first")
        ask(page, COMPARE)
        read(page, 1)
        taken(page, "answer")
        page.keyboard.press("Escape")
        page.set_viewport_size({"width": 1280, "height": 1100})
        taken(page, "compare")

        page = opened()
        page.locator(".welcome [data-files]").set_input_files(yearbook(scratch))
        page.locator("#composer .notice").wait_for()
        ask(page, "What did the dredger Marigold cost?")
        read(page, 0)
        page.locator(".original summary").click()
        page.wait_for_function("document.querySelector('.original img').naturalWidth > 0")
        taken(page, "pdf")

        page = opened()
        page.get_by_role("tab", name="Check").click()
        page.get_by_label("Text to check").fill(TEXT)
        page.get_by_role("button", name="Check", exact=True).click()
        page.locator(".checked [data-read]").first.click()
        page.locator("#pane mark").first.wait_for()
        taken(page, "check")

        page = opened()
        page.get_by_role("tab", name="Overview").click()
        page.locator(".glance").nth(4).wait_for()
        taken(page, "overview")

        page = opened(**PHONE)
        ask(page, COMPARE)
        taken(page, "phone")
        read(page, 0)
        taken(page, "phone-reading")


if __name__ == "__main__":
    main()
