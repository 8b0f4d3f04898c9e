"""A follow-up becomes a question that stands alone.

Rules over what was asked and answered: pronouns, bare question words, "what about", "the second one", "that
article", corrections. A question that names its own subject is a new topic and comes back unchanged. With a
language model the model rewrites, and the rules are what it falls back to.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

from qa.dialogue.clauses import core
from qa.dialogue.ellipses import (
    ASKED,
    LEANS,
    QUESTION_WORD,
    about_another,
    asked_otherwise,
    completed,
    joined,
    set_in,
    swapped,
    with_other,
)
from qa.dialogue.entities import PRONOUN, TURNS_READ, History, answered, content, named_in, outlets_of
from qa.dialogue.references import EXPLETIVE, nth_meant, with_names, with_place
from qa.dialogue.sayings import foremost, what_others_say, whose_words
from qa.language import fold, missing, stem
from qa.schema import Source, Turn

Rule = Callable[[str, History], str]
"""A question and its history -> the question resolved, or nothing where the rule does not apply."""

STANDS: Final = 5
"""Words of content from which a question says itself what it is about."""

ABOUT: Final = "{question}, about {subject}?"

PROMPT: Final = """\
Rewrite the last question of this conversation so that it can be understood without the conversation.
Put names where it has pronouns and complete what it leaves out. Add nothing that is not in the conversation.
If it already stands alone, or starts a new topic, repeat it unchanged. Reply with the question only.

{conversation}
Last question: {question}
Rewritten question:"""


def resolve(question: str, turns: Sequence[Turn], sources: Sequence[Source] = ()) -> str:
    """The question as it would be asked without the conversation; unchanged where it already stands alone.

    Args:
        turns: the conversation, latest last.
        sources: those that the question may name, beside those of the conversation.
    """
    plain = _COURTESY.sub("", " ".join(question.split()))
    if not turns or not plain:
        return question
    history = History(tuple(turns), tuple(sources))
    put = with_place(plain, history)
    for rule in _RULES:
        resolved = _JOINED_ON.sub("", rule(put, history))
        if resolved:
            return resolved[0].upper() + resolved[1:]
    return put if put in question or put != plain else question


_COURTESY = re.compile(
    r"^(?:(?:thanks|thank\s+you|great|fine|good|interesting|i\s+see|right|sure|please|hm+|hi|hello)\b(?:\s+(?:a\s+lot|so\s+much))?"
    r"\s*[,.!;:–—-]+\s*)+(?=\w)",
    re.I,
)


_JOINED_ON = re.compile(r"^(?:(?:and|but|so|then|ok|okay|or)\b[\s,]*)+(?=\w)", re.I)


def resolve_with(
    reply: Callable[[str], str],
    question: str,
    turns: Sequence[Turn],
    sources: Sequence[Source] = (),
) -> str:
    """As `resolve`, by a language model; by the rules where it fails, strays, or is not waited for any longer.

    A rewrite strays when it holds a name, number or date that is in neither the question nor the
    conversation, is empty, or runs on.
    """
    by_rule = resolve(question, turns, sources)
    if not turns:
        return by_rule
    try:
        written = reply(PROMPT.format(conversation=_conversation(turns), question=question))
    except Exception:  # any failure of any provider: the rules answer, nothing is lost
        return by_rule
    rewrite = written.strip().strip('"“”').strip()
    known = f"{_conversation(turns)}\n{question}"
    runs_on = "\n" in rewrite or len(rewrite) > 2 * len(question) + 300
    return by_rule if not rewrite or runs_on or missing(rewrite, known) else rewrite


def _conversation(turns: Sequence[Turn]) -> str:
    return "\n".join(f"Question: {turn.searched}\nAnswer: {answered(turn)}" for turn in turns[-TURNS_READ:])


_CORRECTION = re.compile(
    r"^(?:no|nope|sorry|actually|wait|rather|correction)\b[\s,.:;–—-]*(?:i\s+mean[t]?\b[\s,:]*)?(?P<new>.*)$"
    r"|^i\s+mean[t]?\b[\s,:]*(?P<meant>.*)$",
    re.I,
)


_NOT_BUT = re.compile(r"^not\s+(?P<old>.+?)\s*(?:,|\bbut\b|—|–)\s*(?:but\s+)?(?P<new>.+)$", re.I)


def _corrected(question: str, history: History) -> str:
    last = history.turns[-1].searched
    swap = _NOT_BUT.match(question.rstrip("?.! "))
    if swap and swap["old"].casefold() in last.casefold():
        return swapped(last, swap["old"], swap["new"])
    match = _CORRECTION.match(question.rstrip("?.! "))
    if not match:
        return ""
    new = (match["new"] or match["meant"] or "").strip(" ,")
    if not new:
        return ""
    if QUESTION_WORD.match(new) or len(new.split()) > 6:
        return resolve(new[0].upper() + new[1:] + "?", history.turns, history.sources)
    swap = _NOT_BUT.match(new)
    if swap:
        new = swap["new"]
    return with_other(last, new, history, latest=True) or joined(last, new)


_LIGHT = frozenset(
    stem(w)
    for w in "happen next result outcome reason begin start end say tell know do make come go get take place year "
    "name example detail explain response react respond purpose mean important first last time date long "
    "interesting aspect fact learn thing get role part call describe know notable famous cause effect".split()
)


def _context(question: str, history: History) -> str:
    """The subject of the conversation added where a question names none of its own and leans on it."""
    everything = " ".join(f"{t.searched} {answered(t)}" for t in history.turns)
    outlets = outlets_of(history)
    own = [name for name, _ in named_in(question, f"{everything} {question}") if fold(name) not in outlets]
    earlier = core(history.turns[-1].searched)
    if PRONOUN.search(question) and not own and not EXPLETIVE.search(question):
        return ASKED.format(question=question.rstrip("?. "), earlier=earlier)
    pointed = re.search(r"\babout\s+(?:that|those)\s+(\w+)", question, re.I)
    if pointed and stem(pointed[1]) not in _LIGHT:
        return ""
    if own or len(content(question) - _LIGHT) >= STANDS:
        return ""
    definite = re.search(r"\b[Tt]he\s+(?:[A-Z][\w’'-]*\s+)*([a-z]\w*)", question)
    spoken = definite and stem(definite[1]) in content(everything)
    leans = LEANS.search(question) or not content(question) - _LIGHT or spoken
    if not leans:
        return ""
    subject = foremost(history)
    if not subject:
        return ASKED.format(question=question.rstrip("?. "), earlier=earlier)
    bare = question.rstrip("?. ")
    if re.search(r"\b(?:more|else|details?|examples?|facts?|known|say|said)$", bare, re.I):
        bare = f"{bare} about {subject}"
        return bare if re.match(r"(?:please\s+)?(?:tell|give)\b", question, re.I) else f"{bare}?"
    return ABOUT.format(question=bare, subject=subject)


_RULES: Final[Sequence[Rule]] = (
    _corrected,
    whose_words,
    what_others_say,
    nth_meant,
    completed,
    asked_otherwise,
    about_another,
    set_in,
    with_names,
    _context,
)
"""In this order; the first that has something to say is right."""
