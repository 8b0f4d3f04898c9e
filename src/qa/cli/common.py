"""What all commands share: their options, exit statuses, the assistant they open, progress."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from qa import QAError, load_config
from qa.schema import IndexMissingError
from qa.terminal import err, steps

if TYPE_CHECKING:
    from qa.assistant import Assistant

ANSWERED, NONE, ERROR, INTERRUPTED = 0, 1, 2, 130

IndexDir = Annotated[
    Path | None, typer.Option("--index", help="Folder of the index (QA_INDEX_DIR).", show_default=False)
]
CorpusDir = Annotated[
    Path | None, typer.Option("--corpus", help="Folder of documents (QA_CORPUS_DIR).", show_default=False)
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
OnlySource = Annotated[
    list[str] | None, typer.Option("--source", help="Only this source (id); repeatable.", show_default=False)
]
OnlyPublisher = Annotated[
    list[str] | None, typer.Option("--publisher", help="Only this publisher; repeatable.", show_default=False)
]
OnlyKind = Annotated[
    list[str] | None,
    typer.Option("--kind", help="Only news, analysis, research or other; repeatable.", show_default=False),
]
OnlyLanguage = Annotated[
    list[str] | None, typer.Option("--language", help="Only this language; repeatable.", show_default=False)
]
Since = Annotated[str, typer.Option(help="Published on or after: 2017, 2017-11 or 2017-11-30.")]
Until = Annotated[str, typer.Option(help="Published on or before.")]
ShowPassages = Annotated[bool, typer.Option("--show-passages", help="Print each cited passage in full.")]


STATUS = {
    "supported": ("✓", "green"),
    "likely": ("≈", "yellow"),
    "partly": ("◐", "yellow"),
    "unsupported": ("✗", "red"),
    "contradicted": ("✗", "red"),
    "unchecked": ("?", "dim"),
}
"""Verdicts of sentences; `likely` and `unsupported` only where a text from elsewhere is checked."""


def open_assistant(index_dir: Path | None, corpus_dir: Path | None, *, quiet: bool = False) -> Assistant:
    """The assistant over the index. One that was named must be there: a mistyped folder is not filled on the way."""
    config = load_config(index_dir=index_dir, corpus_dir=corpus_dir)
    from qa.assistant import Assistant

    corpus = ["--corpus", str(corpus_dir)] if corpus_dir else []
    build = shlex.join(["qa", "index", *corpus, "--index", str(config.index_dir)])
    try:
        with steps(quiet=quiet) as step:
            assistant = Assistant.open(config=config, progress=step, build=index_dir is None)
    except IndexMissingError as error:
        usual = f", or leave out --index for the one in {load_config().index_dir}" if index_dir else ""
        raise IndexMissingError(f"there is no index in {config.index_dir}; build it with `{build}`{usual}") from error
    if corpus_dir and assistant.reading is None:
        err.print(Text(f"note: answered from the index in {config.index_dir} as it is; `{build}` reads anew"))
    if not quiet:
        for note in assistant.notes:
            err.print(Text(f"note: {note}", style="dim"))
    return assistant


def read_text(file: str) -> str:
    """A text file, or standard input for "-"."""
    name = "standard input" if file == "-" else file
    try:
        data = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise QAError(f"cannot read {file}: {(error.strerror or 'unknown error').lower()}; give a text file") from error
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise QAError(f"{name} is not text in UTF-8; save what is to be checked as plain text or Markdown")
    return text
