"""What the documentation says is so."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from conftest import ROOT
from qa import Assistant, load_config
from qa.cli.answers import _print_answer
from qa.config import Config

README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCUMENTS = [path for path in ROOT.rglob("*.md") if not {".venv", "node_modules"} & set(path.parts)]


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_every_make_target_that_is_named_exists() -> None:
    """In README and CONTRIBUTING."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for path in (ROOT / "README.md", ROOT / "CONTRIBUTING.md"):
        named = re.findall(r"`make ([a-z-]+)|^make ([a-z-]+)", path.read_text(), re.MULTILINE)
        assert {a or b for a, b in named} <= targets, path.name


def test_the_python_in_the_readme_runs(
    briefs: Assistant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As somebody would paste it, in the project's folder."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("QA_INDEX_DIR", str(briefs.index.folder))
    assert blocks("python")
    for block in blocks("python"):
        exec(compile(ast.parse(block), "README.md", "exec"), {})
    assert "[1]" in capsys.readouterr().out


def test_the_answer_in_the_readme_is_the_one_that_is_given(
    briefs: Assistant, capsys: pytest.CaptureFixture[str]
) -> None:
    """Word for word; only lines may break elsewhere."""
    shown = blocks("console")[0]
    [question] = re.findall(r'Q="(.+)"', shown)
    _print_answer(briefs.ask(question), passages=False)
    assert " ".join(capsys.readouterr().out.split()) in " ".join(shown.split())


def test_the_table_of_settings_is_complete() -> None:
    """Every setting with its default and meaning, as the code has them."""
    shown = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", README.split("## Settings")[1], re.MULTILINE))
    assert list(shown) == list(Config.model_fields)
    for name, field in Config.model_fields.items():
        assert field.description in shown[name]


def test_the_tree_in_the_readme_is_the_tree() -> None:
    """Every module of the package has its line, and no line is about nothing."""
    named = set(re.findall(r"^\| `(\w+)` \|", README.split("## The house")[1].split("\n## ")[0], re.MULTILINE))
    here = {p.stem if p.suffix == ".py" else p.name for p in (ROOT / "src" / "qa").iterdir()}
    assert named == {name for name in here if not name.startswith("__") and "." not in name}


def test_no_document_points_to_a_file_that_is_not_there() -> None:
    """Relative links and pictures; what stands in code is an example."""
    for path in DOCUMENTS:
        if path.parent.name == "corpus" and path.name != "SOURCES.md":
            continue
        prose = re.sub(
            r"^ *```.*?^ *```|`[^`\n]+`", "", path.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE
        )
        for link in re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", prose):
            assert (path.parent / link).exists(), f"{path.relative_to(ROOT)} points to {link}"


def test_every_test_that_a_document_names_is_there() -> None:
    """A promise stands beside the test that holds it."""
    there = set(
        re.findall(r"def (test_\w+)", "".join(p.read_text("utf-8") for p in (ROOT / "tests").glob("test_*.py")))
    )
    for path in (ROOT / "SECURITY.md", *(ROOT / "docs").glob("*.md")):
        assert set(re.findall(r"`(test_\w+)", path.read_text(encoding="utf-8"))) <= there, path.name


def test_the_working_folder_needs_no_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Defaults are enough."""
    monkeypatch.chdir(tmp_path)
    assert load_config() == Config()
