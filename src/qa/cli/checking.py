"""`qa check`."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.padding import Padding
from rich.text import Text

from qa import QAError
from qa.cli.common import ANSWERED, NONE, STATUS, AsJson, CorpusDir, IndexDir, open_assistant, read_text
from qa.terminal import out, print_json


def check(
    file: Annotated[str, typer.Argument(help="A text with or without markers; - reads standard input.")],
    sources: Annotated[
        list[str] | None,
        typer.Option("--sources", help="Documents to check against; default: the index.", show_default=False),
    ] = None,
    index_dir: IndexDir = None,
    corpus_dir: CorpusDir = None,
    as_json: AsJson = False,
) -> None:
    """Check a text from elsewhere, sentence by sentence, against sources."""
    import tempfile

    text = read_text(file)
    with tempfile.TemporaryDirectory() as scratch:
        if sources:
            from qa.assistant import Assistant

            assistant = Assistant.build(sources, scratch)
        else:
            assistant = open_assistant(index_dir, corpus_dir, quiet=as_json)
        if not text.strip():
            raise QAError(f"nothing to check: {'standard input' if file == '-' else file} is empty; give it a text")
        report = assistant.check(text)
    if as_json:
        print_json(report.to_dict())
    else:
        if report.remark:
            out.print(Text(report.remark, style="dim"))
        for checked in report.sentences:
            mark, style = STATUS[checked.status]
            out.print(Text(f"{mark} {checked.status} ", style=style) + Text(checked.text))
            for note in checked.notes:
                out.print(Padding(Text(note, style="dim"), (0, 0, 0, 4)))
            if checked.evidence and checked.quote:
                held_against = f"{checked.evidence.id}: “{' '.join(checked.quote.split())}”"
                out.print(Padding(Text(held_against, style="dim italic"), (0, 0, 0, 4)))
    borne_out = all(c.borne_out and not c.invented for c in report.sentences)
    raise typer.Exit(ANSWERED if borne_out else NONE)
