"""The `qa` command.

    common     what all commands share: options, output, the assistant they open
    corpus     index, sources, doctor
    answers    ask, chat, search, overview
    checking   check
    serving    serve

Exit status: 0 answered, found or done; 1 abstained or nothing found; 2 error.
"""

from __future__ import annotations

import os
from typing import Annotated, Any

import typer
from rich.text import Text
from typer.core import TyperGroup

from qa import QAError, __version__
from qa.cli.answers import ask, chat, overview, search
from qa.cli.checking import CheckCommand, check
from qa.cli.common import ERROR, INTERRUPTED
from qa.cli.corpus import doctor, index, sources_app
from qa.cli.serving import serve
from qa.evaluate.commands import app as eval_app
from qa.evaluate.commands import bench
from qa.terminal import err, out, visible

_UsageError: Any = typer.BadParameter.__base__
"""What typer's own copy of click raises for arguments that do not fit."""


class _Commands(TyperGroup):
    """An error of ours is one line on standard error, without a traceback."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except _UsageError as error:  # its message repeats arguments, which a shell may have made of file names
            error.message = visible(error.message)
            raise
        except QAError as error:
            err.print(Text(f"qa: {error}", style="red"))
            raise typer.Exit(ERROR) from error
        except KeyboardInterrupt as error:
            err.print(Text("qa: stopped; an index that was there before is unchanged", style="red"))
            raise typer.Exit(INTERRUPTED) from error


app = typer.Typer(
    cls=_Commands,
    help="Answers questions over a corpus of documents, and can vouch for every sentence it says.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(sources_app, name="sources")
app.add_typer(eval_app, name="eval")
for command in (index, ask, chat, search, overview, check, serve, doctor, bench):
    app.command(cls=CheckCommand if command is check else None)(command)


@app.callback(invoke_without_command=True)
def _root(
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    if version:
        out.print(__version__)
        raise typer.Exit
    # this process is ours, unlike one that only imports `qa`: idle threads of NumPy and torch, not loaded yet, sleep
    # instead of spinning where others use the cores, 40 times slower; and nothing is fetched while people ask
    for name, value in (("OMP_WAIT_POLICY", "PASSIVE"), ("TOKENIZERS_PARALLELISM", "false"), ("HF_HUB_OFFLINE", "1")):
        os.environ.setdefault(name, value)
