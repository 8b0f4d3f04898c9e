"""What the readers of all formats give: blocks of text, and what a document declares about itself."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from typing import Any, Literal

from qa.schema import Span


class Unreadable(Exception):
    """This one document cannot be read: why, and what to do."""

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.remedy = remedy


Kind = Literal["text", "heading", "item", "row", "code"]


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, heading, list item, table row or line of code."""

    text: str
    kind: Kind = "text"
    level: int = 0
    """A heading's, from 1; how deep an item lies, from 0."""
    page: int = 0
    turns: tuple[Span, ...] = ()
    """Page breaks inside the text: (offset, page)."""
    opens: bool = False
    """The first of a list, table or piece of code: what stands before is another one."""

    @property
    def is_fragment(self) -> bool:
        """A paragraph, short, without an end."""
        return self.kind == "text" and not is_prose(self.text)


# Marks that nobody reads: controls, zero-width no-break space, soft hyphen, object replacement
_INVISIBLE = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u2060\ufeff\ufffc\ufff9-\ufffb]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_FEEDS = re.compile("[\x0b\x0c\r\x85]")
_ENDS = re.compile(r"[.!?…。！？؟।]\W*(?:\[\w{1,4}\]\W*)*$")
_SHORT = 20  # words: at least this many are prose even without a full stop


def normalise(text: str) -> str:
    """Canonical characters (NFC), one blank between words, nothing invisible."""
    text = _SURROGATE.sub("\ufffd", _INVISIBLE.sub("", text))
    return " ".join(unicodedata.normalize("NFC", text).split())


def code(text: str) -> str:
    """A line of code: nothing invisible, its blanks as they are."""
    return _SURROGATE.sub("\ufffd", _FEEDS.sub(" ", _INVISIBLE.sub("", text))).expandtabs(4).rstrip()


def is_prose(text: str) -> bool:
    """Ends like a sentence of at least four words, or is long, or leads up to something (a colon)."""
    words = len(text.split())
    ended = bool(_ENDS.search(text))
    unspaced = words < 4 and len(text) >= 12 and not text.isascii()  # Chinese, Japanese, Thai
    return words >= _SHORT or (ended and (words >= 4 or unspaced)) or (text.endswith(":") and words >= 4)


@dataclass(frozen=True, slots=True)
class Parsed:
    """A document before cleaning. `declared`: what it says of itself. `guessed`: what its container says."""

    blocks: list[Block]
    declared: dict[str, Any] = field(default_factory=dict)
    guessed: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    plain: bool = False
    """The format has no headings of its own."""
    page: bool = False
    """A page of the web: what surrounds its article is to go."""
    printed: bool = False
    """Made for paper or a screen (PDF, Word, slides), not as text: see `inferred.infer`."""
