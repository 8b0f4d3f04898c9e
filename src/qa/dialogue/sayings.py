"""Follow-ups on who said it, and on what others say of the same."""

from __future__ import annotations

import re
from typing import Final

from qa.dialogue.clauses import OPENERS, asked, core, who_said
from qa.dialogue.entities import History, answered, spoken_of
from qa.language.speech import VERBS

SAY_OF: Final = "What {s} {who} say about {topic}?"


_SAYS = rf"(?:(?:is|was)\s+saying|put|{'|'.join(sorted(VERBS, key=len, reverse=True))})"


_WHO_SAID = re.compile(
    rf"^{OPENERS}(?:(?:who|(?P<source>(?:which|what|whose)\s+(?:source|article|outlet|paper|report|newspaper|document|study)))"
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


def whose_words(question: str, history: History) -> str:
    """Who said what the last answer's best sentence says."""
    match = _WHO_SAID.match(question)
    said = next((turn for turn in reversed(history.turns) if turn.answer.sentences), None)
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
    rf"^{OPENERS}(?:(?:is|was|are|were|can|has|have)\s+(?:that|this|it|they|these|he|she)\s+(?:be(?:en)?\s+)?(?:really\s+|actually\s+)?"
    rf"(?:true|right|wrong|mistaken|correct|confirmed|certain|disputed|contested|denied|accurate|agreed|verified|corroborated)"
    rf"(?:\s+(?:by|elsewhere\s+by)\s+{_ELSE}|\s+elsewhere)?|"
    rf"(?:do|does|did|would|has|have)\s+{_ELSE}\s+(?:also\s+)?(?:agree|disagree|confirm|say|see|report|dispute|deny|contradict|mention|think)"
    rf"(?:\s+{_IT})?(?:\s+too)?|"
    rf"(?:who|which\s+other\s+sources?)\s+(?:else\s+)?(?:confirms?|disputes?|den(?:y|ies)|disagrees?|contradicts?|agrees?)(?:\s+{_IT})?|"
    rf"who\s+else\s+{_SAYS}\s+{_IT}|what\s+do\s+{_ELSE}\s+(?:say|think|report|write)(?:\s+{_IT})?)\s*\??$",
    re.I,
)


_ONE_AGREES = re.compile(
    rf"^{OPENERS}(?:[Dd]o|[Dd]oes|[Dd]id|[Ww]ould)\s+(?P<who>(?:the\s+)?[A-Z][\w’'-]*(?:\s+[\w’'-]+){{0,4}}?)\s+(?:also\s+)?"
    rf"(?:agree|disagree|think|say|see|confirm|dispute|deny)(?:\s+{_IT})?(?:\s+too|\s+the\s+same\s+way)?\s*\??$"
)


def what_others_say(question: str, history: History) -> str:
    """What others, or one other, say on what was asked: "Is that confirmed by others?", "Does Berg agree?"."""
    one = _ONE_AGREES.match(question)
    if not one and not _OTHERS.match(question):
        return ""
    topic = on_what(core(history.turns[-1].searched)) or foremost(history)
    if not topic:
        return ""
    return SAY_OF.format(who=one["who"] if one else "the other sources", s="does" if one else "do", topic=topic)


def on_what(question: str) -> str:
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


def foremost(history: History) -> str:
    """What a conversation is most about; empty if it names and describes nothing."""
    subjects = (e for e in spoken_of(history) if not e.text.startswith("those who"))
    subject = max(subjects, key=lambda e: e.weight, default=None)
    return subject.text if subject else ""
