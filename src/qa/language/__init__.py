"""All that is known of English, in one place.

facts(text)                numbers, dates, names, negations and quotations, normalised, each with its exact span
missing(claim, evidence)   those of the claim that the evidence does not hold
same_name(a, b)            whether two words spell one name: al-Aruri, al-Arouri
meant(word, names)         the one name that a word misspells: Nasralah, Nasrallah
"""

from qa.language.fact import Fact, FactKind
from qa.language.facts import denied, facts, missing, names_of
from qa.language.names import meant, name_key, same_name
from qa.language.words import FUNCTION_WORDS, fold, fold_quote, stem

__all__ = [
    "FUNCTION_WORDS",
    "Fact",
    "FactKind",
    "denied",
    "facts",
    "fold",
    "fold_quote",
    "meant",
    "missing",
    "name_key",
    "names_of",
    "same_name",
    "stem",
]
