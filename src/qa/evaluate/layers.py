"""What each layer of `support` sees alone, and what all see together: the ablation table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qa.evaluate.judge import Claim, broken_and_true, hits
from qa.evaluate.measures import Pair
from qa.schema import Verdict
from qa.support import LAYERS, Case, Judgement, Support, case_of

if TYPE_CHECKING:
    from qa.assistant import Assistant

Values = Mapping[str, float]
Rows = Sequence[tuple[str, Values]]
"""What was measured, and its figures."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a layer, or all of them, made of a claim: a score, higher for supported, and whether it lets it pass."""

    score: float
    held: bool
    verdict: Verdict | None = None
    """Of all together."""


Claims = Sequence[Case | tuple[str, Sequence[str]]]
"""Claims, each with its evidence."""

TOGETHER = "all together"


def layered(support: Support, claims: Claims) -> list[dict[str, Seen]]:
    """Each claim as every layer alone sees it, then all together, as the assistant does.

    A rule layer alone lets pass what it finds no fault with; `verbatim` only what stands there word for word;
    `entailment` what the model calls supported.
    """
    verbatim = Support(layers={"verbatim"}).judge_all(list(claims))
    weighed = Support(support.entailment, set(LAYERS) - {"verbatim"}).judge_all(list(claims))
    found = []
    for stands, judgement in zip(verbatim, weighed, strict=True):
        settled = stands.verdict is Verdict.SUPPORTED
        row = {"verbatim": Seen(float(settled), settled)}
        faults = {f.layer for f in judgement.findings if f.ok is False}
        for layer in LAYERS[1:]:
            alone = judgement.reading[0] if layer == "entailment" and judgement.reading else 0.0
            row[layer] = Seen(alone - (layer in faults), layer not in faults)
        sure = 1.0 if settled else _sure(judgement)
        verdict = Verdict.SUPPORTED if settled else judgement.verdict
        row[TOGETHER] = Seen(sure, verdict is Verdict.SUPPORTED, verdict)
        found.append(row)
    return found


def _sure(judgement: Judgement) -> float:
    """Probability that a claim is borne out."""
    if judgement.score is None:
        return 0.5
    return judgement.score if judgement.verdict is Verdict.SUPPORTED else 1 - judgement.score


def by_layer(seen: Sequence[Mapping[str, Seen]], true: Sequence[bool]) -> Rows:
    """Balanced accuracy and AUROC of each layer alone and of all together."""
    return [
        (
            layer,
            {
                "balanced accuracy": balanced(true, [row[layer].held for row in seen]),
                "AUROC": auc(true, [row[layer].score for row in seen]),
                "n": len(seen),
            },
        )
        for layer in (*LAYERS, TOGETHER)
    ]


def on_the_corpus(
    assistant: Assistant,
    claims: Sequence[Claim],
    *,
    sentences: int,
    seed: int = 0,
    progress: Callable[[str, int, int], None] = lambda what, done, of: None,
) -> dict[str, Rows]:
    """The table for sentences of the corpus broken by program, and for claims in a person's words."""
    made = list(broken_and_true(assistant, sentences, seed))
    cases: dict[str, tuple[Claims, list[bool]]] = {
        "broken by program": ([(claim, [evidence]) for _, claim, evidence, _ in made], [true for *_, true in made]),
        "said by people": (
            [case_of(c.claim, hits(assistant, c.source)) for c in claims],
            [c.label == "supported" for c in claims],
        ),
    }
    found = {}
    for name, (shown, true) in cases.items():
        seen = []
        for i, case in enumerate(shown, start=1):
            seen += layered(assistant.support, [case])
            progress(name, i, len(shown))
        found[name] = by_layer(seen, true)
    return found


def auc(true: Sequence[bool], scores: Sequence[float]) -> float:
    """Area under the ROC curve; not a number where all are of one class."""
    from sklearn.metrics import roc_auc_score  # type: ignore[import-untyped]

    return float(roc_auc_score(true, scores)) if len(set(true)) == 2 else float("nan")


def class_shares(true: Sequence[bool], held: Sequence[bool]) -> list[Pair]:
    """Balanced accuracy as a sum over items: each counts by one over the size of its class."""
    sizes = Counter(true)
    return [((t == h) / sizes[t], 1 / sizes[t]) for t, h in zip(true, held, strict=True)]


def balanced(true: Sequence[bool], said: Sequence[bool]) -> float:
    """Mean of the shares that are right, of the true and of the false."""
    from sklearn.metrics import balanced_accuracy_score

    return float(balanced_accuracy_score(true, said))
