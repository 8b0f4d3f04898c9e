"""`qa check`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.padding import Padding
from rich.text import Text
from typer.core import TyperCommand

from qa import QAError
from qa.cli.common import ANSWERED, ERROR, NONE, STATUS, AsJson, CorpusDir, IndexDir, open_assistant, read_text
from qa.terminal import err, out, print_json, steps, written

if TYPE_CHECKING:
    from qa.checking.forms import Found, Tally
    from qa.corpus import Skipped
    from qa.support import CheckedSentence, Pool, Support

LONG = 1000
"""Characters of a sentence or a quotation that are printed; reports hold them whole."""
TOLD = 20
"""Broken rows, and files that cite nothing, that are told one by one."""


class CheckCommand(TyperCommand):
    """Behind a text, `--sources` takes all names up to the next option: `qa check report.md --sources papers/*.pdf`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Written out, an option for each source; before a text is named, it takes the one behind it."""
        with_value = {name for p in self.params if not getattr(p, "is_flag", True) for name in p.opts}
        written: list[str] = []
        left, text, gathers = iter(args), False, False
        for arg in left:
            if arg.startswith("-") and arg != "-":
                gathers = text and arg.partition("=")[0] == "--sources"
                written.append(arg)
                if arg == "--":
                    break
                if arg in with_value:
                    written += [value for value in [next(left, None)] if value is not None]
            elif gathers:
                written += ["--sources", arg]
            else:
                text = True
                written.append(arg)
        return super().parse_args(ctx, [*written, *left])


def check(
    files: Annotated[
        list[str] | None, typer.Argument(help="Texts with or without markers; - reads standard input.")
    ] = None,
    sources: Annotated[
        list[str] | None,
        typer.Option(
            "--sources", help="Documents to check against, behind the texts; default: the index.", show_default=False
        ),
    ] = None,
    beside: Annotated[
        bool, typer.Option("--beside", help="Check each file against the documents beside it that it cites.")
    ] = False,
    samples: Annotated[
        Path | None,
        typer.Option(help="JSON lines of answers with their contexts, as RAG frameworks write.", show_default=False),
    ] = None,
    only_cited: Annotated[
        bool, typer.Option("--only-cited", help="Pass over sentences that cite nothing; --beside does.")
    ] = False,
    fail_under: Annotated[
        list[str] | None,
        typer.Option(
            help="Shares that pass: supported=0.9,contradicted=0. Default: every sentence.", show_default=False
        ),
    ] = None,
    report: Annotated[
        list[Path] | None,
        typer.Option(help="Write a .json, .xml (JUnit), .sarif, .md or .html file; repeatable.", show_default=False),
    ] = None,
    index_dir: IndexDir = None,
    corpus_dir: CorpusDir = None,
    as_json: AsJson = False,
) -> None:
    """Check texts from elsewhere, sentence by sentence, against sources. Status 1 when it does not pass."""
    from qa.checking import forms

    floors = forms.floors(fail_under or ())
    for path in report or ():
        if path.suffix not in forms.FORMS:
            raise QAError(f"no report of the kind {path.name!r}; give a name that ends in {', '.join(forms.FORMS)}")
        if any(path.resolve() == Path(file).resolve() for file in [*(files or ()), *([samples] if samples else ())]):
            raise QAError(f"{path} is what is to be checked; give the report another name")
        _write(path, "")  # a place that cannot be written is told now, not after an hour
    if bool(samples) + bool(files) != 1 or (beside and (sources or samples)):
        raise QAError("say what to check: files, with --sources, --beside or the index; or --samples FILE alone")
    tally, kept = forms.Tally(), []
    if samples:
        found = _of_samples(samples, tally, quiet=as_json)
    else:
        found = _of_files(files or [], sources, index_dir, corpus_dir, beside=beside, quiet=as_json)
    place = ""
    for one in found:
        if (only_cited or beside) and not (one.sentence.cited or one.sentence.invented or one.sentence.unknown):
            tally.counts["passed over"] += 1
            continue
        tally.add(one)
        if report or as_json:
            kept.append(one)
        if not as_json:
            several = bool(samples) or len(files or ()) > 1
            if several and one.place != place:
                out.print(Text(one.place, style="bold"))
            place = one.place
            _print(one.sentence, "" if samples else f" (line {one.line})")
    for path in report or ():
        _write(path, forms.FORMS[path.suffix](kept, tally))
    wrong = tally.below(floors)
    if as_json:
        print_json(forms.to_dict(kept, tally, wrong))
    else:
        out.print(Text(f"{tally}.", style="bold"))
        for reason in wrong if floors else ():
            out.print(Text(f"✗ {reason}", style="red"))
    if not tally.sentences and tally.counts["broken"]:
        raise typer.Exit(ERROR)
    raise typer.Exit(NONE if wrong else ANSWERED)


def _of_files(
    files: list[str],
    sources: list[str] | None,
    index_dir: Path | None,
    corpus_dir: Path | None,
    *,
    beside: bool,
    quiet: bool,
) -> Iterator[Found]:
    from qa import checking

    texts = [(file, read_text(file)) for file in files]
    for file, text in texts:
        if not text.strip() and not beside:
            raise QAError(f"nothing to check: {'standard input' if file == '-' else file} is empty; give it a text")
    if beside:
        bare: list[str] = []
        for file, text in texts:
            found = checking.beside(Path(file), text)
            if found is None:
                bare.append(file)
                continue
            _skipped(found[1])
            yield from _held(file, text, found[0], checking.support(), quiet=quiet)
        if bare:
            left = f" and {len(bare) - TOLD} more" if len(bare) > TOLD else ""
            err.print(Text(f"note: no document beside it is cited by {', '.join(bare[:TOLD])}{left}", style="dim"))
        return
    if sources:
        pool, reading = checking.read_sources(sources, without=files)
        _skipped(reading.skipped)
        for note in reading.notes:
            err.print(Text(f"note: {note}", style="dim"))
        if len(files) > 1 and not quiet:
            err.print(Text(f"note: {', '.join(files)} are checked, against {', '.join(sources)}", style="dim"))
        for file, text in texts:
            yield from _held(file, text, pool, checking.support(), quiet=quiet)
        return
    with open_assistant(index_dir, corpus_dir, quiet=quiet) as assistant:
        for file, text in texts:
            yield from _held(file, text, assistant.shelf, assistant.support, quiet=quiet)


def _held(file: str, text: str, pool: Pool, support: Support, *, quiet: bool) -> Iterator[Found]:
    from qa.checking.forms import Found
    from qa.support import checked

    line, at = 1, 0
    with steps(quiet=quiet) as step:
        for sentence in checked(text, pool, support, numbers="sources"):
            line, at = line + text.count("\n", at, sentence.start), sentence.start
            yield Found(file, line, at - text.rfind("\n", 0, at), sentence)
            step("checking", sentence.end, len(text))


def _of_samples(file: Path, tally: Tally, *, quiet: bool) -> Iterator[Found]:
    """A broken row costs itself: it is said and counted."""
    from qa import checking
    from qa.checking.forms import Found
    from qa.checking.samples import Broken, read
    from qa.support import checked

    try:
        opened = file.open("rb")
        size = file.stat().st_size
    except OSError as error:
        raise QAError(f"cannot read {file}: {(error.strerror or '').lower()}; give a file of JSON lines") from error
    with opened as lines, steps(quiet=quiet) as step:
        support = checking.support()
        for sample in read(line.decode("utf-8", "surrogateescape") for line in lines):
            tally.counts["rows"] += 1
            if isinstance(sample, Broken):
                tally.counts["broken"] += 1
                if tally.counts["broken"] <= TOLD:
                    err.print(Text(f"row {sample.row} {sample.reason}", style="yellow"))
                continue
            for sentence in checked(sample.answer, dict(sample.contexts), support):
                at = sentence.start - sample.answer.rfind("\n", 0, sentence.start)
                yield Found(f"{file}#{sample.row}", sample.row, at, sentence)
            step("checking", lines.tell(), size)
    if tally.counts["broken"] > TOLD:
        err.print(Text(f"and {tally.counts['broken'] - TOLD} more broken rows", style="yellow"))
    if not tally.counts["rows"]:
        raise QAError(f"nothing to check: {file} is empty; give it rows with an answer and contexts")


def _skipped(skipped: Sequence[Skipped]) -> None:
    for skip in skipped:
        err.print(Text(f"skipped {skip}", style="yellow"))


def _print(checked: CheckedSentence, where: str) -> None:
    mark, style = STATUS[checked.status]
    out.print(Text(f"{mark} {checked.status} ", style=style) + Text(_short(checked.text)) + Text(where, style="dim"))
    for note in checked.notes:
        out.print(Padding(Text(note, style="dim"), (0, 0, 0, 4), expand=False))
    if checked.evidence and checked.quote:
        held_against = f"{checked.evidence.id}: “{_short(' '.join(checked.quote.split()))}”"
        out.print(Padding(Text(held_against, style="dim italic"), (0, 0, 0, 4), expand=False))


def _short(text: str) -> str:
    """Of what is very long the beginning, and how much is left out."""
    return text if len(text) <= LONG else f"{text[:LONG]}… [and {len(text) - LONG} characters]"


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(written(text, path.suffix), encoding="utf-8")
    except OSError as error:
        raise QAError(f"cannot write {path}: {(error.strerror or '').lower()}; give another place") from error
