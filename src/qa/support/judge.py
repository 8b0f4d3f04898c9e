"""One claim against what it cites: the layers, and the verdict they give together."""

from __future__ import annotations

import calendar
import re
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

from numpy.typing import NDArray

from qa.language import Fact, FactKind, denied, facts, missing, same_name
from qa.schema import Source, Span, Verdict
from qa.support import clash, weigh
from qa.support.copied import copied
from qa.support.quotes import SPEECH, one_person, quotations, speaker, unquoted
from qa.support.words import (
    canonical,
    carried,
    content,
    done_by_another,
    grown,
    pairs_held,
    relevant,
    reworded,
    split,
    turned,
    whole_sentences,
    window,
)

if TYPE_CHECKING:
    from qa.models.entailment import Entailment

Layer = Literal["verbatim", "figures", "names", "negation", "quotes", "words", "entailment"]
LAYERS: tuple[Layer, ...] = get_args(Layer)

Ask = Callable[[Sequence[tuple[str, str]]], NDArray[Any]]
"""Pairs (evidence, claim) -> (n, 3): probabilities of supported, neutral, contradicted."""

CARRIED = 0.6
"""Share of a claim's words below which, without the model, evidence counts as a mere anchor."""
ABOUT = 0.5
"""Share of a claim's words in a sentence from which the two speak of the same thing."""
ANCHOR_WORDS = 8
"""Evidence of no more words of content than this is an anchor when several claims hang on it."""
ANCHORED = 0.9
"""Share of a claim's words that such an anchor must hold."""
NEAR, AROUND = 45, 100
"""Words of evidence that the support model reads: of the sentences most like the claim, wherever they stand, and of
the one place that holds most of it, where "he" has a name."""
COPIED = 0.97
"""Probability that a claim holds which is a sentence of its source with little changed; see `qa.support.copied`."""
NEARLY_ALL = 0.8
"""Share of its words from which a sentence is worth asking whether the claim is a copy of it."""
MANY = 2
"""Faults of one sort that count; a third says nothing new."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one layer made of a claim. `ok` is None where the layer has nothing to say."""

    layer: Layer
    ok: bool | None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict on a claim, how sure it is, and which words of which piece of evidence decided it."""

    verdict: Verdict
    score: float | None = None
    """Probability that the claim is borne out or, where the verdict denies that, that it is not; None where only
    rules spoke and did not decide."""
    evidence: int | None = None
    """Place of the decisive piece in the evidence; None if there was none."""
    span: Span | None = None
    """The decisive words in that piece."""
    findings: tuple[Finding, ...] = ()
    signals: Mapping[str, float] = field(default_factory=dict, compare=False)
    """What was weighed (`qa.support.weigh`), by "layer.signal"; empty where it was settled without weighing."""

    @property
    def reason(self) -> str:
        """In words, what does not hold; empty if nothing."""
        return "; ".join(f.detail for f in self.findings if f.ok is False and f.detail)

    @property
    def failed(self) -> bool:
        """Whether the evidence was found not to bear the claim out, wholly or in part."""
        return self.verdict in (Verdict.PARTLY, Verdict.CONTRADICTED)

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "verdict": self.verdict.value,
            "score": None if self.score is None else round(self.score, 4),
            "evidence": self.evidence,
            "span": list(self.span) if self.span else None,
            "findings": [{"layer": f.layer, "ok": f.ok, "detail": f.detail} for f in self.findings],
        }


class Case(NamedTuple):
    """A claim, the texts it cites, and what is known around it. A plain (claim, evidence) pair will do."""

    claim: str
    evidence: Sequence[str]
    sources: Sequence[Source] = ()
    """Whose the texts are, in the same order: a claim may name them though the text does not."""
    elsewhere: Sequence[str] = ()
    """Texts not cited; they only help to name what is wrong with a quotation."""
    question: str = ""
    """What was asked: a claim that only repeats it is not borne out by an anchor."""


@dataclass(frozen=True, slots=True)
class _Look:
    """A claim held against its evidence: what the rules found, and what the model is to read."""

    lead: str
    claim: str
    near: str
    around: str
    evidence: int
    span: Span
    lines: tuple[clash.Line, ...] = ()
    findings: tuple[Finding, ...] = ()
    signals: Mapping[str, float] = field(default_factory=dict)
    spoken: bool = False
    """Whether the claim is nothing but a quotation with its speaker, and both are right."""
    clash: bool = False
    """Whether the evidence plainly says something else in the place of the claim's words."""
    copied: bool = False
    """Whether the claim is a sentence of the evidence with little changed."""

    @property
    def broken(self) -> bool:
        return any(f.ok is False for f in self.findings)


class Support:
    """Judges claims. Without the model, or with some layers off, the others still speak."""

    def __init__(self, entailment: Entailment | None = None, layers: Collection[str] = LAYERS) -> None:
        unknown = set(layers) - set(LAYERS)
        if unknown:
            raise ValueError(f"no layer {', '.join(sorted(unknown))}; there are: {', '.join(LAYERS)}")
        self.entailment = entailment
        self.layers = frozenset(layers)

    @property
    def probabilities(self) -> Ask | None:
        """The model alone; None where it is missing or switched off."""
        if self.entailment is None or "entailment" not in self.layers:
            return None
        ask: Ask = self.entailment.judge
        return ask

    def judge(
        self,
        claim: str,
        evidence: Sequence[str],
        *,
        sources: Sequence[Source] = (),
        elsewhere: Sequence[str] = (),
        question: str = "",
    ) -> Judgement:
        """Whether the pieces of evidence, alone or together, bear the claim out; arguments as in `Case`."""
        return self.judge_all([Case(claim, evidence, sources, elsewhere, question)])[0]

    def judge_all(self, cases: Sequence[Case | tuple[str, Sequence[str]]]) -> list[Judgement]:
        """A judgement for each case, in order; the model is asked once for all of them."""
        full = [Case(*case) for case in cases]
        anchors = _anchors(full) if "words" in self.layers else set()
        settled = [self._settled(case) for case in full]
        looks = [
            None if done else self._look(case, case.claim in anchors) for case, done in zip(full, settled, strict=True)
        ]
        ask = self.probabilities
        # near and wide are often the same; each distinct pair is read once
        pairs = {pair: i for i, pair in enumerate(dict.fromkeys(p for look in looks if look for p in _pairs(look)))}
        read = ask(list(pairs)) if ask and pairs else None
        judgements = []
        for done, look in zip(settled, looks, strict=True):
            readings = [tuple(map(float, read[pairs[p]])) for p in _pairs(look)] if look and read is not None else []
            judgements.append(self._verdict(look, readings) if look else done or Judgement(Verdict.UNCHECKED))
        return judgements

    def _settled(self, case: Case) -> Judgement | None:
        if not case.evidence:
            return Judgement(Verdict.UNCHECKED)
        if "verbatim" not in self.layers:
            return None
        for i, text in enumerate(case.evidence):
            for claim in dict.fromkeys((case.claim, _core(case.claim, case.sources[i : i + 1])[1])):
                span = whole_sentences(claim, text)
                if span and (claim == case.claim or not self._foreign_speaker(case, i)):
                    found = Finding("verbatim", True, "the words stand in the source")
                    return Judgement(Verdict.SUPPORTED, 1.0, i, span, (found,))
        return None

    def _foreign_speaker(self, case: Case, i: int) -> bool:
        # "X, quoted by Y: words": the words are there, but X may not be who said them
        if not self.layers & {"quotes", "names", "figures"}:
            return False
        lead = _core(case.claim, case.sources[i : i + 1])[0]
        return bool(missing(lead, f"{case.evidence[i]}\n{_about(case.sources[i])}"))

    def _look(self, case: Case, anchored: bool) -> _Look:
        """The rule layers on all the evidence, and the sentences of it that speak of the claim."""
        lead, claim = _core(case.claim, case.sources)
        spans = [window(claim, text) for text in case.evidence]
        shares = [carried(claim, text[a:b]) for text, (a, b) in zip(case.evidence, spans, strict=True)]
        at = max(range(len(spans)), key=lambda k: shares[k])
        sentences = [text[a:b] for text in case.evidence for a, b in split(text)] or list(case.evidence)
        near = " ".join(sentences[i] for i in relevant(sentences, claim, NEAR))
        best = case.evidence[at]
        lines = clash.lines(case.evidence)
        look = _Look(lead, claim, near, best[slice(*grown(best, spans[at], AROUND))], at, spans[at], lines)
        layers: tuple[tuple[Layer, Callable[[], _Found]], ...] = (
            ("figures", lambda: _figures(look, case)),
            ("names", lambda: _names(look, case)),
            ("negation", lambda: _negation(look, case)),
            ("quotes", lambda: _quotes(look, case)),
            ("words", lambda: _words(look, case, sentences, anchored, modelled=self.probabilities is not None)),
        )
        findings: list[Finding] = []
        signals: dict[str, float] = {}
        spoken = clashes = False
        for name, layer in layers:
            if name in self.layers:
                found = layer()
                findings += found.findings
                signals |= found.signals
                spoken, clashes = spoken or found.spoken, clashes or found.clash
        same = "verbatim" in self.layers and any(
            copied(claim, line.text) for line in lines if carried(claim, line.text) >= NEARLY_ALL
        )
        return replace(look, findings=tuple(findings), signals=signals, spoken=spoken, clash=clashes, copied=same)

    def _verdict(self, look: _Look, readings: Sequence[tuple[float, ...]]) -> Judgement:
        where = (look.evidence, look.span)
        if look.spoken and not look.broken:
            return Judgement(Verdict.SUPPORTED, 1.0, *where, look.findings, look.signals)
        if not readings:
            verdict = Verdict.PARTLY if look.broken else Verdict.UNCHECKED
            verdict = Verdict.CONTRADICTED if look.clash else verdict
            return Judgement(verdict, None, *where, look.findings, look.signals)
        signals = {**look.signals, **_read(readings)}
        holds, conflicts = weigh.holds(signals), weigh.conflicts(signals)
        if look.copied and not look.broken:
            holds = max(holds, COPIED)
        supported, _, contradicted = (sum(column) / len(readings) for column in zip(*readings, strict=True))
        seen = "a contradiction" if contradicted >= weigh.CONTRADICTED else "no support"
        ok = supported >= weigh.SUPPORTED
        findings = (*look.findings, Finding("entailment", ok, "" if ok else f"the support model sees {seen}"))
        if holds >= weigh.SUPPORTED:
            return Judgement(Verdict.SUPPORTED, holds, *where, findings, signals)
        verdict = Verdict.CONTRADICTED if look.clash or conflicts >= weigh.CONTRADICTED else Verdict.PARTLY
        return Judgement(verdict, 1 - holds, *where, findings, signals)


def _pairs(look: _Look) -> list[tuple[str, str]]:
    """What the support model reads, the claim with few words of evidence and with more."""
    claim = canonical(look.claim)
    return [(canonical(evidence), claim) for evidence in (look.near, look.around)]


def _read(readings: Sequence[tuple[float, ...]]) -> dict[str, float]:
    return {
        "entailment.for": sum(weigh.log_odds(p[0]) for p in readings) / len(readings),
        "entailment.against": sum(weigh.log_odds(p[2]) for p in readings) / len(readings),
    }


# who says it --------------------------------------------------------------------------------------------

_LEADS = (
    re.compile(r"(?P<lead>(?:According to|As reported by|As (?=[A-Z]))\s?[^:“\"]{2,160}?[,:])\s+(?P<rest>\S.+)", re.S),
    re.compile(
        r"(?P<lead>[^:“\"]{2,160}?,?\s(?:quoted by|as reported by|relaying)\s[^:“\"]{2,120}):\s+"
        r"(?P<rest>\S.+)",
        re.S,
    ),
    re.compile(
        r"(?P<lead>[A-Z][^,:;“\"]{1,100}?\s(?:says?|said|reports?|reported|writes?|wrote|argues?|argued|notes?|noted|states?|"
        r"stated|claims?|claimed|describes? how|adds?|added|found|finds))(?:\sthat\s|:\s|,\s)(?P<rest>\S.+)",
        re.S,
    ),
)


def core(case: Case) -> str:
    """The claim without the words that name its source: what the evidence itself must bear out."""
    return _core(case.claim, case.sources)[1]


def _core(claim: str, sources: Sequence[Source]) -> tuple[str, str]:
    """The words that name one of the sources, if the claim begins with such, and the rest."""
    for pattern in _LEADS:
        match = pattern.match(claim)
        if match and any(names(match["lead"], source) for source in sources):
            return match["lead"], match["rest"]
    return "", claim


def names(text: str, source: Source) -> bool:
    """Whether a text names a source: by publisher, author or title."""
    said = re.findall(r"[^\W_][\w'’-]*", text)
    for name in (source.publisher, source.author, source.title):
        words = [w for w in re.findall(r"[^\W_][\w'’-]*", name) if w[0].isupper() and w.lower() not in ("the", "a")]
        if words and sum(any(same_name(w, s) for s in said) for w in words) >= max(1, (len(words) + 1) // 2):
            return True
    return False


def _about(source: Source) -> str:
    """What a claim may say of a source though the text does not: its names and its date."""
    return ". ".join(part for part in (source.publisher, source.author, source.title, *dated(source)) if part)


def dated(source: Source) -> tuple[str, ...]:
    """When a source was published, in the ways that people write it; nothing where it is not known."""
    year, month, *_ = (*source.published.split("-"), "", "")
    written = [source.published, year]
    if month.isdigit() and 1 <= int(month) <= 12:
        written.append(f"{calendar.month_name[int(month)]} {year}")
    return tuple(dict.fromkeys(part for part in written if part))


# the layers ---------------------------------------------------------------------------------------------


class _Found(NamedTuple):
    """What a rule layer has to say."""

    findings: tuple[Finding, ...]
    signals: Mapping[str, float] = {}
    spoken: bool = False
    clash: bool = False


_FIGURES: frozenset[FactKind] = frozenset(("number", "percent", "money", "quantity", "date"))


def _absent(look: _Look, case: Case, text: str, kinds: Collection[FactKind]) -> list[tuple[str, Fact]]:
    """Facts of the claim, and of the words that name its source, that a text does not hold."""
    about = ". ".join(_about(source) for source in case.sources)
    text = re.sub(r"['’]s\b", "", text)
    found = [(look.claim, f) for f in missing(look.claim, text) if f.kind in kinds]
    if about:  # the source may be called by its name
        lacking = missing(look.claim, about)
        found = [(c, f) for c, f in found if f.kind != "name" or f in lacking]
    if look.lead:
        found += [(look.lead, f) for f in missing(look.lead, f"{text}\n{about}") if f.kind in kinds]
    return found


def _figures(look: _Look, case: Case) -> _Found:
    absent = _absent(look, case, "\n".join(case.evidence), _FIGURES)
    far = [pair for pair in _absent(look, case, look.near, _FIGURES) if pair not in absent]
    own = [f for f in facts(look.claim) if f.kind in _FIGURES and not _known(look.claim, f, case)]
    rivals = {f: there for f in own if (there := clash.rival(look.claim, f, look.lines))}
    off = [] if rivals else _adrift(look, own, absent)
    signals = {
        "figures.absent": min(MANY, len(absent)),
        "figures.elsewhere": min(MANY, len(far)),
        "figures.adrift": min(MANY, len(off)),
        "figures.rival": min(MANY, len(rivals)),
    }
    if absent or rivals:
        detail = _instead(look.claim, absent, rivals)
        return _Found((Finding("figures", False, detail),), signals, clash=bool(rivals))
    if far or off:
        return _Found((Finding("figures", None, f"{_OFF}: {_shown([*far, *off])}"),), signals)
    return _Found((Finding("figures", True),), signals)


_OFF = "in the source, but about something else"


def _adrift(look: _Look, own: Sequence[Fact], absent: Sequence[tuple[str, Fact]]) -> list[tuple[str, Fact]]:
    return [(look.claim, f) for f in own if (look.claim, f) not in absent and clash.adrift(look.claim, f, look.lines)]


def _known(claim: str, fact: Fact, case: Case) -> bool:
    """Whether a fact is about a source itself, which its text need not say."""
    return fact not in missing(claim, ". ".join(_about(source) for source in case.sources))


def _names(look: _Look, case: Case) -> _Found:
    lacking = _absent(look, case, "\n".join(case.evidence), {"name"})
    # part of a name may be enough (Presley), and a capital that opens the sentence may be no name at all
    absent = [(c, f) for c, f in lacking if not _partly(c, f, case)]
    far = [pair for pair in _absent(look, case, look.near, {"name"}) if pair not in lacking]
    own = [f for f in facts(look.claim) if f.kind == "name" and not _known(look.claim, f, case)]
    rivals = {f: there for f in own if (there := clash.rival(look.claim, f, look.lines))}
    off = [] if rivals else _adrift(look, own, lacking)
    round_ = turned(look.claim, look.near)
    other = done_by_another(look.claim, look.near)
    signals = {
        "names.absent": min(MANY, len(absent)),
        "names.partly": min(MANY, len(lacking) - len(absent)),
        "names.elsewhere": min(MANY, len(far)),
        "names.adrift": min(MANY, len(off)),
        "names.rival": min(MANY, len(rivals)),
        "names.turned": float(bool(round_ or other)),
    }
    if round_:
        detail = f"the other way round in the source: {round_}"
        return _Found((Finding("names", False, detail),), signals, clash=True)
    if lacking or other or rivals:
        detail = _instead(look.claim, lacking, rivals, other)
        return _Found((Finding("names", False, detail),), signals, clash=bool(other))
    if far or off:
        return _Found((Finding("names", None, f"{_OFF}: {_shown([*far, *off])}"),), signals)
    return _Found((Finding("names", True),), signals)


def _partly(text: str, name: Fact, case: Case) -> bool:
    words = text[name.start : name.end].split()
    if len(words) == 1:
        return name.start == 0
    # within a sentence: what opens one may be no name
    return any(not missing(f"of {word}", evidence) for word in words if word[0].isupper() for evidence in case.evidence)


def _negation(look: _Look, case: Case) -> _Found:
    own = [f for f in facts(look.claim) if f.kind == "negation"]
    there = [f for f in facts(look.near) if f.kind == "negation"]
    added = [(look.claim, f) for f in missing(look.claim, look.near) if f.kind == "negation"]
    told = " ".join(look.near[a:b] for a, b in split(look.near) if carried(look.claim, look.near[a:b]) >= ABOUT)
    told = canonical(told)
    left = denied(canonical(look.claim), told)
    plain = clash.denies(look.claim, look.lines)
    signals = {
        "negation.denied": float(bool(plain)),
        "negation.added": float(bool(own) and not there),
        "negation.other": float(bool(added) and bool(there)),
        "negation.left": min(MANY, len(left)),
    }
    if plain:
        return _Found((Finding("negation", False, f"the source denies it: “{plain}”"),), signals, clash=True)
    if left:
        words = ", ".join(f"“{told[f.start : f.end]} {f.value[4:]}”" for f in left)
        return _Found((Finding("negation", False, f"the source denies it: {words}"),), signals)
    if added and not there:
        return _Found((Finding("negation", False, f"not in the source: {_shown(added)}"),), signals)
    return _Found((Finding("negation", None if added else True),), signals)


def _quotes(look: _Look, case: Case) -> _Found:
    best, span = case.evidence[look.evidence], look.span
    found = quotations(case.claim, case.evidence, case.elsewhere, [s.title for s in case.sources])
    bad = [q for q in found if q.failure]
    if bad:
        detail = "; ".join(f"{q.failure}: {q.detail}" for q in bad)
        return _Found((Finding("quotes", False, detail),), {"quotes.failed": 1.0})
    named = look.lead or speaker(look.claim, (0, len(look.claim)))
    told = look.claim.replace(named, "") if named else look.claim
    if not found and not look.lead and carried(told, best[slice(*span)]) >= ABOUT:
        said = speaker(best, _best_sentence(told, best, span))  # reported speech has a speaker too
        own = any(names(named, s) for s in case.sources)
        if named and said and not one_person(named, said) and not own:
            detail = f"misattributed: given to {named}; in the source {said} says it"
            return _Found((Finding("quotes", False, detail),), {"quotes.speaker": 1.0})
    if not found:
        return _Found(())
    rest = content(unquoted(look.claim)) - content(named) - SPEECH
    spoken = bool(named) and not rest and all(q.speaker for q in found)
    return _Found((Finding("quotes", True, "said so, word for word" if spoken else ""),), spoken=spoken)


def _best_sentence(claim: str, text: str, span: Span) -> Span:
    """The one sentence within a span that holds most of the claim's words."""
    within = [(a, b) for a, b in split(text) if a >= span[0] and b <= span[1]]
    return max(within, key=lambda place: carried(claim, text[slice(*place)]), default=span)


def _words(look: _Look, case: Case, sentences: Sequence[str], anchored: bool, *, modelled: bool) -> _Found:
    whole = carried(look.claim, "\n".join(case.evidence))
    best = max(sentences, key=lambda s: carried(look.claim, s))
    changed = reworded(look.claim, look.near)
    opposite = clash.opposed(look.claim, look.lines)
    signals = {
        "words.share": carried(look.claim, look.near) - 1,
        "words.best": carried(look.claim, best) - 1,
        "words.pairs": pairs_held(look.claim, look.near) - 1,
        "words.reworded": min(MANY, len(changed)),
        "words.opposed": float(opposite is not None),
    }
    if opposite:
        detail = f"the source says “{opposite[1]}”, not “{opposite[0]}”"
        return _Found((Finding("words", False, detail),), signals, clash=True)
    if anchored and whole < ANCHORED:
        detail = "the same few words are cited for several claims"
        return _Found((Finding("words", False, detail),), {**signals, "words.anchored": 1.0})
    if not modelled and whole < CARRIED:
        asked = carried(look.claim, case.question) if case.question else 0.0
        why = "the claim repeats the question" if asked > whole else "the cited words say little of it"
        return _Found((Finding("words", False, f"{why} ({whole:.0%} of its words stand there)"),), signals)
    if changed:
        words = ", ".join(f"“{word}”" for word in changed)
        return _Found((Finding("words", None, f"nearly the words of the source, but for {words}"),), signals)
    return _Found((Finding("words", True),), signals)


def _instead(claim: str, absent: Sequence[tuple[str, Fact]], rivals: Mapping[Fact, str], doer: str = "") -> str:
    """In words, what the source has not, and what it has in its place."""
    lacking = [(text, f) for text, f in absent if text != claim or f not in rivals]
    said = [f"not in the source: {_shown(lacking)}"] if lacking else []
    said += [f"the source has “{there}” there, not “{claim[f.start : f.end]}”" for f, there in rivals.items()]
    return "; ".join([*said, f"in the source it is {doer}"] if doer else said)


def _shown(found: Sequence[tuple[str, Fact]]) -> str:
    return ", ".join(dict.fromkeys(f"“{text[f.start : f.end]}”" for text, f in found))


def _anchors(cases: Sequence[Case]) -> set[str]:
    """Claims that hang, three or more, on one and the same short piece of evidence."""
    short = Counter(text for case in cases for text in set(case.evidence) if len(content(text)) <= ANCHOR_WORDS)
    return {case.claim for case in cases if case.evidence and all(short[text] >= 3 for text in case.evidence)}
