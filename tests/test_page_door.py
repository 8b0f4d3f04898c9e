"""Who gets in at the page's door, and what can be reached through it: tried over HTTP, as a stranger would."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from conftest import ROOT, free_port, running
from qa import Assistant
from qa.page import guard
from qa.page.guard import Guard, GuardError, Users, add_user, is_loopback, refuse_unguarded
from qa.page.server import make
from qa.page.settings import Editing, Settings
from qa.page.store import Store

QUESTION = "What will the harbour bridge cost?"
SECRET = "the combination of the safe is 4711"


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("door")
    return Settings(data=folder / "data", feedback=folder / "feedback.jsonl", results=folder)


@pytest.fixture(scope="module")
def address(town: Assistant, settings: Settings) -> Iterator[str]:
    yield from running(make(town, settings))


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "secret.txt"
    path.write_text(SECRET)
    return path


def visitor(address: str) -> httpx.Client:
    """A browser that has opened the page: it holds the cookie."""
    client = httpx.Client(base_url=address, timeout=60)
    assert client.get("/", headers={"Accept": "text/html"}).status_code == 200
    assert client.cookies
    return client


def lines(reply: httpx.Response) -> list[dict[str, Any]]:
    assert reply.status_code == 200, reply.text
    return [json.loads(line) for line in reply.text.splitlines()]


def asked(client: httpx.Client, question: str = QUESTION, **more: Any) -> str:
    """Asks, and returns the conversation's address."""
    last = lines(client.post("/page/ask", params=more, data={"question": question}))[-1]
    assert 'class="acts"' in last["html"]
    return str(last["conversation"])


def added(client: httpx.Client, name: str, text: str, c: str = "") -> dict[str, Any]:
    return lines(client.post("/page/documents", params={"c": c}, files={"files": (name, text.encode())}))[-1]


# -- files ---------------------------------------------------------------------------------------------


def test_no_function_takes_a_file_by_its_path(address: str, secret: Path, tmp_path: Path) -> None:
    """Whatever function of Gradio's is called, named, unnamed or none, in whatever way: nothing is read."""
    about = httpx.get(f"{address}/config").json()
    ids = {fn["id"] for fn in about["dependencies"]}
    names = {str(fn["api_name"]) for fn in about["dependencies"]} | {"ask", "predict", "check"}
    shapes = [
        {"path": str(secret), "meta": {"_type": "gradio.FileData"}},
        {"path": str(secret), "orig_name": "a.txt", "meta": {"_type": "gradio.FileData"}, "url": f"file://{secret}"},
        {"video": {"path": str(secret), "meta": {"_type": "gradio.FileData"}}},
    ]
    client = httpx.Client(base_url=f"{address}/gradio_api", timeout=60)
    for shape in shapes:
        for data in ([shape] * 12, [[shape]] * 12, [{"deep": [shape]}] * 12, [None, [shape]]):
            sent = {"data": data, "fn_index": min(ids), "session_hash": "s"}
            assert client.post("/queue/join", json=sent).status_code == 400
    everything = [shapes[0]] * 12
    for number in range(max(ids) + 20):
        sent = {"data": everything, "fn_index": number, "session_hash": "s"}
        assert client.post("/queue/join", json=sent).status_code == 400
    for name in names:
        for way in ("run", "call", "call/v2"):
            assert client.post(f"/{way}/{name}", json={"data": everything, "fn_index": 0}).status_code == 400
    assert SECRET not in "".join(
        p.read_text(errors="replace") for p in tmp_path.rglob("*") if p.is_file() and p != secret
    )


def test_what_the_page_does_not_need_of_gradio_is_not_there(address: str) -> None:
    """Uploads, files, proxy, streams, dashboards, editors: there is no such page, whoever asks."""
    for path in ("file=/etc/passwd", "file/etc/passwd", f"file={ROOT}/pyproject.toml", "file=../../etc/passwd",
                 "proxy=http://127.0.0.1/", "runs", "upload_progress", "openapi.json", "stream/a/b/1/playlist.m3u8",
                 "token", "dev/reload", "deep_link", "vibe-code", "custom_component/a/b/c/d", "user"):  # fmt: skip
        assert httpx.get(f"{address}/gradio_api/{path}").status_code == 404, path
    for path in ("/monitoring", "/monitoring/summary", "/login", "/svelte/x"):
        assert httpx.get(address + path).status_code == 404, path
    assert httpx.post(f"{address}/gradio_api/upload", files={"files": b"x"}).status_code == 404
    for path in ("process_recording", "component_server", "vibe-edit", "stream/x"):
        assert httpx.post(f"{address}/gradio_api/{path}", json={}).status_code == 404, path


def test_a_call_that_cannot_be_understood_is_the_callers_fault(address: str) -> None:
    """Too few values, a question that is empty, a session that nobody opened: an error of four hundred, in whole."""
    client = visitor(address)
    for data in ([], [None], ["", *[None] * 6], [[]] * 7, ["x" * 5000, *[[]] * 6]):
        for sent in ({"data": data}, {"data": data, "session_hash": None, "fn_index": 99}):
            assert 400 <= client.post("/gradio_api/run/ask", json=sent).status_code < 500, data
    assert client.get("/gradio_api/queue/data", params={"session_hash": "nobodys"}).status_code == 404


def test_only_the_four_endpoints_can_be_called(address: str) -> None:
    """There is no function of the page behind Gradio's queue, hidden ones neither."""
    about = httpx.get(f"{address}/config").json()
    assert {fn["api_name"] for fn in about["dependencies"]} == {"ask", "search", "sources", "check"}


def test_an_upload_is_read_under_a_name_of_its_own(address: str, settings: Settings, secret: Path) -> None:
    """A file's name leads nowhere, and an address is one of the web."""
    client = visitor(address)
    for name in (f"../../../{secret.name}", str(secret), "..\\..\\x.txt", "\x00/etc/passwd.txt"):
        done = added(client, name, f"Lamp\n\nThe lamp of {len(name)} candles was lit in 1911.\n")
        assert "Added" in done["notice"], done
    inside = settings.data.resolve()
    assert all(path.resolve().is_relative_to(inside) for path in settings.data.rglob("*"))
    assert secret.read_text() == SECRET
    for place in (str(secret), f"file://{secret}", "\\\\host\\x", "ftp://host/x"):
        reply = client.post("/page/documents", data={"address": place})
        assert reply.status_code == 400
        assert "is no web address" in reply.json()["error"]


# -- whose ---------------------------------------------------------------------------------------------


def test_without_a_library_of_ones_own_nothing_is_edited(address: str, town: Assistant) -> None:
    """A program that never opened the page changes nothing, for nobody."""
    before = [source.id for source in town.sources]
    index = sorted(town.index.folder.rglob("*"))
    reply = httpx.post(f"{address}/page/documents", files={"files": ("a.txt", b"Lamp\n\nThe lamp was lit in 1911.")})
    assert reply.status_code == 403
    for do in ("remove", "describe", "undo", "rebuild"):
        assert httpx.post(f"{address}/page/documents/change", params={"do": do, "id": before[0]}).status_code == 403
    assert httpx.post(f"{address}/page/ask", data={"question": QUESTION}).status_code == 403
    assert [source.id for source in town.sources] == before
    assert sorted(town.index.folder.rglob("*")) == index


def test_where_editing_is_off_the_server_refuses_every_change(town: Assistant, settings: Settings) -> None:
    """Adding, removing, correcting, taking back, rebuilding, and documents given to a check."""
    for at in running(make(town, replace(settings, editing=Editing.OFF))):
        client = visitor(at)
        c = asked(client)
        file = {"files": ("a.txt", b"Lamp\n\nThe lamp was lit in 1911.")}
        replies = [
            client.post("/page/documents", params={"c": c}, files=file),
            client.post("/page/documents", params={"c": c}, data={"address": "https://example.org"}),
            client.post("/page/check", data={"text": "The lamp was lit in 1911."}, files=file),
        ]
        replies += [
            client.post("/page/documents/change", params={"do": do, "id": "ledger", "c": c})
            for do in ("remove", "describe", "undo", "rebuild")
        ]
        assert [reply.status_code for reply in replies] == [403] * 7
        assert "cannot be" in replies[0].json()["error"]
        assert 'action="documents"' not in client.get("/").text


def test_nothing_of_one_visitor_is_there_for_another(address: str) -> None:
    """Conversation, documents, files, exports, answers under way; only what a link was made for."""
    ada, eve = visitor(address), visitor(address)
    c = added(ada, "safe.txt", f"Safe\n\nMiss Quill wrote that {SECRET}.\n")["conversation"]
    assert asked(ada, "What did Miss Quill write?", c=c) == c
    at = json.dumps({"document": "safe"})
    ways = [
        ("GET", "/page/state", {"c": c}), ("GET", f"/page/conversations/{c}/export", {}),
        ("GET", "/page/read", {"c": c, "at": at}),
        ("GET", "/page/text", {"c": c, "at": at, "before": 99}), ("GET", "/page/picture", {"c": c, "at": at}),
        ("GET", "/page/file/safe", {"c": c}), ("GET", "/page/find", {"c": c, "words": "safe"}),
        ("GET", f"/page/follow/{c}", {}), ("GET", f"/page/follow/{c}/documents", {}), ("POST", f"/page/stop/{c}", {}),
        ("POST", f"/page/conversations/{c}/0/link", {}), ("POST", f"/page/conversations/{c}/delete", {}),
        ("POST", f"/page/conversations/{c}/0/opinion", {}),
        ("GET", "/page/check/report", {"c": c}), ("POST", "/page/check/link", {"c": c}),
        ("GET", "/page/check/report", {"a": c}), ("GET", "/page/documents/safe/correct", {"c": c}),
    ]  # fmt: skip
    for method, path, query in ways:
        for stranger in (eve, httpx.Client(base_url=address)):
            reply = stranger.request(method, path, params=query, data={"verdict": "up"} if method == "POST" else None)
            assert reply.status_code == 404, (path, reply.text)
            assert SECRET not in reply.text
    assert eve.post("/page/ask", params={"c": c}, data={"question": QUESTION}).status_code == 404
    assert eve.post("/page/documents", params={"c": c}, files={"files": ("b.txt", b"x")}).status_code == 404
    # without the address of the conversation the document is not there either
    assert eve.get("/page/read", params={"at": at}).status_code == 400
    assert eve.get("/page/file/safe").status_code == 400
    assert SECRET in ada.get("/page/read", params={"c": c, "at": at}).json()["html"]
    assert "Quill" in ada.get("/page/conversations").text
    assert "Quill" not in eve.get("/page/conversations").text
    link = ada.post(f"/page/conversations/{c}/0/link").json()["link"].removeprefix("?a=")
    assert SECRET in eve.get("/page/state", params={"a": link}).json()["slots"]["turns"]
    assert eve.get("/page/read", params={"a": link, "at": at}).status_code == 400  # the answer, not the document


def test_who_comes_to_follow_an_answer_too_late_gets_it_whole(address: str) -> None:
    """A second window that was told of an answer under way, and asks for it when it is over."""
    ada = visitor(address)
    c = asked(ada)
    (line,) = [json.loads(line) for line in ada.get(f"/page/follow/{c}").text.splitlines() if line]
    assert (line["conversation"], line["turn"], line["busy"]) == (c, 0, "")
    assert ada.get("/page/state", params={"c": c}).json()["slots"]["turns"].strip() == line["html"].strip()


def test_what_can_be_asked_next_holds_up_nobody(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many wait for it, others are served; and for who has left it is looked for no longer."""
    go, tried = threading.Event(), []

    def slow(*_: object) -> Iterator[list[str]]:
        tried.append(1)
        go.wait(60)
        yield ["Is this the first?"]
        yield ["Is this the first?", "Is this the second?"]

    monkeypatch.setattr("qa.page.desk.follow_ups", slow)
    ada = visitor(address)
    path = f"/page/conversations/{asked(ada)}/0/next"

    async def waiting() -> None:
        limits = httpx.Limits(max_connections=None)
        async with httpx.AsyncClient(base_url=address, cookies=ada.cookies, timeout=60, limits=limits) as crowd:
            many = [asyncio.create_task(crowd.get(path)) for _ in range(60)]
            while not tried:
                await asyncio.sleep(0.01)
            assert (await crowd.get("/page/state", timeout=20)).status_code == 200
            assert (await crowd.get("/page/find", params={"words": "bridge"}, timeout=20)).status_code == 200
            for one in many[1:]:
                one.cancel()
            await asyncio.wait(many[1:])
            go.set()
            assert "Is this the second?" in (await many[0]).text

    asyncio.run(waiting())
    assert len(tried) < 60


def test_nobody_uses_anothers_session_of_gradio(address: str) -> None:
    """Neither putting a job under it, nor reading what is sent to it, nor ending it."""
    ada, eve = visitor(address), visitor(address)
    about = httpx.get(f"{address}/config").json()
    number = next(fn["id"] for fn in about["dependencies"] if fn["api_name"] == "sources")
    job = {"data": [], "fn_index": number, "session_hash": "adas"}
    assert ada.post("/gradio_api/queue/join", json=job).status_code == 200
    for stranger in (eve, httpx.Client(base_url=address)):
        assert stranger.post("/gradio_api/queue/join", json=job).status_code == 403
        assert stranger.get("/gradio_api/queue/data", params={"session_hash": "adas"}).status_code == 403
        assert stranger.get("/gradio_api/heartbeat/adas").status_code == 403
        cancel = {"session_hash": "adas", "fn_index": number, "event_id": "x"}
        assert stranger.post("/gradio_api/cancel", json=cancel).status_code == 403
    with ada.stream("GET", "/gradio_api/queue/data", params={"session_hash": "adas"}) as stream:
        assert any("process_completed" in line for line in stream.iter_lines())


# -- sign-in -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def guarded(town: Assistant, settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("users")
    add_user(folder / "users.txt", "ada", "correct horse")
    add_user(folder / "users.txt", "bob", "battery staple")
    yield from running(make(town, replace(settings, users=folder / "users.txt", data=folder / "data")))


def test_nobody_listens_to_other_machines_unasked() -> None:
    """Without users, proxy or the word, only this machine is listened to."""
    with pytest.raises(GuardError, match="--users"):
        refuse_unguarded(Settings(host="0.0.0.0"))
    refuse_unguarded(Settings(host="0.0.0.0", open=True))
    refuse_unguarded(Settings(host="::1"))
    assert not is_loopback("example.org")


def test_whoever_does_not_sign_in_gets_nothing(guarded: str) -> None:
    """Page, queue, MCP's list of tools, uploads and chat completions have one door; health has none."""
    for path in ("/", "/config", "/gradio_api/info", "/mcp/", "/v1/models", "/qa-static/page.js",
                 "/page/state", "/page/conversations"):  # fmt: skip
        assert httpx.get(guarded + path).status_code == 401, path
    assert httpx.post(f"{guarded}/page/documents", files={"files": b"x"}).status_code == 401
    assert httpx.get(f"{guarded}/health").status_code == 200


def test_a_user_signs_in_with_the_right_password_only(guarded: str) -> None:
    """Basic for people, Bearer for programs; conversations are the user's, whatever the browser."""
    assert httpx.get(guarded, auth=("ada", "correct horse")).status_code == 200
    assert httpx.get(guarded, auth=("ada", "wrong horse")).status_code == 401
    bearer = {"Authorization": "Bearer ada:correct horse"}
    assert httpx.get(f"{guarded}/v1/models", headers=bearer).status_code == 200
    junk = {"Authorization": "Basic " + base64.b64encode(b"\xff\xfe").decode()}
    assert httpx.get(guarded, headers=junk).status_code == 401
    ada = {"base_url": guarded, "timeout": 60, "auth": ("ada", "correct horse")}
    c = asked(httpx.Client(**ada))
    assert httpx.Client(**ada).get("/page/state", params={"c": c}).status_code == 200
    bob = httpx.Client(**ada | {"auth": ("bob", "battery staple")})
    assert bob.get("/page/state", params={"c": c}).status_code == 404


async def hello(scope: Any, receive: Any, send: Any) -> None:
    from starlette.responses import PlainTextResponse

    await PlainTextResponse(scope["qa.owner"])(scope, receive, send)


class Slow(Users):
    """Takes as long over eve's passwords as the test says; counts them."""

    def __init__(self, hashes: Any) -> None:
        super().__init__(hashes)
        self.go = threading.Event()
        self.tried: list[str] = []

    def knows(self, name: str, password: str) -> bool:
        self.tried.append(name)
        if name.startswith("eve"):
            self.go.wait(60)
        return super().knows(name, password)


def test_wrong_passwords_delay_nobody_else(tmp_path: Path) -> None:
    """Eight guess at the same time and keep every place busy; who signed in before goes on as if nothing was."""
    add_user(tmp_path / "users.txt", "ada", "correct horse")
    users = Slow({"ada": (tmp_path / "users.txt").read_text().strip().partition(":")[2]})
    for address in running(Guard(hello, frozenset({"127.0.0.1"}), users)):
        assert httpx.get(address, auth=("ada", "correct horse")).text == "user ada"
        with ThreadPoolExecutor(8) as guessers:
            guesses = [guessers.submit(httpx.get, address, auth=(f"eve{i}", "x"), timeout=90) for i in range(8)]
            while len(users.tried) < 1 + guard.HASHING:
                time.sleep(0.01)
            for _ in range(20):
                assert httpx.get(address, auth=("ada", "correct horse")).text == "user ada"
            assert not any(guess.done() for guess in guesses)
            users.go.set()
            assert {guess.result().status_code for guess in guesses} == {401}


def test_guesses_at_the_same_time_are_counted(tmp_path: Path) -> None:
    """Who sends them all at once has no more of them than who sends one after the other."""
    add_user(tmp_path / "users.txt", "ada", "correct horse")
    users = Slow({"ada": (tmp_path / "users.txt").read_text().strip().partition(":")[2]})
    users.go.set()
    for address in running(Guard(hello, frozenset({"127.0.0.1"}), users)):
        with ThreadPoolExecutor(30) as guessers:
            guesses = [guessers.submit(httpx.get, address, auth=("ada", f"guess {i}"), timeout=90) for i in range(30)]
            told = [guess.result().status_code for guess in guesses]
    assert set(told) == {401, 429}
    assert len(users.tried) < guard.GUESSES + guard.HASHING


def test_guessing_stops(tmp_path: Path) -> None:
    """After a few wrong passwords an account is closed to that address for a while, and to nobody else."""
    for name, password in (("ada", "correct horse"), ("bob", "battery staple")):
        add_user(tmp_path / "users.txt", name, password)
    users = Users.read(tmp_path / "users.txt")
    for address in running(Guard(hello, frozenset({"127.0.0.1"}), users)):
        assert httpx.get(address, auth=("ada", "correct horse")).status_code == 200
        replies = [httpx.get(address, auth=("ada", f"guess {i}")) for i in range(guard.GUESSES + 5)]
        assert [reply.status_code for reply in replies] == [401] * guard.GUESSES + [429] * 5
        assert int(replies[-1].headers["Retry-After"]) > 0
        assert httpx.get(address, auth=("ada", "correct horse")).status_code == 200
        assert httpx.get(address, auth=("bob", "battery staple")).status_code == 200
    misses = guard.Misses()
    for _ in range(guard.GUESSES):
        misses.add("ada", "10.0.0.9", 100.0)
    assert misses.wait("ada", "10.0.0.9", 101.0) > 0
    assert misses.wait("ada", "10.0.0.8", 101.0) == 0
    assert misses.wait("ada", "10.0.0.9", 101.0 + guard.PERIOD) == 0


def test_passwords_are_kept_as_hashes_for_their_owner_alone(tmp_path: Path) -> None:
    """The file holds no password, is private, and a user is replaced, not doubled."""
    path = tmp_path / "users.txt"
    add_user(path, "ada", "correct horse")
    add_user(path, "ada", "battery staple")
    text = path.read_text()
    assert "staple" not in text
    assert text.count("ada:$argon2id$") == 1
    assert path.stat().st_mode & 0o077 == 0
    users = Users.read(path)
    assert users.knows("ada", "battery staple")
    assert not users.knows("ada", "correct horse")
    assert not users.knows("eve", "battery staple")
    with pytest.raises(GuardError, match="at least"):
        add_user(path, "bob", "short")
    path.write_text("ada:secret\n")
    with pytest.raises(GuardError, match="line 1"):
        Users.read(path)


def test_a_proxy_may_sign_people_in() -> None:
    """With the header set the proxy's word counts; without it nobody comes in."""
    for address in running(Guard(hello, frozenset({"127.0.0.1"}), proxy_header="X-Forwarded-User")):
        assert httpx.get(address).status_code == 401
        assert httpx.get(address, headers={"X-Forwarded-User": "ada"}).text == "user ada"


# -- other sites ---------------------------------------------------------------------------------------


def test_other_names_and_other_sites_are_refused(address: str) -> None:
    """A page elsewhere can neither rebind a name to this one nor post to it."""
    assert httpx.get(address, headers={"Host": "evil.example"}).status_code == 421
    elsewhere = {"Origin": "http://evil.example"}
    for path in ("/v1/chat/completions", "/page/ask", "/page/documents", "/gradio_api/queue/join"):
        assert httpx.post(address + path, json={}, headers=elsewhere).status_code == 403
    assert httpx.post(f"{address}/v1/chat/completions", json={}, headers={"Origin": address}).status_code == 422


@pytest.mark.parametrize(
    ("name", "value"), [("Host", "[::1"), ("Host", "[x]"), ("Origin", "http://["), ("Origin", "http://[::1")]
)
def test_a_header_that_is_no_address_is_a_bad_request(address: str, name: str, value: str) -> None:
    """And no traceback."""
    assert httpx.post(f"{address}/v1/chat/completions", json={}, headers={name: value}).status_code == 400


def test_every_reply_carries_the_policy(address: str) -> None:
    """Scripts need the nonce of this very page; it may not be framed, and it names no other address."""
    one, two = (httpx.get(address, headers={"Accept": "text/html"}) for _ in range(2))
    policy = one.headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in policy
    assert "unsafe-inline" not in policy.split("script-src")[1].split(";")[0]
    assert policy != two.headers["Content-Security-Policy"]
    assert one.text.count("<script") == one.text.count("<script nonce=")
    assert httpx.get(f"{address}/health").headers["X-Content-Type-Options"] == "nosniff"
    cookie = one.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert cookie.split(";")[0] != two.headers["Set-Cookie"].split(";")[0]


# -- the end -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("told", "status"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_the_server_ends_when_it_is_told_whoever_is_connected(
    town: Assistant, tmp_path: Path, told: signal.Signals, status: int
) -> None:
    """A browser's line, an MCP session, a question on its way: none keeps it; what was said is kept, nothing else."""
    pytest.importorskip("mcp", reason="mcp is not installed")
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    port = free_port()
    command = [sys.executable, "-m", "qa", "serve", "--index", str(town.index.folder), "--port", str(port), "--mcp"]
    command += ["--data", str(tmp_path / "data"), "--feedback", str(tmp_path / "feedback.jsonl")]
    environment = os.environ | {"TMPDIR": str(temporary)}
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True, cwd=tmp_path)
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(1200):
            assert process.poll() is None, process.stderr and process.stderr.read()
            try:
                httpx.get(f"{address}/health")
                break
            except httpx.TransportError:
                time.sleep(0.1)
        client = visitor(address)
        c = added(client, "lamp.txt", "Lamp\n\nThe lamp was lit in 1911.\n")["conversation"]
        asked(client, "When was the lamp lit?", c=c)
        asyncio.run(_connected(client, process, told))
    finally:
        process.kill()
    assert process.wait(10) == status
    assert [path for path in temporary.rglob("*") if path.is_file()] == []
    store = Store(tmp_path / "data" / "conversations.sqlite")
    kept = store.turns(c)
    store.close()
    assert (kept[0].question, kept[0].answer is not None) == ("When was the lamp lit?", True)


def _ask_on(client: httpx.Client) -> None:
    with suppress(httpx.HTTPError):  # the server goes away in the middle of it
        client.post("/page/ask", data={"question": QUESTION})


async def _connected(visitor: httpx.Client, process: subprocess.Popen[str], told: signal.Signals) -> None:
    address = str(visitor.base_url).rstrip("/")
    from mcp import ClientSession
    from mcp.client.streamable_http import streamable_http_client

    async with httpx.AsyncClient(timeout=60) as client:
        begin = client.build_request("GET", f"{address}/gradio_api/heartbeat/adas")
        beat = await client.send(begin, stream=True)
        await anext(beat.aiter_raw())
        try:
            async with (
                streamable_http_client(f"{address}/mcp/") as (read, write, _),
                ClientSession(read, write) as session,
            ):
                await session.initialize()
                threading.Thread(target=_ask_on, args=(visitor,), daemon=True).start()
                await asyncio.sleep(0.2)
                process.send_signal(told)
                for _ in range(300):
                    if process.poll() is not None:
                        break
                    await asyncio.sleep(0.1)
                assert process.poll() is not None, "it goes on"
        except* (httpx.HTTPError, OSError):
            pass  # the session's own line breaks off
