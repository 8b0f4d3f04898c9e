"""The `qa` command. Exit status: 0 answered, found or done; 1 abstained or nothing found; 2 error."""

from __future__ import annotations

import json
import re
import shlex
import sys
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text
from typer.core import TyperGroup

from qa import Answer, Filters, Hit, QAError, Sentence, Source, Verdict, __version__, load_config
from qa.evaluate.commands import app as eval_app
from qa.evaluate.commands import bench
from qa.schema import IndexMissingError, Pair, reference

if TYPE_CHECKING:
    from qa.assistant import Assistant, Steps

ANSWERED, NONE, ERROR, INTERRUPTED = 0, 1, 2, 130

NEAREST_LENGTH = 240
"""Characters shown of a passage that came near; `--show-passages` shows all."""

_out = Console(highlight=False, soft_wrap=False)
_err = Console(stderr=True, highlight=False)


class _Commands(TyperGroup):
    """An error of ours is one line on standard error, without a traceback."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except QAError as error:
            _err.print(Text(f"qa: {error}", style="red"))
            raise typer.Exit(ERROR) from error
        except KeyboardInterrupt as error:
            _err.print(Text("qa: stopped; an index that was there before is unchanged", style="red"))
            raise typer.Exit(INTERRUPTED) from error


app = typer.Typer(
    cls=_Commands,
    help="Answers questions over a corpus of documents, and can vouch for every sentence it says.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
sources_app = typer.Typer(help="The documents of the index: list, show, remove.", no_args_is_help=True)
app.add_typer(sources_app, name="sources")
app.add_typer(eval_app, name="eval")
app.command()(bench)

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


@app.callback(invoke_without_command=True)
def _root(
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    if version:
        typer.echo(__version__)
        raise typer.Exit


@app.command()
def index(
    paths: Annotated[
        list[str] | None,
        typer.Argument(help="Files, folders, globs or web addresses; default: the corpus folder."),
    ] = None,
    index_dir: IndexDir = None,
    corpus_dir: CorpusDir = None,
    as_json: AsJson = False,
) -> None:
    """Read documents and build the index, whole or not at all."""
    from qa.assistant import Assistant

    config = load_config(index_dir=index_dir, corpus_dir=corpus_dir)
    with _steps(quiet=as_json) as steps:
        built = Assistant.build(paths or None, config=config, progress=steps)
    notes = built.reading.notes if built.reading else ()
    if as_json:
        _print_json(
            {
                "documents": [source.to_dict() for source in built.sources],
                "passages": len(built.index.passages),
                "skipped": [{"place": s.place, "reason": s.reason, "remedy": s.remedy} for s in built.skipped],
                "notes": list(notes),
            }
        )
    else:
        for note in notes:
            _err.print(Text(f"note: {note}", style="dim"))
        _out.print(
            f"Indexed {len(built.sources)} documents, {len(built.index.passages)} passages "
            f"in {escape(str(config.index_dir))}."
        )
    for skipped in built.skipped:
        _err.print(Text(f"skipped {skipped.place}: {skipped.reason}; {skipped.remedy}", style="yellow"))
    raise typer.Exit(ERROR if built.skipped else ANSWERED)


@app.command()
def ask(
    question: Annotated[str, typer.Argument(help="The question; - reads it from standard input.")],
    index_dir: IndexDir = None,
    corpus_dir: CorpusDir = None,
    source: OnlySource = None,
    publisher: OnlyPublisher = None,
    kind: OnlyKind = None,
    language: OnlyLanguage = None,
    since: Since = "",
    until: Until = "",
    show_passages: ShowPassages = False,
    as_json: AsJson = False,
) -> None:
    """Answer one question with cited sentences, or say that the sources do not."""
    filters = _filters(source, publisher, kind, language, since, until)
    assistant = _open(index_dir, corpus_dir, quiet=as_json)
    answer = assistant.ask(sys.stdin.read() if question == "-" else question, filters=filters)
    if as_json:
        _print_json(answer.to_dict())
    else:
        _print_answer(answer, passages=show_passages)
    raise typer.Exit(NONE if answer.abstention else ANSWERED)


@app.command()
def chat(index_dir: IndexDir = None, corpus_dir: CorpusDir = None, show_passages: ShowPassages = False) -> None:
    """Converse: follow-ups are understood from what was asked before. An empty line ends it."""
    conversation = _open(index_dir, corpus_dir).chat()
    if sys.stdin.isatty():
        _out.print(Text("Ask a question; an empty line or Ctrl-D ends the conversation.", style="dim"))
    while question := _next_question():
        try:
            answer = conversation.ask(question)
        except QAError as error:
            _err.print(Text(str(error), style="red"))
            continue
        if answer.searched != answer.question:
            _out.print(Text(f"searched for: {answer.searched}", style="dim italic"))
        _print_answer(answer, passages=show_passages)
        _out.print()


@app.command()
def search(
    question: Annotated[str, typer.Argument(help="What to look for.")],
    top_k: Annotated[int, typer.Option("-k", "--top-k", min=1, help="How many passages.")] = 5,
    index_dir: IndexDir = None,
    corpus_dir: CorpusDir = None,
    source: OnlySource = None,
    publisher: OnlyPublisher = None,
    kind: OnlyKind = None,
    language: OnlyLanguage = None,
    since: Since = "",
    until: Until = "",
    as_json: AsJson = False,
) -> None:
    """Print the best passages with their rank in each stage."""
    filters = _filters(source, publisher, kind, language, since, until)
    hits = _open(index_dir, corpus_dir, quiet=as_json).search(question, filters=filters)[:top_k]
    if as_json:
        _print_json([hit.to_dict() for hit in hits])
    else:
        for n, hit in enumerate(hits, start=1):
            _print_hit(n, hit)
    raise typer.Exit(ANSWERED if hits else NONE)


@app.command()
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

    text = _read_text(file)
    with tempfile.TemporaryDirectory() as scratch:
        if sources:
            from qa.assistant import Assistant

            assistant = Assistant.build(sources, scratch)
        else:
            assistant = _open(index_dir, corpus_dir, quiet=as_json)
        if not text.strip():
            raise QAError(f"nothing to check: {'standard input' if file == '-' else file} is empty; give it a text")
        report = assistant.check(text)
    if as_json:
        _print_json(report.to_dict())
    else:
        if report.remark:
            _out.print(Text(report.remark, style="dim"))
        for checked in report.sentences:
            mark, style = _STATUS[checked.status]
            _out.print(Text(f"{mark} {checked.status} ", style=style) + Text(checked.text))
            for note in checked.notes:
                _out.print(Padding(Text(note, style="dim"), (0, 0, 0, 4)))
            if checked.evidence and checked.quote:
                held_against = f"{checked.evidence.id}: “{' '.join(checked.quote.split())}”"
                _out.print(Padding(Text(held_against, style="dim italic"), (0, 0, 0, 4)))
    borne_out = all(c.borne_out and not c.invented for c in report.sentences)
    raise typer.Exit(ANSWERED if borne_out else NONE)


@sources_app.command("list")
def list_sources(index_dir: IndexDir = None, corpus_dir: CorpusDir = None, as_json: AsJson = False) -> None:
    """List the documents of the index."""
    assistant = _open(index_dir, corpus_dir, quiet=as_json)
    if as_json:
        _print_json([source.to_dict() for source in assistant.sources])
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("id", "publisher", "published", "kind", "title"):
        table.add_column(column, overflow="fold", no_wrap=column == "id")  # an id is copied
    for source in assistant.sources:
        row = (source.id, source.publisher, source.published, source.kind, source.title)
        table.add_row(*(Text(cell) for cell in row))
    _out.print(table)


@sources_app.command("show")
def show_source(
    id: Annotated[str, typer.Argument(help="Id of the source.")],
    index_dir: IndexDir = None,
    corpus_dir: CorpusDir = None,
    as_json: AsJson = False,
) -> None:
    """Print what is known of a document, and its text."""
    document = _open(index_dir, corpus_dir, quiet=as_json).document(id)
    if as_json:
        _print_json({"source": document.source.to_dict(), "digest": document.digest, "text": document.text})
        return
    for name, value in document.source.to_dict().items():
        if value and name != "inferred":
            mark = " (inferred)" if name in document.source.inferred else ""
            _out.print(Text(f"{name}{mark}: ", style="dim") + Text(str(value)))
    _out.print()
    _out.print(Text(document.text))


@sources_app.command("remove")
def remove_sources(
    ids: Annotated[list[str], typer.Argument(help="Ids of the sources.")],
    index_dir: IndexDir = None,
    as_json: AsJson = False,
) -> None:
    """Take documents out of the index; the files they came from stay."""
    with _steps(quiet=as_json) as steps:
        assistant = _open(index_dir, None, quiet=as_json).changed(remove=ids, progress=steps)
    if as_json:
        _print_json([source.to_dict() for source in assistant.sources])
        return
    _out.print(f"Removed {', '.join(map(escape, ids))}; {len(assistant.sources)} documents left in the index.")
    _out.print(Text("The next `qa index` reads the corpus folder again; move their files to keep them out."))


@app.command()
def doctor(index_dir: IndexDir = None, corpus_dir: CorpusDir = None, as_json: AsJson = False) -> None:
    """Check environment, models and index: what is wrong and how to mend it."""
    from qa.doctor import examine

    findings = examine(load_config(index_dir=index_dir, corpus_dir=corpus_dir))
    if as_json:
        _print_json([finding.to_dict() for finding in findings])
    else:
        for finding in findings:
            mark = Text("✓", style="green") if finding.ok else Text("✗", style="red")
            _out.print(mark + Text(f" {finding.what}: {finding.detail}", style=""))
            if finding.remedy:
                _out.print(Padding(Text(finding.remedy, style="bold"), (0, 0, 0, 2)))
    raise typer.Exit(ANSWERED if all(f.ok for f in findings) else ERROR)


def _open(index_dir: Path | None, corpus_dir: Path | None, *, quiet: bool = False) -> Assistant:
    """The assistant over the index. One that was named must be there: a mistyped folder is not filled on the way."""
    config = load_config(index_dir=index_dir, corpus_dir=corpus_dir)
    from qa.assistant import Assistant

    corpus = ["--corpus", str(corpus_dir)] if corpus_dir else []
    build = shlex.join(["qa", "index", *corpus, "--index", str(config.index_dir)])
    try:
        with _steps(quiet=quiet) as steps:
            assistant = Assistant.open(config=config, progress=steps, build=index_dir is None)
    except IndexMissingError as error:
        usual = f", or leave out --index for the one in {load_config().index_dir}" if index_dir else ""
        raise IndexMissingError(f"there is no index in {config.index_dir}; build it with `{build}`{usual}") from error
    if corpus_dir and assistant.reading is None:
        _err.print(Text(f"note: answered from the index in {config.index_dir} as it is; `{build}` reads anew"))
    if not quiet:
        for note in assistant.notes:
            _err.print(Text(f"note: {note}", style="dim"))
    return assistant


def _filters(
    source: list[str] | None,
    publisher: list[str] | None,
    kind: list[str] | None,
    language: list[str] | None,
    since: str,
    until: str,
) -> Filters:
    return Filters(tuple(source or ()), tuple(publisher or ()), tuple(kind or ()), tuple(language or ()), since, until)


def _next_question() -> str:
    try:
        return _out.input("[bold]? [/bold]" if sys.stdin.isatty() else "").strip()
    except EOFError:
        return ""


def _read_text(file: str) -> str:
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


def _print_json(value: Any) -> None:
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2))


_STATUS = {
    "supported": ("✓", "green"),
    "likely": ("≈", "yellow"),
    "partly": ("◐", "yellow"),
    "unsupported": ("✗", "red"),
    "contradicted": ("✗", "red"),
    "unchecked": ("?", "dim"),
}
"""Verdicts of sentences; `likely` and `unsupported` only where a text from elsewhere is checked."""


def _print_answer(answer: Answer, *, passages: bool) -> None:
    if answer.premise:
        _out.print(Text(answer.premise, style="italic"))
    if answer.abstention:
        _out.print(Text(str(answer.abstention), style="yellow"))
        if answer.abstention.nearest:
            _out.print(Text("\nNearest passages:", style="dim"))
            for n, hit in enumerate(answer.abstention.nearest, start=1):
                _print_hit(n, hit, "" if passages else _nearest(answer.searched, hit))
        return
    if answer.caveat:
        _out.print(Text(answer.caveat, style="yellow"))
    if answer.groups:
        for group in answer.groups:
            _out.print(_heading(group.source))
            for i in group.sentences:
                _out.print(Padding(_line(answer, answer.sentences[i]), (0, 0, 0, 2)))
        if answer.silent:
            names = ", ".join(source.name for source in answer.silent)
            _out.print(Text(f"Nothing found on this in: {names}.", style="dim"))
    else:
        for sentence in answer.sentences:
            _out.print(_line(answer, sentence))
    for pair in answer.pairs:
        _print_pair(pair)
    _out.print()
    for n, citation in enumerate(answer.references, start=1):
        _out.print(Text(f"[{n}] ", style="cyan") + Text(reference(citation)), soft_wrap=False)
        if passages:
            cited = Text(citation.before, style="dim") + Text(citation.quote, style="bold")
            _out.print(Padding(cited + Text(citation.after, style="dim"), (0, 0, 1, 4)))
    if answer.dropped:
        dropped = f"{len(answer.dropped)} drafted, not borne out, not shown."
        _out.print(Text(dropped, style="dim"))


def _heading(source: Source) -> Text:
    about = ", ".join(part for part in (source.published, source.kind, source.perspective) if part)
    return Text(source.name, style="bold") + Text(f" ({about})" if about else "", style="dim")


def _line(answer: Answer, sentence: Sentence) -> Text:
    line = Text()
    if sentence.attribution:
        line.append(f"{sentence.attribution}: ", style="dim")
    line.append(sentence.text)
    for n in answer.markers(sentence):
        line.append(f" [{n}]", style="cyan")
    mark, style = _STATUS[sentence.verdict.value]
    line.append(
        f" {mark}" if sentence.verdict is Verdict.SUPPORTED else f" {mark} {sentence.verdict.value}", style=style
    )
    return line


def _print_pair(pair: Pair) -> None:
    _out.print(Text(f"\n{pair.heading}", style="bold"))
    for citation in (pair.left, pair.right):
        _out.print(Padding(Text(f"{citation.source.name}: {citation.quote}"), (0, 0, 0, 2)))


def _nearest(question: str, hit: Hit) -> str:
    """The sentence of a passage that has most of the question's words, cut where it is long."""
    asked = set(re.findall(r"\w{3,}", question.casefold()))
    sentences = [hit.passage.slice(*span) for span in hit.passage.sentences] or [hit.passage.text]
    best = max(sentences, key=lambda text: len(asked & set(re.findall(r"\w{3,}", text.casefold()))))
    return textwrap.shorten(best, NEAREST_LENGTH, placeholder=" …")


def _print_hit(n: int, hit: Hit, shown: str = "") -> None:
    ranks = ", ".join(f"{stage} {rank}" for stage, rank in hit.ranks.to_dict().items() if rank)
    where = ", ".join(part for part in (hit.source.name, hit.source.published, hit.passage.heading) if part)
    _out.print(Text(f"{n}. {where} ", style="bold") + Text(f"({ranks})" if ranks else "", style="dim"))
    _out.print(Padding(Text(shown or " ".join(hit.passage.text.split())), (0, 0, 0, 3)))


@contextmanager
def _steps(*, quiet: bool = False) -> Iterator[Steps | None]:
    """A progress bar on standard error; none where nobody watches."""
    if quiet or not _err.is_terminal:
        yield None
        return
    columns: Sequence[Any] = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=_err, transient=True) as bar:
        tasks: dict[str, Any] = {}

        def step(name: str, done: int, total: int) -> None:
            if name not in tasks:
                tasks[name] = bar.add_task(name, total=total)
            bar.update(tasks[name], completed=done, total=total)

        yield step
