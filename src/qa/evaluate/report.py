"""The same result for a terminal, a machine, a CI summary and a browser."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib import resources
from itertools import zip_longest
from typing import Any

import numpy as np
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from qa.evaluate import plots
from qa.evaluate.bench import Result
from qa.evaluate.gate import Change, Changed, GateOutcome, Score, scores, to_json
from qa.evaluate.judge import ClaimReport, JudgeReport
from qa.evaluate.layers import Rows
from qa.evaluate.measures import BY_NAME, MEASURES, RETRIEVAL, risk_coverage
from qa.evaluate.metamorphic import Check
from qa.evaluate.questions import fold
from qa.evaluate.run import Record, Run
from qa.schema import Verdict

LISTED = 10
"""Changed questions listed in a terminal or a summary; the HTML report has all."""
GROUP_RESAMPLES = 500
GROUP_MEASURES = (
    "nDCG@10", "nugget recall", "source coverage", "citation recall", "citation precision", "attribution",
    "answered", "abstention recall", "risk",
)  # fmt: skip
README_MEASURES = ("nugget recall", "answered", "abstention recall", "citation recall", "risk")


@dataclass(frozen=True)
class EvalReport:
    """A run and what the gate says of it."""

    run: Run
    outcome: GateOutcome
    baseline: Run | None = None
    floors: Mapping[str, float] = field(default_factory=dict)

    @cached_property
    def scores(self) -> dict[str, Score]:
        """Every measure with its interval."""
        return scores(self.run)

    @cached_property
    def groups(self) -> dict[str, dict[str, dict[str, Score]]]:
        """The same by split, kind and source."""
        return {
            by: {name: scores(self.run, records, GROUP_RESAMPLES) for name, records in groups.items()}
            for by, groups in self.run.groups().items()
        }

    @property
    def doubts(self) -> tuple[str, ...]:
        """Why scores that rest on the judge are not to be believed; empty if they are."""
        if self.run.judge is None:
            return ("the judge was not tested in this run",)
        return self.run.judge.failures

    def change(self, measure: str) -> Change | None:
        """Its change against the baseline."""
        return next((c for c in self.outcome.changes if c.measure == measure), None)


def to_dict(report: EvalReport) -> dict[str, Any]:
    """Everything, as JSON."""
    outcome = report.outcome
    return {
        **report.run.to_dict(),
        "passed": outcome.passed,
        "reasons": list(outcome.reasons),
        "notes": list(outcome.notes),
        "judge_doubts": list(report.doubts),
        "intervals": {name: score.to_dict() for name, score in report.scores.items()},
        "groups": {
            by: {g: {n: s.to_dict() for n, s in found.items()} for g, found in groups.items()}
            for by, groups in report.groups.items()
        },
        "changes": [change.to_dict() for change in outcome.changes],
        "changed": [
            {"id": c.id, "delta": c.delta, "before": c.before, "after": c.after, "measures": dict(c.measures)}
            for c in outcome.changed
        ],
    }


def json(report: EvalReport) -> str:
    """`to_dict` as text; what could not be counted is null."""
    return to_json(to_dict(report))


# terminal -------------------------------------------------------------------------------------------


def terminal(report: EvalReport) -> RenderableType:
    """The score table, the judge, the times, and the questions that changed, worst first."""
    parts: list[RenderableType] = [_score_table(report), "", *_stage_table(report)]
    if report.run.judge:
        parts += [judge_table(report.run.judge), ""]
    parts.append(Text(_times(report.run), style="dim"))
    parts += [Text(f"note: {note}", style="dim") for note in _all_notes(report)]
    for changed in report.outcome.changed[:LISTED]:
        parts += ["", *_changed_lines(changed)]
    if more := len(report.outcome.changed) - LISTED:
        parts += [Text(f"and {more} more", style="dim")] if more > 0 else []
    parts += ["", *_verdict_lines(report)]
    return Group(*parts)


def _score_table(report: EvalReport) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("measure")
    for name in ("score", "95 %", "n", "baseline", "change"):
        table.add_column(name, justify="right")
    table.add_column("")
    broken = {floor.measure for floor in report.outcome.broken}
    for name, score in report.scores.items():
        change = report.change(name)
        doubt = " ?" if BY_NAME[name].judged and report.doubts else ""
        table.add_row(
            name + doubt,
            f"{score.value:.3f}",
            f"{score.low:.3f}–{score.high:.3f}",
            str(score.n),
            f"{change.before:.3f}" if change else "",
            _delta(change),
            Text(_mark(name, change, broken)),
            style="red" if name in broken or (change and change.significant) else "",
        )
    return table


def _delta(change: Change | None) -> str:
    if change is None:
        return ""
    return f"{change.delta:+.3f}" if change.delta else "="


def _mark(name: str, change: Change | None, broken: set[str]) -> str:
    if name in broken:
        return "below its floor" if BY_NAME[name].better == "higher" else "above its ceiling"
    if change is None or change.delta == 0:
        return ""
    if change.significant:
        return "worse"
    sign = -1 if BY_NAME[name].better == "lower" else 1
    sure = change.low * sign > 0 and change.high * sign > 0
    return "better" if sure and BY_NAME[name].gated else "within noise"


def _stage_table(report: EvalReport) -> list[RenderableType]:
    stages = report.run.stage_scores()
    if not stages:
        return []
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("retrieval")
    for name in RETRIEVAL:
        table.add_column(name, justify="right")
    for stage, values in stages.items():
        table.add_row(_stage_name(stage), *(f"{values[name]:.3f}" for name in RETRIEVAL))
    return [table, ""]


def _stage_name(stage: str) -> str:
    return {"lexical": "BM25", "reader": "fused + reader"}.get(stage, stage)


def judge_table(judge: JudgeReport) -> Table:
    """What the judge caught, and what it rejected though it was true, by kind."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("the judge on broken claims", "caught", "of", "", "on true claims", "rejected", "of"):
        table.add_column(name, justify="left" if "claims" in name else "right")
    caught, alarms = (list(judge.rates(true=true).items()) for true in (False, True))
    caught.append(("all", _sum(judge.rates(true=False))))
    alarms.append(("all", _sum(judge.rates(true=True))))
    for i in range(max(len(caught), len(alarms))):
        left = caught[i] if i < len(caught) else None
        right = alarms[i] if i < len(alarms) else None
        table.add_row(*_rate_cells(left), "  ", *_rate_cells(right))
    return table


def _rate_cells(row: tuple[str, tuple[int, int]] | None) -> tuple[str, str, str]:
    if row is None:
        return "", "", ""
    name, (n, of) = row
    return name, f"{n / of:.0%}" if of else "", str(of)


def _sum(rates: Mapping[str, tuple[int, int]]) -> tuple[int, int]:
    return sum(n for n, _ in rates.values()), sum(of for _, of in rates.values())


def mistakes(judge: JudgeReport) -> RenderableType:
    """A few mistakes of each kind, to be read."""
    parts: list[RenderableType] = []
    for trial in judge.mistakes:
        what = "true, rejected" if trial.true else "broken, let pass"
        parts += [
            Text(f"{what}: {trial.kind}", "bold"),
            Padding(Text(f"claim     {trial.claim}"), (0, 0, 0, 2)),
            Padding(Text(f"evidence  {trial.evidence}", "dim"), (0, 0, 1, 2)),
        ]
    return Group(*parts)


def claims_markdown(judged: ClaimReport, split: str) -> str:
    """How claims in a person's words were judged, as Markdown."""
    figures = judged.figures
    lines = [
        f"{figures['n']} claims, split `{split}`.",
        "",
        "| Claims in a person's words | |",
        "| --- | --: |",
        *(f"| {name} | {value:.3f} |" for name, value in figures.items() if name != "n"),
        "",
        "| True, said | rejected | of | False by | let pass | of |",
        "| --- | --: | --: | --- | --: | --: |",
    ]
    true, false = (sorted(judged.kinds(true=value).items()) for value in (True, False))
    for left, right in zip_longest(true, false):
        cells = [left[0], str(left[1][0]), str(left[1][1])] if left else ["", "", ""]
        cells += [right[0], str(right[1][1] - right[1][0]), str(right[1][1])] if right else ["", "", ""]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def layers_markdown(sets: Mapping[str, Rows]) -> str:
    """What each layer sees alone, and all together: a row a layer, balanced accuracy and AUROC of each set."""
    head = " | ".join(f"{name}: BAcc | AUROC" for name in sets)
    lines = [f"| | {head} |", "| --- |" + " --: | --: |" * len(sets)]
    for layer, _ in next(iter(sets.values())):
        values = [dict(rows)[layer] for rows in sets.values()]
        cells = [f"{value[name]:.3f}" for value in values for name in ("balanced accuracy", "AUROC")]
        lines.append(f"| {layer} | {' | '.join(cells)} |")
    counts = ", ".join(f"{name} {int(rows[0][1]['n'])}" for name, rows in sets.items())
    return "\n".join([*lines, "", f"n: {counts}."])


def wrongly_judged(judged: ClaimReport) -> RenderableType:
    """Claims whose verdict is not their label, to be read."""
    parts: list[RenderableType] = []
    for claim, judgement in judged.judged:
        if (judgement.verdict is Verdict.SUPPORTED) != (claim.label == "supported"):
            parts.append(Text(f"{claim.id} {claim.kind}: {claim.label}, judged {judgement.verdict.value}", "bold"))
            parts.append(Padding(Text(f"{claim.claim} {judgement.reason}"), (0, 0, 1, 2)))
    return Group(*parts)


def checks_table(checks: Sequence[Check]) -> Table:
    """Each metamorphic check: what was changed, how many answers flipped, how many may."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("what was changed", "what must hold", "broke it", "of", "share", "bound", ""):
        table.add_column(name, justify="right" if name in ("broke it", "of", "share", "bound") else "left")
    for check in checks:
        table.add_row(
            check.change,
            check.holds,
            str(len(check.broke)),
            str(check.of),
            f"{check.share:.0%}",
            f"{check.bound:.0%}",
            "ok" if check.passed else "too many",
            style="" if check.passed else "red",
        )
    return table


def bench_table(result: Result) -> RenderableType:
    """Our figures, what others reached, and how far that compares."""
    names = _columns(result)
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(result.benchmark.name)
    for name in (*names, "n"):
        table.add_column(name, justify="right")
    for system, values in result.rows:
        table.add_row(system, *(_cell(values, name) for name in names), str(int(values["n"])))
    for anchor in result.benchmark.anchors:
        cells = (_cell(anchor.values, name) for name in names)
        table.add_row(f"{anchor.system} (published)", *cells, "", style="dim")
    limit = result.environment.get("limit")
    partly = f"Only the first {limit} rows: not a result. " if limit else ""
    return Group(table, Text(f"{partly}{result.benchmark.what}. {result.benchmark.note}", style="dim"))


def changes_table(changes: Mapping[str, Sequence[Change]]) -> RenderableType:
    """By benchmark, each measure before and now, and the change with its paired interval; bold: beyond noise."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("paired", "measure", "before", "now", "change", "95 %"):
        table.add_column(name, justify="left" if name in ("paired", "measure") else "right")
    for benchmark, moved in changes.items():
        for c in moved:
            interval = f"{c.low:+.3f} to {c.high:+.3f}"
            style = "bold" if c.low > 0 or c.high < 0 else ""
            row = (benchmark, c.measure, f"{c.before:.3f}", f"{c.after:.3f}", f"{c.delta:+.3f}", interval)
            table.add_row(*row, style=style)
    return table


def _columns(result: Result) -> list[str]:
    ours = [m for _, values in result.rows for m in values if m != "n"]
    theirs = [m for anchor in result.benchmark.anchors for m in anchor.values]
    return list(dict.fromkeys(ours + theirs))


def _cell(values: Mapping[str, float], name: str) -> str:
    value = values.get(name, "")
    return f"{value:.3f}" if isinstance(value, float) else str(value)  # a count stays a count


def _times(run: Run) -> str:
    stages = (f"{name} {t['p50'] * 1000:.0f}/{t['p95'] * 1000:.0f}" for name, t in run.latencies().items())
    seconds, memory = run.environment["seconds"], run.environment["peak_memory_mb"]
    return f"p50/p95 in ms: {', '.join(stages)}. Whole run {seconds} s, peak memory {memory} MB."


def _all_notes(report: EvalReport) -> Iterator[str]:
    yield from report.run.environment.get("notes") or ()
    yield from report.outcome.notes
    if report.run.unlocated:
        yield f"the evidence of {len(report.run.unlocated)} questions is not in this corpus"
    if report.run.judge is None:
        yield "the judge was not tested in this run (--no-judge)"


def _changed_lines(changed: Changed) -> list[RenderableType]:
    moved = ", ".join(f"{name} {_number(a)} → {_number(b)}" for name, (a, b) in changed.measures.items())
    style = "red" if changed.delta < 0 else "green" if changed.delta > 0 else "dim"
    return [
        Text.assemble((changed.id, f"bold {style}"), f"  {changed.question}"),
        Padding(Text(moved or "same scores, other words", style="dim"), (0, 0, 0, 2)),
        Padding(Text.assemble(("before  ", "dim"), _first_lines(changed.before)), (0, 0, 0, 2)),
        Padding(Text.assemble(("now     ", "dim"), _first_lines(changed.after)), (0, 0, 0, 2)),
    ]


def _first_lines(text: str) -> str:
    """The prose of an answer on one line; the references are left out."""
    prose = " ".join(text.split("\n\n", 1)[0].split())
    return prose if len(prose) <= 300 else prose[:297] + "…"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _verdict_lines(report: EvalReport) -> list[RenderableType]:
    lines: list[RenderableType] = []
    if report.doubts and report.run.judge:
        lines.append(Text("The judge fails its own test; scores marked ? are worth no more than it:", "yellow"))
        lines += [Padding(Text(f"it {doubt}", "yellow"), (0, 0, 0, 2)) for doubt in report.doubts]
    if report.outcome.passed:
        against = "against the baseline" if report.baseline else "without a baseline"
        return [*lines, Text(f"Passed {against}.", "bold green")]
    lines.append(Text("Failed:", "bold red"))
    return [*lines, *(Padding(Text(reason, "red"), (0, 0, 0, 2)) for reason in report.outcome.reasons)]


# CI -------------------------------------------------------------------------------------------------


def markdown(report: EvalReport) -> str:
    """A summary for a CI page. Text from documents is fenced, so that it cannot become markup."""
    outcome = report.outcome
    lines = [f"## qa eval: {'passed' if outcome.passed else 'failed'}", ""]
    lines += [f"- {reason}" for reason in outcome.reasons]
    if report.doubts and report.run.judge:
        lines += [f"- the judge fails its own test: {doubt}" for doubt in report.doubts]
    lines += ["", *score_tables(report)]
    lines += ["", _times(report.run), ""]
    for changed in outcome.changed[:LISTED]:
        lines += [f"<details><summary>{changed.id} ({changed.delta:+.2f})</summary>", ""]
        fenced = f"{changed.question}\n\nbefore:\n{changed.before}\n\nnow:\n{changed.after}"
        fence = "`" * (1 + max((len(run) for run in _backticks(fenced)), default=2))
        lines += [f"{fence}text", fenced, fence, "", "</details>", ""]
    return "\n".join(lines)


def score_tables(report: EvalReport, *, compared: bool = True) -> list[str]:
    """Every measure with its interval, then what each stage of retrieval earns, as Markdown."""
    broken = {floor.measure for floor in report.outcome.broken}
    head, rule = "| Measure | Score | 95 % | n |", "| --- | --: | --- | --: |"
    lines = [f"{head} Baseline | Change | |", f"{rule} --: | --: | --- |"] if compared else [head, rule]
    for name, s in report.scores.items():
        doubt = " ?" if BY_NAME[name].judged and report.doubts else ""
        line = f"| {name}{doubt} | {s.value:.3f} | {s.low:.3f}–{s.high:.3f} | {s.n} |"
        if compared:
            c = report.change(name)
            before = f"{c.before:.3f}" if c else ""
            line += f" {before} | {_delta(c)} | {_mark(name, c, broken)} |"
        lines.append(line)
    if stages := report.run.stage_scores():
        lines += ["", f"| Retrieval | {' | '.join(RETRIEVAL)} |", "| --- |" + " --: |" * len(RETRIEVAL)]
        lines += [
            f"| {_stage_name(stage)} | {' | '.join(f'{v[name]:.3f}' for name in RETRIEVAL)} |"
            for stage, v in stages.items()
        ]
    return lines


def readme_scores(report: EvalReport) -> str:
    """The score tables of `eval/README.md`: the scores, by split, kind and source, and the judge."""
    ran = report.run.environment
    models = ", ".join(f"{name} `{digest[:12]}`" for name, digest in (ran["models"] or {}).items())
    lines = [
        f"{ran['questions']} questions; corpus `{ran['corpus']}`, settings `{ran['settings']}`, models {models}.",
        "",
        *score_tables(report, compared=False),
    ]
    for by, groups in report.groups.items():
        lines += ["", f"| By {by} | {' | '.join(README_MEASURES)} |", "| --- |" + " --: |" * len(README_MEASURES)]
        for group, found in groups.items():
            cells = (f"{found[n].value:.2f} ({found[n].n})" if n in found else "" for n in README_MEASURES)
            lines.append(f"| {group} | {' | '.join(cells)} |")
    if judge := report.run.judge:
        for true, title, verb in ((False, "Broken by", "caught"), (True, "True, said", "rejected")):
            lines += ["", f"| {title} | {verb} | of |", "| --- | --: | --: |"]
            rates = judge.rates(true=true)
            lines += [f"| {k} | {n / of:.0%} | {of} |" for k, (n, of) in [*rates.items(), ("all", _sum(rates))]]
    return "\n".join([*lines, "", _times(report.run)])


def bench_markdown(result: Result) -> str:
    """One benchmark as Markdown: our rows, then the published ones."""
    names = _columns(result)
    lines = [
        f"**{result.benchmark.name}**: {result.benchmark.what}. {result.benchmark.note}".strip(),
        "",
        f"| | {' | '.join(names)} | n |",
        "| --- |" + " --: |" * (len(names) + 1),
    ]
    for system, values in result.rows:
        cells = " | ".join(_cell(values, name) for name in names)
        lines.append(f"| {system} | {cells} | {int(values['n'])} |")
    for anchor in result.benchmark.anchors:
        cells = " | ".join(_cell(anchor.values, name) for name in names)
        lines.append(f"| *{anchor.system}* | {cells} | |")
    return "\n".join([*lines, "", f"At commit `{(result.environment['commit'] or 'none')[:12]}`."])


def fill(page: str, block: str, text: str) -> str:
    """A page with what stands between `<!-- BLOCK -->` and `<!-- /BLOCK -->` replaced; the same without them."""
    opening, closing = f"<!-- {block} -->", f"<!-- /{block} -->"
    before, found, rest = page.partition(opening)
    if not found or closing not in rest:
        return page
    return f"{before}{opening}\n{text}\n{closing}{rest.partition(closing)[2]}"


def _backticks(text: str) -> list[str]:
    return re.findall(r"`{3,}", text)


def junit(report: EvalReport) -> str:
    """JUnit XML: a case per measure, which fails as the gate does, and a case per question.

    A question's case fails only when the gate is red and the question lost on a measure that made it so.
    """
    from junitparser import Failure, JUnitXml, TestCase, TestSuite

    outcome = report.outcome
    why = {f.measure: reason for f, reason in zip(outcome.broken, outcome.reasons, strict=False)}
    why |= {c.measure: r for c, r in zip(outcome.drops, outcome.reasons[len(outcome.broken) :], strict=False)}
    gate = TestSuite("gate")
    for name, score in report.scores.items():
        case = TestCase(name, classname="qa.eval.gate")
        case.system_out = f"{score.value:.4f}, 95 % {score.low:.4f} to {score.high:.4f}, n = {score.n}"
        if name in why:
            case.result = [Failure(_clean(why[name]))]
        gate.add_testcase(case)
    suites = [gate]
    changed = {c.id: c for c in outcome.changed}
    for kind, records in report.run.groups()["kind"].items():
        suite = TestSuite(kind)
        for record in records:
            case = TestCase(record.question.id, classname=f"qa.eval.{kind}", time=record.seconds.get("total"))
            case.system_out = _clean(f"{record.question.question}\n{record.text}")
            if lost := _lost(record, changed.get(record.question.id), why):
                case.result = [Failure(_clean(lost))]
            suite.add_testcase(case)
        suites.append(suite)
    xml = JUnitXml("qa eval")
    for suite in suites:
        xml.add_testsuite(suite)
    return str(xml.tostring().decode("utf-8"))  # type: ignore[no-untyped-call]


def _lost(record: Record, changed: Changed | None, why: Mapping[str, str]) -> str:
    lost = []
    for name in why:
        if changed and name in changed.measures:
            before, after = changed.measures[name]
            if before is not None and after is not None and (after - before) * _sign(name) < 0:
                lost.append(f"{name} {before:.2f} → {after:.2f}")
        elif (value := record.value(name)) is not None and value != (1.0 if _sign(name) > 0 else 0.0):
            floor = BY_NAME[name].floor
            lost += [f"{name} {value:.2f}"] if floor is not None and BY_NAME[name].breaks(value, floor) else []
    return "; ".join(lost)


def _sign(measure: str) -> int:
    return -1 if BY_NAME[measure].better == "lower" else 1


def _clean(text: str) -> str:
    """Without the control characters that XML cannot hold."""
    return "".join(c for c in text if c in "\n\t" or (c.isprintable() and c not in "\ufffe\uffff"))


# browser --------------------------------------------------------------------------------------------


def html(report: EvalReport) -> str:
    """One self-contained page: no request, no script but its own, every string of a document escaped."""
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["number"] = _number
    source = resources.files("qa.evaluate").joinpath("report.html.j2").read_text(encoding="utf-8")
    return environment.from_string(source).render(
        report=report,
        outcome=report.outcome,
        environment=report.run.environment,
        measures=_measure_rows(report),
        group_measures=GROUP_MEASURES,
        groups={by: g for by, g in report.groups.items() if by != "split" or len(g) > 1},
        lower={m.name for m in MEASURES if m.better == "lower"},
        stages={_stage_name(stage): values for stage, values in report.run.stage_scores().items()},
        retrieval=RETRIEVAL,
        curve=_curve(report.run),
        latency=_latency(report.run),
        changes=_changes(report),
        judge=report.run.judge,
        notes=list(_all_notes(report)),
        questions=[_question(report, record) for record in _worst_first(report)],
        kinds=list(report.run.groups()["kind"]),
    )


def _measure_rows(report: EvalReport) -> list[dict[str, Any]]:
    broken = {floor.measure for floor in report.outcome.broken}
    rows = []
    for name, score in report.scores.items():
        change = report.change(name)
        mark = _mark(name, change, broken)
        red = name in broken or bool(change and change.significant)
        rows.append(
            {
                "name": name,
                "what": BY_NAME[name].what,
                "lower": BY_NAME[name].better == "lower",
                "doubt": BY_NAME[name].judged and bool(report.doubts),
                "score": score,
                "change": change,
                "mark": mark,
                "state": "bad" if red else "good" if mark == "better" else "",
                "plot": plots.interval(score.value, score.low, score.high, change.before if change else None),
            }
        )
    return rows


def _curve(run: Run) -> Any:
    pairs = list(run.pairs("AURC").values())
    if not pairs:
        return ""
    coverage, risk = risk_coverage(np.array(pairs))
    answered = sum(not record.abstained for record in run.records)
    value = run.value("risk")
    shown = None if math.isnan(value) else (answered / len(run.records), value)
    return plots.risk_coverage(coverage.tolist(), risk.tolist(), shown)


def _latency(run: Run) -> Any:
    return plots.latencies({name: t for name, t in run.latencies().items() if t["n"]})


def _changes(report: EvalReport) -> Any:
    moved = [c for c in report.outcome.changes if c.delta or c.low or c.high]
    lower = frozenset(m.name for m in MEASURES if m.better == "lower")
    return plots.changes(moved, lower) if moved else ""


def _worst_first(report: EvalReport) -> Sequence[Record]:
    place = {c.id: n for n, c in enumerate(report.outcome.changed) if c.delta < 0}
    return sorted(report.run.records, key=lambda r: (place.get(r.question.id, len(place)), _quality(r)))


def _quality(record: Record) -> float:
    names = ("nugget recall", "abstention recall", "false premise", "injection resisted", "citation recall")
    values = [v for name in names if (v := record.value(name)) is not None]
    return min(values, default=1.0)


def _question(report: EvalReport, record: Record) -> dict[str, Any]:
    question = record.question
    words = fold(
        " ".join(
            [record.answer.get("premise", "")]
            + [f"{s['attribution']} {s['text']}" for s in record.answer.get("answer", ())]
        )
    )
    changed = next((c for c in report.outcome.changed if c.id == question.id), None)
    quality = _quality(record)
    return {
        "q": question,
        "record": record,
        "quality": "good" if quality >= 1 else "fair" if quality > 0 else "bad",
        "changed": changed,
        "state": "same" if changed is None else "worse" if changed.delta < 0 else "changed",
        "nuggets": [(nugget.text, nugget.held_by(words)) for nugget in question.nuggets],
        "values": {name: v for name in record.pairs if (v := record.value(name)) is not None and name != "AURC"},
        "answer": record.answer,
    }
