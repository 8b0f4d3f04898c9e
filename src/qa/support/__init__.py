"""Does this evidence bear this claim out? Layers, cheapest first, each of which can be measured alone.

    verbatim     the claim stands there word for word, as whole sentences: supported, nothing else is asked;
                 or with little changed (`copied`): supported, if nothing below is wrong
    figures      every number, amount and date of the claim stands in the evidence, where its thing is said (`clash`)
    names        so does every name, and who does what to whom is not turned round
    negation     what one side denies the other does not affirm
    quotes       quoted words stand there whole, said by the person named; reported ones too
    words        the evidence is no mere anchor: it carries the claim's words, not only the question's, nor their
                 opposites
    entailment   the support model: supported, neutral or contradicted

Rules find faults. A figure, a name or a quotation that does not stand in the evidence settles it, as does what is
verbatim; what stands there in its place contradicts it; all else is weighed together (`weigh`). Where the model is
missing, a claim without fault is `unchecked`.
"""

from qa.support.judge import LAYERS, Case, Finding, Judgement, Layer, Support, names
from qa.support.pool import Evidence, Pool, evidence_of
from qa.support.report import CheckedSentence, Report, case_of, check, checked

__all__ = [
    "LAYERS",
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
    "evidence_of",
    "names",
]
