"""One claim against what it cites: the layers, and the verdict they give together."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

from numpy.typing import NDArray

from qa.language import Fact, FactKind, facts, missing, same_name
from qa.language.alike import name_words, unit
from qa.language.dates import written
from qa.language.fact import FIGURES
from qa.language.facts import amount
from qa.language.parser import parse
from qa.language.speech import SAYING, SAYING_WITH
from qa.schema import Source, Span, Verdict
from qa.support import weigh
from qa.support.quotes import quotations
from qa.support.words import carried, content, nearest, split, whole_sentences

if TYPE_CHECKING:
    from qa.models.entailment import Entailment

Layer = Literal["verbatim", "figures", "names", "quotes", "entailment"]
LAYERS: tuple[Layer, ...] = get_args(Layer)

Ask = Callable[[Sequence[tuple[str, str]]], NDArray[Any]]
"""Pairs (evidence, claim) -> (n, 3): probabilities of supported, neutral, contradicted."""

CARRIED = 0.6
"""Share of a claim's words below which, without the model, evidence says too little of it."""
INSTEAD = 0.4
"""Share of a claim's words beside a figure from which a sentence with another figure says that of the same."""
LONGEST = 2000
"""Characters of a claim; what is longer is no sentence and is not held against anything."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one layer made of a claim. `ok` is None where the layer has nothing to say."""

    layer: Layer
    ok: bool | None
    detail: str = ""
    decides: bool = False
    """Whether it is a fault with which no claim passes."""
    denies: bool = False
    """Whether the evidence says otherwise."""


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
    reading: tuple[float, ...] = field(default=(), compare=False)
    """The model's probabilities of supported, neutral, contradicted; empty where it was not asked."""

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


TOO_LONG = Judgement(
    Verdict.UNCHECKED,
    findings=(Finding("verbatim", False, f"longer than {LONGEST} characters: no sentence, not checked"),),
)


class Case(NamedTuple):
    """A claim, the texts it cites, and what is known around it. A plain (claim, evidence) pair will do."""

    claim: str
    evidence: Sequence[str]
    sources: Sequence[Source] = ()
    """Whose the texts are, in the same order: a claim may name them though the text does not."""
    elsewhere: Sequence[str] = ()
    """Texts not cited; they only help to name what is wrong with a quotation."""
    known: str = ""
    """Names that the claim may say though the evidence does not: what its document is about, and was asked of."""


@dataclass(frozen=True, slots=True)
class _Look:
    """A claim held against its evidence: what the rules found, and what the model is to read."""

    claim: str
    read: str
    """What the support model reads of the evidence."""
    evidence: int
    span: Span
    findings: tuple[Finding, ...]


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
    ) -> Judgement:
        """Whether the pieces of evidence, alone or together, bear the claim out; arguments as in `Case`.

        A claim of more than `LONGEST` characters is unchecked, and the reason says so.
        """
        return self.judge_all([Case(claim, evidence, sources, elsewhere)])[0]

    def judge_all(self, cases: Sequence[Case | tuple[str, Sequence[str]]]) -> list[Judgement]:
        """A judgement for each case, in order; the model is asked once for all of them."""
        full = [Case(*case) for case in cases]
        settled = [self._settled(case) for case in full]
        looks = [None if done else self._look(case) for case, done in zip(full, settled, strict=True)]
        ask = self.probabilities
        pairs = [(_spelled_out(look.read), _spelled_out(look.claim)) for look in looks if look]
        readings = iter(ask(pairs) if ask and pairs else [None] * len(pairs))
        return [
            _verdict(look, next(readings)) if look else done or Judgement(Verdict.UNCHECKED)
            for done, look in zip(settled, looks, strict=True)
        ]

    def _settled(self, case: Case) -> Judgement | None:
        if len(case.claim) > LONGEST:
            return TOO_LONG
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

    def _look(self, case: Case) -> _Look:
        """The rule layers on all the evidence, and the sentences of it that speak of the claim."""
        lead, claim = _core(case.claim, case.sources)
        pieces = [(i, span) for i, text in enumerate(case.evidence) for span in split(text) or [(0, len(text))]]
        sentences = [case.evidence[i][slice(*span)] for i, span in pieces]
        shown, places = nearest(claim, sentences, [i for i, _ in pieces])
        read = " ".join(sentences[i] for i in places)
        absent = _absent(lead, claim, case)
        layers: Mapping[Layer, Callable[[], Finding | None]] = {
            "figures": lambda: _figures([(t, f) for t, f in absent if f.kind in _FIGURES], claim, case),
            "names": lambda: _lacking("names", [(t, f) for t, f in absent if f.kind == "name"], case),
            "quotes": lambda: _quotes(case),
        }
        found = [layer() for name, layer in layers.items() if name in self.layers]
        if self.probabilities is None and "entailment" in self.layers:
            found.append(_shared(claim, case))
        return _Look(
            claim,
            read,
            pieces[shown[0]][0],
            (pieces[shown[0]][1][0], pieces[shown[-1]][1][1]),
            tuple(finding for finding in found if finding),
        )


def _spelled_out(text: str) -> str:
    """With "did not" for "didn't": the model knows the one far better than the other."""
    text = re.sub(r"\b([Ww])on['’]t\b", r"\1ill not", re.sub(r"\b([Cc]an)['’]t\b", r"\1not", text))
    return re.sub(r"(?<=[a-z])n['’]t\b", " not", text)


def _verdict(look: _Look, reading: NDArray[Any] | None) -> Judgement:
    where = (look.evidence, look.span)
    otherwise = any(f.denies for f in look.findings)
    if reading is None:
        broken = Verdict.CONTRADICTED if otherwise else Verdict.PARTLY
        verdict = broken if any(f.ok is False for f in look.findings) else Verdict.UNCHECKED
        return Judgement(verdict, None, *where, look.findings)
    supported, neutral, contradicted = (float(chance) for chance in reading)
    holds = 0.0 if any(f.decides for f in look.findings) else weigh.holds(supported)
    denied = contradicted - supported >= weigh.CONTRADICTED
    seen, ok = "sees a contradiction" if denied else "does not see all of it there", supported >= 0.5
    findings = (*look.findings, Finding("entailment", ok, "" if ok else f"the support model {seen}"))
    told = (*where, findings, (supported, neutral, contradicted))
    if holds >= weigh.SUPPORTED:
        return Judgement(Verdict.SUPPORTED, holds, *told)
    return Judgement(Verdict.CONTRADICTED if denied or otherwise else Verdict.PARTLY, 1 - holds, *told)


# who says it --------------------------------------------------------------------------------------------

_LEAD_ENDS = re.compile(r"(?:[,:]|\sthat)\s+(?=\S)")
_LEADS = re.compile(r"(?:According to|As(?: reported by)?)\s|.{2,160}?\s(?:quoted by|as reported by)\s", re.S)
LEAD = 280
"""Characters in which the words that name a source must end."""


def _core(claim: str, sources: Sequence[Source]) -> tuple[str, str]:
    """The words that name one of the sources, if the claim begins with such, and the rest."""
    for end in _LEAD_ENDS.finditer(claim[:LEAD]):
        lead = claim[: end.start()]
        if re.search(r"[:“\"]", lead):
            break
        if not any(names(lead, source) for source in sources):
            continue
        # "The Gazette said that", "Berg found:"; not "The council, the Gazette said, ..."
        says = "," not in lead and any(t.lemma in {*SAYING, *SAYING_WITH} for t in parse(lead).tokens[-1:])
        if says or _LEADS.match(lead):
            return claim[: end.end()].rstrip(), claim[end.end() :]
    return "", claim


def names(text: str, source: Source) -> bool:
    """Whether a text names a source: by publisher, author or title."""
    said = name_words(text)
    for name in (source.publisher, source.author, source.title):
        words = [w for w in name_words(name) if w[0].isupper()]
        if words and sum(any(same_name(w, s) for s in said) for w in words) >= max(1, (len(words) + 1) // 2):
            return True
    return False


def _about(source: Source) -> str:
    """What a claim may say of a source though the text does not: its names and its date."""
    return ". ".join(part for part in (source.publisher, source.author, source.title, *dated(source)) if part)


def dated(source: Source) -> tuple[str, ...]:
    """When a source was published, in the ways that people write it; nothing where it is not known."""
    ways = (source.published, source.published[:4], written(source.published[:7]))
    return tuple(dict.fromkeys(way for way in ways if way))


# the layers ---------------------------------------------------------------------------------------------


_FIGURES: frozenset[FactKind] = frozenset((*FIGURES, "date"))


def _absent(lead: str, claim: str, case: Case) -> list[tuple[str, Fact]]:
    """Facts of the claim, and of the words that name its source, that the evidence does not hold."""
    about = ". ".join((*map(_about, case.sources), case.known))
    text = re.sub(r"['’]s\b", "", "\n".join(case.evidence))
    found = [(claim, f) for f in missing(claim, text)]
    if about:  # the source may be called by its name
        lacking = missing(claim, about)
        found = [(c, f) for c, f in found if f.kind != "name" or f in lacking]
    return found + [(lead, f) for f in missing(lead, f"{text}\n{about}") if lead]


def _part_of_a_name(text: str, fact: Fact, case: Case) -> bool:
    """Whether the evidence holds part of a name (Presley); or it opens the sentence, and may be none at all."""
    if fact.kind != "name":
        return False
    words = text[fact.start : fact.end].split()
    if len(words) == 1:
        return fact.start == 0 and not parse(text).tokens[0].is_name
    # within a sentence: what opens one may be no name
    return any(not missing(f"of {word}", evidence) for word in words if word[0].isupper() for evidence in case.evidence)


def _lacking(layer: Layer, absent: Sequence[tuple[str, Fact]], case: Case) -> Finding:
    wholly = any(not _part_of_a_name(text, fact, case) for text, fact in absent)
    words = ", ".join(dict.fromkeys(f"“{text[f.start : f.end]}”" for text, f in absent))
    return Finding(layer, not absent, f"not in the passages read: {words}" if absent else "", decides=wholly)


def _figures(absent: Sequence[tuple[str, Fact]], claim: str, case: Case) -> Finding:
    """The claim's figures stand in the evidence, and not of something else, with another one in their place."""
    found, denies = _lacking("figures", absent, case), False
    figures = [(f, unit(f, claim)) for f in facts(claim) if f.kind in FIGURES]
    counted = Counter(of for _, of in figures)
    told = [found.detail] if absent else []
    for figure, of in figures:
        places = [_instead(figure, of, claim, text) for text in case.evidence] if of and counted[of] == 1 else []
        stands = any(there for there, _ in places)
        others = [other for there, other in places if there == stands]
        if others and (all(others) if stands else any(others)):
            shown, other = claim[figure.start : figure.end], next(filter(None, others))
            told.append(f"{f'“{shown}” is of something else, ' * stands}here it is “{other}”")
            denies = denies or stands
    return Finding("figures", not (absent or denies), "; ".join(told), bool(absent or denies), denies)


def _instead(figure: Fact, of: str, claim: str, text: str) -> tuple[bool, str]:
    """Whether a figure of the claim stands in a text, and the one that this has in its place, of the same unit.

    It is in its place in a sentence with `INSTEAD` of the claim's other words: all that any sentence with the claim's
    figure has, and more.
    """
    words = content(claim) - content(claim[figure.start : figure.end])
    own: list[frozenset[str]] = []
    most, other = frozenset[str](), ""
    for sentence in (text[a:b] for a, b in split(text)):
        told = [f for f in facts(sentence) if f.kind in FIGURES]
        held = words & content(sentence)
        if amount(figure) in map(amount, told):
            own.append(held)
        elif len(held) > len(most) and (same := [f for f in told if unit(f, sentence) == of]):
            most, other = held, sentence[same[0].start : same[0].end]
    enough = len(most) >= INSTEAD * len(words) and all(held < most for held in own)
    return bool(own), other if enough else ""


def _quotes(case: Case) -> Finding | None:
    found = quotations(case.claim, case.evidence, case.elsewhere, [s.title for s in case.sources])
    wrong = "; ".join(fault for fault in found if fault)
    return Finding("quotes", not wrong, wrong, decides=bool(wrong)) if found else None


def _shared(claim: str, case: Case) -> Finding:
    """In the place of the model where there is none: how many of the claim's words the evidence has."""
    share = carried(claim, "\n".join(case.evidence))
    said = "" if share >= CARRIED else f"the cited words say little of it ({share:.0%} of its words)"
    return Finding("entailment", not said, said)
