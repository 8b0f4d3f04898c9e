"""Does this evidence bear this claim out? Layers, cheapest first, each of which can be measured alone.

    verbatim     the claim stands there word for word, as whole sentences: supported, nothing else is asked
    figures      every number, amount and date of the claim stands in the evidence
    names        so does every name
    quotes       quoted words stand there whole, said by the person named
    entailment   the support model: supported, partly, contradicted, or nothing is said of it; without it, shared words

A figure, a name or a quotation that does not stand in the evidence settles it, as does what is verbatim; all else the
model decides, on the scale of `weigh`. Where it is missing, a claim without fault is `unchecked`.
"""

from qa.support.judge import LAYERS, Case, Finding, Judgement, Layer, Support
from qa.support.pool import Evidence, Pool, evidence_of
from qa.support.report import Beside, CheckedSentence, Report, case_of, check, checked, denies

__all__ = [
    "LAYERS",
    "Beside",
    "Case",
    "CheckedSentence",
    "Evidence",
    "Finding",
    "Judgement",
    "Layer",
    "Pool",
    "Report",
    "Support",
    "case_of",
    "check",
    "checked",
    "denies",
    "evidence_of",
]
