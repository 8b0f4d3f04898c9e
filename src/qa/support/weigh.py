"""How sure the check is: the support model's log-odds on a scale, and three thresholds.

Fitted by `training/support_weights.py`, which prints what stands below; see there on what.
"""

from __future__ import annotations

import math

# fitted
SCALE, BIAS = 0.673, 0.427
"""Of the model's log-odds that a claim is borne out."""
SUPPORTED = 0.560
"""Probability from which a claim counts as borne out."""
SURE = 0.710
"""Probability from which it is surely so."""
CONTRADICTED = 0.275
"""By how much a contradiction must be likelier than support for the source to say otherwise."""
# end of what is fitted


def holds(chance: float) -> float:
    """Probability that the evidence bears a claim out, by the support model's own."""
    chance = min(max(chance, 1e-4), 1 - 1e-4)
    return 1 / (1 + math.exp(-BIAS - SCALE * math.log(chance / (1 - chance))))
