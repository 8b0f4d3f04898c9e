"""Turn a question and its answer into a statement: "Who built it?", "Ann" -> "Ann built it."

Rules after Demszky et al. 2018 (arXiv:1809.02922): most English questions need the answer put in the
subject's place, or behind the verb with "do" undone. A question that no rule fits gives None.
"""

from __future__ import annotations

import re

_AUXILIARIES = set("is are was were can could will would has have had may might must should shall".split())
_DO = {"do", "does", "did"}
_BE = {"is", "are", "was", "were"}
_PREPOSITIONS = set("in on at by from to with for of during after before under since through about".split())
_IRREGULAR = dict(
    pair.split("/")
    for pair in (
        "begin/began become/became build/built buy/bought bring/brought choose/chose come/came "
        "cut/cut deal/dealt draw/drew fall/fell fight/fought find/found fly/flew get/got give/gave "
        "go/went grow/grew hear/heard hold/held keep/kept know/knew lead/led leave/left lose/lost "
        "make/made mean/meant meet/met occur/occurred pay/paid put/put read/read rise/rose run/ran "
        "say/said see/saw sell/sold send/sent set/set show/showed sing/sang speak/spoke spend/spent "
        "stand/stood take/took teach/taught tell/told think/thought understand/understood wear/wore "
        "win/won write/wrote have/had do/did be/was feel/felt hit/hit let/let refer/referred "
        "admit/admitted commit/committed strike/struck drive/drove eat/ate catch/caught seek/sought "
        "split/split spread/spread break/broke"
    ).split()
)
_VERBS = set(_IRREGULAR) | set(
    "accept act add affect agree air allow announce appear apply arrive ask attack attempt attend "
    "base belong believe calculate call carry cause celebrate change cite claim complete compose "
    "conduct connect consider consist contain convert cost cover create decide defeat define "
    "deliver depend describe design destroy determine develop die direct discover earn employ "
    "encourage end enter establish expect explain express face feature follow form found gain "
    "govern graduate handle happen help host house identify impact improve include increase "
    "influence introduce invade invent invest involve issue join kill lack last launch like link "
    "list live locate look maintain manage mark marry measure move name need note observe obtain "
    "offer open operate oppose originate own participate pass perform place play point possess "
    "prefer present prevent produce promote propose protect provide publish purchase question reach "
    "receive refer reject release rely remain remove replace report represent require reside result "
    "return reveal rule seem separate serve settle share sign start state stop store study suffer "
    "suggest support surround survive talk threaten travel treat try turn use visit vote wait walk "
    "want watch wish work worry".split()
)
_PARTICIPLE = re.compile(r"(?:ed|en|wn|ing|orn|un|ound|ilt|eld|ade)$")
_MONTH = r"(?:January|February|March|April|May|June|July|August|September|October|November|December)"
_ASKS = {"who", "what", "which", "where", "when", "how", "whom"}


def statement(question: str, answer: str) -> str | None:
    """A declarative sentence that says `answer` is the answer to `question`; None where no rule fits."""
    words = question.strip().rstrip("? ").split()
    answer = answer.strip(" .")
    if not 3 <= len(words) <= 24 or not answer or len(answer.split()) > 14:
        return None
    lead, preposition, words = _front(words)
    asks, rest = words[0].lower(), words[1:]
    if asks not in _ASKS or len(rest) < 2:
        return None
    if asks in {"what", "which", "how"}:
        found = _noun(asks, rest, answer)
        if found is None:
            return None
        answer, rest = found
        if rest[0].lower() not in _AUXILIARIES | _DO:  # "which team won the cup"
            return _sentence([*lead, answer, *rest])
    if len(rest) < 2:
        return None
    first = rest[0].lower()
    adverbial = bool(preposition) or asks in {"where", "when"}
    if preposition:
        answer = f"{preposition} {answer}"
    elif adverbial and first in _AUXILIARIES | _DO:
        answer = _adverbial(asks, answer)
    if first in _DO:
        return _without_do(lead, first, rest[1:], answer, adverbial)
    if first in _AUXILIARIES:
        return _with_auxiliary(lead, first, rest[1:], answer, asks, adverbial)
    return None if adverbial else _sentence([*lead, answer, *rest])


def _front(words: list[str]) -> tuple[list[str], str, list[str]]:
    """What stands before the asking word: "In 2011, which ..." -> lead; "To what ..." -> preposition."""
    low = [w.lower() for w in words]
    if low[0] in _PREPOSITIONS and low[1] in {"what", "which", "whom"}:
        return [], low[0], words[1:]
    if low[0] not in _ASKS:
        comma = next((i for i, w in enumerate(words[:10]) if w.endswith(",")), None)
        if comma is not None and comma + 2 < len(words):
            return words[: comma + 1], "", words[comma + 1 :]
    return [], "", words


def _noun(asks: str, rest: list[str], answer: str) -> tuple[str, list[str]] | None:
    """The noun that is asked for taken off the question; "how many boats" goes along with the answer."""
    low = [w.lower() for w in rest]
    if asks == "how" and low[0] not in {"many", "much"}:
        return None
    stop = next((i for i, w in enumerate(low[:6]) if w in _AUXILIARIES | _DO), None)
    if stop is None:
        verbs = _IRREGULAR.values()
        ends = r"(?:ed|t|e)$" if asks == "how" else r"[a-z]ed$"
        begin = 2 if asks == "how" else 0
        stop = next((i for i, w in enumerate(low[:6]) if i >= begin and (re.search(ends, w) or w in verbs)), None)
    if stop is None:
        return None
    if asks == "how" and stop > 1 and low[stop - 1].rstrip("s") not in answer.lower():
        answer = f"{answer} {' '.join(rest[1:stop])}"
    return answer, rest[stop:]


def _without_do(lead: list[str], do: str, rest: list[str], answer: str, adverbial: bool) -> str | None:
    low = [w.lower() for w in rest]
    at = next((i for i in range(1, len(low)) if low[i] in _VERBS and low[i - 1] not in {"the", "a", "of"}), None)
    if at is None:
        return None
    verb = {"did": past, "does": third, "do": str}[do](low[at])
    tail = rest[at + 1 :]
    if adverbial or (tail and tail[-1].lower() in _PREPOSITIONS):
        return _sentence([*lead, *rest[:at], verb, *tail, answer])
    return _sentence([*lead, *rest[:at], verb, answer, *tail])


def _with_auxiliary(
    lead: list[str], first: str, rest: list[str], answer: str, asks: str, adverbial: bool
) -> str | None:
    low = [w.lower() for w in rest]
    at = next((i for i in range(1, len(low)) if _PARTICIPLE.search(low[i])), None)
    if adverbial:
        if at is not None:  # "when was the bridge built"
            return _sentence([*lead, *rest[:at], first, *rest[at:], answer])
        return _sentence([*lead, *rest, first, answer]) if first in _BE else None
    named = low[-1] in _PREPOSITIONS or low[-1] in {"called", "named", "known"}
    noun_follows = low[0] in {"the", "a", "an", "his", "her", "their", "its"} or rest[0][0].isupper()
    if first in _BE and noun_follows and named and at is not None:
        return _sentence([*lead, *rest[:at], first, *rest[at:], answer])
    return _sentence([*lead, answer, first, *rest])


def _adverbial(asks: str, answer: str) -> str:
    """The answer with the preposition that an adverb of time or place needs."""
    known = _PREPOSITIONS | {"when", "while", "between", "near", "today", "yesterday"}
    if answer.split()[0].lower() in known:
        return answer
    if re.match(rf"{_MONTH} \d|\d{{1,2}}(?:st|nd|rd|th)? {_MONTH}|\w+day\b", answer):
        return f"on {answer}"
    return f"in {answer}" if asks == "where" or re.search(rf"\d|{_MONTH}|century", answer) else answer


def past(verb: str) -> str:
    """The simple past of a verb."""
    if verb in _IRREGULAR:
        return _IRREGULAR[verb]
    if verb.endswith("e"):
        return verb + "d"
    return verb[:-1] + "ied" if re.search(r"[^aeiou]y$", verb) else verb + "ed"


def third(verb: str) -> str:
    """The third person of a verb."""
    if verb == "have":
        return "has"
    if re.search(r"(?:s|x|ch|sh|z|o)$", verb):
        return verb + "es"
    return verb[:-1] + "ies" if re.search(r"[^aeiou]y$", verb) else verb + "s"


def _sentence(words: list[str]) -> str:
    text = re.sub(r"\s+([,.;:'’])", r"\1", " ".join(words).strip(" ,.?"))
    return text[:1].upper() + text[1:] + "."
