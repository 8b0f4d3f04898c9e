"""`qa ask`, `qa chat`, `qa search`."""

from __future__ import annotations

import re
import sys
import textwrap
from typing import Annotated

import typer
from rich.padding import Padding
from rich.text import Text

from qa import Answer, Filters, Hit, QAError, Sentence, Source, Verdict
from qa.cli.common import (
    ANSWERED,
    NONE,
    STATUS,
    AsJson,
    CorpusDir,
    IndexDir,
    OnlyKind,
    OnlyLanguage,
    OnlyPublisher,
    OnlySource,
    ShowPassages,
    Since,
    Until,
    open_assistant,
)
from qa.schema import Pair, reference
from qa.terminal import err, out, print_json

NEAREST_LENGTH = 240
"""Characters shown of a passage that came near; `--show-passages` shows all."""


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
    assistant = open_assistant(index_dir, corpus_dir, quiet=as_json)
    answer = assistant.ask(sys.stdin.read() if question == "-" else question, filters=filters)
    if as_json:
        print_json(answer.to_dict())
    else:
        _print_answer(answer, passages=show_passages)
    raise typer.Exit(NONE if answer.abstention else ANSWERED)


def chat(index_dir: IndexDir = None, corpus_dir: CorpusDir = None, show_passages: ShowPassages = False) -> None:
    """Converse: follow-ups are understood from what was asked before. An empty line ends it."""
    conversation = open_assistant(index_dir, corpus_dir).chat()
    if sys.stdin.isatty():
        out.print(Text("Ask a question; an empty line or Ctrl-D ends the conversation.", style="dim"))
    while question := _next_question():
        try:
            answer = conversation.ask(question)
        except QAError as error:
            err.print(Text(str(error), style="red"))
            continue
        if answer.searched != answer.question:
            out.print(Text(f"searched for: {answer.searched}", style="dim italic"))
        _print_answer(answer, passages=show_passages)
        out.print()


def overview(
    source: Annotated[str, typer.Argument(help="Id of one source; default: all of them.", show_default=False)] = "",
    index_dir: IndexDir = None,
    corpus_dir: CorpusDir = None,
) -> None:
    """Print key sentences of the sources, or of one, and the names that come up most."""
    found = open_assistant(index_dir, corpus_dir).overview(source or None)
    for candidate in found.sentences:
        where = ", ".join(part for part in (candidate.hit.source.name, candidate.hit.passage.heading) if part)
        out.print(Text(" ".join(candidate.text.split())) + Text(f" ({where})", style="dim"))
    if found.names:
        names = ", ".join(f"{name} ({n})" for name, n in found.names)
        out.print(Text(f"\nNamed most, with how many passages: {names}", style="dim"))
    raise typer.Exit(ANSWERED if found.sentences else NONE)


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
    hits = open_assistant(index_dir, corpus_dir, quiet=as_json).search(question, top_k=top_k, filters=filters)
    if as_json:
        print_json([hit.to_dict() for hit in hits])
    else:
        for n, hit in enumerate(hits, start=1):
            _print_hit(n, hit)
    raise typer.Exit(ANSWERED if hits else NONE)


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
        return out.input("[bold]? [/bold]" if sys.stdin.isatty() else "").strip()
    except EOFError:
        return ""


def _print_answer(answer: Answer, *, passages: bool) -> None:
    if answer.premise:
        out.print(Text(answer.premise, style="italic"))
    if answer.abstention:
        out.print(Text(str(answer.abstention), style="yellow"))
        if answer.abstention.nearest:
            out.print(Text("\nNearest passages:", style="dim"))
            for n, hit in enumerate(answer.abstention.nearest, start=1):
                _print_hit(n, hit, "" if passages else _nearest(answer.searched, hit))
        return
    if answer.caveat:
        out.print(Text(answer.caveat, style="yellow"))
    if answer.brief:
        out.print(Text(answer.brief, style="bold") + Text(" [1]", style="cyan"))
    if answer.points:
        _print_points(answer)
    elif answer.groups:
        for group in answer.groups:
            out.print(_heading(group.source))
            for i in group.sentences:
                out.print(Padding(_line(answer, answer.sentences[i]), (0, 0, 0, 2)))
    else:
        for sentence in answer.sentences:
            out.print(_line(answer, sentence))
    if answer.silent:
        names = ", ".join(source.name for source in answer.silent)
        out.print(Text(f"Nothing found on this in: {names}.", style="dim"))
    for pair in () if answer.points else answer.pairs:
        _print_pair(pair)
    out.print()
    for n, citation in enumerate(answer.references, start=1):
        out.print(Text(f"[{n}] ", style="cyan") + Text(reference(citation)), soft_wrap=False)
        if passages:
            cited = Text(citation.before, style="dim") + Text(citation.quote, style="bold")
            out.print(Padding(cited + Text(citation.after, style="dim"), (0, 0, 1, 4)))
    if answer.dropped:
        dropped = f"{len(answer.dropped)} drafted, not borne out, not shown."
        out.print(Text(dropped, style="dim"))


def _print_points(answer: Answer) -> None:
    """A comparison point by point: what each source says, by date, and where nothing was found."""
    numbers = {citation: n for n, citation in enumerate(answer.references, start=1)}
    speakers = {citation: s.attribution for s in answer.sentences for citation in s.citations}
    for point in answer.points:
        out.print(Text(f"\n{point.label}", style="bold"))
        silent = []
        for column in answer.columns:
            said = [citation for citation in point.said if citation.source.id == column.source.id]
            for citation in said:
                by = speakers.get(citation) or ", ".join(filter(None, (column.source.name, column.source.published)))
                line = Text(f"{by}: ", style="dim")
                line.append(" ".join(citation.quote.split()), style="not dim")
                line.append(f" [{numbers[citation]}]" if citation in numbers else "", style="not dim cyan")
                out.print(Padding(line, (0, 0, 0, 2)))
            silent += [f"{column.source.name} (passages read: {column.read})"] if not said else []
        if silent:
            out.print(Padding(Text(f"Not found in: {', '.join(silent)}.", style="dim"), (0, 0, 0, 2)))


def _heading(source: Source) -> Text:
    known = (source.published, source.kind, source.perspective)
    about = ", ".join(part for part in known if part and part != "other")
    return Text(source.name, style="bold") + Text(f" ({about})" if about else "", style="dim")


def _line(answer: Answer, sentence: Sentence) -> Text:
    line = Text()
    if sentence.attribution:
        line.append(f"{sentence.attribution}: ", style="dim")
    line.append(sentence.text)
    if sentence.span:
        begin = len(line) - len(sentence.text)
        line.stylize("bold", begin + sentence.span[0], begin + sentence.span[1])
    for n in answer.markers(sentence):
        line.append(f" [{n}]", style="cyan")
    mark, style = STATUS[sentence.verdict.value]
    line.append(
        f" {mark}" if sentence.verdict is Verdict.SUPPORTED else f" {mark} {sentence.verdict.value}", style=style
    )
    return line


def _print_pair(pair: Pair) -> None:
    out.print(Text(f"\n{pair.heading}", style="bold"))
    for citation in (pair.left, pair.right):
        out.print(Padding(Text(f"{citation.source.name}: {citation.quote}"), (0, 0, 0, 2)))


def _nearest(question: str, hit: Hit) -> str:
    """The sentence of a passage that has most of the question's words, cut where it is long."""
    asked = set(re.findall(r"\w{3,}", question.casefold()))
    sentences = [hit.passage.slice(*span) for span in hit.passage.sentences] or [hit.passage.text]
    best = max(sentences, key=lambda text: len(asked & set(re.findall(r"\w{3,}", text.casefold()))))
    return textwrap.shorten(best, NEAREST_LENGTH, placeholder=" …")


def _print_hit(n: int, hit: Hit, shown: str = "") -> None:
    ranks = ", ".join(f"{stage} {rank}" for stage, rank in hit.ranks.to_dict().items() if rank)
    where = ", ".join(part for part in (hit.source.name, hit.source.published, hit.passage.heading) if part)
    out.print(Text(f"{n}. {where} ", style="bold") + Text(f"({ranks})" if ranks else "", style="dim"))
    out.print(Padding(Text(shown or " ".join(hit.passage.text.split())), (0, 0, 0, 3)))
