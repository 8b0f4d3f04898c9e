"""Takes README's pictures of the page anew: `make app` in one terminal, this in another. Needs a Chromium."""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

QUESTION = "How do the sources differ on the relation between Hamas and Hezbollah?"
FOLDER = Path(__file__).parent


def ask(page: Page, address: str) -> None:
    """Asks and waits for the whole answer."""
    page.goto(address)
    page.locator("#hello .welcome").wait_for()
    page.locator("#question textarea").fill(QUESTION)
    page.keyboard.press("Enter")
    page.locator("#current .acts").wait_for()
    page.evaluate("() => { scrollTo(0, 0); document.activeElement.blur(); }")


def main() -> None:
    """Both pictures."""
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--address", default="http://127.0.0.1:7860", help="where the page is served")
    address = given.parse_args().address
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for name, height in (("page-answer", 860), ("page-compare", 1290)):
            page = browser.new_page(viewport={"width": 1280, "height": height}, reduced_motion="reduce")
            ask(page, address)
            if name == "page-answer":
                page.locator("#current .cite").nth(1).click()
                page.locator("#pane mark").first.wait_for()
            page.wait_for_timeout(400)  # the pane scrolls to the quote
            page.screenshot(path=FOLDER / f"{name}.png")


if __name__ == "__main__":
    main()
