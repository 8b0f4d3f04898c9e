"""Nothing that was written by somebody else can command the terminal, whatever command prints it."""

from __future__ import annotations

import json
import re
import unicodedata
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.text import Text

from conftest import qa_command as qa
from qa.terminal import Console, to_json, visible

ATTACKS = {
    "clipboard": "\x1b]52;c;cm0gLXJmIH4=\x07",
    "clear": "\x1b[2J",
    "C1": "\x9b31m",
    "back": "\b\b\b",
    "delete": "\x7f",
    "bidi": "\u202e",
    "isolate": "\u2066",
    "zero-width": "\u200b",
    "joiner": "\u200d",
    "tag": "\U000e0041",
    "separator": "\u2028",
}
BAD = "".join(ATTACKS.values())
NAME = "ev\x1b[2Jil\u202egnp"
HOSTILE = f"""---
title: "Har\\u202Ebour {json.dumps(BAD)[1:-1]} vote"
publisher: "Gaz\\e[2Jette\\u200b"
"key\\e]52;c;eA==\\a": "value\\u202E"
published: 2021-03-04
---
The council approved the harbour bridge{BAD} on 3 March 2021 by 12 votes to 7.

Ana Ruiz {BAD} said that the harbour bridge will cost 48 million euros.
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("terminal")
    (folder / "corpus").mkdir()
    (folder / "corpus" / f"{NAME}.md").write_text(HOSTILE, encoding="utf-8")
    (folder / "corpus" / f"{NAME}.bin.txt").write_bytes(bytes(range(256)))
    (folder / f"{NAME}.txt").write_text(f"The council approved it{BAD} by 16 votes [1]. {BAD}", encoding="utf-8")
    row = {"answer": f"The bridge cost 48 million{BAD} euros.", "contexts": [f"The bridge{BAD} cost nothing."]}
    (folder / "rows.jsonl").write_text(json.dumps(row) + f"\n{{{BAD}\n", encoding="utf-8")
    (folder / "questions.jsonl").write_text(f'{{"{BAD}": "{BAD}"}}\n', encoding="utf-8")
    qa(folder, "index")
    return folder


QUESTION = "How many votes was the harbour bridge approved by?"
COMMANDS: dict[str, list[tuple[str, ...]]] = {
    "index": [("index",), ("index", f"{NAME}.none"), ("index", "--json")],
    "ask": [("ask", QUESTION), ("ask", QUESTION, "--show-passages"), ("ask", QUESTION, "--json"),
            ("ask", f"Who won{BAD}?".replace("\x00", "")), ("ask", QUESTION, "--source", NAME + "?")],
    "chat": [("chat", "--show-passages")],
    "overview": [("overview",), ("overview", NAME)],
    "search": [("search", QUESTION), ("search", QUESTION, "--json")],
    "check": [("check", f"{NAME}.txt"), ("check", f"{NAME}.txt", "--json"), ("check", "-"), ("check", f"{NAME}.none"),
              ("check", f"{NAME}.txt", "--sources", f"corpus/{NAME}.bin.txt", "--sources", f"corpus/{NAME}.md"),
              ("check", f"{NAME}.txt", f"{NAME}.txt"), ("check", "--beside", f"{NAME}.txt"),
              ("check", "--samples", "rows.jsonl"), ("check", "--samples", "rows.jsonl", "--json")],
    "sources": [("sources", "list"), ("sources", "list", "--json"), ("sources", "show", "evil-gnp"),
                ("sources", "show", f"{NAME}"), ("sources", "remove", NAME)],
    "doctor": [("doctor",), ("doctor", "--json")],
    "bench": [("bench", NAME), ("bench", NAME, "--data", NAME)],
    "serve": [("serve", "--port", NAME), ("serve", NAME)],
    "eval": [("eval", "--questions", "questions.jsonl"), ("eval", "--questions", NAME), ("eval", NAME)],
}  # fmt: skip


def commands() -> set[str]:
    import typer

    from qa.cli import app

    return set(typer.main.get_command(app).commands)  # type: ignore[attr-defined]


def test_every_command_is_tried() -> None:
    """A new command is added to the table above."""
    assert commands() == set(COMMANDS)


@pytest.mark.parametrize("arguments", [a for each in COMMANDS.values() for a in each], ids=lambda a: ascii(" ".join(a)))
def test_no_command_prints_what_commands_a_terminal(home: Path, arguments: tuple[str, ...]) -> None:
    """Documents, file names, keys of front matter, checked texts, arguments: on standard output and error."""
    run = qa(home, *arguments, stdin=f"{QUESTION}\nWho{BAD} is he?\n")
    printed = run.stdout + run.stderr
    assert printed.strip()
    assert "Traceback" not in printed
    unseen = {c for c in printed if unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp", "Cs")} - {"\n", "\t"}
    assert not unseen, ascii(sorted(unseen))


def test_what_was_there_can_be_seen(home: Path) -> None:
    """Nothing is dropped in silence."""
    told = "".join(qa(home, "check", f"{NAME}.txt").stdout.split())
    assert "<U+202E>" in told
    assert "<U+001B>]52;c;" in told


def test_reports_can_be_printed(home: Path) -> None:
    """A report in any form, shown on a terminal, commands nothing; what was there is still told, by JSON exactly."""
    forms = ("json", "xml", "sarif", "md", "html")
    qa(home, "check", f"{NAME}.txt", *(part for form in forms for part in ("--report", f"report.{form}")))
    for form in forms:
        told = (home / f"report.{form}").read_text(encoding="utf-8")
        unseen = {c for c in told if unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp", "Cs")} - {"\n", "\t"}
        assert not unseen, (form, ascii(sorted(unseen)))
        assert "U+202E" in told or "\\u202e" in told, form
    assert BAD in json.loads((home / "report.json").read_text(encoding="utf-8"))["sentences"][0]["text"]


@given(st.text())
def test_json_is_exact_and_cannot_command_a_terminal(text: str) -> None:
    """Another program reads what was there."""
    written = to_json({text: [text]})
    assert json.loads(written) == {text: [text]}
    assert visible(written) == written


@given(st.text(st.characters(exclude_categories=("Cc", "Cf", "Cs", "Zl", "Zp"))))
def test_text_that_can_be_seen_is_left_alone(text: str) -> None:
    """Accents, scripts, emoji."""
    assert visible(text) == text


@pytest.mark.parametrize("text", ["می‌خواهم", "क्‍ष", "👩‍🔬", "👨‍👩‍👧", "tab\tand\nline"])
def test_joiners_stay_where_a_script_needs_them(text: str) -> None:
    """Persian, Devanagari, emoji of several; not in a Latin word."""
    assert visible(text) == text
    assert visible("pay\u200dpal") == "pay<U+200D>pal"


def test_styles_are_our_own() -> None:
    """Colour is written by the console, never by the text."""
    file = StringIO()
    Console(file=file, force_terminal=True, color_system="standard", highlight=False).print(
        Text(f"red{BAD}", style="red")
    )
    assert re.sub("\x1b\\[(0|31)m", "", file.getvalue()).startswith("red<U+001B>")
    assert "\x1b" not in re.sub("\x1b\\[31m[^\x1b]*\x1b\\[0m", "", file.getvalue())


@pytest.mark.parametrize("width", [20, 40, 60])
def test_what_becomes_longer_by_being_made_visible_loses_no_word(width: int) -> None:
    """It is laid out as it is shown."""
    console = Console(file=StringIO(), width=width)
    console.print(Text("\x1b[31mone\x1b[0m two \u202ethree " * 9 + "end"))
    shown = console.file.getvalue().replace("\n", "")  # type: ignore[attr-defined]
    assert [shown.count(word) for word in ("one", "two", "three", "end")] == [9, 9, 9, 1]
