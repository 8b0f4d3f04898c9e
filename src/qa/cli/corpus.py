"""`qa index`, `qa sources`, `qa doctor`: the documents, the index, and whether all is well."""

from __future__ import annotations

import time
from typing import Annotated, Final

import typer
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from qa import Config, QAError, load_config
from qa.cli.common import ANSWERED, ERROR, AsJson, CorpusDir, IndexDir, open_assistant
from qa.errors import IndexBusyError
from qa.terminal import err, out, print_json, steps

_LOOK: Final = 2.0
"""Seconds between two looks at what is watched."""

sources_app = typer.Typer(help="The documents of the index: list, show, remove.", no_args_is_help=True)


def index(
    paths: Annotated[
        list[str] | None,
        typer.Argument(help="Files, folders, globs or web addresses; default: the corpus folder."),
    ] = None,
    index_dir: IndexDir = None,
    corpus_dir: CorpusDir = None,
    watch: Annotated[bool, typer.Option("--watch", help="Stay, and do it again whenever a file changes.")] = False,
    ray: Annotated[str, typer.Option(help="Embed on a Ray cluster: its address, or auto.", metavar="ADDRESS")] = "",
    as_json: AsJson = False,
) -> None:
    """Bring the index up to date with the documents, whole or not at all: only what changed is read again."""
    config = load_config(index_dir=index_dir, corpus_dir=corpus_dir)
    from qa import corpus

    places = paths or [str(config.corpus_dir)]
    seen = corpus.stamps(places) if watch else None  # before they are read: what changes meanwhile is seen next time
    status = _index(paths, config, as_json, ray)
    if watch:
        out.print(Text("Watching; Ctrl-C ends it.", style="dim"))
        said = ""
        while True:
            time.sleep(_LOOK)
            now = seen
            try:
                if (now := corpus.stamps(places)) != seen:
                    _index(paths, config, as_json, ray)
                said, seen = "", now
            except IndexBusyError as error:  # tried again at the next look
                said = _once(error, said)
            except QAError as error:  # a folder that was moved away for a moment, a file half written
                said, seen = _once(error, said), now
    raise typer.Exit(status)


def _once(error: QAError, said: str) -> str:
    if str(error) != said:
        err.print(Text(f"qa: {error}", style="red"))
    return str(error)


def _index(paths: list[str] | None, config: Config, as_json: bool, ray: str) -> int:
    from qa.assistant import Assistant

    embedder = None
    if ray:
        from qa.models.cluster import ClusterEmbedder
        from qa.models.embedder import Embedder

        embedder = ClusterEmbedder(Embedder.load(config.embedding_model), ray)
    with steps(quiet=as_json) as step:
        built = Assistant.build(paths or None, config=config, embedder=embedder, progress=step)
    notes = built.reading.notes if built.reading else ()
    kept = len(built.reading.kept) if built.reading else 0
    if as_json:
        print_json(
            {
                "documents": [source.to_dict() for source in built.sources],
                "passages": len(built.index.passages),
                "skipped": [{"place": s.place, "reason": s.reason, "remedy": s.remedy} for s in built.skipped],
                "notes": list(notes),
                "unchanged": kept,
            }
        )
    else:
        for note in notes:
            err.print(Text(f"note: {note}", style="dim"))
        out.print(
            f"Indexed {len(built.sources)} documents, {len(built.index.passages)} passages "
            f"in {escape(str(config.index_dir))}{f'; {kept} had not changed' if kept else ''}."
        )
    for skipped in built.skipped:
        err.print(Text(f"skipped {skipped.place}: {skipped.reason}; {skipped.remedy}", style="yellow"))
    built.close()
    return ERROR if built.skipped else ANSWERED


@sources_app.command("list")
def list_sources(index_dir: IndexDir = None, corpus_dir: CorpusDir = None, as_json: AsJson = False) -> None:
    """List the documents of the index."""
    assistant = open_assistant(index_dir, corpus_dir, quiet=as_json)
    if as_json:
        print_json([source.to_dict() for source in assistant.sources])
        return
    fields = ("id", "publisher", "author", "published", "updated", "version", "kind", "title")
    known = [field for field in fields if any(getattr(source, field) for source in assistant.sources)]
    table = Table(box=None, pad_edge=False, header_style="dim")
    for field in known:
        table.add_column(field, overflow="fold", no_wrap=field == "id")  # an id is copied
    for source in assistant.sources:
        table.add_row(*(Text(str(getattr(source, field))) for field in known))
    out.print(table)


@sources_app.command("show")
def show_source(
    id: Annotated[str, typer.Argument(help="Id of the source.")],
    index_dir: IndexDir = None,
    corpus_dir: CorpusDir = None,
    as_json: AsJson = False,
) -> None:
    """Print what is known of a document, and its text."""
    document = open_assistant(index_dir, corpus_dir, quiet=as_json).document(id)
    if as_json:
        print_json({"source": document.source.to_dict(), "digest": document.digest, "text": document.text})
        return
    for name, value in document.source.to_dict().items():
        if value and name != "inferred":
            mark = " (inferred)" if name in document.source.inferred else ""
            out.print(Text(f"{name}{mark}: ", style="dim") + Text(str(value)))
    out.print()
    out.print(Text(document.text))


@sources_app.command("remove")
def remove_sources(
    ids: Annotated[list[str], typer.Argument(help="Ids of the sources.")],
    index_dir: IndexDir = None,
    as_json: AsJson = False,
) -> None:
    """Take documents out of the index; the files they came from stay."""
    with steps(quiet=as_json) as step:
        assistant = open_assistant(index_dir, None, quiet=as_json).changed(remove=ids, progress=step)
    if as_json:
        print_json([source.to_dict() for source in assistant.sources])
        return
    out.print(f"Removed {', '.join(map(escape, ids))}; {len(assistant.sources)} documents left in the index.")
    out.print(Text("The next `qa index` reads the corpus folder again; move their files to keep them out."))


def doctor(
    deep: Annotated[bool, typer.Option("--deep", help="Read every file of the index whole.")] = False,
    index_dir: IndexDir = None,
    corpus_dir: CorpusDir = None,
    as_json: AsJson = False,
) -> None:
    """Check environment, models and index: what is wrong and how to mend it."""
    from qa.doctor import examine

    findings = examine(load_config(index_dir=index_dir, corpus_dir=corpus_dir), deep=deep)
    if as_json:
        print_json([finding.to_dict() for finding in findings])
    else:
        for finding in findings:
            mark = Text("✓", style="green") if finding.ok else Text("✗", style="red")
            out.print(mark + Text(f" {finding.what}: {finding.detail}", style=""))
            if finding.remedy:
                out.print(Padding(Text(finding.remedy, style="bold"), (0, 0, 0, 2)))
    raise typer.Exit(ANSWERED if all(f.ok for f in findings) else ERROR)
