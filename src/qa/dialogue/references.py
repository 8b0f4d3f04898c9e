"""What a follow-up refers to: pronouns, "the second one", "that article", "there"."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from qa.dialogue.clauses import PREPOSITIONS, clause_of
from qa.dialogue.entities import PRONOUN, WANTS, History, best, described_in, is_person, outlets_of, spoken_of
from qa.language import facts, fold
from qa.schema import Source, Turn

_UNPLACED = re.compile(
    r"(?<!\bis )(?<!\bwas )(?<!\bare )(?<!\bwere )\b(?:over\s+)?there"
    r"(?=\s*(?:$|[?.,!])|\s+(?:for|with|and|before|after|in|on)\b)",
    re.I,
)


def with_place(question: str, history: History) -> str:
    """The question with the place that "there" means: what "where" was answered with, or the last question names."""
    there, last = _UNPLACED.search(question), history.turns[-1]
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


WHEN = re.compile(r"\swhen\s+([^?]+)")


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


def nth_meant(question: str, history: History) -> str:
    """The question with what "the second one", "the latter" or "that article" is: something listed, or a source."""
    cited = next((turn.answer.sources for turn in reversed(history.turns) if turn.answer.sources), ())
    match = _THAT_TEXT.search(question)
    if match and cited:
        return _finish(question, match.start(), match.end(), _title(cited[0]), history)
    match = _NTH.search(question)
    if not match or not (match["what"] or match["nth"].lower() in ("former", "latter")):
        return ""
    n = _ORDINALS.get(match["nth"].lower(), 0 if match["nth"].lower() == "former" else -1)
    several = next(
        (e for e in described_in(history.turns[-1].searched) if e.sort == "group" and e.text.startswith("the ")), None
    )
    if (
        several
        and match["what"]
        and match["what"].lower() in ("one", several.text.split()[1].removesuffix("s"))
        and not _listed(history.turns[-1])
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
            else _listed(history.turns[-1])
        )
        if n < len(listed):
            chosen = listed[n]
        elif n < len(cited):
            chosen = _title(cited[n])
        else:
            return ""
    return _finish(question, match.start(), match.end(), chosen, history)


def _finish(question: str, start: int, end: int, text: str, history: History) -> str:
    resolved = question[:start] + text + question[end:]
    outlets = outlets_of(history)
    follows = PRONOUN.search(question, end) and fold(re.sub(r"^the\s+", "", text, flags=re.I)) not in outlets
    return resolved if follows else with_names(resolved, history) or resolved


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


_POSSESSIVE = {"his", "hers", "its", "their", "theirs"}


EXPLETIVE = re.compile(
    r"\b(?:is|was|does|did|will|would)\s+it\s+(?:true|possible|likely|clear|known|that|mean|take|matter)\b",
    re.I,
)


def with_names(question: str, history: History) -> str:
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
        if sort == "thing" and EXPLETIVE.search(question):
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


def _when_they(resolved: str, parties: str, history: History) -> str:
    """A question on what parties did, with the day or place of their meeting that the last question gave."""
    last = history.turns[-1].searched.rstrip("?.! ")
    clause = clause_of(WHEN.sub("", last))
    when = match[1] if (match := WHEN.search(last)) else str(clause) if clause and clause.whole else ""
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
    rf"\b(?i:did|does|do|will|would)\s+(?:the\s+)?[A-Z][\w’'-]*(?:\s+[A-Z][\w’'-]*)*\s+[a-z]+(?:\s+(?:{PREPOSITIONS}))?\s+$"
)


def _parties(history: History, own: Sequence[str]) -> str:
    """Two who stand on either side of the last question's verb, or of whom the same was asked in turn."""
    last = history.turns[-1].searched
    names = [f for f in facts(last) if f.kind == "name"]
    if len(names) == 2 and not own:
        a, b = names
        if re.fullmatch(
            r"\s+(?:\w+\s+with|meet|fight|face|join|call|phone|visit|host|marry)\s+", last[a.end : b.start]
        ):
            return f"{last[a.start : a.end]} and {last[b.start : b.end]}"
    for f in names if len(history.turns) > 1 else []:
        for g in facts(history.turns[-2].searched):
            before = history.turns[-2].searched
            same = last[: f.start] + before[g.start : g.end] + last[f.end :] == before
            if g.kind == "name" and same and f.value != g.value:
                return f"{before[g.start : g.end]} and {last[f.start : f.end]}"
    return ""
