"""Words as they are compared: folded, stemmed, and those that say nothing of their own."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

import Stemmer

from qa.language.numbers import CARDINALS

FUNCTION_WORDS = frozenset(
    "a an the this that these those it its he him his she her hers they them their theirs we us our ours you your "
    "i me my who whom whose which what where when why how there here and or but nor so yet for if then than as at "
    "by in into on onto of off to from with without within over under above below between among through during "
    "before after since until while about against along across behind beyond despite except besides near per "
    "toward towards upon via is are was were be been being am do does did done have has had having will would "
    "shall should can could may might must not no all any both each every few many more most much other others "
    "some such only own same too very just also even still again once however although though because unless "
    "whether one two three four five six seven eight nine ten according meanwhile moreover furthermore "
    "additionally instead nevertheless nonetheless therefore thus hence finally later earlier now today yesterday "
    "tomorrow another either neither none several yes like".split()
)
"""Words that say nothing of their own. A capital at the start of a sentence does not make them names."""


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """The Snowball stem of a word, folded; of a number word its digits ("forty" -> "40")."""
    folded = fold(word)
    # a stemmer keeps state between calls and must not be shared between threads; a new one costs 10 µs
    return CARDINALS.get(folded) or str(Stemmer.Stemmer("english").stemWord(folded))


def fold(text: str) -> str:
    """Lower case without accents, typographic quotes and dashes made plain."""
    # words come again and again; whole texts do not, and would pile up
    return _fold(text) if len(text) < 64 else _fold.__wrapped__(text)


@lru_cache(maxsize=65536)
def _fold(text: str) -> str:
    if text.isascii():  # most texts: a tenth of the time
        return text.replace("`", "'").lower()
    text = unicodedata.normalize("NFKD", text)
    text = "".join(c for c in text if not unicodedata.combining(c))
    return text.translate(_PLAIN).casefold()


_PLAIN = str.maketrans(
    {**dict.fromkeys("‘’ʼʻ‛`´ʿʾ′", "'"), **dict.fromkeys("“”„‟«»″", '"'), **dict.fromkeys("‐‑‒–—―−", "-")}
    | dict.fromkeys(map(chr, range(0xD800, 0xE000)), "\ufffd")  # halves of characters, which no stemmer takes
    # letters that Unicode does not take apart, as CLDR's Latin-ASCII transform writes them
    | dict(zip("łŁøØđĐðÐħĦıŧŦŋŊæÆœŒþÞ", "l l o o d d d d h h i t t n n ae ae oe oe th th".split(), strict=True))
)

WORD = re.compile(r"[^\W_]+(?:['’ʼ][^\W_]+)*")


def fold_quote(words: str) -> str:
    """Quoted words as they are compared: plain marks, one space, no case, no mark at either end."""
    return re.sub(r"\s+", " ", fold(words)).strip(" \t\n.,;:!?'\"-…()")
