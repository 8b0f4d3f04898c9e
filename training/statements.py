"""Turn a question and its answer into a statement: "Who built it?", "Ann" -> "Ann built it."

Rules after the observation of Demszky et al. 2018 (arXiv:1809.02922) that most English questions need one of
three moves: put the answer in the subject's place, put it behind the verb, or undo "do". What none of the rules
fits gives None, so a statement is never guessed.
"""

from __future__ import annotations

import re

_AUX = {"is", "are", "was", "were", "can", "could", "will", "would", "has", "have", "had", "may", "might", "must"}
_AUX |= {"should", "shall"}
_DO = {"do", "does", "did"}
_BE = {"is", "are", "was", "were"}
_PREPOSITIONS = set("in on at by from to with for of during after before under since through about".split())
_PAST = dict(
    begin="began", become="became", build="built", buy="bought", bring="brought", call="called", choose="chose",
    come="came", cut="cut", deal="dealt", draw="drew", fall="fell", fight="fought", find="found", fly="flew",
    get="got", give="gave", go="went", grow="grew", hear="heard", hold="held", keep="kept", know="knew", lead="led",
    leave="left", lose="lost", make="made", mean="meant", meet="met", occur="occurred", pay="paid", put="put",
    read="read", rise="rose", run="ran", say="said", see="saw", sell="sold", send="sent", set="set", show="showed",
    sing="sang", speak="spoke", spend="spent", stand="stood", take="took", teach="taught", tell="told",
    think="thought", understand="understood", wear="wore", win="won", write="wrote", have="had", do="did", be="was",
    feel="felt", hit="hit", let="let", refer="referred", admit="admitted", commit="committed", strike="struck",
    drive="drove", eat="ate", catch="caught", seek="sought", split="split", spread="spread", break_="broke",
)
_VERBS = set(_PAST) | set(
    "use play happen die live end start want look open create work help serve move cause represent produce include "
    "believe describe form contain provide require receive consider follow refer own reach join study visit develop "
    "claim need allow operate establish replace cover change place try act add air announce appear apply ask attack "
    "attend base belong calculate carry celebrate cite complete compose conduct connect consist convert cost defeat "
    "define deliver depend design destroy determine die direct discover earn employ encourage enter expect explain "
    "express face feature found gain govern graduate handle host house identify impact improve increase influence "
    "introduce invent invade invest issue kill lack last launch like link list locate maintain manage mark marry "
    "measure name note observe obtain offer oppose originate participate pass perform point possess prefer present "
    "prevent promote propose protect publish purchase question reject release rely remain remove report reside "
    "result return reveal rule seem separate settle share sign state stop store suffer suggest support surround "
    "survive talk threaten travel treat turn vote wait walk watch wish won worry agree decide arrive".split()
)
_MONTH = r"January|February|March|April|May|June|July|August|September|October|November|December"
_WH_NOUN = {"what", "which"}
_LEAD = re.compile(r"^(?:what|which)(?: (?:kind|type|sort|types|kinds)s? of)?$", re.I)


def _past(verb: str) -> str:
    if verb in _PAST:
        return _PAST[verb]
    if verb.endswith("e"):
        return verb + "d"
    return verb[:-1] + "ied" if re.search(r"[^aeiou]y$", verb) else verb + "ed"


def _third(verb: str) -> str:
    if verb in {"have", "do", "go"}:
        return {"have": "has", "do": "does", "go": "goes"}[verb]
    if re.search(r"(s|x|ch|sh|z)$", verb):
        return verb + "es"
    return verb[:-1] + "ies" if re.search(r"[^aeiou]y$", verb) else verb + "s"


def _sentence(words: list[str]) -> str:
    text = " ".join(w for w in words if w).strip(" ,.?")
    text = re.sub(r"\s+([,.;:'’])", r"\1", text)
    return text[:1].upper() + text[1:] + "."


def _where(kind: str, answer: str) -> str:
    """The answer with the preposition that an adverb of time or place needs."""
    if answer.split()[0].lower() in _PREPOSITIONS | {"when", "while", "between", "near", "today", "yesterday"}:
        return answer
    if kind == "where":
        return "in " + answer
    if re.fullmatch(rf"(the )?(early |late |mid-?)?\d{{3,4}}s?|({_MONTH}) \d{{4}}|({_MONTH})|.*century", answer):
        return "in " + answer
    if re.match(rf"({_MONTH}) \d|\d{{1,2}}(st|nd|rd|th)? ({_MONTH})|\w+day\b", answer):
        return "on " + answer
    return "in " + answer if re.search(r"\d", answer) else answer


def statement(question: str, answer: str) -> str | None:
    """A declarative sentence that says `answer` is the answer to `question`; None where no rule fits."""
    q = question.strip().rstrip("?").strip()
    answer = answer.strip().strip(".").strip()
    words = q.split()
    if not 3 <= len(words) <= 24 or not answer or len(answer.split()) > 14:
        return None
    low = [w.lower() for w in words]
    start = 0
    lead: list[str] = []
    preposition = ""
    if low[0] in _PREPOSITIONS and low[1] in {"what", "which", "whom", "whose"}:
        preposition, start = low[0], 1
    elif low[0] not in {"who", "what", "which", "where", "when", "how", "why", "whom"}:
        # "In 2011, which program became ..." keeps its lead; anything else is left alone
        comma = next((i for i, w in enumerate(words[:10]) if w.endswith(",")), None)
        if comma is None or comma + 2 >= len(words) or low[comma + 1] not in {"who", "what", "which", "where", "when"}:
            return None
        lead, start = words[: comma + 1], comma + 1
    wh, rest, rlow = low[start], words[start + 1 :], low[start + 1 :]
    if len(rest) < 2 or wh in {"why", "whose"}:
        return None

    noun: list[str] = []
    if wh in {"what", "which"} or (wh == "how" and rlow[0] in {"many", "much"}):
        # "what city is", "how many people died": the noun goes along with the answer
        stop = next((i for i, w in enumerate(rlow[:6]) if w in _AUX | _DO), None)
        if wh == "how":
            stop = stop if stop is not None else None
            if stop is None:
                verb = next((i for i, w in enumerate(rlow[:6]) if i > 1 and re.search(r"(ed|t|e)$", w)), None)
                if verb is None:
                    return None
                noun, rest, rlow = rest[1:verb], rest[verb:], rlow[verb:]
            else:
                noun, rest, rlow = rest[1:stop], rest[stop:], rlow[stop:]
            if noun and noun[-1].lower().rstrip("s") in answer.lower():
                noun = []
            answer = f"{answer} {' '.join(noun)}".strip()
        elif stop:
            rest, rlow = rest[stop:], rlow[stop:]
        elif stop is None:
            verb = next((i for i, w in enumerate(rlow[:5]) if re.search(r"[a-z]ed$", w) or w in _PAST.values()), None)
            if verb is None:
                return None
            rest, rlow = rest[verb:], rlow[verb:]
            return _sentence([*lead, answer, *rest])
    elif wh == "how":
        return None
    if len(rest) < 2:
        return None
    first = rlow[0]

    if wh in {"where", "when"} and (first in _DO or first in _AUX):
        answer = _where(wh, answer)
    elif preposition:
        answer = f"{preposition} {answer}"
    if first in _DO:
        verb = next((i for i in range(2, len(rlow)) if rlow[i] in _VERBS and rlow[i - 1] not in {"the", "a", "of"}), None)
        if verb is None:
            return None
        form = _past(rlow[verb]) if first == "did" else rlow[verb] if first == "do" else _third(rlow[verb])
        tail = rest[verb + 1 :]
        if tail and tail[-1].lower() in _PREPOSITIONS and wh not in {"where", "when"}:
            return _sentence([*lead, *rest[1:verb], form, *tail, answer])
        if wh in {"where", "when"} or preposition:
            return _sentence([*lead, *rest[1:verb], form, *tail, answer])
        return _sentence([*lead, *rest[1:verb], form, answer, *tail])
    if first in _AUX:
        participle = next((i for i in range(2, len(rlow)) if re.search(r"(ed|en|wn|ing|orn|un|ound|ilt|eld|ade)$", rlow[i])), None)
        if wh in {"where", "when"} or preposition:
            if participle is None:
                return _sentence([*lead, *rest[1:], first, answer]) if first in _BE else None
            return _sentence([*lead, *rest[1:participle], first, *rest[participle:], answer])
        if first in _BE and rlow[1] in {"the", "a", "an"} | {"his", "her", "their", "its"} or (first in _BE and rest[1][0].isupper()):
            tail_at = rlow[-1] in _PREPOSITIONS or rlow[-1] in {"called", "named", "known"}
            if tail_at and participle:
                return _sentence([*lead, *rest[1:participle], first, *rest[participle:], answer])
            if participle is None or wh == "who":
                return _sentence([*lead, answer, first, *rest[1:]])
            return _sentence([*lead, answer, first, "what", *rest[1:participle], first, *rest[participle:]]) if False else _sentence([*lead, answer, first, *rest[1:]])
        return _sentence([*lead, answer, *rest])
    if wh in {"who", "what", "which", "how"}:
        return _sentence([*lead, answer, *rest])
    return None
