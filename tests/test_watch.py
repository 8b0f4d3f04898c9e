"""`qa index --watch`: what is changed while it stays is in the index at the next look."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from qa.cli import app
from qa.cli import corpus as module
from qa.config import Config
from qa.index import Index, generations


def test_what_changes_is_indexed_at_the_next_look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files new, altered and removed; a folder that is away, or another writer, is said once and waited for."""
    folder, index = tmp_path / "papers", tmp_path / "index"
    folder.mkdir()
    (folder / "fees.md").write_text("The fee for a berth is 310 crowns.")
    other = generations.writing(index)
    held = []

    def texts() -> list[str]:
        with Index.open(index, Config()) as opened:
            return [document.text.strip() for document in opened.documents.values()]

    def altered() -> None:
        (folder / "fees.md").write_text("The fee for a berth is 395 crowns.")

    def added() -> None:
        assert texts() == ["The fee for a berth is 395 crowns."]
        (folder / "board.md").write_text("Ada Holm chairs the board.")
        other.__enter__()

    def free() -> None:
        held.append(len(texts()))
        other.__exit__(None, None, None)

    def away() -> None:
        assert texts() == ["Ada Holm chairs the board.", "The fee for a berth is 395 crowns."]
        folder.rename(tmp_path / "elsewhere")

    def back() -> None:
        (tmp_path / "elsewhere").rename(folder)
        (folder / "fees.md").unlink()

    def end() -> None:
        assert texts() == ["Ada Holm chairs the board."]
        raise KeyboardInterrupt

    looks = iter((altered, added, lambda: None, free, away, lambda: None, back, end))
    monkeypatch.setattr(module.time, "sleep", lambda seconds: next(looks)())
    result = CliRunner().invoke(app, ["index", str(folder), "--index", str(index), "--watch"])
    told = " ".join(result.output.split())
    assert held == [1]
    assert (told.count("is being written by"), told.count("there is no")) == (1, 1), told
    assert next(looks, None) is None, told
