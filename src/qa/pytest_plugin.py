"""For the tests of other projects: the fixture `borne_out`, and `pytest --qa-eval`, the eval as tests.

    def test_answer(borne_out):
        borne_out(answer("Who voted?"), ["docs/minutes.pdf"])

    pytest --qa-eval [--qa-eval-against eval/baseline.json] [--qa-eval-subset smoke]

A measure below its floor or significantly worse than the baseline is a failed test that lists the
questions that changed. The eval runs once, when the first of its tests runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from qa.evaluate.report import EvalReport

# pytest loads this in every run: what is heavy is imported when it is asked for.


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds the options."""
    group = parser.getgroup("qa")
    group.addoption("--qa-eval", action="store_true", help="run the eval of qa as tests, one per measure")
    group.addoption("--qa-eval-questions", metavar="FILE", default="eval/questions.jsonl")
    group.addoption("--qa-eval-against", metavar="FILE", help="baseline; default: eval/baseline.json if there")
    group.addoption("--qa-eval-subset", metavar="NAME", default="", help="smoke, dev, test or a kind")
    group.addoption("--qa-eval-report", metavar="FOLDER", help="where to write the reports")


@pytest.fixture(name="borne_out")
def borne_out_fixture() -> Callable[..., Any]:
    """`qa.assert_borne_out(text, sources)`: fails with each sentence that the sources do not bear out, and why."""
    from qa.checking import assert_borne_out

    return assert_borne_out


def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[pytest.Item]) -> None:
    """Adds a test per measure after the project's own."""
    if config.getoption("--qa-eval"):
        items.extend(_Measures.from_parent(session, name="qa-eval").collect())


class _Measures(pytest.Collector):
    """The measures as tests."""

    def collect(self) -> Iterator[pytest.Item]:
        from qa.evaluate.measures import MEASURES

        report = _once(self.config)
        for measure in MEASURES:
            if measure.gated:
                yield _MeasureTest.from_parent(self, name=measure.name, report=report)


def _once(config: pytest.Config) -> Any:
    @cache
    def report() -> EvalReport:
        from qa.evaluate.commands import BASELINE, make_report, write_report

        given = config.getoption("--qa-eval-against")
        baseline = Path(given) if given else BASELINE if BASELINE.is_file() else None
        made = make_report(
            questions=Path(config.getoption("--qa-eval-questions")),
            against=baseline,
            subset=config.getoption("--qa-eval-subset"),
            judge=False,
        )
        if folder := config.getoption("--qa-eval-report"):
            write_report(made, Path(folder))
        return made

    return report


class _MeasureTest(pytest.Item):
    """Fails when its measure makes the gate red."""

    def __init__(self, *, report: Any, **options: Any) -> None:
        super().__init__(**options)
        self._report = report

    def runtest(self) -> None:
        """Runs the eval the first time; then looks at this measure."""
        report: EvalReport = self._report()
        if self.name not in report.scores:
            pytest.skip("applies to no question")
        outcome = report.outcome
        causes = [floor.measure for floor in outcome.broken] + [drop.measure for drop in outcome.drops]
        reasons = [why for name, why in zip(causes, outcome.reasons, strict=True) if name == self.name]
        if reasons:
            raise _Red("\n".join([*reasons, *_changed(report, self.name)]))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The reason and the questions, without a traceback."""
        if isinstance(excinfo.value, _Red):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, None, str]:
        """Where it stands in the list."""
        return self.path, None, f"qa-eval: {self.name}"


class _Red(Exception):
    """A measure that makes the gate red."""


def _changed(report: EvalReport, measure: str) -> Iterator[str]:
    for changed in report.outcome.changed:
        if measure in changed.measures:
            before, after = changed.measures[measure]
            yield f"\n{changed.id}: {changed.question}  ({before} → {after})"
            yield f"  before: {' '.join(changed.before.split())[:300]}"
            yield f"  now:    {' '.join(changed.after.split())[:300]}"
