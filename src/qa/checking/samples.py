"""Answers with their contexts, as RAGAS, DeepEval, TruLens, LangSmith and plain programs write them.

    read(lines)    -> Sample or Broken for each row, one at a time

| written by | the answer | the contexts |
| --- | --- | --- |
| RAGAS 0.2 and later | `response` | `retrieved_contexts` |
| RAGAS before | `answer` | `contexts` |
| DeepEval, a test run too | `actual_output`, `actualOutput` | `retrieval_context`, `retrievalContext`, or `context` |
| TruLens, a span a row | `ai.observability.record_root.output` | `ai.observability.retrieval.retrieved_contexts` |
| LangSmith, a run a row | `outputs.answer`, `.output`, `.messages` | `outputs.documents`, or of its retriever runs |
| plain | `answer` | `contexts` |

Looked up in RAGAS 0.4.3, DeepEval 4.3.1, TruLens 2.16.0 and LangSmith 0.15.1. A context is a string, or an object with
`page_content`, `text`, `content` or `context`, and perhaps an `id` or `source`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from typing import Any

ANSWERS = (
    "response answer actual_output actualOutput ai.observability.record_root.output output generation prediction "
    "messages"
).split()
CONTEXTS = (
    "retrieved_contexts contexts retrieval_context retrievalContext ai.observability.retrieval.retrieved_contexts "
    "documents source_documents retrieved_documents context"
).split()
GIVEN = ("outputs", "attributes", "record_attributes")
"""Objects of a row in which the answer may stand; not those of what was asked or expected."""
FETCHED = (*GIVEN, "inputs")
"""Objects of a row in which contexts may stand."""
RECORD = "ai.observability.record_id"
"""Of the record that a TruLens span is part of: the answer stands in one span, the contexts in others."""
WORDS = ("page_content", "text", "content", "context", "chunk")
NAMES = ("id", "document_id", "doc_id", "source")
SPEAKS = ("ai", "AIMessage", "AIMessageChunk", "assistant")
"""What a message is called that the assistant wrote, by its `role` or `type`."""
LISTED = "testCases test_cases test_results samples examples rows results data".split()
"""Lists of rows in an object, as DeepEval keeps a test run."""
_NO_TEXT = re.compile("[\udc80-\udcff]")
"""Bytes that were no UTF-8, as Python reads them with `surrogateescape`."""
QUESTIONS = ("user_input", "question", "input", "query", "ai.observability.record_root.input")


@dataclass(frozen=True, slots=True)
class Sample:
    """One row: an answer, and what it may cite; a number in the answer counts the contexts."""

    row: int
    """From 1: its line in the file, or its place in a list."""
    answer: str
    contexts: Mapping[str, str]
    question: str = ""


@dataclass(frozen=True, slots=True)
class Broken:
    """A row that cannot be used, and why."""

    row: int
    reason: str


def read(lines: Iterable[str]) -> Iterator[Sample | Broken]:
    """The rows of a file of JSON lines, of a JSON list, or of an object that holds one.

    Of JSON lines one is held in memory at a time; but the spans of TruLens are put together by their record, and come
    when the file has ended.
    """
    yield from _samples(_rows(lines))


def _samples(rows: Iterable[tuple[int, Any]]) -> Iterator[Sample | Broken]:
    records: dict[str, _Parts] = {}
    for row, value in rows:
        if isinstance(value, Broken):
            yield value
        elif not isinstance(value, dict):
            yield Broken(row, "is no JSON object")
        else:
            parts = _parts(row, value)
            if parts.record:
                records[parts.record] = records[parts.record].with_(parts) if parts.record in records else parts
            elif not parts.answer and (listed := _listed(value)):
                yield from _samples(enumerate(listed, start=1))
            else:
                yield parts.sample()
    for parts in records.values():
        yield parts.sample()


def _rows(lines: Iterable[str]) -> Iterator[tuple[int, Any]]:
    """Each row with its number; a `Broken` in the place of one that is no JSON."""
    written = ((row, line) for row, line in enumerate(lines, start=1) if line.strip("\ufeff \t\r\n"))
    at, first = next(written, (1, ""))
    first = first.lstrip("\ufeff \t")
    if first.startswith("[") or first.strip() == "{":  # one list, or one object over several lines
        whole = _parsed(at, first + "".join(line for _, line in written))
        yield from enumerate(whole, start=1) if isinstance(whole, list) else [(at, whole)]
        return
    for row, line in chain([(at, first)] if first else [], written):
        yield row, _parsed(row, line)


def _parsed(row: int, text: str) -> Any:
    if _NO_TEXT.search(text):
        return Broken(row, "is not text in UTF-8")
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        return Broken(row, f"is no JSON: {error}")


@dataclass(frozen=True, slots=True)
class _Parts:
    """What a row, or the spans of a record so far, hold."""

    row: int
    answer: str
    contexts: Mapping[str, str] | None
    """None where they are not told; empty where nothing was retrieved."""
    question: str
    record: str

    def with_(self, other: _Parts) -> _Parts:
        """Both together."""
        told = [one.contexts for one in (self, other) if one.contexts is not None]
        contexts = _named(item for one in told for item in one.items()) if told else None
        return _Parts(self.row, self.answer or other.answer, contexts, self.question or other.question, self.record)

    def sample(self) -> Sample | Broken:
        """All that is needed, or what is missing."""
        if not self.answer:
            return Broken(self.row, "has no answer (response, answer, actual_output, output, …)")
        if self.contexts is None:
            return Broken(self.row, "has no contexts (retrieved_contexts, contexts, retrieval_context, documents, …)")
        return Sample(self.row, self.answer, self.contexts, self.question)


def _parts(row: int, value: Mapping[str, Any]) -> _Parts:
    value = _object(value.get("run")) or value  # beside its example
    columns = [(*key.partition("."), told) for key, told in value.items()]
    tables = {place: {name: told for of, _, name, told in columns if of == place and name} for place in FETCHED}
    value = {**value, **{place: table for place, table in tables.items() if table}}  # "outputs.answer", a column
    given, fetched = ([value, *(o for name in names if (o := _object(value.get(name))))] for names in (GIVEN, FETCHED))
    contexts = _first(fetched, CONTEXTS, _contexts) or _named(_retrieved(value))
    told = contexts or any(place.get(name) == [] for place in fetched for name in CONTEXTS)
    question, answer = _first(fetched, QUESTIONS, _text), _first(given, ANSWERS, _text)
    record = next((str(place[RECORD]) for place in given if RECORD in place), "")
    return _Parts(row, answer or "", contexts if told else None, question or "", record)


def _listed(value: Mapping[str, Any]) -> list[Any]:
    """The rows that an object holds, or an object within it."""
    for place in (value, *(within for within in value.values() if isinstance(within, dict))):
        for name in LISTED:
            if isinstance(rows := place.get(name), list):
                return rows
    return []


def _object(written: Any) -> dict[str, Any] | None:
    """An object, or one that a table holds as text."""
    if isinstance(written, str) and written.lstrip().startswith("{"):
        with suppress(ValueError, RecursionError):
            written = json.loads(written)
    return written if isinstance(written, dict) else None


def _first(places: Iterable[Mapping[str, Any]], names: Iterable[str], usable: Any) -> Any:
    return next((found for place in places for name in names if name in place and (found := usable(place[name]))), None)


def _text(written: Any) -> str:
    """A string, or what an object says: a document, a message; of several messages the assistant's last."""
    if isinstance(written, list):
        own = [m for m in written if any(_about(m).get(key) in SPEAKS for key in ("role", "type"))]
        written = own[-1] if own else ""
    about = _about(written)
    said = next((about[w] for w in WORDS if isinstance(about.get(w), str | list)), written)
    if isinstance(said, list):  # of a message: its text stands in blocks, beside calls of tools
        said = "".join(b["text"] for b in said if isinstance(b, dict) and isinstance(b.get("text"), str))
    return said if isinstance(said, str) and said.strip() else ""


def _about(item: Any) -> Mapping[str, Any]:
    """What an object says of itself, maybe serialised by LangChain; nothing of what is none."""
    return (_object(item.get("kwargs")) or item) if isinstance(item, dict) else {}


def _contexts(written: Any) -> dict[str, str]:
    if isinstance(written, str) and written.lstrip().startswith("["):  # a list that a table holds as text
        with suppress(ValueError, RecursionError):
            written = json.loads(written)
    if isinstance(written, dict) and not _text(written):  # texts by name
        return _named((name, text) for name, text in written.items() if isinstance(text, str) and text.strip())
    items = written if isinstance(written, list) else [written]
    items = [one for item in items for one in (item if isinstance(item, list) else [item])]  # a list for each query
    return _named((_name(item), text) for item in items if (text := _text(item)))


def _name(item: Any) -> str:
    about = _about(item)
    within = _object(about.get("metadata")) or {}
    return next((str(p[k]) for p in (about, within) for k in NAMES if isinstance(p.get(k), str | int)), "")


def _named(texts: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Texts by name; one without a name of its own is called by its place."""
    found: dict[str, str] = {}
    for name, text in texts:
        own = name and name not in found and not name.startswith("context ")
        found[name if own else f"context {len(found) + 1}"] = text
    return found


def _retrieved(run: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The documents of the retriever runs within a LangSmith run."""
    below = run.get("child_runs")
    for child in below if isinstance(below, list) else ():
        if isinstance(child, dict):
            if child.get("run_type") == "retriever" and (outputs := _object(child.get("outputs"))):
                yield from (_first([outputs], CONTEXTS, _contexts) or {}).items()
            yield from _retrieved(child)
