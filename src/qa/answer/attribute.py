"""Who speaks: the outlet, and inside it the person or body whose words a sentence gives.

A reporting verb outside quotation marks has a subject, which the parser finds; a pronoun ("he added") is followed back
to who spoke last before it. Where that fails the outlet alone is named: an attribution may be less precise than the
text, never beside it.
"""

from __future__ import annotations

import re
from typing import Final

from qa.language import fold
from qa.language.dates import written
from qa.language.speakers import (
    in_quotation,
    last_sentence,
    masked,
    sentences_of,
    speaker,
    speaks_of_itself,
)
from qa.schema import Passage, Source, Span, shortened

OUTLET: Final = "According to {outlet}"
AUTHOR: Final = "{author} in {outlet}"
IN_MARKS: Final = re.compile(r"[“”«»]|(?<!\w)\"|\"(?!\w)")
QUOTED: Final = "{speaker}, quoted by {outlet}"
REPORTED: Final = "{speaker}, as reported by {outlet}"


def attribute(
    source: Source, text: str, passage: Passage, span: Span, *, again: bool = False, apart: bool = False
) -> str:
    """Who says so, ready to stand before the text and a colon; empty where the words name the outlet themselves.

    Where they say "the newspaper writes", the outlet's name stands alone before them.

    Args:
        text: the words shown; quotation marks in it tell words spoken from words reported.
        span: where the words stand, in the document.
        again: the source was named in this answer already: its name alone will do.
        apart: another source of this answer is called the same.
    """
    if text in source.lines.values():  # what a document is, not what it says
        return f"“{shortened(source.title)}”"
    outlet = called(source, apart=apart) if again else dated(source, apart=apart)
    plain = outlet if again else OUTLET.format(outlet=outlet)
    who = speaker(passage, span)
    told = bool(who) and not _is_outlet_itself(who, source)
    if told and _bare(who) in fold(masked(text)):
        return plain  # the words themselves say who speaks
    if not told:
        own_words = masked(text)
        if source.publisher and "publisher" not in source.inferred and _bare(source.publisher) in fold(own_words):
            return ""
        if not speaks_of_itself(passage, span):
            return plain
        signed = source.author and "author" not in source.inferred and source.author != source.name
        return AUTHOR.format(author=source.author, outlet=outlet) if signed else outlet
    spoken = IN_MARKS.search(text) or in_quotation(passage, *sentences_of(passage)[last_sentence(passage, span)])
    template = QUOTED if spoken else REPORTED
    return template.format(speaker=who[0].upper() + who[1:], outlet=outlet)


def called(source: Source, *, apart: bool = False) -> str:
    """The outlet, else its author, else its title in quotation marks; told apart from another of that name."""
    title = f"“{shortened(source.title)}”"
    if source.name == shortened(source.title):
        return f"{title} ({source.id})" if apart else title
    return f"{source.name}, {title}" if apart else source.name


def dated(source: Source, *, apart: bool = False) -> str:
    """The outlet and its date in words: "LBCI (5 December 2023)"; what was read off the text says so."""
    notes = ["publisher inferred"] if "publisher" in source.inferred and source.publisher else []
    if day := written(source.when):
        changed = "" if source.published else "updated "
        inferred = ", inferred" if ("published" if source.published else "updated") in source.inferred else ""
        notes.append(f"{changed}{day}{inferred}")
    name = called(source, apart=apart)
    if not notes:
        return name
    return f"{name[:-1]}; {'; '.join(notes)})" if name.endswith(")") and apart else f"{name} ({'; '.join(notes)})"


def _is_outlet_itself(who: str, source: Source) -> bool:
    own_names = (source.publisher, source.author) if source.publisher or source.author else (source.title,)
    mine, theirs = _bare(who), [_bare(n) for n in own_names if n]
    initials = "".join(w[0] for w in source.publisher.split() if w[0].isupper())
    return any(mine == t or (len(mine) > 3 and f" {mine} " in f" {t} ") for t in theirs) or who == initials


def _bare(name: str) -> str:
    return re.sub(r"^the\s+", "", fold(name)).strip()
