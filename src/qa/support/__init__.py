"""Does this evidence bear this claim out? Layers, cheapest first, each of which can be measured alone.

    verbatim     the claim stands there word for word, as whole sentences: supported, nothing else is asked
    facts        every number, date, name and negation of the claim stands in the evidence
    quotes       quoted words stand there whole, said by the person named
    reuse        the evidence is not a mere anchor: it carries the claim's words, not only the question's
    entailment   the support model: supported, neutral or contradicted

The first four are rules. They can tell that a claim is not borne out, and, if it is verbatim or a quotation, that
it is; between the two only the model decides, and where it is missing the verdict is `unchecked`.
"""

from qa.support.judge import LAYERS, Case, Finding, Judgement, Layer, Support, names
from qa.support.report import CheckedSentence, Report, check

__all__ = [
    "LAYERS",
    "Case",
    "CheckedSentence",
    "Finding",
    "Judgement",
    "Layer",
    "Report",
    "Support",
    "check",
    "names",
]
