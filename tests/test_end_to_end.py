"""The main job in a fresh process, as a person starts it, over the project's corpus and over the originals."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import ROOT, SHARED

ORIGINALS = SHARED / "sources"
QUESTIONS = [
    ("In which part of Beirut did al-Aruri settle?", "dahiy", "jcpa-2017"),
    ("When was the Iranian study accepted?", "24 september 2024", "soltani-gishini-2025"),
    ("What does Doug London say?", "london", "daily-beast-2023"),
    ("How many dead fighters does Hezbollah count?", "40", "jerusalem-post-2023"),
    ("What did Hezbollah avoid at the start of the war according to LBCI?", "hezbollah", "lbci-2023"),
]


def ask(question: str, corpus: Path, index: Path) -> dict[str, object]:
    run = subprocess.run(
        [sys.executable, "-m", "qa", "ask", question, "--json"],
        env={**os.environ, "QA_CORPUS_DIR": str(corpus), "QA_INDEX_DIR": str(index)},
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert run.returncode in (0, 1), run.stderr
    return json.loads(run.stdout)  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    "corpus",
    [
        pytest.param(ROOT / "corpus", id="briefs"),
        pytest.param(
            ORIGINALS,
            id="originals",
            marks=pytest.mark.skipif(not ORIGINALS.is_dir(), reason="the originals are not beside the checkout"),
        ),
    ],
)
def test_the_main_job_runs_from_documents_to_cited_answers(corpus: Path, tmp_path: Path) -> None:
    """First question builds the index; every quotation stands in its document; most find the fact."""
    from qa import Assistant, load_config

    answers = [(ask(q, corpus, tmp_path / "i"), nugget, source) for q, nugget, source in QUESTIONS]
    with Assistant.open(config=load_config(index_dir=tmp_path / "i")) as assistant:
        assert {s.id for s in assistant.sources} == {source for *_, source in QUESTIONS}
        texts = {s.id: assistant.document(s.id).text for s in assistant.sources}
    found = 0
    for answer, nugget, source in answers:
        for citation in answer["references"]:  # type: ignore[attr-defined]
            assert texts[citation["source"]][citation["start"] : citation["end"]] == citation["quote"]
        cited = [c for c in answer["references"] if c["source"] == source]  # type: ignore[attr-defined]
        found += any(nugget in " ".join(c["quote"].casefold().split()) for c in cited)
    assert found >= 4
