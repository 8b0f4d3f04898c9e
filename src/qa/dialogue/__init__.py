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

from qa.answer.words import VERBS
from qa.dialogue.clauses import AUXILIARIES, IRREGULAR, asked, clause_of, plural, who_said
from qa.dialogue.entities import (
    ENDS_OPEN,
    PRONOUN,
    TIME_OR_PLACE,
    TURNS_READ,
    WANTS,
    acted_on,
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

STANDS: Final = 5
"""Words of content from which a question says itself what it is about."""

ABOUT: Final = "{question}, about {subject}?"

ASKED: Final = "{question}: {earlier}"

SAY_OF: Final = "What {s} {who} say about {topic}?"

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
    put = _COURTESY.sub("", " ".join(question.split()))
    if not history or not put:
        return question
    put = _placed(put, history)
    for rule in (_corrected, _who_said, _others, _nth, _elided, _bare, _about, _setting, _pronouns, _context):
        resolved = _JOINED_ON.sub("", rule(put, history))
        if resolved:
            return resolved[0].upper() + resolved[1:]
    return put if put in question or put != _COURTESY.sub("", " ".join(question.split())) else question


_COURTESY = re.compile(
    r"^(?:(?:thanks|thank\s+you|great|fine|good|interesting|i\s+see|right|sure|please|hm+|hi|hello)\b(?:\s+(?:a\s+lot|so\s+much))?"
    r"\s*[,.!;:–—-]+\s*)+(?=\w)",
    re.I,
)

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


_OPENERS = r"(?:(?:and|but|so|then|ok|okay|or|well)\b[\s,]*)*"

_SAYS = rf"(?:(?:is|was)\s+saying|put|{'|'.join(sorted(VERBS, key=len, reverse=True))})"

_WHO_SAID = re.compile(
    rf"^{_OPENERS}(?:(?:who|(?P<source>(?:which|what|whose)\s+(?:source|article|outlet|paper|report|newspaper|document|study)))"
    rf"(?:\s+exactly)?\s+(?:has\s+)?{_SAYS}\s+(?:us\s+)?(?:that|this|so|it|these\s+things|those\s+things)(?:\s+(?:that|so))?|"
    r"(?P<read>where\s+(?:can|could|do|did)\s+(?:i|we|you)\s+(?:read|find|see|get)\s+(?:that|this|it)(?:\s+from)?|"
    r"where\s+does\s+(?:it|that|this)\s+(?:say\s+(?:that|so)|come\s+from)|"
    r"(?:which|what)\s+(?:source|article|outlet|paper|report|newspaper|document)\s+(?:is|was)\s+(?:that|this|it)(?:\s+(?:from|in))?|"
    r"what(?:[’']s|\s+is)\s+(?:the|your)\s+source(?:\s+(?:for|of)\s+(?:that|this|it))?)|"
    r"according\s+to\s+whom?|in\s+whose\s+(?:view|opinion|account|words|judge?ment)|(?:says|said)\s+who|"
    r"whose\s+(?:own\s+)?(?:words?|view|opinion|claim|judge?ment|quote|statement|assessment|phrase)\s+(?:is|are|was|were)\s+"
    r"(?:that|this|it|those|these)|"
    r"who(?:[’']s|\s+is|\s+was)\s+(?:the\s+)?(?:speaker|speaking|being\s+quoted|quoted)(?:\s+(?:there|here))?)\s*\??$",
    re.I,
)


def _who_said(question: str, history: Sequence[Turn]) -> str:
    """Who said what the last answer's best sentence says."""
    match = _WHO_SAID.match(question)
    said = next((turn for turn in reversed(history) if turn.answer.sentences), None)
    if not match or not said:
        return ""
    read = " ".join(hit.passage.text for hit in said.answer.hits)
    return who_said(
        said.answer.sentences[0].text,
        f"{said.searched} {answered(said)} {read}",
        source=bool(match["source"] or match["read"]),
    )


_ELSE = (
    r"(?:(?:the\s+|any\s+|all\s+)?others?(?:\s+(?:sources?|articles?|outlets?|papers?|reports?|documents?|newspapers?|accounts?|"
    r"people|experts|analysts))?|all\s+(?:the\s+)?sources|the\s+sources|any(?:one|body)(?:\s+else)?|every(?:one|body)(?:\s+else)?)"
)

_IT = (
    r"(?:it\s+(?:this|that|the\s+same)\s+way|"
    r"(?:with\s+)?(?:that|this|it|so|him|her|them|the\s+same(?:\s+thing)?|otherwise|about\s+(?:that|it|this)))"
)

_OTHERS = re.compile(
    rf"^{_OPENERS}(?:(?:is|was|are|were|can|has|have)\s+(?:that|this|it|they|these|he|she)\s+(?:be(?:en)?\s+)?(?:really\s+|actually\s+)?"
    rf"(?:true|right|wrong|mistaken|correct|confirmed|certain|disputed|contested|denied|accurate|agreed|verified|corroborated)"
    rf"(?:\s+(?:by|elsewhere\s+by)\s+{_ELSE}|\s+elsewhere)?|"
    rf"(?:do|does|did|would|has|have)\s+{_ELSE}\s+(?:also\s+)?(?:agree|disagree|confirm|say|see|report|dispute|deny|contradict|mention|think)"
    rf"(?:\s+{_IT})?(?:\s+too)?|"
    rf"(?:who|which\s+other\s+sources?)\s+(?:else\s+)?(?:confirms?|disputes?|den(?:y|ies)|disagrees?|contradicts?|agrees?)(?:\s+{_IT})?|"
    rf"who\s+else\s+{_SAYS}\s+{_IT}|what\s+do\s+{_ELSE}\s+(?:say|think|report|write)(?:\s+{_IT})?)\s*\??$",
    re.I,
)

_ONE_AGREES = re.compile(
    rf"^{_OPENERS}(?:[Dd]o|[Dd]oes|[Dd]id|[Ww]ould)\s+(?P<who>(?:the\s+)?[A-Z][\w’'-]*(?:\s+[\w’'-]+){{0,4}}?)\s+(?:also\s+)?"
    rf"(?:agree|disagree|think|say|see|confirm|dispute|deny)(?:\s+{_IT})?(?:\s+too|\s+the\s+same\s+way)?\s*\??$"
)


def _others(question: str, history: Sequence[Turn]) -> str:
    """What others, or one other, say on what was asked: "Is that confirmed by others?", "Does Berg agree?"."""
    one = _ONE_AGREES.match(question)
    if not one and not _OTHERS.match(question):
        return ""
    topic = _topic(_core(history[-1].searched)) or _foremost(history)
    if not topic:
        return ""
    return SAY_OF.format(who=one["who"] if one else "the other sources", s="does" if one else "do", topic=topic)


def _topic(question: str) -> str:
    """What a question is on, to stand after "about"; empty if that cannot be told."""
    said = re.match(
        r"what\s+(?:do|does|did|else\s+did|else\s+does)\s+.+?\s(?:say|think|write|claim|report|argue|believe)\s+(?:about|of|on)\s+(.+)$",
        question.rstrip("?.! "),
        re.I,
    )
    if said:
        return said[1]
    claim = re.match(
        r"(?:who|which\s+source)\s+(?:said|says|told|claims|claimed|argued|argues)\s+(?:that\s+)?(.+)$",
        question.rstrip("?.! "),
        re.I,
    )
    return f"whether {claim[1]}" if claim else asked(question)


def _foremost(history: Sequence[Turn]) -> str:
    """What a conversation is most about; empty if it names and describes nothing."""
    subjects = (e for e in spoken_of(history) if not e.text.startswith("those who"))
    subject = max(subjects, key=lambda e: e.weight, default=None)
    return subject.text if subject else ""


_ELIDED = re.compile(
    rf"^{_OPENERS}(?:(?P<ask>(?:since\s+|until\s+)?when|where|why|how)\s+)?(?:{AUXILIARIES})(?P<neg>n[’']t)?\s+"
    r"(?:he|she|it|they|that)(?P<not>\s+not)?\s*\??$",
    re.I,
)


def _elided(question: str, history: Sequence[Turn]) -> str:
    """The last question again, asked why or denied: "Why don't they?", "Why not?", "Did he?"."""
    match = _ELIDED.match(question) or re.match(
        rf"^{_OPENERS}(?P<ask>why)(?P<neg>\s+not)(?P<not>)\s*\??$", question, re.I
    )
    last = _core(history[-1].searched)
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

_UNPLACED = re.compile(
    r"(?<!\bis )(?<!\bwas )(?<!\bare )(?<!\bwere )\b(?:over\s+)?there"
    r"(?=\s*(?:$|[?.,!])|\s+(?:for|with|and|before|after|in|on)\b)",
    re.I,
)


def _placed(question: str, history: Sequence[Turn]) -> str:
    """The question with the place that "there" means: what "where" was answered with, or the last question names."""
    there, last = _UNPLACED.search(question), history[-1]
    if not there or len(question.split()) < 4:
        return question
    answer = (
        last.answer.sentences[0].text
        if last.answer.sentences and re.match(r"\W*(?:\w+\s)?where\b", last.searched, re.I)
        else ""
    )
    told = [m[1] for m in _PLACE.finditer(answer) if m[1] not in last.searched]
    places = told[:1] or [m[1] for m in _PLACE.finditer(last.searched)][-1:]
    return f"{question[: there.start()]}in {places[0]}{question[there.end() :]}" if places else question


_PLACE = re.compile(
    r"\b(?:in|at|to|near)\s+((?:the\s+)?(?!(?:January|February|March|April|May|June|July|August|September|October|"
    r"November|December)\b)[A-Z][\w’'-]*(?:\s+(?:of\s+)?[A-Z][\w’'-]*)*)(?![’']s)"
)

_WHEN_THEN = re.compile(
    r"\b(?P<way>before|after|since|until)\s+(?:that|this|then)(?=\s*(?:$|[?.,!]))|"
    r"(?<=happened)\s+(?P<next>next|then|afterwards?|later|after)(?=\s*\??$)",
    re.I,
)

_NOT_WHOLE = re.compile(
    rf"^{_OPENERS}(?:what\s+next|then\s+what|then)\s*\??$|"
    rf"^{_OPENERS}(?:who|what)\s+(?:else\s+)?(?:(?:was|were|has\s+been|had\s+been)\s+)?(?:also\s+)?(?P<verb>[a-z]+ed|took\s+part|came|went|spoke|"
    r"met|won|lost|said|told|made|done|caught|hurt|shot|there|present|involved|responsible)\s*\??$|"
    r"\b(?:did|does|do|would|will)\s+(?P<who>[^?]+?)\s+(?P<react>react|respond|reply|comment|retaliate)\s*\??$",
    re.I,
)


def _setting(question: str, history: Sequence[Turn]) -> str:
    """What happened when a question does not say it: "Who attended?", "And before that?", "How did Berg react?"."""
    cleft = _CLEFT.match(question)
    clause = clause_of(_core(history[-1].searched))
    if cleft and clause and clause.whole:
        return f"{cleft[0]} that {clause}?"
    then, part = _WHEN_THEN.search(question), _NOT_WHOLE.search(question)
    if not then and not part:
        return ""
    last = _core(history[-1].searched)
    clause = clause_of(last)
    event = str(clause) if clause and clause.whole else _by_somebody(last)
    if not clause and (setting := _WHEN.search(last)):
        event = setting[1]
    if then and event:
        way = (then["way"] or "after").lower()
        before, after = question[: then.start()].rstrip(), question[then.end() :]
        return f"{_pronouns(before, history) or before} {way} {event}{after}"
    if then or not part:
        return ""
    if not part["verb"] and not part["react"]:
        return f"What happened after {event}?" if event else ""
    bare = question.rstrip("?. ")
    if event:
        return _pronouns(f"{bare} when {event}?", history) or f"{bare} when {event}?"
    if part["react"]:
        if not clause or clause.asks.lower() != "what":
            return ""
        verb = clause.predicate.split()[0]
        return f"{bare} to what {clause if ENDS_OPEN.search(clause.predicate) else f'{clause.subject} {verb}'}?"
    described = (e.text for e in described_in(last) if e.sort == "thing" and not e.text.startswith("what "))
    thing = clause.subject if clause and clause.predicate in ("is", "was") else next(described, "")
    direct = re.match(rf"{_OPENERS}who\s+[a-z]+ed$", bare, re.I)
    return f"{bare} {'' if direct else 'at '}{thing}?" if thing else ""


_CLEFT = re.compile(
    rf"^{_OPENERS}(?:is|was)\s+(?:it|that|this)\s+(?:still\s+|already\s+|only\s+)?(?:before|after|during|in|on|at|near|because|the\s+first)\b[^?]*",
    re.I,
)

_WHEN = re.compile(r"\swhen\s+([^?]+)")


def _by_somebody(question: str) -> str:
    subject = re.match(rf"who\s+(?!(?:{AUXILIARIES}|else)\b)(?=[a-z])(?!.*, about )", question, re.I)
    return f"somebody {question[subject.end() :].rstrip('?. ')}" if subject else ""


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
    several = next(
        (e for e in described_in(history[-1].searched) if e.sort == "group" and e.text.startswith("the ")), None
    )
    if (
        several
        and match["what"]
        and match["what"].lower() in ("one", several.text.split()[1].removesuffix("s"))
        and not _listed(history[-1])
    ):
        noun = several.text.split()[1]
        single = re.sub(r"ies$", "y", noun) if noun.endswith("ies") else noun.removesuffix("s")
        chosen = f"the {match['nth'].lower()} {single}{several.text[len(f'the {noun}') :]}"
        return _finish(question, match.start(), match.end(), chosen, history)
    if match["what"] and match["what"].lower() != "one":
        if n >= len(cited):
            return ""
        chosen = _title(cited[n])
    else:
        listed = (
            []
            if cited and re.search(r"\b(?:say|says|report|reports|write|claim)\b", question)
            else _listed(history[-1])
        )
        if n < len(listed):
            chosen = listed[n]
        elif n < len(cited):
            chosen = _title(cited[n])
        else:
            return ""
    return _finish(question, match.start(), match.end(), chosen, history)


def _finish(question: str, start: int, end: int, text: str, history: Sequence[Turn]) -> str:
    resolved = question[:start] + text + question[end:]
    outlets = outlets_of(history)
    follows = PRONOUN.search(question, end) and fold(re.sub(r"^the\s+", "", text, flags=re.I)) not in outlets
    return resolved if follows else _pronouns(resolved, history) or resolved


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


_PREPOSITIONS = "in|at|on|over|from|to|with|by|for|about|of|against|near|since|until|before|after|during|under|between"

_QUESTION_WORD = re.compile(
    r"^(?:(?:and|but|so|then|or)\s+)?(?:(?:in|at|on|from|to|with|by|for|about|of|since|until)\s+)?"
    r"(?:who|whom|whose|what|when|where|why|which|how|do|does|did|is|are|was|were|has|have|had|can|could|will|would|"
    r"should)\b",
    re.I,
)

_BARE_QUESTION = re.compile(
    rf"^(?:(?:and|but|so|then|ok|okay|or)[\s,]+)*(?P<ask>(?:(?:{_PREPOSITIONS})\s+)?"
    r"(?:who|whom|when|where|why|how|what|which)(?:\s+(?:exactly|precisely|many|much|long|often|far|year|day|place|"
    r"city|country|ones?|else|reason|purpose|basis|grounds|occasion|condition|terms|not|so|come))?(?:\s+(?:from|to|with|for|by|about|on))?)"
    rf"(?:\s+(?:{AUXILIARIES})\s+(?:that|this|it|they|he|she|those)"
    r"(?:\s+(?:happen|take\s+place|occur|be|so|(?:do|doing|done)\s+(?:that|this|it|so)|about))?)?"
    r"(?:\s+(?:exactly|then|again))?\s*\??$",
    re.I,
)

_FRONTED = re.compile(
    rf"^(?P<preposition>(?:{_PREPOSITIONS})\s+)?(?:(?P<adverb>when|where|why|how(?:\s+(?:many|much|long|often|far)"
    rf"(?:\s+\w+)?|\s+closely)?)|who|whom|(?:what|which)(?:\s+(?P<noun>(?:(?!(?:{AUXILIARIES})\b)[\w’'-]+\s+){{0,2}}(?!(?:{AUXILIARIES})\b)[\w’'-]+?))?)\s+"
    rf"(?=(?P<aux>{AUXILIARIES})\b)",
    re.I,
)

_SUBJECT_ASKED = re.compile(r"^(?:(?P<who>who)|what|which\s+(?P<noun>[\w’'-]+))\s+(?=[a-z])", re.I)


def _bare(question: str, history: Sequence[Turn]) -> str:
    """The last question, asked for the place, the time or the reason instead: "Where?", "Why would it do that?"."""
    match = _BARE_QUESTION.match(question)
    thing_meant = re.search(r"\b(?:is|was|are|were)\s+(?:he|she|it|they)\s*\??$", question, re.I)
    if not match or (thing_meant and _asks_for_thing(history[-1], question)):
        return ""
    earlier = (turn.searched for turn in reversed(history) if _QUESTION_WORD.match(_core(turn.searched)))
    ask, last = match["ask"], _core(next(earlier, history[-1].searched))
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
    opens = re.search(rf"\s(?:{_PREPOSITIONS})$", body)
    later = re.search(rf"\s(?:{_PREPOSITIONS})\s", body)
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
        return any(e.sort == "person" for e in spoken_of([turn]))
    if re.match(r"(?:what|who)\s+(?:is|are|was|were)\s", turn.searched, re.I):
        return True
    return bool(acted_on(turn)) or bool(
        re.match(r"(?:what|which)\s+(?!is\b|are\b|was\b|were\b)\w+", turn.searched, re.I)
        and described_in(turn.searched)
    )


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
    owned = re.fullmatch(r"(?:his|her|its|their)\s+([\w\s-]+)", new, re.I)
    if owned:
        return _pronouns(f"What {'are' if re.search(r'[^s]s$', new) else 'is'} {new}?", history)
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
    if outlet and (on := _topic(last)):
        return SAY_OF.format(s="does", who=outlet, topic=on)
    if outlet:
        return SAYS.format(outlet=outlet, earlier=last)
    if re.match(rf"(?:{_PREPOSITIONS})\s", new, re.I):
        return _joined(last, new)
    owner = re.match(r"what\s+(?:is|are|was|were)\s+((?:the\s+|[A-Z])[\w\s-]*[’']s?)\s+[\w\s-]+\?*$", last, re.I)
    if owner and (of := re.fullmatch(r"the\s+([a-z]+)", new)):  # "What is the paper's hypothesis?" "And the method?"
        return f"What is {owner[1]} {of[1]}?"
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
        as_object = word in ("it", "them") and _OBJECT.search(question[: match.start()])
        if any(question.find(name) < match.start() for name in own) and sort != "person" and not as_object:
            continue  # "Does Iran fund its allies": the question has the antecedent itself
        if (
            any(question.find(name) < match.start() for name in own)
            and sort == "person"
            and is_person(own[0], question)
        ):
            continue
        name = chosen.get(sort) or (_parties(history, own) if sort == "group" else "")
        acts = bool(
            re.search(r"\b(?:do|does|did|has|have|had|will|would|can|could)\s+$", question[: match.start()], re.I)
        )
        name = name or best(entities, sort, [*own, *chosen.values()], acts=acts)  # two pronouns, two things
        if not name:
            continue
        possessive = word in _POSSESSIVE or (word == "her" and re.match(r"\s+\w", question[match.end() :]))
        repeated = sort in chosen
        chosen[sort] = name
        if repeated:
            continue
        owner = f"{name}’" if re.match(r"the .*s$", name) else f"{name}’s"
        out += [question[end : match.start()], owner if possessive else name]
        end = match.end()
    if not out:
        return ""
    return _when_they("".join([*out, question[end:]]), chosen.get("group", ""), history)


def _when_they(resolved: str, parties: str, history: Sequence[Turn]) -> str:
    """A question on what parties did, with the day or place of their meeting that the last question gave."""
    last = history[-1].searched.rstrip("?.! ")
    clause = clause_of(_WHEN.sub("", last))
    when = match[1] if (match := _WHEN.search(last)) else str(clause) if clause and clause.whole else ""
    own_time = re.match(r"\W*(?:when|where|why|since)\b", resolved, re.I) or any(
        f.kind == "date" for f in facts(resolved)
    )
    told = when and (when.startswith(parties) or all(name in when for name in parties.split(" and ")))
    dated = any(f.kind == "date" for f in facts(when))
    if (
        not parties
        or " and " not in parties
        or own_time
        or not told
        or not dated
        or not re.search(r"\b(?:did|was|were)\b", resolved)
    ):
        return resolved
    return f"{resolved.rstrip('?. ')} when {when.replace(parties, 'they', 1)}?"


_OBJECT = re.compile(
    rf"\b(?i:did|does|do|will|would)\s+(?:the\s+)?[A-Z][\w’'-]*(?:\s+[A-Z][\w’'-]*)*\s+[a-z]+(?:\s+(?:{_PREPOSITIONS}))?\s+$"
)


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
    earlier = _core(history[-1].searched)
    if PRONOUN.search(question) and not own and not _EXPLETIVE.search(question):
        return ASKED.format(question=question.rstrip("?. "), earlier=earlier)
    pointed = re.search(r"\babout\s+(?:that|those)\s+(\w+)", question, re.I)
    if pointed and stem(pointed[1]) not in _LIGHT:
        return ""
    if own or len(content(question) - _LIGHT) >= STANDS:
        return ""
    definite = re.search(r"\bthe\s+(\w+)", question, re.I)
    spoken = definite and stem(definite[1]) in content(everything)
    leans = _LEANS.search(question) or not content(question) - _LIGHT or spoken
    if not leans:
        return ""
    subject = _foremost(history)
    if not subject:
        return ASKED.format(question=question.rstrip("?. "), earlier=earlier)
    bare = question.rstrip("?. ")
    if re.search(r"\b(?:more|else|details?|examples?|facts?|known|say|said)$", bare, re.I):
        bare = f"{bare} about {subject}"
        return bare if re.match(r"(?:please\s+)?(?:tell|give)\b", question, re.I) else f"{bare}?"
    return ABOUT.format(question=bare, subject=subject)
