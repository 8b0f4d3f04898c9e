"""How the layers' signals are weighed: two logistic sums, one that a claim holds, one that the source says otherwise.

Fitted by `training/support_weights.py`, which prints the tables below; see there on what.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

# fitted
HOLDS: Mapping[str, float] = {
    "entailment.against": -0.005,
    "entailment.for": 0.748,
    "figures.absent": -12.000,
    "names.absent": -12.000,
    "names.elsewhere": -0.462,
    "names.partly": -0.602,
    "names.turned": -12.000,
    "negation.added": -2.089,
    "negation.left": -2.096,
    "quotes.failed": -12.000,
    "quotes.speaker": -1.321,
    "words.best": 1.506,
    "words.pairs": 0.116,
    "words.reworded": -0.996,
    "words.share": 0.954,
    "words.anchored": -12.000,
}
HOLDS_BIAS = 1.607
SUPPORTED = 0.430
"""Probability from which a claim counts as borne out."""

CONFLICTS: Mapping[str, float] = {
    "entailment.against": 0.785,
    "entailment.for": -0.148,
    "figures.absent": -0.189,
    "figures.elsewhere": -0.400,
    "names.absent": -0.370,
    "names.elsewhere": 0.424,
    "names.partly": -0.058,
    "negation.added": 0.374,
    "negation.left": 1.147,
    "negation.other": -0.289,
    "quotes.failed": -0.102,
    "quotes.speaker": 0.790,
    "words.best": 0.078,
    "words.pairs": 0.018,
    "words.reworded": 0.312,
    "words.share": -0.004,
}
CONFLICTS_BIAS = 0.134
CONTRADICTED = 0.852
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
