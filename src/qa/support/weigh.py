"""How the layers' signals are weighed: two logistic sums, one that a claim holds, one that the source says otherwise.

Fitted by `training/support_weights.py`, which prints the tables below; see there on what.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

# fitted
HOLDS: Mapping[str, float] = {
    "entailment.against": -0.005,
    "entailment.for": 0.750,
    "figures.absent": -6.000,
    "names.absent": -6.000,
    "names.elsewhere": -0.459,
    "names.partly": -0.595,
    "names.turned": -6.000,
    "negation.added": -2.081,
    "negation.left": -2.091,
    "quotes.failed": -6.000,
    "quotes.speaker": -0.946,
    "words.best": 1.551,
    "words.pairs": 0.092,
    "words.reworded": -0.986,
    "words.share": 0.922,
    "words.anchored": -6.000,
}
HOLDS_BIAS = 1.588
SUPPORTED = 0.252
"""Probability from which a claim counts as borne out."""

CONFLICTS: Mapping[str, float] = {
    "entailment.against": 0.786,
    "entailment.for": -0.149,
    "figures.absent": -0.193,
    "figures.elsewhere": -0.403,
    "names.absent": -0.371,
    "names.elsewhere": 0.422,
    "names.partly": -0.059,
    "negation.added": 0.370,
    "negation.left": 1.143,
    "negation.other": -0.273,
    "quotes.failed": -0.106,
    "quotes.speaker": 0.569,
    "words.best": 0.063,
    "words.pairs": 0.036,
    "words.reworded": 0.305,
    "words.share": 0.012,
}
CONFLICTS_BIAS = 0.154
CONTRADICTED = 0.814
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
