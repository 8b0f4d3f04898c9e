"""Claims in a person's words, and what each layer of the check sees of claims of known truth."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from numpy.typing import NDArray

from conftest import ROOT
from qa.evaluate.judge import Claim, ClaimReport, examine_claims, read_claims
from qa.evaluate.layers import TOGETHER, by_layer, layered, on_the_corpus
from qa.evaluate.questions import EvalError
from qa.evaluate.report import claims_markdown, layers_markdown
from qa.schema import Verdict
from qa.support import LAYERS, Judgement, Support

if TYPE_CHECKING:
    from qa import Assistant

OWN = ROOT / "eval" / "claims.jsonl"


class Sure:
    """Stands in for the support model: supported, whatever is asked."""

    def judge(self, pairs: Sequence[tuple[str, str]]) -> NDArray[np.float64]:
        return np.array([(0.9, 0.05, 0.05)] * len(pairs))


SURE = Support(Sure())  # type: ignore[arg-type]
EVIDENCE = ["Duarte opened the harbour bridge in 2021. Ruiz said: “It was time.”"]
CASES = [
    ("Duarte opened the harbour bridge in 2021.", True),
    ("In 2021 Duarte opened the harbour bridge.", True),
    ("Duarte opened the harbour bridge in 2012.", False),
    ("Brussels opened the harbour bridge in 2021.", False),
    ("Ruiz said: “It was far too late.”", False),
]


def test_each_layer_alone_sees_its_own_faults() -> None:
    """A wrong figure is seen by `figures` and by all together, not by `names`; and so on."""
    seen = layered(SURE, [(claim, EVIDENCE) for claim, _ in CASES])
    held = {layer: [row[layer].held for row in seen] for layer in (*LAYERS, TOGETHER)}
    assert held["verbatim"] == [True, False, False, False, False]
    assert held["figures"] == [True, True, False, True, True]
    assert held["names"] == [True, True, True, False, True]
    assert held["quotes"] == [True, True, True, True, False]
    assert held["entailment"] == [True] * 5
    assert held[TOGETHER] == [True, True, False, False, False]


def test_the_table_has_a_row_for_each_layer() -> None:
    """Together they tell all of these apart."""
    seen = layered(SURE, [(claim, EVIDENCE) for claim, _ in CASES])
    rows = dict(by_layer(seen, [true for _, true in CASES]))
    assert list(rows) == [*LAYERS, TOGETHER]
    assert rows[TOGETHER]["balanced accuracy"] == rows[TOGETHER]["AUROC"] == 1
    assert f"| {TOGETHER} | 1.000 | 1.000 |" in layers_markdown({"made": list(rows.items())})


def test_the_claims_of_the_project_can_be_read() -> None:
    """At least forty true and forty false ones; what is said of one fact lies in one half."""
    claims = read_claims(OWN)
    assert len({c.id for c in claims}) == len(claims)
    assert sum(c.label == "supported" for c in claims) >= 40
    assert sum(c.label != "supported" for c in claims) >= 40
    for fact in {c.id.rpartition("-")[0] for c in claims}:
        assert len({c.split for c in claims if c.id.rpartition("-")[0] == fact}) == 1
    assert {c.split for c in claims} == {"dev", "test"}


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("{", "line 1 is no claim"),
        ('{"id": "a-01-a", "source": "a", "label": "supported", "claim": "It rained."}', "class"),
        ('{"id": "a-01-a", "source": "a", "label": "so-so", "class": "x", "claim": "It rained."}', "label 'so-so'"),
    ],
)
def test_a_line_that_is_no_claim_is_an_error(tmp_path: Path, line: str, what: str) -> None:
    """It names the line and what is wrong."""
    path = tmp_path / "claims.jsonl"
    path.write_text(line, encoding="utf-8")
    with pytest.raises(EvalError, match=what):
        read_claims(path)
    with pytest.raises(EvalError, match="cannot read"):
        read_claims(tmp_path / "none.jsonl")


def test_figures_of_judged_claims() -> None:
    """Worked by hand: two true, one of them called contradicted; three false, one let pass, one rightly called so."""
    judged = [
        ("supported", Verdict.SUPPORTED),
        ("supported", Verdict.CONTRADICTED),
        ("unsupported", Verdict.SUPPORTED),
        ("unsupported", Verdict.PARTLY),
        ("contradicted", Verdict.CONTRADICTED),
    ]
    report = ClaimReport(
        tuple(
            (Claim(f"a-{i:02}-a", "a", label, "made", "It rained."), Judgement(v))
            for i, (label, v) in enumerate(judged)
        )  # type: ignore[arg-type]
    )
    assert report.figures == pytest.approx(
        {
            "balanced accuracy": (2 / 3 + 1 / 2) / 2,
            "false caught": 2 / 3,
            "true rejected": 1 / 2,
            "true called contradicted": 1 / 2,
            "contradicted, of those called so": 1 / 2,
            "called so, of the contradicted": 1,
            "n": 5,
        }
    )
    assert report.kinds(true=False) == {"made": (2, 3)}
    assert "| made | 1 | 2 | made | 1 | 3 |" in claims_markdown(report, "dev")


def test_claims_are_judged_against_their_source(briefs: Assistant) -> None:
    """The shipped model, the project's own corpus: far better than chance; `contradicted` is seldom said wrongly."""
    claims = read_claims(OWN)
    figures = examine_claims(briefs, claims).figures
    assert figures["balanced accuracy"] > 0.65
    assert figures["true called contradicted"] <= 0.15
    tables = on_the_corpus(briefs, claims[:4], sentences=5)
    assert dict(tables["broken by program"])[TOGETHER]["balanced accuracy"] > 0.8
