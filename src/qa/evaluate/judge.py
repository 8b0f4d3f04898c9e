"""The judge is judged: does it see what is false, and does it leave alone what is true?

Citation recall and precision rest on `Assistant.judge`. Here it is shown true sentences of the corpus that
were broken by program (`qa.mutate`), one kind of error at a time, and true ones said in other words. A
score from a judge that fails this test is printed as such.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from qa.evaluate.questions import EvalError, Question, Split, split_of
from qa.mutate import MUTATION_KINDS, mutations
from qa.schema import Hit, Verdict
from qa.support import Judgement, case_of

if TYPE_CHECKING:
    from qa.assistant import Assistant

CAUGHT = 0.90
"""Share of the broken claims, of all kinds, that a judge must catch to be believed."""
CAUGHT_OF_A_KIND = 0.70
"""The same for each kind of which there are at least `ENOUGH_CASES`."""
FALSE_ALARMS = 0.10
"""Share of the true claims that it may reject."""
ENOUGH_CASES = 10
SHOWN = 5
"""Mistakes of each kind that are kept to be looked at."""


@dataclass(frozen=True, slots=True)
class JudgeTrial:
    """A claim of known truth, its evidence, and whether the judge took it for supported."""

    kind: str
    claim: str
    evidence: str
    true: bool
    supported: bool

    @property
    def mistaken(self) -> bool:
        """Whether the judge was wrong."""
        return self.true != self.supported


@dataclass(frozen=True, slots=True)
class JudgeReport:
    """Detection rate by kind of error, false alarms by kind of rewording, and the mistakes."""

    trials: tuple[JudgeTrial, ...] = field(repr=False)

    def rates(self, *, true: bool) -> dict[str, tuple[int, int]]:
        """By kind, (caught, of) for broken claims or (rejected, of) for true ones."""
        found: dict[str, tuple[int, int]] = {}
        for trial in self.trials:
            if trial.true is true:
                rejected, of = found.get(trial.kind, (0, 0))
                found[trial.kind] = (rejected + (not trial.supported), of + 1)
        return found

    def overall(self, *, true: bool) -> float:
        """Share of the claims, broken or true, that were rejected."""
        judged = [trial for trial in self.trials if trial.true is true]
        return sum(not trial.supported for trial in judged) / len(judged) if judged else float("nan")

    @property
    def failures(self) -> tuple[str, ...]:
        """Why it is not to be believed, in a line each; empty if it is."""
        caught, alarms = self.overall(true=False), self.overall(true=True)
        found = []
        if not caught >= CAUGHT:
            found.append(f"catches {caught:.0%} of broken claims; {CAUGHT:.0%} are asked of it")
        for kind, (n, of) in self.rates(true=False).items():
            if of >= ENOUGH_CASES and n / of < CAUGHT_OF_A_KIND:
                found.append(f"catches {n} of {of} claims broken by {kind}; {CAUGHT_OF_A_KIND:.0%} are asked")
        if not alarms <= FALSE_ALARMS:
            found.append(f"rejects {alarms:.0%} of true claims; {FALSE_ALARMS:.0%} is let pass")
        return tuple(found)

    @property
    def mistakes(self) -> tuple[JudgeTrial, ...]:
        """A few of each kind."""
        kept: dict[tuple[bool, str], list[JudgeTrial]] = {}
        for trial in self.trials:
            if trial.mistaken:
                kept.setdefault((trial.true, trial.kind), []).append(trial)
        return tuple(trial for trials in kept.values() for trial in trials[:SHOWN])

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""

        def table(*, true: bool) -> dict[str, Any]:
            return {
                kind: {"rejected": n, "of": of, "rate": round(n / of, 4)}
                for kind, (n, of) in self.rates(true=true).items()
            }

        return {
            "detection": {"overall": self.overall(true=False), "by_kind": table(true=False)},
            "false_alarms": {"overall": self.overall(true=True), "by_kind": table(true=True)},
            "passed": not self.failures,
            "failures": list(self.failures),
            "mistakes": [
                {"kind": t.kind, "claim": t.claim, "evidence": t.evidence, "true": t.true} for t in self.mistakes
            ],
        }


def examine(
    assistant: Assistant,
    questions: Sequence[Question] = (),
    *,
    sentences: int = 120,
    seed: int = 0,
    progress: Callable[[str, int, int], None] = lambda what, done, of: None,
) -> JudgeReport:
    """Shows the assistant's judge claims of known truth about its own corpus.

    Args:
        questions: those with a false premise give a false and a true claim in a person's words.
        sentences: how many sentences of the corpus are broken and reworded, spread over the documents.
        seed: the same seed shows the same claims.
    """
    shown = [*broken_and_true(assistant, sentences, seed), *_from_premises(questions)]
    trials = []
    for n, (kind, claim, evidence, true) in enumerate(shown, start=1):
        supported = assistant.judge(claim, [evidence]).verdict is Verdict.SUPPORTED
        trials.append(JudgeTrial(kind, claim, evidence, true, supported))
        progress("judging the judge", n, len(shown))
    order: dict[str, int] = {kind: place for place, kind in enumerate(MUTATION_KINDS)}
    return JudgeReport(tuple(sorted(trials, key=lambda t: (t.true, order.get(t.kind, len(order))))))


def broken_and_true(assistant: Assistant, count: int, seed: int) -> Iterator[tuple[str, str, str, bool]]:
    """So many sentences of the corpus, broken and reworded: kind, claim, evidence, whether it is true."""
    rng = random.Random(seed)
    chosen: list[tuple[str, list[str]]] = []
    documents = [_sentences(assistant, source.id) for source in assistant.sources]
    for own in documents:
        worth = [s for s in own if s.count(" ") >= 6]
        chosen += [(s, own) for s in rng.sample(worth, min(len(worth), -(-count // len(documents))))]
    for sentence, own in chosen[:count]:
        for mutation in mutations(sentence, own, seed):
            yield mutation.kind, mutation.text, mutation.evidence or sentence, False
        yield "verbatim", sentence, sentence, True
        for kind, reword in REWORDINGS.items():
            if (said := reword(sentence)) and said != sentence:
                yield kind, said, sentence, True


def _sentences(assistant: Assistant, id: str) -> list[str]:
    return [" ".join(passage.slice(*span).split()) for passage in assistant.passages(id) for span in passage.sentences]


def _from_premises(questions: Sequence[Question]) -> Iterator[tuple[str, str, str, bool]]:
    for question in questions:
        if question.premise and question.evidence:
            evidence = " ".join(e.quote for e in question.evidence)
            yield "false premise", question.premise.false, evidence, False
            yield "said otherwise", question.premise.sources_say, evidence, True


# claims in a person's words -----------------------------------------------------------------------

Label = Literal["supported", "unsupported", "contradicted"]


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence about a source in a person's own words, and whether the source bears it out."""

    id: str
    source: str
    label: Label
    kind: str
    """How it was made: shortened, merged, reported; or what is wrong with it: speaker, swapped, overreach."""
    claim: str

    @property
    def split(self) -> Split:
        """Decided by the id without its last letter, so that what is true and false of one fact stay together."""
        return split_of(self.id.rpartition("-")[0])


def read_claims(path: Path) -> tuple[Claim, ...]:
    """The claims of a JSON-lines file.

    Raises:
        EvalError: it cannot be read, or a line is no claim.
    """
    found = []
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise EvalError(f"cannot read the claims at {path}: {error}") from error
    for number, line in enumerate(lines, start=1):
        try:
            row = json.loads(line)
            claim = Claim(row["id"], row["source"], row["label"], row["class"], row["claim"])
        except (json.JSONDecodeError, KeyError, TypeError) as error:
            raise EvalError(f"{path}, line {number} is no claim: {error!r}") from error
        if claim.label not in get_args(Label):
            raise EvalError(f"{path}, line {number}: label {claim.label!r}; there are: {', '.join(get_args(Label))}")
        found.append(claim)
    return tuple(found)


@dataclass(frozen=True, slots=True)
class ClaimReport:
    """Claims as they were judged; every figure is of the claims it holds, so take one split at a time."""

    judged: tuple[tuple[Claim, Judgement], ...] = field(repr=False)

    def of(self, split: Split) -> ClaimReport:
        """Those of one split."""
        return ClaimReport(tuple(pair for pair in self.judged if pair[0].split == split))

    def share(self, label: Label | None, *verdicts: Verdict) -> float:
        """Of the claims with a label (None: all that are not supported), the share with one of these verdicts."""
        judged = [
            j.verdict in verdicts for c, j in self.judged if c.label == label or (label is None and c.label != _TRUE)
        ]
        return sum(judged) / len(judged) if judged else float("nan")

    @property
    def figures(self) -> dict[str, float]:
        """Balanced accuracy of calling claims supported, and what it is made of."""
        caught = 1 - self.share(None, Verdict.SUPPORTED)
        kept = self.share(_TRUE, Verdict.SUPPORTED)
        said = [c.label == "contradicted" for c, j in self.judged if j.verdict is Verdict.CONTRADICTED]
        return {
            "balanced accuracy": (caught + kept) / 2,
            "false caught": caught,
            "true rejected": 1 - kept,
            "true called contradicted": self.share(_TRUE, Verdict.CONTRADICTED),
            "contradicted, of those called so": sum(said) / len(said) if said else float("nan"),
            "called so, of the contradicted": self.share("contradicted", Verdict.CONTRADICTED),
            "n": len(self.judged),
        }

    def kinds(self, *, true: bool) -> dict[str, tuple[int, int]]:
        """By kind, how many were not called supported, and of how many."""
        found: dict[str, tuple[int, int]] = {}
        for claim, judgement in self.judged:
            if (claim.label == _TRUE) is true:
                rejected, of = found.get(claim.kind, (0, 0))
                found[claim.kind] = (rejected + (judgement.verdict is not Verdict.SUPPORTED), of + 1)
        return found


_TRUE: Label = "supported"


def examine_claims(assistant: Assistant, claims: Sequence[Claim]) -> ClaimReport:
    """Judges each claim as `qa check` would, against the passages of its source."""
    judged = []
    for claim in claims:
        judged.append((claim, assistant.support.judge_all([case_of(claim.claim, hits(assistant, claim.source))])[0]))
    return ClaimReport(tuple(judged))


def hits(assistant: Assistant, id: str) -> list[Hit]:
    """All passages of a source."""
    source = assistant.document(id).source
    return [Hit(passage, source, 0.0) for passage in assistant.passages(id)]


# true sentences in other words ----------------------------------------------------------------------

_MONTH = "January|February|March|April|May|June|July|August|September|October|November|December"
_SPELLED = "two three four five six seven eight nine ten eleven twelve".split()
_CONTRACTED = {
    "did not": "didn't", "does not": "doesn't", "do not": "don't", "is not": "isn't", "are not": "aren't",
    "was not": "wasn't", "were not": "weren't", "has not": "hasn't", "had not": "hadn't",
    "could not": "couldn't", "cannot": "can't", "will not": "won't", "would not": "wouldn't",
}  # fmt: skip
_SPEECH = {"says": "states", "said": "stated", "writes": "reports", "argues": "contends", "added": "went on"}


def _dates(sentence: str) -> str:
    return re.sub(rf"\b(\d{{1,2}}) ({_MONTH})(?: (\d{{4}}))?\b", _american, sentence)


def _american(match: re.Match[str]) -> str:
    day, month, year = match.groups()
    return f"{month} {day}, {year}" if year else f"{month} {day}"


def _numbers(sentence: str) -> str:
    said = re.sub(r"\b(\d{1,3}),(\d{3})\b", r"\1\2", sentence)
    words = "|".join(_SPELLED)
    return re.sub(rf"(?<!-)\b({words})\b(?!-)", lambda m: str(_SPELLED.index(m[1]) + 2), said)


def _typography(sentence: str) -> str:
    opened = re.sub(r'(^|[\s(])"', r"\1“", sentence).replace('"', "”")
    return opened.replace("'", "’")


def _swap(words: Mapping[str, str]) -> Callable[[str], str]:
    pattern = re.compile(rf"\b({'|'.join(words)})\b")
    return lambda sentence: pattern.sub(lambda m: words[m[1]], sentence)


_JOINED = re.compile(r"; |, and (?=(?:he|she|it|they|the|its|his|their|that)\b)")
_NEEDS_BOTH = re.compile(r"\b(?:between|both|neither|either|if|unless|whether|not only|not)\b", re.I)


def _first_part(sentence: str) -> str:
    """The first of two statements joined by "; " or ", and "; nothing where it may lean on the second."""
    head, *rest = _JOINED.split(sentence, maxsplit=1)
    if not rest or head.count(" ") < 5 or _NEEDS_BOTH.search(head) or head.count('"') % 2:
        return ""
    return f"{head}."


REWORDINGS: Mapping[str, Callable[[str], str]] = {
    "date order": _dates,
    "number format": _numbers,
    "typography": _typography,
    "contraction": _swap(_CONTRACTED),
    "verb of saying": _swap(_SPEECH),
    "first part": _first_part,
}
"""Ways to say the same, by program; each gives nothing, or the same sentence, where it does not apply."""
