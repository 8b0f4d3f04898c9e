"""The gate: intervals, paired comparison, floors, and the reports of the same result."""

from __future__ import annotations

import io
import json
import math
import random
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import make_hit
from qa.evaluate import gate as gates
from qa.evaluate import report as reports
from qa.evaluate.gate import bootstrap, gate, read_run, write_baseline
from qa.evaluate.judge import JudgeReport, JudgeTrial
from qa.evaluate.measures import Pair
from qa.evaluate.questions import EvalError, Nugget, Question
from qa.evaluate.report import EvalReport
from qa.evaluate.run import Record, Run
from qa.schema import Answer, Citation, Sentence

HOSTILE = "<script>alert(1)</script> ``` & \x07 <b>bold</b>"


def record(number: int, text: str = "An answer.", **pairs: float) -> Record:
    full: dict[str, Pair] = {name.replace("_", " "): (value, 1.0) for name, value in pairs.items()}
    asked = Question(f"fact-{number:03}", f"Question {number}?", "fact", "dev", True, nuggets=(Nugget("x", ("x",)),))
    hit = make_hit(text)
    answer = Answer(asked.question, (Sentence(text, (Citation.cut(hit, 0, len(text)),), attribution=text),))
    return Record(asked, text, False, 0.5, full, seconds={"search": 0.02, "total": 0.1}, answer=answer.to_dict())


def run(values: list[float], measure: str = "nugget recall", **others: float) -> Run:
    environment = {
        "corpus": "c",
        "models": {},
        "settings": "s",
        "commit": "1" * 40,
        "changed": False,
        "questions": len(values),
        "seconds": 1.0,
        "peak_memory_mb": 1,
        "machine": "m",
        "python": "3",
    }
    records = [record(n, **{measure.replace(" ", "_"): v, **others}) for n, v in enumerate(values)]
    return Run(tuple(records), environment)


def test_an_interval_holds_the_true_value_about_95_times_in_100() -> None:
    """Coverage over 200 draws of 60 questions; the percentile bootstrap is known to fall a little short."""
    chance = random.Random(1)
    held = 0
    for _ in range(200):
        score = bootstrap([(float(chance.random() < 0.7), 1.0) for _ in range(60)], resamples=400)
        held += score.low <= 0.7 <= score.high
    assert 0.89 <= held / 200 <= 0.99


@given(st.lists(st.tuples(st.floats(0, 1), st.just(1.0)), min_size=1, max_size=40))
@settings(max_examples=40)
def test_a_score_lies_within_its_interval_and_both_within_the_values(pairs: list[Pair]) -> None:
    """A mean of shares is a share."""
    score = bootstrap(pairs, resamples=300)
    assert min(p for p, _ in pairs) - 1e-9 <= score.low <= score.high <= max(p for p, _ in pairs) + 1e-9
    assert score.n == len(pairs)


def test_nothing_counted_is_not_a_number() -> None:
    """Not zero."""
    assert math.isnan(bootstrap([]).value)


def test_the_same_run_has_the_same_interval() -> None:
    """The draws are seeded."""
    pairs = [(float(n % 3 == 0), 1.0) for n in range(50)]
    assert bootstrap(pairs) == bootstrap(pairs)


def test_a_run_compared_with_itself_passes_without_a_change() -> None:
    """The system is deterministic; so is the gate."""
    same = run([1.0, 0.5, 0.0] * 20)
    outcome = gate(same, same)
    assert outcome.passed
    assert not outcome.changed
    assert all(change.delta == 0 and not change.significant for change in outcome.changes)


def test_a_real_drop_turns_it_red_and_names_the_questions_worst_first() -> None:
    """Twenty of sixty questions lose what they had; the one that lost all stands first."""
    before = run([1.0] * 60)
    after = run([0.0] + [0.5] * 19 + [1.0] * 40)
    outcome = gate(after, before)
    assert not outcome.passed
    assert [drop.measure for drop in outcome.drops] == ["nugget recall"]
    assert outcome.changed[0].id == "fact-000"
    assert len(outcome.changed) == 20
    assert "nugget recall went from 1.000 to" in outcome.reasons[0]


def test_a_few_flips_both_ways_are_noise() -> None:
    """Three lost, two won, of sixty."""
    before = run([1.0] * 58 + [0.0] * 2)
    after = run([0.0] * 3 + [1.0] * 57)
    assert gate(after, before).passed


def test_an_improvement_passes() -> None:
    """Better is never red, in either direction of better."""
    assert gate(run([1.0] * 60), run([0.0] * 60)).passed
    assert gate(run([0.0] * 60, "risk"), run([1.0] * 60, "risk")).passed
    assert not gate(run([1.0] * 60, "risk"), run([0.0] * 60, "risk")).passed


def test_chance_alone_rarely_turns_it_red() -> None:
    """Many measures that only flicker: Holm keeps false alarms near 5 % of 60 pairs of runs."""
    chance = np.random.default_rng(2)
    names = ["nugget recall", "source coverage", "answered", "R@5", "R@10", "MRR", "attribution", "relevance"]
    red = 0
    for _ in range(60):
        tables = chance.random((2, 8, 50)) < 0.6
        runs = []
        for table in tables:
            columns = {name.replace(" ", "_"): table[k] for k, name in enumerate(names)}
            records = [record(n, **{k: float(v[n]) for k, v in columns.items()}) for n in range(50)]
            runs.append(Run(tuple(records), {}))
        red += bool(gate(*runs).drops)
    assert red <= 9  # 60 trials at 5 %: more than 8 happens once in 250 times


@pytest.mark.parametrize("measure", ["pointer validity", "citation recall", "citation precision", "injection resisted"])
def test_a_hard_floor_needs_no_baseline(measure: str) -> None:
    """Ten of sixty broken are too many for each of the four; none is fine."""
    worst = run([0.0] * 10 + [1.0] * 50, measure)
    assert [floor.measure for floor in gate(worst).broken] == [measure]
    assert gate(run([1.0] * 60, measure)).passed


def test_one_bad_pointer_is_one_too_many() -> None:
    """100 %, not nearly."""
    assert not gate(run([0.0] + [1.0] * 999, "pointer validity")).passed


def test_a_floor_can_be_replaced_and_a_misspelt_one_is_refused() -> None:
    """By name; the message lists the names."""
    assert gate(run([0.9] * 9, "citation recall"), floors={"citation recall": 0.85}).passed
    assert not gate(run([0.9] * 9), floors={"nugget recall": 0.95}).passed
    with pytest.raises(EvalError, match="there are: nDCG@10"):
        gate(run([1.0]), floors={"citation recal": 0.5})


def test_a_measure_that_applies_to_no_question_breaks_nothing() -> None:
    """A corpus without injections has no such floor."""
    assert gate(run([1.0])).passed


def test_only_questions_in_both_runs_are_compared() -> None:
    """And the note says how many were not."""
    outcome = gate(run([1.0] * 30), run([1.0] * 20))
    assert outcome.passed
    assert "10 questions are not in the baseline" in outcome.notes[0]
    with pytest.raises(EvalError, match="no question in common"):
        gate(run([1.0]), Run((record(900, nugget_recall=1.0),), {}))


def test_a_baseline_comes_back_as_it_was_written(tmp_path: Path) -> None:
    """And compares equal; it holds one line per question."""
    written = run([1.0, 0.3333, 0.0] * 5)
    path = tmp_path / "eval" / "baseline.json"
    write_baseline(written, path)
    outcome = gate(written, read_run(path))
    assert not outcome.changed
    assert not outcome.notes
    assert sum('"id"' in line for line in path.read_text().splitlines()) == 15


@pytest.mark.parametrize("content", ["", "[]", '{"run_version": 99}', '{"run_version": 1}', "null"])
def test_a_file_that_is_no_baseline_is_refused(tmp_path: Path, content: str) -> None:
    """One line that says what it is not, never a traceback."""
    (tmp_path / "b.json").write_text(content)
    with pytest.raises(EvalError):
        read_run(tmp_path / "b.json")
    with pytest.raises(EvalError, match="--update-baseline"):
        read_run(tmp_path / "none.json")


@pytest.fixture
def red() -> EvalReport:
    """A failing result with hostile text everywhere a document's words may stand."""
    before, after = run([1.0] * 40), run([0.0] * 40)
    hostile = [record(n, text=HOSTILE, nugget_recall=0.0) for n in range(40)]
    judge = JudgeReport(
        (JudgeTrial("number", HOSTILE, HOSTILE, True, False), JudgeTrial("date", "a", "b", False, True))
    )
    after = Run(tuple(hostile), after.environment, judge)
    return EvalReport(after, gate(after, before), before)


def test_the_page_escapes_every_string_of_a_document(red: EvalReport) -> None:
    """The only script is its own, and nothing is fetched."""
    page = reports.html(red)
    assert "<script>alert" not in page
    assert "<b>bold" not in page
    assert page.count("<script") == 1
    assert "http" not in page.replace("http-equiv", "")


def test_junit_fails_the_measure_and_the_questions_that_lost(red: EvalReport) -> None:
    """And is XML whatever the documents hold."""
    tree = ElementTree.fromstring(reports.junit(red))
    failed = {case.get("name") for case in tree.iter("testcase") if case.find("failure") is not None}
    assert "nugget recall" in failed
    assert {f"fact-{n:03}" for n in range(40)} <= failed


def test_a_summary_fences_what_documents_say(red: EvalReport) -> None:
    """Backticks inside do not end the fence."""
    summary = reports.markdown(red)
    assert "## qa eval: failed" in summary
    assert "````text" in summary
    assert "nugget recall went from 1.000 to 0.000" in summary


def test_json_has_no_word_that_json_does_not_know(red: EvalReport) -> None:
    """What could not be counted is null."""
    data = json.loads(reports.json(red), parse_constant=lambda word: pytest.fail(f"{word} is not JSON"))
    assert data["passed"] is False
    assert data["judge_doubts"]
    assert data["changes"][0]["significant"] is True


def test_a_score_whose_judge_fails_is_marked(red: EvalReport) -> None:
    """In the table and in the verdict."""
    from rich.console import Console

    console = Console(width=120, record=True, file=io.StringIO())
    console.print(reports.terminal(red))
    shown = console.export_text()
    assert "fails its own test" in shown
    assert "Failed:" in shown


def test_the_listing_shows_both_answers(red: EvalReport) -> None:
    """Before and now."""
    first = red.outcome.changed[0]
    assert (first.before, first.after) == ("An answer.", HOSTILE)
    assert isinstance(first, gates.Changed)
