"""The main job as a person does it, begun in a fresh process, over the project's corpus and over the originals."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import ROOT, SHARED, qa_command

ORIGINALS = SHARED / "sources"
QUESTIONS = [
    ("In which part of Beirut did al-Aruri settle?", "dahiy", "jcpa-2017"),
    ("When was the Iranian study accepted?", "24 september 2024", "soltani-gishini-2025"),
    ("What does Doug London say?", "london", "daily-beast-2023"),
    ("How many dead fighters does Hezbollah count?", "40", "jerusalem-post-2023"),
    ("What did Hezbollah avoid at the start of the war according to LBCI?", "hezbollah", "lbci-2023"),
]


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

    places = {"QA_CORPUS_DIR": str(corpus), "QA_INDEX_DIR": str(tmp_path / "i")}
    command = [sys.executable, "-m", "qa", "ask", QUESTIONS[0][0], "--json"]
    first = subprocess.run(command, env=os.environ | places, capture_output=True, text=True, timeout=240)
    told = [first, *(qa_command(tmp_path, "ask", question, "--json", **places) for question, *_ in QUESTIONS[1:])]
    assert all(run.returncode in (0, 1) for run in told), first.stderr
    answers = [
        (json.loads(run.stdout), nugget, source) for run, (_, nugget, source) in zip(told, QUESTIONS, strict=True)
    ]
    with Assistant.open(config=load_config(index_dir=tmp_path / "i")) as assistant:
        assert {s.id for s in assistant.sources} == {source for *_, source in QUESTIONS}
        texts = {s.id: assistant.document(s.id).text for s in assistant.sources}
    found = 0
    for answer, nugget, source in answers:
        for citation in answer["references"]:
            assert texts[citation["source"]][citation["start"] : citation["end"]] == citation["quote"]
        cited = [c for c in answer["references"] if c["source"] == source]
        found += any(nugget in " ".join(c["quote"].casefold().split()) for c in cited)
    assert found >= 4
