"""The judge is judged: does it see what is false, and does it leave alone what is true?

Citation recall and precision rest on `Assistant.judge`. Here it is shown true sentences of the corpus that
were broken by program (`qa.mutate`), one kind of error at a time, and true ones said in other words. A
score from a judge that fails this test is printed as such.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from qa.evaluate.questions import Question
from qa.mutate import MUTATION_KINDS, mutations
from qa.schema import Verdict

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
class Trial:
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

    trials: tuple[Trial, ...] = field(repr=False)

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
    def mistakes(self) -> tuple[Trial, ...]:
        """A few of each kind."""
        kept: dict[tuple[bool, str], list[Trial]] = {}
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
    shown = [*_from_corpus(assistant, sentences, seed), *_from_premises(questions)]
    trials = []
    for n, (kind, claim, evidence, true) in enumerate(shown, start=1):
        supported = assistant.judge(claim, [evidence]).verdict is Verdict.SUPPORTED
        trials.append(Trial(kind, claim, evidence, true, supported))
        progress("judging the judge", n, len(shown))
    order: dict[str, int] = {kind: place for place, kind in enumerate(MUTATION_KINDS)}
    return JudgeReport(tuple(sorted(trials, key=lambda t: (t.true, order.get(t.kind, len(order))))))


_Claim = tuple[str, str, str, bool]
"""Kind, claim, evidence, whether it is true."""


def _from_corpus(assistant: Assistant, count: int, seed: int) -> Iterator[_Claim]:
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


def _from_premises(questions: Sequence[Question]) -> Iterator[_Claim]:
    for question in questions:
        if question.premise and question.evidence:
            evidence = " ".join(e.quote for e in question.evidence)
            yield "false premise", question.premise.false, evidence, False
            yield "said otherwise", question.premise.sources_say, evidence, True


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
