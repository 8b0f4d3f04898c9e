"""docs/check.md can be followed: its commands run in order and print what the page shows."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import ROOT
from qa.markers import SHAPES

PAGE = (ROOT / "docs" / "check.md").read_text(encoding="utf-8")


def test_every_shape_of_marker_is_told() -> None:
    """With the examples that `tests/test_markers.py` tries."""
    assert [e for shape in SHAPES.values() for e in shape.examples if f"`{e}`" not in PAGE] == []


def test_the_page_can_be_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each block in a shell of the same folder, but for the installation; every line shown is printed."""
    env = os.environ | {"COLUMNS": "200", "NO_COLOR": "1"}
    qa = f'pip() {{ :; }}; qa() {{ "{sys.executable}" -m qa "$@"; }}\n'
    printed = ""
    for kind, block in re.findall(r"^```(\w*)\n(.*?)^```", PAGE, re.M | re.S):
        if kind == "sh":
            ran = subprocess.run(
                ["bash", "-e", "-c", qa + block], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=250
            )
            assert ran.returncode == 0, ran.stdout + ran.stderr
            printed = ran.stdout
        elif kind == "python":
            monkeypatch.chdir(tmp_path)
            exec(compile(ast.parse(block), "check.md", "exec"), {})
        elif not kind:
            assert block.splitlines() == [line for line in printed.splitlines() if not line.startswith("    ")]
    assert (tmp_path / "checked.html").is_file()
