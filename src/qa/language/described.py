"""By what a source may be meant, "the 2017 report of the harbour office": keys to look sources up by."""

from __future__ import annotations

import re
from typing import Final

from qa.language.alike import name_words
from qa.language.names import name_key
from qa.language.words import fold
from qa.schema import Source

BEGINNING: Final = 4
"""Letters that a name and its adjective share at least: `akin` compares no shorter ones."""
TITLE_WORD: Final = re.compile(r"[^\W_][\w’'&-]*")


def description(source: Source) -> str:
    """What is said of a source, besides its text."""
    return f"{source.publisher} {source.author} {source.perspective} {source.title} {source.published[:4]}"


def word_keys(word: str) -> tuple[str, str]:
    """One of these is shared by all words that are `akin`, and by equal ones."""
    return fold(word)[:BEGINNING], f"={name_key(word)}"


def initials(source: Source) -> str:
    """Those of its publisher: "NP" of The Northern Post."""
    return "".join(word[0] for word in name_words(source.publisher)).upper()


def source_keys(source: Source) -> list[tuple[str, str]]:
    """Key and word, for each word of its description; its initials and nothing."""
    words = {(key, word) for word in name_words(description(source)) for key in word_keys(word)}
    return sorted(words | {(initials(source), "")})
