"""How the layers' signals are weighed: two logistic sums, one that a claim holds, one that the source says otherwise.

Fitted by `training/support_weights.py`, which prints the tables below; see there on what.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

# fitted
HOLDS: Mapping[str, float] = {
    "entailment.for": 0.363,
    "words.best": 0.147,
    "words.share": 0.652,
    "figures.absent": -12.000,
    "names.absent": -12.000,
    "quotes.failed": -12.000,
}
HOLDS_BIAS = 0.761
SUPPORTED = 0.540
"""Probability from which a claim counts as borne out."""
SURE = 0.670
"""Probability from which it is surely so."""

CONFLICTS: Mapping[str, float] = {
    "entailment.against": 0.282,
    "entailment.for": -0.137,
    "words.best": 1.129,
    "words.share": -0.243,
}
CONFLICTS_BIAS = 0.152
CONTRADICTED = 0.610
"""Probability from which a source is said to contradict a claim."""
# end of what is fitted


def holds(signals: Mapping[str, float]) -> float:
    """Probability that the evidence bears the claim out."""
    return _chance(HOLDS, HOLDS_BIAS, signals)


def conflicts(signals: Mapping[str, float]) -> float:
    """Probability that the evidence says otherwise."""
    return _chance(CONFLICTS, CONFLICTS_BIAS, signals)


def part(signals: Mapping[str, float], layer: str) -> float:
    """What one layer adds to the log-odds that a claim holds."""
    return sum(HOLDS.get(name, 0.0) * value for name, value in signals.items() if name.startswith(f"{layer}."))


def log_odds(chance: float) -> float:
    """Of a probability, kept finite."""
    chance = min(max(chance, 1e-4), 1 - 1e-4)
    return math.log(chance / (1 - chance))


def _chance(weights: Mapping[str, float], bias: float, signals: Mapping[str, float]) -> float:
    return 1 / (1 + math.exp(-bias - sum(weights.get(name, 0.0) * value for name, value in signals.items())))
