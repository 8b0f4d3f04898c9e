"""A follow-up becomes a question that stands alone.

Rules over what was asked and answered: pronouns, bare question words, "what about", "the second one", "that
article", corrections. A question that names its own subject is a new topic and comes back unchanged. With a
language model the model rewrites, and the rules are what it falls back to.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from qa.dialogue.entities import (
    AUXILIARIES,
    PRONOUN,
    TIME_OR_PLACE,
    TURNS_READ,
    WANTS,
    answered,
    best,
    content,
    described_in,
    is_description,
    is_person,
    named_in,
    outlets_of,
    spoken_of,
)
from qa.facts import Fact, facts, fold, missing, stem
from qa.schema import Source, Turn

if TYPE_CHECKING:
    from llama_index.core.llms import LLM

ABOUT: Final = "{question}, about {subject}?"

ASKED: Final = "{question}: {earlier}"

SAYS: Final = "What does {outlet} say: {earlier}"

PROMPT: Final = """\
Rewrite the last question of this conversation so that it can be understood without the conversation.
Put names where it has pronouns and complete what it leaves out. Add nothing that is not in the conversation.
If it already stands alone, or starts a new topic, repeat it unchanged. Reply with the question only.

{conversation}
Last question: {question}
Rewritten question:"""


def resolve(question: str, history: Sequence[Turn]) -> str:
    """The question as it would be asked without the conversation; unchanged where it already stands alone."""
    asked = " ".join(question.split())
    if not history or not asked:
        return question
    for rule in (_corrected, _nth, _bare, _about, _pronouns, _context):
        resolved = _JOINED_ON.sub("", rule(asked, history))
        if resolved:
            return resolved[0].upper() + resolved[1:]
    return question


_JOINED_ON = re.compile(r"^(?:(?:and|but|so|then|ok|okay|or)\b[\s,]*)+(?=\w)", re.I)


def resolve_with(
    llm: LLM, question: str, history: Sequence[Turn], cancelled: Callable[[], bool] = lambda: False
) -> str:
    """As `resolve`, by a language model; by the rules where it fails, strays, or is not waited for any longer.

    A rewrite strays when it holds a name, number or date that is in neither the question nor the
    conversation, is empty, or runs on.
    """
    by_rule = resolve(question, history)
    if not history:
        return by_rule
    from qa.answer.llm import reply  # llama-index's LLM half is only paid for when one is set

    try:
        written = reply(llm, PROMPT.format(conversation=_conversation(history), question=question), cancelled)
    except Exception:  # any failure of any provider: the rules answer, nothing is lost
        return by_rule
    rewrite = written.strip().strip('"“”').strip()
    known = f"{_conversation(history)}\n{question}"
    runs_on = "\n" in rewrite or len(rewrite) > 2 * len(question) + 300
    return by_rule if not rewrite or runs_on or missing(rewrite, known) else rewrite


def _conversation(history: Sequence[Turn]) -> str:
    return "\n".join(f"Question: {turn.searched}\nAnswer: {answered(turn)}" for turn in history[-TURNS_READ:])


_CORRECTION = re.compile(
    r"^(?:no|nope|sorry|actually|wait|rather|correction)\b[\s,.:;–—-]*(?:i\s+mean[t]?\b[\s,:]*)?(?P<new>.*)$"
    r"|^i\s+mean[t]?\b[\s,:]*(?P<meant>.*)$",
    re.I,
)

_NOT_BUT = re.compile(r"^not\s+(?P<old>.+?)\s*(?:,|\bbut\b|—|–)\s*(?:but\s+)?(?P<new>.+)$", re.I)


def _corrected(question: str, history: Sequence[Turn]) -> str:
    last = history[-1].searched
    swap = _NOT_BUT.match(question.rstrip("?.! "))
    if swap and swap["old"].casefold() in last.casefold():
        return _swapped(last, swap["old"], swap["new"])
    match = _CORRECTION.match(question.rstrip("?.! "))
    if not match:
        return ""
    new = (match["new"] or match["meant"] or "").strip(" ,")
    if not new:
        return ""
    if _QUESTION_WORD.match(new) or len(new.split()) > 6:
        return resolve(new[0].upper() + new[1:] + "?", history)
    swap = _NOT_BUT.match(new)
    if swap:
        new = swap["new"]
    return _replaced(last, new, history, latest=True) or _joined(last, new)


def _joined(question: str, addition: str) -> str:
    return f"{question.rstrip('?. ')} {addition.rstrip('?. ')}?"


def _replaced(last: str, new: str, history: Sequence[Turn], *, latest: bool = False) -> str:
    """The last question with `new` for the first (or latest) thing of its kind; empty if there is none."""
    bare = re.sub(rf"^(?:{_PREPOSITIONS})\s+", "", new, flags=re.I)
    described = [e.text for e in described_in(last) if e.text.lower() in last.lower()]
    is_name = bare[:1].isupper() or bool(re.match(r"the\s+[A-Z]", bare))
    names = [f for f in facts(last) if f.kind == "name"]
    if len(described) == 1 and (is_description(bare) or (is_name and latest and not names)):
        return _swapped(last, described[0], bare)
    bare = re.sub(r"^(?:the|a|an)\s+(?=[^\W\d_])", "", bare) if not re.search(r"[A-Z]", bare) else bare
    kinds = [f.kind for f in facts(f"about {bare}")]
    kind = kinds[0] if kinds else "name" if bare[:1].isupper() else None
    if kind is None:
        return ""
    old = _same_role(last, names, bare, new, history) if kind == "name" else [f for f in facts(last) if f.kind == kind]
    if not old:
        return ""
    fact = old[-1 if latest else 0]
    doubled = re.search(r"\bthe\s+$", last[: fact.start], re.I)
    return last[: fact.start] + (re.sub(r"^the\s+", "", bare, flags=re.I) if doubled else bare) + last[fact.end :]


def _swapped(text: str, old: str, new: str) -> str:
    return re.sub(re.escape(old), lambda _: new, text, count=1, flags=re.I)


def _same_role(last: str, old: list[Fact], bare: str, new: str, history: Sequence[Turn]) -> list[Fact]:
    """Names of the last question that a new one can replace: outlet for outlet, same preposition."""
    if any(fold(last[f.start : f.end]) == fold(bare) for f in old):
        return []
    outlets = outlets_of(history)
    is_outlet = fold(re.sub(r"^the\s+", "", bare, flags=re.I)) in outlets
    same = [f for f in old if (fold(last[f.start : f.end]) in outlets) == is_outlet]
    preposition = re.match(rf"({_PREPOSITIONS})\s", new, re.I)
    if preposition:
        after = [f for f in same if re.search(rf"\b{preposition[1]}\s+(?:the\s+)?$", last[: f.start], re.I)]
        # "And with Haniyeh?" after "When did A meet B?": the one met is replaced
        return after or (same[-1:] if preposition[1].lower() == "with" and len(same) > 1 else [])
    return same


_ORDINALS = {w: n for n, w in enumerate("first second third fourth fifth sixth seventh eighth".split())}

_NTH = re.compile(
    rf"\b(?:the\s+)?(?P<nth>{'|'.join(_ORDINALS)}|last|latter|former)\s+"
    r"(?P<what>one|article|source|paper|report|outlet|piece|document|study|text|quote|quotation|citation|point)?\b",
    re.I,
)

_THAT_TEXT = re.compile(
    r"\b(?:that|this|the\s+same)\s+"
    r"(?:article|source|paper|report|outlet|piece|document|study|text|newspaper|journal)\b",
    re.I,
)


def _nth(question: str, history: Sequence[Turn]) -> str:
    cited = next((turn.answer.sources for turn in reversed(history) if turn.answer.sources), ())
    match = _THAT_TEXT.search(question)
    if match and cited:
        return _finish(question, match.start(), match.end(), _title(cited[0]), history)
    match = _NTH.search(question)
    if not match or not (match["what"] or match["nth"].lower() in ("former", "latter")):
        return ""
    n = _ORDINALS.get(match["nth"].lower(), 0 if match["nth"].lower() == "former" else -1)
    if match["what"] and match["what"].lower() != "one":
        if n >= len(cited):
            return ""
        chosen = _title(cited[n])
    else:
        listed = _listed(history[-1])
        if n < len(listed):
            chosen = listed[n]
        elif n < len(cited):
            chosen = _title(cited[n])
        else:
            return ""
    return _finish(question, match.start(), match.end(), chosen, history)


def _finish(question: str, start: int, end: int, text: str, history: Sequence[Turn]) -> str:
    resolved = question[:start] + text + question[end:]
    return _pronouns(resolved, history) or resolved


def _title(source: Source) -> str:
    return source.name


def _listed(turn: Turn) -> list[str]:
    """Names that one sentence of the last answer lists: "Qatar, Turkey and Lebanon"; empty if none does."""
    for sentence in turn.answer.sentences:
        names = [f for f in facts(sentence.text) if f.kind == "name"]
        run = names[:1]
        for f, g in pairwise(names):
            between = sentence.text[f.end : g.start]
            run = [*run, g] if re.fullmatch(r"(?:,|,?\s+and|,?\s+or)\s+(?:the\s+)?", between) else [g]
            if len(run) > 1 and " and " in sentence.text[run[0].start : g.end]:
                return [sentence.text[x.start : x.end] for x in run]
    return []


_PREPOSITIONS = "in|at|on|from|to|with|by|for|about|of|against|near|since|until|before|after|during|under|between"

_QUESTION_WORD = re.compile(
    r"^(?:(?:and|but|so|then|or)\s+)?(?:(?:in|at|on|from|to|with|by|for|about|of|since|until)\s+)?"
    r"(?:who|whom|whose|what|when|where|why|which|how|do|does|did|is|are|was|were|has|have|had|can|could|will|would|"
    r"should)\b",
    re.I,
)

_BARE_QUESTION = re.compile(
    rf"^(?:(?:and|but|so|then|ok|okay|or)[\s,]+)*(?P<ask>(?:(?:{_PREPOSITIONS})\s+)?"
    r"(?:who|whom|when|where|why|how|what|which)(?:\s+(?:exactly|precisely|many|much|long|often|far|year|day|place|"
    r"city|country|ones?|else|reason|purpose|not|so|come))?(?:\s+(?:from|to|with|for|by|about|on))?)"
    rf"(?:\s+(?:{AUXILIARIES})\s+(?:that|this|it|they|he|she|those)"
    r"(?:\s+(?:happen|take\s+place|occur|be|so|(?:do|doing|done)\s+(?:that|this|it|so)|about))?)?"
    r"(?:\s+(?:exactly|then|again))?\s*\??$",
    re.I,
)

_FRONTED = re.compile(
    rf"^(?P<preposition>(?:{_PREPOSITIONS})\s+)?(?:(?P<adverb>when|where|why|how(?:\s+(?:many|much|long|often|far)"
    rf"(?:\s+\w+)?|\s+closely)?)|who|whom|(?:what|which)(?:\s+(?P<noun>(?:[\w’'-]+\s+){{0,2}}[\w’'-]+?))?)\s+"
    rf"(?=(?P<aux>{AUXILIARIES})\b)",
    re.I,
)

_SUBJECT_ASKED = re.compile(r"^(?:(?P<who>who)|what|which\s+(?P<noun>[\w’'-]+))\s+(?=[a-z])", re.I)


def _bare(question: str, history: Sequence[Turn]) -> str:
    """The last question, asked for the place, the time or the reason instead: "Where?", "Why would it do that?"."""
    match = _BARE_QUESTION.match(question)
    if not match:
        return ""
    asked = (turn.searched for turn in reversed(history) if _QUESTION_WORD.match(_core(turn.searched)))
    ask, last = match["ask"], _core(next(asked, history[-1].searched))
    if re.match(rf"(?:{AUXILIARIES})\b", last, re.I):
        return f"{ask} {last[0].lower()}{last[1:]}"
    fronted = _FRONTED.match(last)
    if fronted:
        body, noun = last[fronted.end() :].rstrip("?. "), (fronted["noun"] or "").lower()
        if fronted["adverb"] or fronted["preposition"] or noun in TIME_OR_PLACE:
            return f"{ask} {body}?"
        if fronted["aux"].lower() in ("do", "does", "did"):  # what was asked for takes its place again
            ends = re.search(rf"\s(?:{_PREPOSITIONS})$", body) or not re.search(rf"\s(?:{_PREPOSITIONS})\s", body)
            return f"{ask} {body} {f'the {noun}' if noun else 'that'}?" if ends else f"{ask} {body}?"
    subject = not fronted and _SUBJECT_ASKED.match(last)
    if subject:
        whoever = "somebody" if subject["who"] else f"the {subject['noun']}" if subject["noun"] else "something"
        return f"{ask} was it that {whoever} {last[subject.end() :]}"
    return ASKED.format(question=f"{ask[0].upper()}{ask[1:]}", earlier=last)


def _core(searched: str) -> str:
    """A question without what an earlier follow-up put before it: "Why: Who is she?" -> "Who is she?"."""
    return re.sub(r"^(?:[^:?]{1,80}: )+(?=[A-Z])", "", searched)


_ABOUT = re.compile(
    rf"^(?:(?:and|but|so|ok|okay|then)[\s,]+)*(?:(?:what|how)\s+about\s+|"
    rf"(?=(?:(?:{_PREPOSITIONS})\s+)?(?:the\s+)?[A-Z0-9]))(?P<new>[^?]+?)\s*\??$",
    re.I,
)


def _about(question: str, history: Sequence[Turn]) -> str:
    """The last question asked of another name, place or time."""
    match = _ABOUT.match(question)
    opens = re.match(r"(?:and|but|so|ok|okay|then|what\s+about|how\s+about)\b", question, re.I)
    if not match or not opens or _QUESTION_WORD.match(match["new"]) or len(match["new"].split()) > 7:
        return ""
    new = match["new"]
    if PRONOUN.search(new) or _LEANS.fullmatch(new):
        return ""
    last = _core(history[-1].searched)
    topic = re.match(r"(?:on|about)\s+", new, re.I)
    if topic and re.search(rf"\b{topic[0].strip()}\s+[^?]+\?*$", last, re.I):
        return re.sub(rf"\b{topic[0].strip()}\s+[^?]+(?=\?*$)", lambda _: new, last, flags=re.I)
    replaced = _replaced(last, new, history)
    if replaced:
        return replaced
    outlet = outlets_of(history).get(fold(re.sub(r"^the\s+", "", new, flags=re.I)))
    if outlet:
        return SAYS.format(outlet=outlet, earlier=last)
    if re.match(rf"(?:{_PREPOSITIONS})\s", new, re.I):
        return _joined(last, new)
    if is_description(new):
        return f"What about {new}?"  # says itself what it is about
    return ASKED.format(question=f"What about {new}", earlier=last)


_POSSESSIVE = {"his", "hers", "its", "their", "theirs"}

_EXPLETIVE = re.compile(
    r"\b(?:is|was|does|did|will|would)\s+it\s+(?:true|possible|likely|clear|known|that|mean|take|matter)\b",
    re.I,
)


def _pronouns(question: str, history: Sequence[Turn]) -> str:
    """Each pronoun replaced by what it most likely stands for."""
    entities = spoken_of(history)
    own = [question[f.start : f.end] for f in facts(question) if f.kind == "name"]
    outlets = outlets_of(history)
    own = [name for name in own if fold(name) not in outlets]
    chosen: dict[str, str] = {}
    out: list[str] = []
    end = 0
    for match in PRONOUN.finditer(question):
        word = match[0].lower()
        sort = WANTS[word]
        if sort == "thing" and _EXPLETIVE.search(question):
            continue
        if any(question.find(name) < match.start() for name in own) and sort != "person":
            continue  # "Does Iran fund its allies": the question has the antecedent itself
        if (
            any(question.find(name) < match.start() for name in own)
            and sort == "person"
            and is_person(own[0], question)
        ):
            continue
        name = chosen.get(sort) or (_parties(history, own) if sort == "group" else "")
        name = name or best(entities, sort, [*own, *chosen.values()])  # two pronouns, two things
        if not name:
            continue
        possessive = word in _POSSESSIVE or (word == "her" and re.match(r"\s+\w", question[match.end() :]))
        repeated = sort in chosen
        chosen[sort] = name
        if repeated and not possessive:
            continue
        out += [
            question[end : match.start()],
            f"{name}’s" if possessive and not repeated else match[0] if repeated else name,
        ]
        end = match.end()
    if not out:
        return ""
    return "".join([*out, question[end:]])


def _parties(history: Sequence[Turn], own: Sequence[str]) -> str:
    """Two who stand on either side of the last question's verb, or of whom the same was asked in turn."""
    last = history[-1].searched
    names = [f for f in facts(last) if f.kind == "name"]
    if len(names) == 2 and not own:
        a, b = names
        if re.fullmatch(
            r"\s+(?:\w+\s+with|meet|fight|face|join|call|phone|visit|host|marry)\s+", last[a.end : b.start]
        ):
            return f"{last[a.start : a.end]} and {last[b.start : b.end]}"
    for f in names if len(history) > 1 else []:
        for g in facts(history[-2].searched):
            before = history[-2].searched
            same = last[: f.start] + before[g.start : g.end] + last[f.end :] == before
            if g.kind == "name" and same and f.value != g.value:
                return f"{before[g.start : g.end]} and {last[f.start : f.end]}"
    return ""


_LEANS = re.compile(
    r"\b(?:that(?=\s*(?:$|[?,.!])|\s+(?:time|day|year|way)\b)|(?<=after\s)that|(?<=before\s)that|this|these|those|there|then|else|other|another|anything|more|same|such|so|too|also|"
    r"afterwards|ones?)\b|"
    r"^(?:and|but|so|or)\b",
    re.I,
)

_LIGHT = frozenset(
    stem(w)
    for w in "happen next result outcome reason begin start end say tell know do make come go get take place year "
    "name example detail explain response react respond purpose mean important first last time date long "
    "interesting aspect fact learn thing get role part call describe know notable famous cause effect".split()
)


def _context(question: str, history: Sequence[Turn]) -> str:
    """The subject of the conversation added where a question names none of its own and leans on it."""
    everything = " ".join(f"{t.searched} {answered(t)}" for t in history)
    outlets = outlets_of(history)
    own = [name for name, _ in named_in(question, f"{everything} {question}") if fold(name) not in outlets]
    earlier = history[-1].searched
    if PRONOUN.search(question) and not own and not _EXPLETIVE.search(question):
        return ASKED.format(question=question.rstrip("?. "), earlier=earlier)
    if own:
        return ""
    definite = re.search(r"\bthe\s+(\w+)", question, re.I)
    spoken = definite and stem(definite[1]) in content(everything)
    leans = _LEANS.search(question) or not content(question) - _LIGHT or spoken
    if not leans:
        return ""
    subjects = (e for e in spoken_of(history) if not e.text.startswith("those who"))
    subject = max(subjects, key=lambda e: e.weight, default=None)
    if not subject:
        return ASKED.format(question=question.rstrip("?. "), earlier=earlier)
    return ABOUT.format(question=question.rstrip("?. "), subject=subject.text)
