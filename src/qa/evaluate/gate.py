"""Better or worse, on what, and is it noise? Bootstrap intervals, comparison with a baseline, floors."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qa.evaluate.measures import BY_NAME, MEASURES, Measure, Pair, Pairs, ratio
from qa.evaluate.questions import EvalError
from qa.evaluate.run import Record, Run

RESAMPLES = 2000
COMPARING_RESAMPLES = 10_000
ALPHA = 0.05
"""Chance, over all gated measures together, that the gate goes red though nothing got worse."""


@dataclass(frozen=True, slots=True)
class Score:
    """A value with its 95 % interval, over n questions."""

    value: float
    low: float
    high: float
    n: int

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {"value": self.value, "low": self.low, "high": self.high, "n": self.n}


@lru_cache(maxsize=64)
def _weights(n: int, resamples: int) -> NDArray[np.float64]:
    """How often each of n questions is drawn, a row per resample; the same for the same n."""
    drawn = np.random.default_rng(n).multinomial(n, np.full(n, 1 / n), size=resamples)
    return drawn.astype(np.float64)


def _resampled(pairs: Pairs, aggregate: Callable[[Pairs], float], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    if aggregate is ratio:
        sums = weights @ pairs
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(sums[:, 0] / sums[:, 1])
    rows = np.arange(len(pairs))
    return np.array([aggregate(pairs[np.repeat(rows, w.astype(int))]) for w in weights])


def bootstrap(pairs: Sequence[Pair], aggregate: Callable[[Pairs], float] = ratio, resamples: int = RESAMPLES) -> Score:
    """A score with its percentile bootstrap interval (Efron 1979): questions are drawn with replacement.

    The draws are seeded, so the same run has the same interval. Where every question gives the same value
    the interval is that value; with n questions and no failure, the true rate of failure is still only known
    to be below about 3/n.
    """
    table = np.array(pairs, dtype=np.float64).reshape(-1, 2)
    if not len(table):
        return Score(math.nan, math.nan, math.nan, 0)
    again = _resampled(table, aggregate, _weights(len(table), resamples))
    low, high = np.nanpercentile(again, (2.5, 97.5))
    return Score(aggregate(table), float(low), float(high), len(table))


def scores(run: Run, records: Sequence[Record] | None = None, resamples: int = RESAMPLES) -> dict[str, Score]:
    """Every measure that applies, with its interval."""
    found = ((m, list(run.pairs(m.name, records).values())) for m in MEASURES)
    # the curve's area is costly to resample and its interval needs no third digit
    return {
        m.name: bootstrap(pairs, m.aggregate, resamples if m.aggregate is ratio else min(resamples, 500))
        for m, pairs in found
        if pairs
    }


@dataclass(frozen=True, slots=True)
class Change:
    """A measure before and after, over the questions that both runs asked."""

    measure: str
    before: float
    after: float
    low: float
    high: float
    """95 % interval of after minus before."""
    p: float
    """Chance to see as much worsening, or more, from the choice of questions alone (one-sided)."""
    significant: bool = False
    """Worse, after Holm's correction over all gated measures."""

    @property
    def delta(self) -> float:
        """After minus before."""
        return self.after - self.before

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {name: getattr(self, name) for name in self.__slots__} | {"delta": self.delta}


@dataclass(frozen=True, slots=True)
class Floor:
    """A floor that a run is below."""

    measure: str
    value: float
    floor: float


@dataclass(frozen=True, slots=True)
class Changed:
    """A question that is answered otherwise than before."""

    id: str
    question: str
    before: str
    after: str
    measures: Mapping[str, tuple[float | None, float | None]]
    """Those that changed: before and after."""
    delta: float
    """Sum of the changes of its gated measures, better being positive."""


@dataclass(frozen=True, slots=True)
class GateOutcome:
    """What the gate says: passed, or what broke it."""

    broken: tuple[Floor, ...]
    changes: tuple[Change, ...] = ()
    changed: tuple[Changed, ...] = ()
    """Worst first."""
    notes: tuple[str, ...] = ()

    @property
    def drops(self) -> tuple[Change, ...]:
        """Significant drops."""
        return tuple(change for change in self.changes if change.significant)

    @property
    def passed(self) -> bool:
        """Whether no floor is broken and nothing got significantly worse."""
        return not self.broken and not self.drops

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why it is red, in a line each."""
        floors = (f"{f.measure} is {f.value:.3f}, the floor is {f.floor:g}" for f in self.broken)
        drops = (
            f"{c.measure} went from {c.before:.3f} to {c.after:.3f} "
            f"({c.delta:+.3f}, 95 % {c.low:+.3f} to {c.high:+.3f})"
            for c in self.drops
        )
        return (*floors, *drops)


def gate(run: Run, baseline: Run | None = None, floors: Mapping[str, float] | None = None) -> GateOutcome:
    """The gate: hard floors, and a paired comparison with the baseline where there is one.

    Args:
        floors: by measure, floors that replace the built-in ones.

    Raises:
        EvalError: a floor for a measure that does not exist, or no question in common with the baseline.
    """
    chosen = {m.name: m.floor for m in MEASURES if m.floor is not None} | dict(floors or {})
    if unknown := set(chosen) - set(BY_NAME):
        raise EvalError(f"no measure {', '.join(sorted(unknown))}; there are: {', '.join(BY_NAME)}")
    broken = tuple(
        Floor(name, run.value(name), floor)
        for name, floor in chosen.items()
        if BY_NAME[name].breaks(run.value(name), floor)
    )
    if baseline is None:
        return GateOutcome(broken)
    common = {r.question.id for r in run.records} & {r.question.id for r in baseline.records}
    if not common:
        raise EvalError("the baseline has no question in common with this run; write a new one")
    before = [r for r in baseline.records if r.question.id in common]
    after = [r for r in run.records if r.question.id in common]
    changes = compare(run, after, baseline, before)
    return GateOutcome(broken, changes, differences(after, before), _notes(run, baseline))


def compare(run: Run, after: Sequence[Record], baseline: Run, before: Sequence[Record]) -> tuple[Change, ...]:
    """Every measure's change, by paired bootstrap: both runs are resampled by the same draws.

    A drop is significant when its one-sided p, corrected by Holm (1979) over the gated measures that
    moved at all, is below `ALPHA`. The system is deterministic: a run compared with itself has no change at all.
    """
    changes = []
    for measure in MEASURES:
        new, old = run.pairs(measure.name, after), baseline.pairs(measure.name, before)
        ids = sorted(new.keys() | old.keys())
        if measure.aggregate is not ratio:
            ids = sorted(new.keys() & old.keys())
        if new and old and ids:
            changes.append(change(measure, [old.get(i, (0, 0)) for i in ids], [new.get(i, (0, 0)) for i in ids]))
    return _holm(changes)


def change(measure: Measure, before: Sequence[Pair], after: Sequence[Pair]) -> Change:
    """How a measure changed over items in the same order, resampled in pairs."""
    old, new = np.array(before, dtype=np.float64), np.array(after, dtype=np.float64)
    now, then = measure.aggregate(new), measure.aggregate(old)
    if np.array_equal(old, new):
        return Change(measure.name, then, now, 0.0, 0.0, 1.0)
    n = COMPARING_RESAMPLES if measure.aggregate is ratio else RESAMPLES
    weights = _weights(len(old), n)
    deltas = _resampled(new, measure.aggregate, weights) - _resampled(old, measure.aggregate, weights)
    deltas = deltas[~np.isnan(deltas)]
    if not len(deltas):
        return Change(measure.name, then, now, math.nan, math.nan, 1.0)
    low, high = np.percentile(deltas, (2.5, 97.5))
    better = -deltas if measure.better == "lower" else deltas
    p = (1 + int((better >= 0).sum())) / (1 + len(better))
    return Change(measure.name, then, now, float(low), float(high), p)


def _holm(changes: Sequence[Change]) -> tuple[Change, ...]:
    # a measure in which no question moved could not have come out worse: it is not counted (Tarone 1990)
    moved = (c for c in changes if BY_NAME[c.measure].gated and c.p < 1)
    gated = sorted(moved, key=lambda c: c.p)
    worse: set[str] = set()
    for place, change in enumerate(gated):
        if change.p > ALPHA / (len(gated) - place):
            break
        worse.add(change.measure)
    return tuple(Change(c.measure, c.before, c.after, c.low, c.high, c.p, c.measure in worse) for c in changes)


def differences(after: Sequence[Record], before: Sequence[Record]) -> tuple[Changed, ...]:
    """Questions whose answer or measures changed, the one that lost most first."""
    old = {r.question.id: r for r in before}
    found = []
    for new in after:
        then = old[new.question.id]
        moved = {
            name: (then.value(name), new.value(name))
            for name in BY_NAME
            if name != "AURC" and _differ(then.value(name), new.value(name))
        }
        if moved or new.text != then.text:
            found.append(
                Changed(
                    new.question.id,
                    new.question.question,
                    then.text,
                    new.text,
                    moved,
                    sum(_gain(BY_NAME[name], *values) for name, values in moved.items()),
                )
            )
    return tuple(sorted(found, key=lambda c: (c.delta, c.id)))


def _differ(before: float | None, after: float | None) -> bool:
    if before is None or after is None:
        return before is not after
    return after != before


def _gain(measure: Measure, before: float | None, after: float | None) -> float:
    if not measure.gated or before is None or after is None:
        return 0.0
    return before - after if measure.better == "lower" else after - before


def _notes(run: Run, baseline: Run) -> tuple[str, ...]:
    new = {r.question.id for r in run.records}
    old = {r.question.id for r in baseline.records}
    notes = []
    if added := new - old:
        notes.append(f"{len(added)} questions are not in the baseline and were not compared")
    if gone := old - new:
        notes.append(f"{len(gone)} questions of the baseline were not asked")
    for what in ("corpus", "models", "settings"):
        if run.environment.get(what) != baseline.environment.get(what):
            notes.append(f"the {what} differ{'s' if what == 'corpus' else ''} from the baseline's")
    return tuple(notes)


def read_run(path: Path) -> Run:
    """A baseline or a saved run.

    Raises:
        EvalError: it cannot be read.
    """
    try:
        return Run.from_dict(json.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise EvalError(f"no baseline in {path}: {error.strerror}; write one with --update-baseline") from error
    except (json.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
        raise EvalError(f"{path} is not a run of `qa eval`: {error!r}") from error


def write_baseline(run: Run, path: Path) -> None:
    """Writes what later runs are compared with: one line per question, so that a diff can be read."""
    data = run.to_dict(whole=False)
    records = data.pop("records")
    head = json.dumps(_finite(data), ensure_ascii=False, indent=1)[:-2]
    lines = ",\n".join(json.dumps(record, ensure_ascii=False) for record in records)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'{head},\n "records": [\n{lines}\n]}}\n', encoding="utf-8")


def _finite(value: Any) -> Any:
    """JSON has no word for not-a-number."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {k: _finite(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(v) for v in value]
    return value


def to_json(value: Any) -> str:
    """JSON text in which what could not be counted is null."""
    return json.dumps(_finite(value), ensure_ascii=False, indent=1)
