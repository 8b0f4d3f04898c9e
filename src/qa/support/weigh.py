"""How the layers' signals are weighed: a logistic sum that a claim holds, and three thresholds.

Fitted by `training/support_weights.py`, which prints what stands below; see there on what.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

# fitted
HOLDS: Mapping[str, float] = {
    "entailment.for": 0.673,
    "figures.absent": -12.000,
    "names.absent": -12.000,
    "quotes.failed": -12.000,
}
HOLDS_BIAS = 0.427
SUPPORTED = 0.560
"""Probability from which a claim counts as borne out."""
SURE = 0.710
"""Probability from which it is surely so."""
CONTRADICTED = 0.445
"""The support model's probability of a contradiction from which the source says otherwise."""
# end of what is fitted


def holds(signals: Mapping[str, float]) -> float:
    """Probability that the evidence bears the claim out."""
    return 1 / (1 + math.exp(-HOLDS_BIAS - sum(HOLDS.get(name, 0.0) * value for name, value in signals.items())))


def part(signals: Mapping[str, float], layer: str) -> float:
    """What one layer adds to the log-odds that a claim holds."""
    return sum(HOLDS.get(name, 0.0) * value for name, value in signals.items() if name.startswith(f"{layer}."))


def log_odds(chance: float) -> float:
    """Of a probability, kept finite."""
    chance = min(max(chance, 1e-4), 1 - 1e-4)
    return math.log(chance / (1 - chance))
