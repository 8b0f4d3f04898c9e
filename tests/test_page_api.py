"""What the page gives to programs: endpoints of Gradio, MCP, OpenAI's protocol."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import pytest

from conftest import running
from qa import Assistant, Sentence
from qa.page.server import make
from qa.page.settings import Settings

BRIDGE = "What will the harbour bridge cost?"
SLOW = 60
"""Seconds that a client waits for an answer."""


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("api")
    return Settings(data=folder / "data", feedback=folder / "feedback.jsonl", results=folder)


@pytest.fixture(scope="module")
def address(town: Assistant, settings: Settings) -> Iterator[str]:
    yield from running(make(town, settings))


@pytest.fixture(scope="module")
def client(address: str) -> Any:
    from gradio_client import Client

    return Client(address, verbose=False)


def test_ask_streams_and_ends_with_the_whole_answer(client: Any, town: Assistant) -> None:
    """What a program gets is `to_dict()`, after progress and sentences."""
    job = client.submit(BRIDGE, api_name="/ask")
    answer = job.result()["answer"]
    events = [next(iter(event)) for event in job.outputs()]
    assert events[0] == "progress"
    assert "sentence" in events
    mine = town.ask(BRIDGE).to_dict()
    assert {k: v for k, v in answer.items() if k != "timings"} == {k: v for k, v in mine.items() if k != "timings"}


def test_search_sources_and_check_are_endpoints(client: Any, town: Assistant) -> None:
    """Each returns typed JSON; a filter is a wall there too."""
    hits = client.predict(BRIDGE, top_k=3, publishers=["Island Ledger"], api_name="/search")
    assert {hit["source"] for hit in hits} == {"ledger"}
    assert [s["id"] for s in client.predict(api_name="/sources")] == [s.id for s in town.sources]
    report = client.predict("The bridge is made of chocolate.", api_name="/check")
    assert report["sentences"][0]["status"] != "supported"


def test_an_error_of_ours_reaches_a_program_in_its_words(client: Any) -> None:
    """The message says what to do."""
    from gradio_client.exceptions import AppError

    with pytest.raises(AppError, match="write a date as"):
        client.predict(BRIDGE, since="yesterday", api_name="/ask")


def test_only_the_four_endpoints_are_public(client: Any) -> None:
    """What the page does inside is not offered to programs."""
    assert set(client.view_api(return_format="dict")["named_endpoints"]) == {"/ask", "/search", "/sources", "/check"}


def test_a_chat_front_end_can_sit_on_it(address: str, town: Assistant) -> None:
    """OpenAI's shape, with the references; streamed parts add up to the same text."""
    messages = [
        {"role": "system", "content": "You are helpful."},
        {"role": "user", "content": "What did Mayor Inés Duarte say about the harbour bridge?"},
        {"role": "assistant", "content": "..."},
        {"role": "user", "content": [{"type": "text", "text": BRIDGE}]},
    ]
    sent = {"model": "qa", "messages": messages, "temperature": 0}
    reply = httpx.post(f"{address}/v1/chat/completions", json=sent, timeout=SLOW).json()
    content = reply["choices"][0]["message"]["content"]
    assert "[1]" in content
    chat = town.chat()
    chat.ask(messages[1]["content"])
    assert reply["references"] == chat.ask(BRIDGE).to_dict()["references"]
    with httpx.stream("POST", f"{address}/v1/chat/completions", json=sent | {"stream": True}, timeout=SLOW) as stream:
        lines = [line[6:] for line in stream.iter_lines() if line.startswith("data: ")]
    assert lines[-1] == "[DONE]"
    chunks = [json.loads(line) for line in lines[:-1]]
    assert "".join(c["choices"][0]["delta"].get("content", "") for c in chunks) == content
    assert chunks[-1]["references"] == reply["references"]
    assert httpx.get(f"{address}/v1/models").json()["data"][0]["id"] == "qa"
    assert httpx.post(f"{address}/v1/chat/completions", json={"messages": []}).status_code == 422


def test_openais_own_client_reads_it(address: str) -> None:
    """Streaming through the library that most front ends use."""
    openai = pytest.importorskip("openai", reason="openai is not installed")
    client = openai.OpenAI(base_url=f"{address}/v1", api_key="none")
    parts = client.chat.completions.create(model="qa", messages=[{"role": "user", "content": BRIDGE}], stream=True)
    text = "".join(part.choices[0].delta.content or "" for part in parts)
    assert "million euros" in text


def test_an_mcp_client_gets_json_and_errors_in_words(town: Assistant, settings: Settings, tmp_path: Path) -> None:
    """Served by flag; a real client lists the tools and calls each; text and structured content say the same."""
    pytest.importorskip("mcp", reason="mcp is not installed")
    import asyncio
    from concurrent.futures import ThreadPoolExecutor

    from mcp import ClientSession
    from mcp.client.streamable_http import streamable_http_client

    calls = {
        "ask": {"question": BRIDGE},
        "search": {"question": BRIDGE, "top_k": 2},
        "sources": {},
        "check": {"text": "The harbour bridge will cost 71 million euros."},
    }

    async def talk(address: str) -> tuple[list[str], dict[str, Any], Any]:
        async with (
            streamable_http_client(f"{address}/mcp/") as (read, write, _),
            ClientSession(read, write) as session,
        ):
            await session.initialize()
            tools = [tool.name for tool in (await session.list_tools()).tools]
            results = {name: await session.call_tool(name, given) for name, given in calls.items()}
            return tools, results, await session.call_tool("ask", {"question": BRIDGE, "since": "2023-13"})

    for address in running(make(town, replace(settings, mcp=True, data=tmp_path / "data"))):
        with ThreadPoolExecutor(1) as thread:  # another loop may run in this one
            tools, results, refused = thread.submit(lambda at=address: asyncio.run(talk(at))).result()
    assert set(tools) == set(calls)
    answer = json.loads(results["ask"].content[0].text)
    assert results["ask"].structuredContent == answer
    mine = town.ask(BRIDGE).to_dict()
    assert {k: v for k, v in answer.items() if k != "timings"} == {k: v for k, v in mine.items() if k != "timings"}
    assert len(results["search"].structuredContent["result"]) == 2
    assert [s["id"] for s in results["sources"].structuredContent["result"]] == [s.id for s in town.sources]
    assert json.loads(results["check"].content[0].text)["sentences"][0]["status"]
    assert refused.isError
    assert "write a date as" in refused.content[0].text


def test_openai_clients_get_errors_in_their_shape(address: str) -> None:
    """Whatever is wrong: the message, and of what type."""
    wrong: list[tuple[Any, int, str]] = [
        ({"messages": []}, 422, "messages"),
        ({"messages": [{"role": "system", "content": "Hi"}]}, 400, "no user message"),
        ({"messages": [{"role": "user", "content": "x" * 5000}]}, 400, "at most"),
        ({"messages": [{"role": "user", "content": "x" * 5000}], "stream": True}, 400, "at most"),
    ]
    for sent, status, words in wrong:
        reply = httpx.post(f"{address}/v1/chat/completions", json=sent)
        assert reply.status_code == status, reply.text
        error = reply.json()["error"]
        assert error["type"] == "invalid_request_error"
        assert words in error["message"]
    for way, place in (("GET", "chat/completions"), ("POST", "embeddings"), ("GET", "models/gpt")):
        reply = httpx.request(way, f"{address}/v1/{place}")
        assert reply.status_code == 404
        assert "POST chat/completions" in reply.json()["error"]["message"]
    reply = httpx.post(f"{address}/v1/chat/completions", content=b"{no", headers={"Content-Type": "application/json"})
    assert reply.json()["error"]["message"].startswith("the body is no JSON: ")
    reply = httpx.get(f"{address}/page/overview", params={"topic": "???"})
    assert "'???' has no word" in reply.json()["error"]
    reply = httpx.post(f"{address}/page/ask", data={"before": "x"})
    assert reply.json()["error"].startswith("question: ")


def test_a_stream_comes_as_it_is_made(town: Assistant, settings: Settings, tmp_path: Path) -> None:
    """The first sentence is with the client while the rest is not yet written."""
    go = threading.Event()

    class Stuck(Assistant):
        def stream(self, question: str, **options: Any) -> Iterator[Any]:
            for event in super().stream(question, **options):
                yield event
                if isinstance(event, Sentence):
                    go.wait(60)

    stuck = Stuck(town.index, town.retriever, town.support, town.config)
    sent = {"messages": [{"role": "user", "content": BRIDGE}], "stream": True}
    for address in running(make(stuck, replace(settings, data=tmp_path / "data"))):
        with httpx.stream("POST", f"{address}/v1/chat/completions", json=sent, timeout=SLOW) as stream:
            lines = stream.iter_lines()
            first = next(line for line in lines if "million euros" in line)
            assert not go.is_set()
            go.set()
            assert json.loads(first[6:])["choices"][0]["finish_reason"] is None
            assert list(lines)[-2] == "data: [DONE]"


def test_programs_hold_up_nobody(town: Assistant, settings: Settings, tmp_path: Path) -> None:
    """However many wait for an answer, the page is served."""
    go, begun = threading.Event(), threading.Event()

    class Stuck(Assistant):
        def stream(self, question: str, **options: Any) -> Iterator[Any]:
            begun.set()
            go.wait(60)
            yield from super().stream(question, **options)

    async def crowd(address: str) -> None:
        limits = httpx.Limits(max_connections=None)
        async with httpx.AsyncClient(base_url=address, timeout=SLOW, limits=limits) as client:
            sent = {"messages": [{"role": "user", "content": BRIDGE}]}
            many = [
                asyncio.create_task(client.post("/v1/chat/completions", json={**sent, "stream": i % 2 > 0}))
                for i in range(44)
            ]
            await asyncio.to_thread(begun.wait, 60)
            assert (await client.get("/page/state", timeout=20)).status_code == 200
            for one in many[4:]:
                one.cancel()
            go.set()
            assert all("million euros" in one.text for one in await asyncio.gather(*many[:4]))

    stuck = Stuck(town.index, town.retriever, town.support, town.config)
    for address in running(make(stuck, replace(settings, data=tmp_path / "data"))):
        asyncio.run(crowd(address))


def test_the_examples_on_the_page_work(address: str, tmp_path: Path) -> None:
    """As they stand there, for curl and for Python."""
    html = httpx.get(f"{address}/", headers={"Accept": "text/html"}).text
    page = json.loads(re.search(r"window\.gradio_config = (\{.*?\});?</script>", html, re.DOTALL)[1])
    text = next(c["props"]["value"] for c in page["components"] if "programs" in str(c["props"].get("value")))
    curl, python, *_ = (
        unescape(code).replace("ORIGIN", address).replace("QUESTION", BRIDGE)
        for code in re.findall(r"<pre[^>]*><code>(.*?)</code>", text, re.DOTALL)
    )
    if shutil.which("curl"):
        out = subprocess.run(curl, shell=True, capture_output=True, text=True, check=True).stdout
        assert "million euros" in json.loads(out)["choices"][0]["message"]["content"]
    ran = subprocess.run([sys.executable, "-c", python], capture_output=True, text=True, check=True)
    assert "million euros" in ran.stdout


def test_many_at_once_are_all_answered(address: str) -> None:
    """Thirty people asking at the same time each get their own answer."""
    from concurrent.futures import ThreadPoolExecutor

    from gradio_client import Client

    questions = [BRIDGE, "Who denied that the company had paid for the campaign?", "What do tomatoes want?"]

    def one(i: int) -> bool:
        client = Client(address, verbose=False, httpx_kwargs={"timeout": SLOW})
        answer = client.predict(questions[i % 3], api_name="/ask")["answer"]
        return answer["question"] == questions[i % 3]

    with ThreadPoolExecutor(30) as people:
        assert all(people.map(one, range(30)))
