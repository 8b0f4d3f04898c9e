"""Follow-ups that leave most of the last question out: "Where?", "Why not?", "And in May?", "What about Berg?"."""

from __future__ import annotations

import re
from typing import Final

from qa.dialogue.clauses import AUXILIARIES, IRREGULAR, OPENERS, PREPOSITIONS, clause_of, core, plural
from qa.dialogue.entities import (
    ENDS_OPEN,
    PRONOUN,
    TIME_OR_PLACE,
    History,
    acted_on,
    described_in,
    is_description,
    outlets_of,
    spoken_of,
)
from qa.dialogue.references import WHEN, with_names
from qa.dialogue.sayings import SAY_OF, on_what
from qa.language import Fact, facts, fold
from qa.schema import Turn

ASKED: Final = "{question}: {earlier}"


SAYS: Final = "What does {outlet} say: {earlier}"


def joined(question: str, addition: str) -> str:
    """A question with some words more at its end."""
    return f"{question.rstrip('?. ')} {addition.rstrip('?. ')}?"


def with_other(last: str, new: str, history: History, *, latest: bool = False) -> str:
    """The last question with `new` for the first (or latest) thing of its kind; empty if there is none."""
    bare = re.sub(rf"^(?:{PREPOSITIONS})\s+", "", new, flags=re.I)
    described = [e.text for e in described_in(last) if e.text.lower() in last.lower()]
    is_name = bare[:1].isupper() or bool(re.match(r"the\s+[A-Z]", bare))
    names = [f for f in facts(last) if f.kind == "name"]
    if len(described) == 1 and (is_description(bare) or (is_name and latest and not names)):
        return swapped(last, described[0], bare)
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


def swapped(text: str, old: str, new: str) -> str:
    """A text with `new` in the first place of `old`, however that is written there."""
    return re.sub(re.escape(old), lambda _: new, text, count=1, flags=re.I)


def _same_role(last: str, old: list[Fact], bare: str, new: str, history: History) -> list[Fact]:
    """Names of the last question that a new one can replace: outlet for outlet, same preposition."""
    if any(fold(last[f.start : f.end]) == fold(bare) for f in old):
        return []
    outlets = outlets_of(history)
    is_outlet = fold(re.sub(r"^the\s+", "", bare, flags=re.I)) in outlets
    same = [f for f in old if (fold(last[f.start : f.end]) in outlets) == is_outlet]
    preposition = re.match(rf"({PREPOSITIONS})\s", new, re.I)
    if preposition:
        after = [f for f in same if re.search(rf"\b{preposition[1]}\s+(?:the\s+)?$", last[: f.start], re.I)]
        # "And with Haniyeh?" after "When did A meet B?": the one met is replaced
        return after or (same[-1:] if preposition[1].lower() == "with" and len(same) > 1 else [])
    return same


_ELIDED = re.compile(
    rf"^{OPENERS}(?:(?P<ask>(?:since\s+|until\s+)?when|where|why|how)\s+)?(?:{AUXILIARIES})(?P<neg>n[’']t)?\s+"
    r"(?:he|she|it|they|that)(?P<not>\s+not)?\s*\??$",
    re.I,
)


def completed(question: str, history: History) -> str:
    """The last question again, asked why or denied: "Why don't they?", "Why not?", "Did he?"."""
    match = _ELIDED.match(question) or re.match(
        rf"^{OPENERS}(?P<ask>why)(?P<neg>\s+not)(?P<not>)\s*\??$", question, re.I
    )
    last = core(history.turns[-1].searched)
    fronted = _FRONTED.match(last)
    body = (
        last[fronted.end() :] if fronted and (fronted["adverb"] or fronted["preposition"]) else "" if fronted else last
    )
    if not match or not re.match(rf"(?:{AUXILIARIES})\b", body, re.I):
        return ""
    body = body[0].lower() + body[1:]
    if match["neg"] or match["not"]:
        body = _negated(body)
    return f"{match['ask']} {body}" if match["ask"] else body


_NEGATED = {"can": "cannot", "will": "won’t", "may": "may not", "might": "might not"}


_WHEN_THEN = re.compile(
    r"\b(?P<way>before|after|since|until)\s+(?:that|this|then)(?=\s*(?:$|[?.,!]))|"
    r"(?<=happened)\s+(?P<next>next|then|afterwards?|later|after)(?=\s*\??$)",
    re.I,
)


_NOT_WHOLE = re.compile(
    rf"^{OPENERS}(?:what\s+next|then\s+what|then)\s*\??$|"
    rf"^{OPENERS}(?:who|what)\s+(?:else\s+)?(?:(?:was|were|has\s+been|had\s+been)\s+)?(?:also\s+)?(?P<verb>[a-z]+ed|took\s+part|came|went|spoke|"
    r"met|won|lost|said|told|made|done|caught|hurt|shot|there|present|involved|responsible)\s*\??$|"
    r"\b(?:did|does|do|would|will)\s+(?P<who>[^?]+?)\s+(?P<react>react|respond|reply|comment|retaliate)\s*\??$",
    re.I,
)


def set_in(question: str, history: History) -> str:
    """What happened when a question does not say it: "Who attended?", "And before that?", "How did Berg react?"."""
    cleft = _CLEFT.match(question)
    clause = clause_of(core(history.turns[-1].searched))
    if cleft and clause and clause.whole:
        return f"{cleft[0]} that {clause}?"
    then, part = _WHEN_THEN.search(question), _NOT_WHOLE.search(question)
    if not then and not part:
        return ""
    last = core(history.turns[-1].searched)
    clause = clause_of(last)
    event = str(clause) if clause and clause.whole else _by_somebody(last)
    if not clause and (setting := WHEN.search(last)):
        event = setting[1]
    if then and event:
        way = (then["way"] or "after").lower()
        before, after = question[: then.start()].rstrip(), question[then.end() :]
        return f"{with_names(before, history) or before} {way} {event}{after}"
    if then or not part:
        return ""
    if not part["verb"] and not part["react"]:
        return f"What happened after {event}?" if event else ""
    bare = question.rstrip("?. ")
    if event:
        return with_names(f"{bare} when {event}?", history) or f"{bare} when {event}?"
    if part["react"]:
        if not clause or clause.asks.lower() != "what":
            return ""
        verb = clause.predicate.split()[0]
        return f"{bare} to what {clause if ENDS_OPEN.search(clause.predicate) else f'{clause.subject} {verb}'}?"
    described = (e.text for e in described_in(last) if e.sort == "thing" and not e.text.startswith("what "))
    thing = clause.subject if clause and clause.predicate in ("is", "was") else next(described, "")
    direct = re.match(rf"{OPENERS}who\s+[a-z]+ed$", bare, re.I)
    return f"{bare} {'' if direct else 'at '}{thing}?" if thing else ""


_CLEFT = re.compile(
    rf"^{OPENERS}(?:is|was)\s+(?:it|that|this)\s+(?:still\s+|already\s+|only\s+)?(?:before|after|during|in|on|at|near|because|the\s+first)\b[^?]*",
    re.I,
)


def _by_somebody(question: str) -> str:
    subject = re.match(rf"who\s+(?!(?:{AUXILIARIES}|else)\b)(?=[a-z])(?!.*, about )", question, re.I)
    return f"somebody {question[subject.end() :].rstrip('?. ')}" if subject else ""


QUESTION_WORD = re.compile(
    r"^(?:(?:and|but|so|then|or)\s+)?(?:(?:in|at|on|from|to|with|by|for|about|of|since|until)\s+)?"
    r"(?:who|whom|whose|what|when|where|why|which|how|do|does|did|is|are|was|were|has|have|had|can|could|will|would|"
    r"should)\b",
    re.I,
)


_BARE_QUESTION = re.compile(
    rf"^(?:(?:and|but|so|then|ok|okay|or)[\s,]+)*(?P<ask>(?:(?:{PREPOSITIONS})\s+)?"
    r"(?:who|whom|when|where|why|how|what|which)(?:\s+(?:exactly|precisely|many|much|long|often|far|year|day|place|"
    r"city|country|ones?|else|reason|purpose|basis|grounds|occasion|condition|terms|not|so|come))?(?:\s+(?:from|to|with|for|by|about|on))?)"
    rf"(?:\s+(?:{AUXILIARIES})\s+(?:that|this|it|they|he|she|those)"
    r"(?:\s+(?:happen|take\s+place|occur|be|so|(?:do|doing|done)\s+(?:that|this|it|so)|about))?)?"
    r"(?:\s+(?:exactly|then|again))?\s*\??$",
    re.I,
)


_FRONTED = re.compile(
    rf"^(?P<preposition>(?:{PREPOSITIONS})\s+)?(?:(?P<adverb>when|where|why|how(?:\s+(?:many|much|long|often|far)"
    rf"(?:\s+\w+)?|\s+closely)?)|who|whom|(?:what|which)(?:\s+(?P<noun>(?:(?!(?:{AUXILIARIES})\b)[\w’'-]+\s+){{0,2}}(?!(?:{AUXILIARIES})\b)[\w’'-]+?))?)\s+"
    rf"(?=(?P<aux>{AUXILIARIES})\b)",
    re.I,
)


_SUBJECT_ASKED = re.compile(r"^(?:(?P<who>who)|what|which\s+(?P<noun>[\w’'-]+))\s+(?=[a-z])", re.I)


def asked_otherwise(question: str, history: History) -> str:
    """The last question, asked for the place, the time or the reason instead: "Where?", "Why would it do that?"."""
    match = _BARE_QUESTION.match(question)
    thing_meant = re.search(r"\b(?:is|was|are|were)\s+(?:he|she|it|they)\s*\??$", question, re.I)
    if not match or (thing_meant and _asks_for_thing(history.turns[-1], question)):
        return ""
    earlier = (turn.searched for turn in reversed(history.turns) if QUESTION_WORD.match(core(turn.searched)))
    ask, last = match["ask"], core(next(earlier, history.turns[-1].searched))
    ask, denied = re.sub(r"\s+not$", "", ask), ask.lower().endswith(" not")
    ask = re.sub(r"^how\s+so$", "how", re.sub(r"^how\s+come$", "why", ask, flags=re.I), flags=re.I)
    fronted = _FRONTED.match(last)
    if fronted and fronted["noun"] and re.fullmatch(r"how\s+(?:many|much)", ask, re.I):
        return f"{ask} {fronted['noun'].lower()} {last[fronted.end() :]}"
    body = _asked_again(last)
    if body:
        return f"{ask} {_negated(body) if denied else body}?"
    subject = not fronted and _SUBJECT_ASKED.match(last)
    if subject:
        whoever = "somebody" if subject["who"] else f"the {subject['noun']}" if subject["noun"] else "something"
        now = plural(last[subject.end() :].split()[0]) != last[subject.end() :].split()[0]
        return f"{ask} {'is' if now else 'was'} it that {whoever} {last[subject.end() :]}"
    return ASKED.format(question=f"{ask[0].upper()}{ask[1:]}", earlier=last)


def _asked_again(last: str) -> str:
    """The last question without what it asks for, that again in its place: "does Norway sign the pact"; else empty."""
    last = last.rstrip("?. ")
    if re.match(rf"(?:{AUXILIARIES})\b", last, re.I):
        return f"{last[0].lower()}{last[1:]}"
    fronted = _FRONTED.match(last)
    if not fronted:
        return ""
    body, noun = last[fronted.end() :], (fronted["noun"] or "").lower()
    aux, _, rest = body.partition(" ")
    counted = re.fullmatch(r"how\s+(?:many|much)\s+(\w+)", fronted["adverb"] or "", re.I)
    if (noun or counted) and re.match(rf"(?:[a-z]+(?:ed|en|ing)|{IRREGULAR})\b", rest):
        return f"{aux} the {counted[1] if counted else noun} {rest}"  # "Which ships were seized?"
    if fronted["adverb"] or fronted["preposition"] or noun in TIME_OR_PLACE:
        return body
    if aux.lower() not in ("do", "does", "did"):
        return ""
    asked_for = f"the {noun}" if noun else "" if re.match(r"whom?\b", last, re.I) else "that"
    opens = re.search(rf"\s(?:{PREPOSITIONS})$", body)
    later = re.search(rf"\s(?:{PREPOSITIONS})\s", body)
    if not asked_for or (later and not opens and len(rest[: later.start() - len(aux) - 1].split()) < 2):
        return body
    if opens or not later:
        return f"{body} {asked_for}"
    clause = clause_of(last)  # it stands after its verb: "Where did Norway dig that in May"
    ends = len(aux) + 1 + len(clause.subject) if clause else -1
    verb = re.match(r"\s+[a-z]+(?=\s)", body[ends:]) if clause else None
    return f"{body[: ends + verb.end()]} {asked_for}{body[ends + verb.end() :]}" if verb else body


def _negated(body: str) -> str:
    if re.search(r"n[’']t\b|\bnot\b", body):
        return body
    return re.sub(rf"^({AUXILIARIES})\b", lambda m: _NEGATED.get(m[0], f"{m[0]}n’t"), body)


def _asks_for_thing(turn: Turn, question: str) -> bool:
    """Whether "it" in "Where is it?" is a thing or body that was asked about, and not what happened."""
    if re.search(r"\b(?:he|she)\b", question, re.I):
        return any(e.sort == "person" for e in spoken_of(History((turn,))))
    if re.match(r"(?:what|who)\s+(?:is|are|was|were)\s", turn.searched, re.I):
        return True
    return bool(acted_on(turn)) or bool(
        re.match(r"(?:what|which)\s+(?!is\b|are\b|was\b|were\b)\w+", turn.searched, re.I)
        and described_in(turn.searched)
    )


_ABOUT = re.compile(
    rf"^(?:(?:and|but|so|ok|okay|then)[\s,]+)*(?:(?:what|how)\s+about\s+|"
    rf"(?=(?:(?:{PREPOSITIONS})\s+)?(?:the\s+)?[A-Z0-9]))(?P<new>[^?]+?)\s*\??$",
    re.I,
)


def about_another(question: str, history: History) -> str:
    """The last question asked of another name, place or time."""
    match = _ABOUT.match(question)
    opens = re.match(r"(?:and|but|so|ok|okay|then|what\s+about|how\s+about)\b", question, re.I)
    if not match or not opens or QUESTION_WORD.match(match["new"]) or len(match["new"].split()) > 7:
        return ""
    new = match["new"]
    owned = re.fullmatch(r"(?:his|her|its|their)\s+([\w\s-]+)", new, re.I)
    if owned:
        return with_names(f"What {'are' if re.search(r'[^s]s$', new) else 'is'} {new}?", history)
    if PRONOUN.search(new) or LEANS.fullmatch(new):
        return ""
    last = core(history.turns[-1].searched)
    topic = re.match(r"(?:on|about)\s+", new, re.I)
    if topic and re.search(rf"\b{topic[0].strip()}\s+[^?]+\?*$", last, re.I):
        return re.sub(rf"\b{topic[0].strip()}\s+[^?]+(?=\?*$)", lambda _: new, last, flags=re.I)
    replaced = with_other(last, new, history)
    if replaced:
        return replaced
    outlet = outlets_of(history).get(fold(re.sub(r"^the\s+", "", new, flags=re.I)))
    if outlet and (on := on_what(last)):
        return SAY_OF.format(s="does", who=outlet, topic=on)
    if outlet:
        return SAYS.format(outlet=outlet, earlier=last)
    if re.match(rf"(?:{PREPOSITIONS})\s", new, re.I):
        return joined(last, new)
    owner = re.match(r"what\s+(?:is|are|was|were)\s+((?:the\s+|[A-Z])[\w\s-]*[’']s?)\s+[\w\s-]+\?*$", last, re.I)
    if owner and (of := re.fullmatch(r"the\s+([a-z]+)", new)):  # "What is the paper's hypothesis?" "And the method?"
        return f"What is {owner[1]} {of[1]}?"
    if is_description(new):
        return f"What about {new}?"  # says itself what it is about
    return ASKED.format(question=f"What about {new}", earlier=last)


LEANS = re.compile(
    r"\b(?:that(?=\s*(?:$|[?,.!])|\s+(?:time|day|year|way)\b)|(?<=after\s)that|(?<=before\s)that|this|these|those|there|then|else|other|another|anything|more|same|such|so|too|also|"
    r"afterwards|ones?)\b|"
    r"^(?:and|but|so|or)\b",
    re.I,
)
