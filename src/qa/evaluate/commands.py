"""`qa eval` and `qa bench`. Exit status: 0 passed, 1 regression or broken floor, 2 could not run."""

from __future__ import annotations

import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markdown import Markdown
from rich.text import Text

from qa.config import load_config
from qa.schema import QAError
from qa.terminal import err, out, steps, written

if TYPE_CHECKING:
    from qa.assistant import Assistant
    from qa.evaluate.folder import Asked, PlainClaim
    from qa.evaluate.report import EvalReport

# The command line imports this module at every start: what is heavy is imported by the command that needs it.

PASSED, REGRESSION, COULD_NOT_RUN = 0, 1, 2
QUESTIONS = Path("eval/questions.jsonl")
BASELINE = Path("eval/baseline.json")
CLAIMS = Path("eval/claims.jsonl")
KEPT = Path("eval/ablation")
SMOKE_SENTENCES, SENTENCES = 24, 120
"""Sentences of the corpus with which the judge is tested."""

app = typer.Typer(
    help="Did answers get better or worse, on what, and is it noise? A gate for CI, and its tools.",
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

QuestionFile = Annotated[Path, typer.Option("--questions", help="JSON-lines file of questions.")]
CorpusDir = Annotated[
    Path | None,
    typer.Option(
        "--corpus",
        help="Other documents under the same ids; evidence is found by nugget.",
        show_default=False,
    ),
]
IndexDir = Annotated[
    Path | None,
    typer.Option("--index", help="An index to use as it is; default: a fresh one of the corpus.", show_default=False),
]


@app.callback(invoke_without_command=True)
def run(
    context: typer.Context,
    against: Annotated[
        Path | None,
        typer.Option(help=f"Baseline to compare with; default: {BASELINE}, if there is one.", show_default=False),
    ] = None,
    update_baseline: Annotated[bool, typer.Option("--update-baseline", help="Write this run as the baseline.")] = False,
    subset: Annotated[str, typer.Option(help="smoke, dev, test, or a kind of question.")] = "",
    questions: QuestionFile = QUESTIONS,
    corpus: CorpusDir = None,
    index: IndexDir = None,
    report: Annotated[
        Path | None,
        typer.Option(help="Folder for report.html, run.json, junit.xml and summary.md.", show_default=False),
    ] = None,
    floor: Annotated[
        list[str] | None,
        typer.Option(help="Replace a floor, as 'citation recall=0.9'; repeatable.", show_default=False),
    ] = None,
    judge: Annotated[bool, typer.Option("--judge/--no-judge", help="Test the judge as well.")] = True,
) -> None:
    """Ask every question, measure, compare with the baseline; status 1 when something got worse."""
    if context.invoked_subcommand:
        return
    if is_plain(questions):
        with _crash_is_not_a_regression():
            from qa.evaluate import folder as plain

            with _assistant(corpus, index) as assistant, steps() as progress:
                asked = plain.ask_all(assistant, plain.load_plain(questions), progress=progress)
            _report(asked, (), against=against, save=report, show=True)
        return
    with _crash_is_not_a_regression():
        made = make_report(
            questions=questions,
            corpus=corpus,
            index=index,
            against=_baseline(against, corpus, missing_ok=update_baseline),
            subset=subset,
            floors=_floors(floor or ()),
            judge=judge,
        )
        from qa.evaluate.gate import write_baseline
        from qa.evaluate.report import readme_scores, terminal

        out.print(terminal(made))
        if report:
            write_report(made, report)
            out.print(Text(f"Report: {report / 'report.html'}"))
        if update_baseline:
            target = against or BASELINE
            write_baseline(made.run, target)
            out.print(Text(f"Baseline written: {target}"))
            _fill(target.parent / "README.md", "scores", readme_scores(made))
    # whoever writes a new baseline has seen the drop; a broken floor stays one
    red = made.outcome.broken if update_baseline else not made.outcome.passed
    raise typer.Exit(REGRESSION if red else PASSED)


@app.command("judge")
def judge_command(
    questions: QuestionFile = QUESTIONS,
    index: IndexDir = None,
    sentences: Annotated[int, typer.Option(help="Sentences of the corpus to break and reword.")] = 400,
    show: Annotated[bool, typer.Option("--show", help="Print mistakes of each kind.")] = False,
) -> None:
    """Test the judge: does it catch broken claims, and leave true ones alone? Status 1 when it fails."""
    with _crash_is_not_a_regression():
        from qa.evaluate.judge import examine
        from qa.evaluate.questions import load
        from qa.evaluate.report import judge_table, mistakes

        asked = load(questions) if questions.is_file() else ()
        with _assistant(None, index) as assistant, steps() as progress:
            tested = examine(assistant, asked, sentences=sentences, progress=progress)
        out.print(judge_table(tested))
        if show:
            out.print(mistakes(tested))
        for failure in tested.failures:
            out.print(Text(f"it {failure}", style="red"))
    raise typer.Exit(REGRESSION if tested.failures else PASSED)


@app.command("claims")
def claims_command(
    claims: Annotated[Path, typer.Option(help="Claims in a person's words, JSON lines.")] = CLAIMS,
    index: IndexDir = None,
    sentences: Annotated[int, typer.Option(help="Sentences of the corpus to break and reword.")] = SENTENCES,
    split: Annotated[str, typer.Option(help="dev to choose by, test to report.")] = "test",
    show: Annotated[bool, typer.Option("--show", help="Print what was judged wrongly; only of dev.")] = False,
    save: Annotated[bool, typer.Option("--save", help="Write the tables into the page beside the claims.")] = False,
) -> None:
    """Judge claims about the corpus in a person's words; what each layer of the check sees alone, and all together."""
    with _crash_is_not_a_regression():
        from qa.evaluate.judge import examine_claims, read_claims
        from qa.evaluate.layers import on_the_corpus
        from qa.evaluate.questions import EvalError
        from qa.evaluate.report import claims_markdown, layers_markdown, wrongly_judged

        if split not in ("dev", "test"):
            raise EvalError(f"no split {split!r}; there are: dev, test")
        chosen = [c for c in read_claims(claims) if c.split == split]
        with _assistant(None, index) as assistant, steps() as progress:
            examine_claims(assistant, chosen[:1])  # loads the model
            began = time.process_time()
            judged = examine_claims(assistant, chosen)
            used = time.process_time() - began
            layers = on_the_corpus(assistant, chosen, sentences=sentences, progress=progress)
        tables = {"claims": claims_markdown(judged, split), "layers": layers_markdown(layers)}
        for table in tables.values():
            out.print(Markdown(table))
        out.print(Text(f"{len(chosen) / used:.0f} sentences judged a second of one core."))
        if show and split == "dev":
            out.print(wrongly_judged(judged))
        if save:
            for block, table in tables.items():
                _fill(claims.parent / "README.md", block, table)


@app.command()
def metamorphic(
    questions: QuestionFile = QUESTIONS,
    corpus: CorpusDir = None,
    limit: Annotated[int, typer.Option(help="Questions to ask, spread over the kinds.")] = 60,
) -> None:
    """Change what must not matter, or take away what must; count answers that flip. Status 1 above a bound."""
    with _crash_is_not_a_regression():
        from qa.evaluate.metamorphic import flips
        from qa.evaluate.questions import load
        from qa.evaluate.report import checks_table

        with steps() as progress:
            found = flips(load(questions), corpus or load_config().corpus_dir, limit=limit, progress=progress)
        out.print(checks_table(found))
    raise typer.Exit(PASSED if all(c.passed for c in found) else REGRESSION)


@app.command()
def folder(
    place: Annotated[Path, typer.Argument(help="Folder with questions.jsonl, and a folder of documents a corpus.")],
    only: Annotated[str, typer.Option(help="One corpus.", show_default=False)] = "",
    every: Annotated[int, typer.Option(min=1, help="Only each so-manyth question, and no claims: a sample.")] = 1,
    against: Annotated[
        Path | None, typer.Option(help="Figures of an earlier run, to print beside.", show_default=False)
    ] = None,
    save: Annotated[Path | None, typer.Option(help="Write the figures there.", show_default=False)] = None,
    show: Annotated[bool, typer.Option("--show", help="Print every answer that is not right.")] = False,
) -> None:
    """Ask plain questions of several folders of documents: right, wrong, refused; and what claims are called."""
    with _crash_is_not_a_regression():
        from qa.evaluate import folder as plain

        with steps() as progress:
            asked, checked = plain.run(place, only=only, every=every, progress=progress)
        _report(asked, checked, against=against, save=save, show=show)


@app.command()
def ablate(
    strangers: Annotated[
        list[Path] | None,
        typer.Option(help="Folder of plain questions, as of `qa eval folder`; repeatable.", show_default=False),
    ] = None,
    data: Annotated[Path | None, typer.Option(help="Folder of the public sets.", show_default=False)] = None,
    questions: QuestionFile = QUESTIONS,
    claims: Annotated[Path, typer.Option(help="Claims in a person's words.")] = CLAIMS,
    kept: Annotated[Path, typer.Option(help="Folder of what was measured: cut short, a run goes on.")] = KEPT,
    sets: Annotated[list[str] | None, typer.Option("--set", help="Only this set; repeatable.")] = None,
    switches: Annotated[list[str] | None, typer.Option("--switch", help="Only this switch; repeatable.")] = None,
    kinds: Annotated[
        list[str] | None, typer.Option("--kind", help="Of plain questions only this kind; repeatable.")
    ] = None,
    limit: Annotated[int, typer.Option(help="Claims of a public set, dialogues of CANARD.")] = 400,
) -> None:
    """Switch every rule and layer off, one at a time: what is lost on which set, and is it noise? As Markdown."""
    with _crash_is_not_a_regression():
        from qa.evaluate import ablate as trial

        kept.mkdir(parents=True, exist_ok=True)
        wanted = trial.trials(strangers or [], data, questions, claims, kept, limit, kinds or ())
        wanted = [t for t in wanted if not sets or t.name in sets]
        with steps() as progress:
            found = trial.run(wanted, kept / "ablation.jsonl", only=switches or (), progress=progress)
    out.print(Text(trial.markdown(found)), soft_wrap=True)


def _report(
    asked: Sequence[Asked],
    checked: Sequence[tuple[PlainClaim, str]],
    *,
    against: Path | None,
    save: Path | None,
    show: bool,
) -> None:
    import json

    from qa.evaluate import folder as plain
    from qa.evaluate.gate import to_json
    from qa.evaluate.run import commit

    data = {"commit": commit(), **plain.to_dict(asked, checked)}
    before = json.loads(against.read_text(encoding="utf-8")) if against else None
    if show:
        for a in asked:
            if a.wrong or a.refused == a.question.answerable:
                out.print(Text(f"{a.question.id} [{a.question.kind}] {a.question.text}\n{a.text}\n"))
        for claim, said in checked:
            if (said in plain.TOLD) != (claim.label == "supported"):
                out.print(Text(f"{claim.id} [{claim.label}, called {said}] {claim.text}\n"))
    out.print(Text(plain.markdown(data, before)))
    if save:
        save.write_text(to_json(data) + "\n", encoding="utf-8")
        out.print(Text(f"Kept in {save}"))


@app.command()
def new(
    source: Annotated[Path | None, typer.Option("--from", help="Folder of documents.", show_default=False)] = None,
    file: Annotated[Path, typer.Option("--out", help="Where to write the drafts.")] = Path("eval/drafts.jsonl"),
    per_source: Annotated[int, typer.Option(help="Questions for each document.")] = 12,
) -> None:
    """Draft questions for your own documents, to edit: names, dates, numbers, quoted speech."""
    with _crash_is_not_a_regression():
        from qa.evaluate.draft import draft, write

        with _assistant(source) as assistant:
            drafted = draft(assistant, per_source=per_source)
        write(drafted, file)
    out.print(Text(f"{len(drafted)} drafts in {file}. Edit them, then run: qa eval --questions {file}"))


@app.command()
def add(
    question: Annotated[str, typer.Argument(help="The question; with --feedback it is not needed.")] = "",
    questions: QuestionFile = QUESTIONS,
    index: IndexDir = None,
    unanswerable: Annotated[
        bool, typer.Option("--unanswerable", help="The sources do not answer it: abstaining is right.")
    ] = False,
    feedback: Annotated[
        Path | None,
        typer.Option(help="JSON lines of feedback from the page; each becomes a case.", show_default=False),
    ] = None,
) -> None:
    """Turn a question and its answer, once you have read it, or the page's feedback, into cases."""
    with _crash_is_not_a_regression():
        from qa.evaluate import draft

        with _assistant(None, index) as assistant:
            if feedback:
                cases = draft.from_feedback(feedback, assistant)
            else:
                answer = assistant.ask(question)
                out.print(str(answer), markup=False)
                cases = [draft.case(question, answer, answerable=not unanswerable)]
        added = draft.append(cases, questions)
    out.print(Text(f"{added} added to {questions}; read them before you rely on them."))


def bench(
    names: Annotated[list[str] | None, typer.Argument(help="Which benchmarks; --list names them.")] = None,
    data: Annotated[
        Path | None, typer.Option(help="The benchmark's file, or the folder with it.", show_default=False)
    ] = None,
    limit: Annotated[int | None, typer.Option(help="Only the first rows, to try it.", show_default=False)] = None,
    save: Annotated[
        Path | None, typer.Option(help="Folder to keep the figures in, with the commit.", show_default=False)
    ] = None,
    json_: Annotated[
        Path | None, typer.Option("--json", help="File to keep what was made of each item.", show_default=False)
    ] = None,
    against: Annotated[
        Path | None,
        typer.Option(help="Such a file of other code: what changed, item by item.", show_default=False),
    ] = None,
    list_: Annotated[bool, typer.Option("--list", help="Name the benchmarks.")] = False,
) -> None:
    """Measure the models on public data sets, with published figures beside; or two versions of the code, paired."""
    with _crash_is_not_a_regression():
        from qa.evaluate import bench as benchmarks
        from qa.evaluate.gate import to_json
        from qa.evaluate.questions import EvalError
        from qa.evaluate.report import bench_markdown, bench_table, changes_table

        if list_ or not names:
            for item in benchmarks.BENCHMARKS.values():
                out.print(Text(f"{item.name:22} {item.what} ({item.file})"))
            return
        if data is None:
            raise EvalError("say where the data lies: qa bench NAME --data PATH")
        before = benchmarks.read_items(against, names) if against else {}
        models, kept, moved = benchmarks.BenchModels(), {}, {}
        for name in names:
            with steps() as progress:
                result = benchmarks.bench(name, data, limit=limit, models=models, progress=progress)
            out.print(bench_table(result))
            kept[name] = result.to_dict(items=True)
            moved[name] = result.against(before[name]) if before else []
            if save:
                save.mkdir(parents=True, exist_ok=True)
                path = save / f"bench-{name}-{(result.environment['commit'] or 'none')[:12]}.json"
                path.write_text(to_json(result.to_dict()) + "\n", encoding="utf-8")
                out.print(Text(f"Kept in {path}"))
                _fill(save.parent / "README.md", name, bench_markdown(result))
        if json_:
            json_.write_text(to_json(kept) + "\n", encoding="utf-8")
        if against:
            out.print(changes_table(moved))


def make_report(
    *,
    questions: Path = QUESTIONS,
    corpus: Path | None = None,
    index: Path | None = None,
    against: Path | None = None,
    subset: str = "",
    floors: dict[str, float] | None = None,
    judge: bool = True,
) -> EvalReport:
    """What `qa eval` does, for programs: runs, compares, and says whether it passed.

    Raises:
        EvalError: questions, evidence or baseline that cannot be used.
        QAError: no assistant could be made.
    """
    from dataclasses import replace

    from qa.evaluate import questions as asked
    from qa.evaluate.gate import gate, read_run
    from qa.evaluate.judge import examine
    from qa.evaluate.report import EvalReport
    from qa.evaluate.run import evaluate

    chosen: Sequence[asked.Question] = asked.load(questions)
    if subset:
        chosen = asked.subset(chosen, subset)
    baseline = read_run(against) if against else None
    with _assistant(corpus, index) as assistant, steps() as progress:
        result = evaluate(assistant, chosen, by_nugget=corpus is not None, progress=progress)
        if judge:
            sentences = SMOKE_SENTENCES if subset == "smoke" else SENTENCES
            tested = examine(assistant, chosen, sentences=sentences, progress=progress)
            result = replace(result, judge=tested)
    return EvalReport(result, gate(result, baseline, floors), baseline, floors or {})


def write_report(report: EvalReport, folder: Path) -> None:
    """`report.html`, `run.json`, `junit.xml` and `summary.md` in a folder."""
    from qa.evaluate.report import html, json, junit, markdown

    folder.mkdir(parents=True, exist_ok=True)
    writers = {"report.html": html, "run.json": json, "junit.xml": junit, "summary.md": markdown}
    for name, write in writers.items():
        (folder / name).write_text(written(write(report), Path(name).suffix), encoding="utf-8")


def is_plain(questions: Path) -> bool:
    """Whether a file holds plain questions (`qa.evaluate.folder`), which have "q" where the others have "question"."""
    try:
        with questions.open(encoding="utf-8") as lines:
            return '"q":' in next(lines, "")
    except OSError:
        return False


def _fill(page: Path, block: str, text: str) -> None:
    """Puts fresh figures into a page that has a place for them, so that it cannot go stale."""
    from qa.evaluate.report import fill

    if page.is_file():
        old = page.read_text(encoding="utf-8")
        if (new := fill(old, block, text)) != old:
            page.write_text(new, encoding="utf-8")
            out.print(Text(f"Figures written: {page}"))


def _baseline(given: Path | None, corpus: Path | None, *, missing_ok: bool) -> Path | None:
    """The one asked for, else the project's own, unless another corpus is measured."""
    if given:
        return None if missing_ok and not given.is_file() else given
    return BASELINE if BASELINE.is_file() and corpus is None else None


def _floors(given: Sequence[str]) -> dict[str, float]:
    from qa.evaluate.questions import EvalError

    floors = {}
    for item in given:
        name, _, value = item.partition("=")
        try:
            floors[name.strip()] = float(value)
        except ValueError:
            raise EvalError(f"a floor is written as 'citation recall=0.9', not {item!r}") from None
    return floors


@contextmanager
def _assistant(corpus: Path | None = None, index: Path | None = None) -> Iterator[Assistant]:
    from qa.assistant import Assistant

    if index:
        with Assistant.open(config=load_config(index_dir=index), build=False) as opened:
            yield opened
        return
    with TemporaryDirectory(prefix="qa-eval-") as folder:
        config = load_config(corpus_dir=corpus, index_dir=Path(folder) / "index")
        with Assistant.build(config=config) as built:
            yield built


@contextmanager
def _crash_is_not_a_regression() -> Iterator[None]:
    """Python ends a crash with status 1, which here would read as "got worse"."""
    try:
        yield
    except (QAError, typer.Exit, KeyboardInterrupt):
        raise
    except Exception:
        err.print(Text(traceback.format_exc()), soft_wrap=True)
        raise typer.Exit(COULD_NOT_RUN) from None
