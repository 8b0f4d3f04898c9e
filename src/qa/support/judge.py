"""One claim against what it cites: the layers, and the verdict they give together."""

from __future__ import annotations

import calendar
import re
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

from numpy.typing import NDArray

from qa.facts import Fact, denied, missing, same_name
from qa.schema import Source, Span, Verdict
from qa.support.quotes import SPEECH, one_person, quotations, speaker, unquoted
from qa.support.words import canonical, carried, content, grown, reworded, whole_sentences, window

if TYPE_CHECKING:
    from qa.models.entailment import Entailment

Layer = Literal["verbatim", "facts", "quotes", "reuse", "entailment"]
LAYERS: tuple[Layer, ...] = get_args(Layer)

Ask = Callable[[Sequence[tuple[str, str]]], NDArray[Any]]
"""Pairs (evidence, claim) -> (n, 3): probabilities of supported, neutral, contradicted."""

# The thresholds below are set on development data, never on the sets that results are reported on: SUPPORTED so
# that 5 % of true claims fail; CONTRADICTED so that 9 of 10 that it names are.
SUPPORTED = 0.5
"""Probability from which the support model's word is taken for `supported`."""
CONTRADICTED = 0.5
"""Probability from which it is taken for `contradicted`."""
OVERRULED = 0.9
"""Probability of support that clears a doubt: a figure from another sentence, a copy with a word changed."""
CARRIED = 0.6
"""Share of a claim's words below which, without the model, evidence counts as a mere anchor."""
CARRIED_LEAST = 0.25
"""The same where the model has its say: it knows other words for the same thing."""
ABOUT = 0.5
"""Share of a claim's words in a sentence from which the two speak of the same thing."""
ANCHOR_WORDS = 8
"""Evidence of no more words of content than this is an anchor when several claims hang on it."""
ANCHORED = 0.9
"""Share of a claim's words that such an anchor must hold."""
READ = 200
"""Words of evidence that the support model reads at once."""


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
    """Confidence in the verdict, 0 to 1; None where only rules spoke and did not decide."""
    evidence: int | None = None
    """Place of the decisive piece in the evidence; None if there was none."""
    span: Span | None = None
    """The decisive words in that piece."""
    findings: tuple[Finding, ...] = ()

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
    """One piece of evidence (or several joined) as a claim is held against it."""

    text: str
    evidence: int
    span: Span
    findings: tuple[Finding, ...]
    doubtful: bool = False
    """Some figure stands elsewhere in the evidence, or the claim is a copy but for some words."""

    @property
    def broken(self) -> bool:
        return any(f.ok is False for f in self.findings)

    @property
    def spoken(self) -> bool:
        """Whether the claim is nothing but a quotation with its speaker, and both are right."""
        return not self.broken and any(f.ok and f.detail == _SPOKEN for f in self.findings)

    @property
    def denied(self) -> bool:
        return any(f.ok is False and f.detail.startswith(_DENIES) for f in self.findings)


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
        anchors = _anchors(full) if "reuse" in self.layers else set()
        settled = [self._verbatim(case) for case in full]
        looks = [
            [] if done else self._looks(case, case.claim in anchors) for case, done in zip(full, settled, strict=True)
        ]
        chances = self._ask(
            [
                (canonical(look.text), canonical(core(case)))
                for case, mine in zip(full, looks, strict=True)
                for look in mine
            ]
        )
        judgements = []
        for done, mine in zip(settled, looks, strict=True):
            own = [next(chances) for _ in mine]
            judgements.append(done or _best([self._verdict(k, p) for k, p in zip(mine, own, strict=True)]))
        return judgements

    def _ask(self, pairs: list[tuple[str, str]]) -> Any:
        ask = self.probabilities
        if ask is None or not pairs:
            return iter([None] * len(pairs))
        return iter([tuple(float(p) for p in row) for row in ask(pairs)])

    def _verbatim(self, case: Case) -> Judgement | None:
        if "verbatim" not in self.layers:
            return None
        for i, text in enumerate(case.evidence):
            for claim in dict.fromkeys((case.claim, _core(case.claim, case.sources[i : i + 1])[1])):
                span = whole_sentences(claim, text)
                if span and (claim == case.claim or not self._foreign_speaker(case, i, span)):
                    found = Finding("verbatim", True, "the words stand in the source")
                    return Judgement(Verdict.SUPPORTED, 1.0, i, span, (found,))
        return None

    def _foreign_speaker(self, case: Case, i: int, span: Span) -> bool:
        # "X, quoted by Y: words": the words are there, but X may not be who said them
        if "quotes" not in self.layers and "facts" not in self.layers:
            return False
        lead = _core(case.claim, case.sources[i : i + 1])[0]
        around = case.evidence[i]
        return bool(missing(lead, f"{around}\n{_about(case.sources[i])}"))

    def _looks(self, case: Case, anchored: bool) -> list[_Look]:
        found = [self._look(case, [i], anchored) for i in range(len(case.evidence))]
        if len(found) > 1:
            found.append(self._look(case, list(range(len(case.evidence))), anchored))
        return found

    def _look(self, case: Case, places: list[int], anchored: bool) -> _Look:
        """The rule layers on one piece of evidence, or on several read together."""
        sources = [case.sources[i] for i in places if i < len(case.sources)]
        lead, claim = _core(case.claim, sources)
        texts = [case.evidence[i] for i in places]
        spans = [window(claim, text) for text in texts]
        shares = [carried(claim, text[a:b]) for text, (a, b) in zip(texts, spans, strict=True)]
        at = max(range(len(places)), key=lambda k: shares[k])
        near = [text[slice(*grown(text, span, READ // len(texts)))] for text, span in zip(texts, spans, strict=True)]
        whole = "\n".join(texts)
        decisive = texts[at][slice(*spans[at])]
        findings: list[Finding] = []
        doubtful = False
        if "facts" in self.layers:
            finding = _facts_layer(lead, claim, whole, decisive, sources, shares[at])
            doubtful = finding.ok is None
            findings.append(finding)
        if "quotes" in self.layers:
            findings += _quotes_layer(case, lead, claim, texts, texts[at], spans[at], shares[at], sources)
        if "reuse" in self.layers:
            bar = CARRIED_LEAST if self.probabilities else CARRIED
            findings.append(_reuse_layer(case, claim, whole, bar, anchored))
        return _Look("\n".join(near), places[at], spans[at], tuple(findings), doubtful)

    def _verdict(self, look: _Look, chances: tuple[float, float, float] | None) -> Judgement:
        findings = look.findings
        if look.spoken:
            return Judgement(Verdict.SUPPORTED, 1.0, look.evidence, look.span, findings)
        if chances is not None:
            supported, neutral, contradicted = chances
            ok = supported >= SUPPORTED
            seen = "a contradiction" if contradicted >= CONTRADICTED else "no support"
            said = "" if ok else f"the support model sees {seen}"
            findings += (Finding("entailment", ok, said),)
            if contradicted >= CONTRADICTED:
                return Judgement(Verdict.CONTRADICTED, contradicted, look.evidence, look.span, findings)
            if look.denied:
                return Judgement(Verdict.CONTRADICTED, 1 - supported, look.evidence, look.span, findings)
            if look.broken or not ok or (look.doubtful and supported < OVERRULED):
                return Judgement(Verdict.PARTLY, max(neutral, 1 - supported), look.evidence, look.span, findings)
            return Judgement(Verdict.SUPPORTED, supported, look.evidence, look.span, findings)
        if look.denied:
            return Judgement(Verdict.CONTRADICTED, None, look.evidence, look.span, findings)
        verdict = Verdict.PARTLY if look.broken else Verdict.UNCHECKED
        return Judgement(verdict, None, look.evidence, look.span, findings)


_ORDER = (Verdict.SUPPORTED, Verdict.UNCHECKED, Verdict.CONTRADICTED, Verdict.PARTLY)


def _best(judgements: Sequence[Judgement]) -> Judgement:
    """Support from any piece, or from all together, is support; else a contradiction outweighs silence."""
    if not judgements:
        return Judgement(Verdict.UNCHECKED)
    place = {verdict: i for i, verdict in enumerate(_ORDER)}
    return min(
        judgements,
        key=lambda j: (
            place[j.verdict],
            sum(f.ok is False for f in j.findings),
            -(j.score or 0.0) if not j.failed else (j.score or 0.0),
        ),
    )


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
    year, month, *_ = (*source.published.split("-"), "", "")
    dated = [source.published, year]
    if month.isdigit() and 1 <= int(month) <= 12:
        dated.append(f"{calendar.month_name[int(month)]} {year}")
    return ". ".join(part for part in (source.publisher, source.author, source.title, *dated) if part)


# the layers ---------------------------------------------------------------------------------------------

_DENIES = "the source denies"
_SPOKEN = "said so, word for word"


def _facts_layer(lead: str, claim: str, whole: str, decisive: str, sources: Sequence[Source], share: float) -> Finding:
    about = ". ".join(_about(source) for source in sources)
    whole, decisive = (re.sub(r"['’]s\b", "", text) for text in (whole, decisive))
    absent = [(claim, f) for f in missing(claim, whole) if f.kind != "quote"]
    absent = [(c, f) for c, f in absent if not (f.kind == "name" and about and not missing(c[f.start : f.end], about))]
    absent += [(lead, f) for f in missing(lead, f"{whole}\n{about}") if f.kind != "quote"] if lead else []
    if absent:
        return Finding("facts", False, f"not in the source: {_shown(absent)}")
    if share >= ABOUT:
        against = denied(claim, decisive)
        if against:
            words = ", ".join(f"“{decisive[f.start : f.end]} {f.value[4:]}”" for f in against)
            return Finding("facts", False, f"{_DENIES} it: {words}")
    far = [(claim, f) for f in missing(claim, decisive) if f.kind in ("number", "percent", "money", "quantity", "date")]
    changed = reworded(claim, decisive)
    if changed:
        words = ", ".join(f"“{word}”" for word in changed)
        return Finding("facts", None, f"nearly the words of the source, but for {words}")
    if far:
        return Finding("facts", None, f"in the source, but about something else: {_shown(far)}")
    return Finding("facts", True)


def _shown(found: Sequence[tuple[str, Fact]]) -> str:
    return ", ".join(dict.fromkeys(f"“{text[f.start : f.end]}”" for text, f in found))


def _quotes_layer(
    case: Case,
    lead: str,
    claim: str,
    texts: Sequence[str],
    best: str,
    span: Span,
    share: float,
    sources: Sequence[Source],
) -> list[Finding]:
    found = quotations(case.claim, texts, case.elsewhere, [s.title for s in sources])
    bad = [q for q in found if q.failure]
    if bad:
        return [Finding("quotes", False, "; ".join(f"{q.failure}: {q.detail}" for q in bad))]
    if not found and share >= ABOUT and not lead:  # reported speech has a speaker too
        named, said = speaker(claim, (0, len(claim))), speaker(best, span)
        if named and said and not one_person(named, said) and not any(names(named, s) for s in sources):
            return [Finding("quotes", False, f"misattributed: given to {named}; in the source {said} says it")]
    if not found:
        return []
    named = lead or speaker(claim, (0, len(claim)))
    rest = content(unquoted(claim)) - content(named) - SPEECH
    return [Finding("quotes", True, _SPOKEN if named and not rest and all(q.speaker for q in found) else "")]


def _reuse_layer(case: Case, claim: str, whole: str, bar: float, anchored: bool) -> Finding:
    share = carried(claim, whole)
    if share < bar:
        asked = carried(claim, case.question) if case.question else 0.0
        why = "the claim repeats the question" if asked > share else "the cited words say little of it"
        return Finding("reuse", False, f"{why} ({share:.0%} of its words stand there)")
    if anchored and share < ANCHORED:
        return Finding("reuse", False, "the same few words are cited for several claims")
    return Finding("reuse", True)


def _anchors(cases: Sequence[Case]) -> set[str]:
    """Claims that hang, three or more, on one and the same short piece of evidence."""
    short = Counter(text for case in cases for text in set(case.evidence) if len(content(text)) <= ANCHOR_WORDS)
    return {case.claim for case in cases if case.evidence and all(short[text] >= 3 for text in case.evidence)}
