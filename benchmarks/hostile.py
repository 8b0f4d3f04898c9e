"""Generated hostile inputs against every public function: what was tried, what failed, as Markdown.

    python benchmarks/hostile.py --inputs 100000 --state hostile.json

A failure is a crash (an error that is none of `qa`'s own, or the end of the process), a hang, or a wrong result: a span
that is not exact, a control character that comes out, a file or an address of this machine let in. An error that says
what is wrong is none. Input n of a function is always the same for one seed, so that `--only facts --first 17
--inputs 1` shows one failure again; with `--state` the next run goes on where this one ended. Status 1 if anything
failed. A short form of it runs in the tests.
"""

from __future__ import annotations

import argparse
import base64
import io
import ipaddress
import json
import math
import multiprocessing
import random
import re
import signal
import socket
import sys
import tempfile
import threading
import time
import traceback
import warnings
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from qa.schema import Document, Filters, Passage, QAError, QuestionError, Source

PATIENCE: Final = 120
"""Seconds after which an input hangs; most take a thousandth."""
Random = random.Random

WORDS: Final = (
    "The harbour council of Port Sund approved 48 million euros on 3 March 2021, Mayor Inés Duarte said. “No house "
    "will be pulled down,” she added. It was not 12 but 40 percent. Who objects, and why? Vidal's members met twice "
    "[1][2], according to the Island Ledger (2022). Dr. Olga Stern did not answer; prices rose by 3.5 km to 1,200 kg."
).split()
PIECES: Final = (
    *(" ", "\n", "\t", "\r\n", "a ", "1 ", "1-", "1,", "! ", '"'),
    *("“", "”", "‘", "'", "«", "(", ")", "[", "]", "[[", "{"),
    *("<!--", "-->", "-", "A.", "Aa ", "al-", "$", "%", "€", "not "),
    *("of the ", "How do ", "and ", "said ", "5 May ", "2023 "),
    *("hundred and ", "twenty-", "said X, ", "A of ", "---\n"),
    *("+++\n", "title: ", "- a\n", "> ", "![", "](", "`", "```\n"),
    *("|", "| a ", "*", "**", "_", "#", "# ", "\\", "/", "../"),
    *("&amp;", "&#0;", "&#x202e;", "<div>", "<p>", "</p>", "<meta "),
    *("<script>", "<td>", "[1]", "[^1]", "[^1]: ", "【1†a】", "(1)"),
    *("¹", "[p. 3]", "[a.pdf, p. 3]", "[1-300]", "1.", "@", "://"),
    *("\x00", "\x07", "\x1b[2J", "\x1b]52;c;aGk=\x07", "\x9b", "\x7f"),
    *("\u200b", "\u200d", "\u202e", "\u2066", "\ufeff", "\ufffd"),
    *("\u0301", "\u00ad", "\U000e0041", "\U0001f469\u200d\U0001f4bb"),
    *("ﷺ", "İ", "ß", "Σς", "ﬁ", "\u2028", "\x85", "٣", "Ⅷ", "½", "𝟙"),
    *("0x" + "f" * 50, "1e999", "9" * 400, "-0", "NaN", "true", "null"),
    *("00:00:01,000 --> 00:00:02,000\n", "WEBVTT\n", "=====\n"),
    *("From: a@b.c\n", "Subject: ", "Content-Type: text/html\n\n"),
    *(".. note::\n", "{{", "}}", "{%", "<<<end 3>>>", "<|im_end|>"),
    *("Date: ", "&x;", "<!ENTITY x 'y'>", "&a !!python/object:os.system "),
    *("*a", "<<: *a", "!!binary ", "? ", ": ", "\udc80", "\ud800"),
)  # fmt: skip
"""What hostile texts are made of."""


class Wrong(Exception):
    """A result that breaks a promise."""


def expect(holds: object, what: str) -> None:
    """A broken promise is an error.

    Raises:
        Wrong: it does not hold.
    """
    if not holds:
        raise Wrong(what)


# what is sent -----------------------------------------------------------------------------------------------


def text(r: Random, most: int = 3000) -> str:
    """Words and hostile pieces, mixed, repeated, mangled; mostly short."""
    size = int(most ** r.uniform(0.2, 1.0))
    way = r.random()
    if way < 0.15:
        return (r.choice(PIECES) * size)[:size]
    if way < 0.25:
        return (r.choice(PIECES) + r.choice(PIECES) + r.choice(WORDS) + " ") * (size // 12 + 1)
    if way < 0.35:
        return "".join(
            chr(r.choice((r.randrange(0x250), r.randrange(0x3000), r.randrange(0x110000)))) for _ in range(size)
        )
    share = r.choice((0.05, 0.3, 0.8))
    made = "".join(r.choice(PIECES) if r.random() < share else r.choice(WORDS) + " " for _ in range(size // 5 + 1))
    return mangled(r, made) if way < 0.6 else made


def mangled(r: Random, made: str) -> str:
    """The text with pieces lost, doubled, turned round or put elsewhere."""
    for _ in range(r.randrange(1, 6)):
        a, b = sorted((r.randrange(len(made) + 1), r.randrange(len(made) + 1)))
        b = min(b, a + 200)
        made = made[:a] + r.choice(("", made[a:b] * 2, made[a:b][::-1], made[a:b].upper(), r.choice(PIECES))) + made[b:]
    return made


def value(r: Random, depth: int = 0) -> Any:
    """JSON of any shape, as a stranger would send it."""
    way = r.random()
    if depth > 3 or way < 0.5:
        return r.choice((text(r, 200), "", None, True, -1, 0, 10**30, 1e300, r.choice(PIECES)))
    if way < 0.7:
        return [value(r, depth + 1) for _ in range(r.randrange(4))]
    return {r.choice((*KEYS, text(r, 20))): value(r, depth + 1) for _ in range(r.randrange(5))}


KEYS: Final = (
    *("question", "text", "conversation", "c", "a", "at", "id", "do", "fields", "walls", "sources", "since", "path"),
    *("before", "verdict", "reason", "note", "title", "messages"),
    *("role", "content", "stream", "model", "document", "quote"),
    *("data", "fn_index", "session_hash", "meta", "_type", "response", "contexts", "outputs", "page_content", "url"),
)  # fmt: skip


def damaged(r: Random, data: bytes) -> bytes:
    """Bytes flipped, cut out, doubled, zeroed, cut off."""
    out = bytearray(data)
    for _ in range(r.choice((1, 2, 10, 100))):
        at = r.randrange(len(out) + 1)
        end = min(len(out), at + r.choice((1, 4, 64, 1024)))
        way = r.randrange(5)
        if way == 0 and at < len(out):
            out[at] ^= 1 << r.randrange(8)
        elif way == 1:
            del out[at:end]
        elif way == 2:
            out[at:at] = out[at:end]
        elif way == 3:
            out[at:end] = bytes(end - at)
        elif r.random() < 0.1:
            del out[at:]
    return bytes(out)


def repacked(r: Random, data: bytes) -> bytes:
    """An archive of which one part was altered and packed again: what lies within is damaged, the archive is whole."""
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as new:
        names = old.namelist()
        chosen = r.choice(names)
        for name in names:
            inside = old.read(name)
            if name == chosen:
                inside = (
                    mangled(r, inside.decode("latin-1")).encode("latin-1", "replace")
                    if r.random() < 0.7
                    else damaged(r, inside)
                )
            new.writestr(name, inside)
    return packed.getvalue()


# what is expected of functions of text ----------------------------------------------------------------------


def exact(spans: Sequence[tuple[int, int]], size: int, *, apart: bool = False) -> None:
    """Spans lie within the text, in order where they must not overlap.

    Raises:
        Wrong: one does not.
    """
    end = 0
    for a, b in spans:
        expect(0 <= a <= b <= size, f"a span {a}..{b} in a text of {size}")
        expect(not apart or a >= end, f"{a}..{b} begins before {end}")
        end = b


def _facts(r: Random) -> None:
    from qa.language import denied, facts, missing

    a, b = text(r), text(r, 500)
    exact([(f.start, f.end) for f in facts(a)], len(a))
    expect(not [f for f in missing(a, a) if f.kind == "quote"], "a text lacks its own quotation")
    exact([(f.start, f.end) for f in missing(b, a)], len(b))
    denied(b, a)


def _names(r: Random) -> None:
    from qa.language import fold, fold_quote, meant, name_key, same_name, stem
    from qa.language.alike import one_date, one_entity
    from qa.language.names import akin

    a, b = text(r, 200), text(r, 200)
    expect(same_name(a, b) == same_name(b, a), "whether two names are one depends on their order")
    expect(meant(a, [b, "Nasrallah", a]) in ("", a, b, "Nasrallah"), "a name that was not given")
    for one in (a, b):
        name_key(one), fold(one), fold_quote(one), stem(one)
    one_entity(a, b), akin(a, b), one_date(a, b)


def _speakers(r: Random) -> None:
    from qa.answer.untrusted import is_order
    from qa.language import speakers
    from qa.passages import sentences
    from qa.support.quotes import quotations

    a = text(r)
    spans = sentences(a)
    passage = Passage("a", 0, len(a), a, spans)
    for low, high in spans[:5]:
        speakers.speaker(passage, (low, high)), speakers.in_quotation(passage, low, high)
    speakers.leans_back(a), is_order(a)
    expect(len(speakers.masked(a)) == len(a), "offsets are lost where quotations are masked")
    quotations(a[:2000], [text(r, 500)])


def _markers(r: Random) -> None:
    from qa import markers
    from qa.support import citing

    a = text(r)
    exact([(m.start, m.end) for m in markers.find(a)], len(a), apart=True)
    whole = markers.marked(a)
    exact([(m.start, m.end) for m in whole], len(a))
    stream, got, at = markers.Stream(), [], 0
    while at < len(a):
        step = r.choice((1, 3, 50, 1000))
        got += stream.feed(a[at : at + step])
        at += step
    got += stream.close()
    expect([m.text for m in got] == [m.text for m in whole], "a stream of pieces gives other sentences than the whole")
    sources = [Source(id="a", title=text(r, 60)), Source(id=text(r, 20) or "b", title="A", original="a.pdf")]
    for cited in citing.read(a, sources):
        exact([(cited.unit.start, cited.unit.end)], len(a))
    markers.strip(a)


def _passages(r: Random) -> None:
    from qa import passages

    a = text(r, 8000)
    exact(passages.sentences(a), len(a), apart=True)
    for passage in passages.split(Document(Source(id="a", title="A"), a)):
        expect(a[passage.start : passage.end] == passage.text, "a passage is not its span")
        exact(passage.sentences, len(a))


def _questions(r: Random) -> None:
    from qa import query
    from qa.corpus.blocks import normalise
    from qa.schema import Abstention, Answer, Reason, Turn

    asked, plain = text(r, 2500), normalise(text(r, 100)) or "Who?"
    sources = (
        Source(id="a", title=normalise(text(r, 60)) or "A", publisher="The Paper"),
        Source(id="b", title=normalise(text(r, 60)) or "A"),
    )
    history = [Turn(plain, Answer(plain, abstention=Abstention(Reason.NOT_ANSWERED)))] if r.random() < 0.5 else []
    made = query.understand(asked, history, replace(query.Catalogue(), sources=sources))
    expect(not CONTROL.search(made.text), "a control character is left in a question")


def _filters(r: Random) -> None:
    when = lambda: r.choice(("", "2021", "2021-13", "2021-02-30", "٢٠٢١", "2021-01-01T", text(r, 12)))  # noqa: E731
    source = Source(
        id=f"a{text(r, 20)}", title="A", publisher=text(r, 20), published=r.choice(("", "2021", "2020-05-01"))
    )
    with suppress(QuestionError):
        Filters((text(r, 20),), (text(r, 20),), (), (), when(), when()).passes(source)
    with suppress(QAError, ValueError, TypeError, KeyError):  # what a stored conversation was altered to is refused
        Filters(since=value(r))


def _terminal(r: Random) -> None:
    from qa.terminal import to_json, visible

    a = text(r)
    shown = visible(a)
    a = re.sub("[\ud800-\udfff]", "", a)  # JSON has no halves of characters of its own
    expect(not UNSEEN.search(shown), "a character that commands a terminal comes out")
    expect(json.loads(to_json({"a": a})) == {"a": a}, "JSON is not what it was")
    expect(not UNSEEN.search(to_json(a)), "a character that commands a terminal comes out of JSON")


UNSEEN: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\U000e0000-\U000e007f]"
)
CONTROL: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x84\x86-\x9f]")


def _samples(r: Random) -> None:
    from qa.checking import forms, samples

    rows = [json.dumps(value(r)) if r.random() < 0.7 else text(r) for _ in range(3)]
    rows.append(json.dumps({"response": text(r, 300), "contexts": value(r)}))
    list(samples.read(r.choice((rows, [f"[{','.join(rows)}]"]))))
    with suppress(QAError, ValueError):
        forms.floors([text(r, 30)])


# documents --------------------------------------------------------------------------------------------------


def held(document: Document) -> None:
    """What every document promises.

    Raises:
        Wrong: one promise is broken.
    """
    expect(not CONTROL.search(document.text), "a control character is in a document")
    exact([(s.start, s.end) for s in document.sections], len(document.text))
    source = " ".join(str(v) for v in document.source.to_dict().values())
    expect(not CONTROL.search(source), "a control character is in what is known of a source")
    document.text.encode()


def _texts(r: Random) -> None:
    from qa.corpus import reading
    from qa.corpus.blocks import Unreadable

    name = r.choice(
        ("a.md", "a.txt", "a.html", "a.csv", "a.rst", "a.srt", "a.vtt", "a.jsonl", "a.eml", "a", text(r, 30))
    )
    data = text(r, 4000).encode(r.choice(("utf-8", "utf-16", "latin-1", "cp1252", "utf-7")), "replace")
    kind = r.choice(("", "", "text/html", "text/html; charset=utf-7", "text/plain; charset=nonsense", text(r, 30)))
    with suppress(Unreadable):
        held(reading.document(data, name, content_type=kind)[0])


def _front(r: Random) -> None:
    from qa.corpus import reading
    from qa.corpus.blocks import Unreadable
    from qa.corpus.loaders import markdown

    keys = ("title", "author", "date", "published", "lang", "tags", "a", text(r, 20).replace("\n", " "))
    inside = "\n".join(
        f"{r.choice(keys)}{r.choice((': ', ':', ' = ', ': - '))}{text(r, 80)}" for _ in range(r.randrange(6))
    )
    mark = r.choice(("---", "+++"))
    written = f"{mark}\n{inside}\n{mark}\nThe bridge will cost 48 million euros.\n"
    expect(isinstance(markdown.front_matter(written)[0], dict), "front matter is no mapping")
    with suppress(Unreadable):
        held(reading.document(written.encode("utf-8", "replace"), "a.md")[0])


def _cleaning(r: Random) -> None:
    from qa.corpus import cleaning
    from qa.corpus.blocks import Block, normalise

    kinds = ("text", "heading", "item", "row", "code")
    blocks = [
        Block(t, r.choice(kinds), r.randrange(3), r.randrange(4))
        for _ in range(r.randrange(8))
        if (t := text(r, 400)).strip()
    ]  # type: ignore[arg-type]
    made = cleaning.clean(blocks, title=normalise(text(r, 50)), infer_headings=r.random() < 0.5, page=r.random() < 0.5)
    words, sections, _ = cleaning.assemble(made, "A")
    exact([(s.start, s.end) for s in sections], len(words))
    expect(not CONTROL.search(words), "a control character is left")


@cache
def _originals() -> dict[str, bytes]:
    """One small sound document of each packed format."""
    import docx
    import openpyxl
    import pptx
    from fpdf import FPDF

    told = "The harbour bridge will cost 71 million euros, the auditors said on Thursday."
    made: dict[str, bytes] = {}

    def kept(name: str, save: Callable[[Any], Any]) -> None:
        out = io.BytesIO()
        save(out)
        made[name] = out.getvalue()

    pdf = FPDF()
    pdf.set_title("The bridge")
    for _ in range(3):
        pdf.add_page()
        pdf.set_font("helvetica", size=11)
        pdf.multi_cell(0, 6, f"Costs\n\n{told}\n\n{told}")
    made["a.pdf"] = bytes(pdf.output())
    word = docx.Document()
    word.add_heading("Costs", 1)
    word.add_paragraph(told)
    word.add_table(2, 2).cell(0, 0).text = told
    kept("a.docx", word.save)
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active.append(["Harbour", "Cost"])
    book.active.append([told, 71])
    kept("a.xlsx", book.save)
    slides = pptx.Presentation()
    slide = slides.slides.add_slide(slides.slide_layouts[1])
    slide.shapes.title.text, slide.placeholders[1].text = "Costs", told
    kept("a.pptx", slides.save)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as book_:
        book_.writestr("mimetype", "application/epub+zip")
        book_.writestr(
            "META-INF/container.xml", '<container><rootfiles><rootfile full-path="c.opf"/></rootfiles></container>'
        )
        book_.writestr(
            "c.opf",
            '<package><metadata><title>B</title></metadata><manifest><item id="a" href="a.html"/></manifest>'
            '<spine><itemref idref="a"/></spine></package>',
        )
        book_.writestr("a.html", f"<html><body><h1>Costs</h1><p>{told}</p></body></html>")
    made["a.epub"] = packed.getvalue()
    made["a.eml"] = (
        b"From: a@example.org\nSubject: Costs\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=x\n\n--x\n"
        b"Content-Type: text/plain\n\n" + told.encode() + b"\n--x\nContent-Type: text/html\n"
        b"Content-Transfer-Encoding: base64\n\n" + base64.b64encode(f"<p>{told}</p>".encode()) + b"\n--x--\n"
    )  # fmt: skip
    return made


@cache
def _worker() -> Any:
    from qa.corpus.worker import Worker

    return Worker(seconds=5)


def _documents(r: Random) -> None:
    from qa.corpus.blocks import Unreadable

    name = r.choice(sorted(_originals()))
    data = _originals()[name]
    packed = data.startswith(b"PK") and r.random() < 0.6
    with suppress(Unreadable):
        held(_worker().read(repacked(r, data) if packed else damaged(r, data), name)[0])


# addresses --------------------------------------------------------------------------------------------------

INSIDE: Final = tuple(
    ipaddress.ip_network(n)
    for n in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
        *("192.0.0.0/24", "192.88.99.0/24"),
        *("192.0.2.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3"),
        *("::/96", "::ffff:0:0/96", "::ffff:0:0:0/96", "64:ff9b:1::/48"),
        *("100::/64", "2001::/32", "2001:db8::/32", "fc00::/7"),
        *("fe80::/10", "fec0::/10", "ff00::/8", "3fff::/20", "5f00::/16"),
    )
)  # fmt: skip
"""What may not be reached, written down here by itself, from the registries of special addresses."""


def inside(address: str) -> bool:
    """Whether an address leads into this machine or its network, or carries one that does."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        number = int(ip)
        for network, shift in (("::ffff:0:0/96", 0), ("64:ff9b::/96", 0), ("::ffff:0:0:0/96", 0), ("2002::/16", 80)):
            if ip in ipaddress.ip_network(network):
                return inside(str(ipaddress.IPv4Address(number >> shift & 0xFFFFFFFF)))
    return any(ip in network for network in INSIDE if network.version == ip.version)


def _written(r: Random) -> str:
    """An address, mostly of this machine or network, in one of the ways in which people hide it."""
    network = r.choice([n for n in INSIDE if n.version == 4])
    v4 = ipaddress.IPv4Address(int(network.network_address) + r.randrange(min(network.num_addresses, 1 << 16)))
    if r.random() < 0.2:
        v4 = ipaddress.IPv4Address(r.randrange(1 << 32))
    a, b, c, d = v4.packed
    n = int(v4)
    deep = r.choice([n for n in INSIDE if n.version == 6])
    v6 = r.choice(
        (
            f"::ffff:{v4}",
            f"::{v4}",
            f"64:ff9b::{v4}",
            f"64:ff9b:1::{v4}",
            f"2002:{n >> 16:x}:{n & 0xFFFF:x}::1",
            f"::ffff:0:{v4}",
            f"::ffff:{n >> 16:x}:{n & 0xFFFF:x}",
            "::1",
            "::",
            "fe80::1%25lo",
            "fe80::1%lo",
            "fd00::1",
            "ff02::1",
            f"::{n:x}"[:9],
            str(ipaddress.IPv6Address(r.randrange(1 << 128))),
            str(deep[r.randrange(min(deep.num_addresses, 1 << 60))]),
        )
    )
    return str(
        r.choice(
            (
                v4,
                n,
                hex(n),
                f"0{n:o}",
                f"{a}.{n & 0xFFFFFF}",
                f"{a}.{b}.{n & 0xFFFF}",
                f"0x{a:x}.0x{b:x}.{c}.{d}",
                f"0{a:o}.0{b:o}.{c}.{d}",
                f"{v4}.",
                f"[{v6}]",
                f"[{v6}]",
                f"[{v6}]",
                "localhost",
                "LOCALHOST.",
                str(v4).translate(WIDE),
                str(v4).replace(".", "。"),
                str(v4).replace(".", "%2e"),
                f"a@{v4}",
                f"8.8.8.8@{v4}",
                f"{v4}#@8.8.8.8",
                f"{v4}\\@8.8.8.8",
                f"{v4}?@8.8.8.8",
                f"{v4}\t",
                f"\x00{v4}",
            )
        )
    )


WIDE: Final = {ord("0") + i: 0xFF10 + i for i in range(10)} | {ord("1"): "①"}


def _addresses(r: Random) -> None:
    from qa.corpus import fetching
    from qa.corpus.blocks import Unreadable

    scheme = r.choice(
        ("http://",) * 6
        + ("https://", "HTTP://", "http:/", "//", "file://", "ftp://", "http:\\\\", " http://", "http://a:b@")
    )
    address = (
        scheme
        + _written(r)
        + r.choice(("", ":80", ":0", ":99999", ":8x"))
        + r.choice(("", "/", "/a?b", "/\r\nX: y", "/" + text(r, 20)))
    )
    if r.random() < 0.2:
        address = mangled(r, address)
    with _nobody_answers() as reached, suppress(Unreadable):
        fetching.fetch(address, max_bytes=1000, seconds=5)
    expect(not [ip for ip in reached if inside(ip)], f"{address!r} reaches {reached}")


@contextmanager
def _nobody_answers() -> Iterator[list[str]]:
    """No connection is made and no name server asked; where one would have gone is noted."""
    import httpcore

    reached: list[str] = []
    resolve = socket.getaddrinfo

    def connect(self: Any, host: str, port: int, *_: Any, **__: Any) -> Any:
        reached.append(host)
        raise httpcore.ConnectError("nobody answers")

    def numeric(host: Any, *more: Any, **named: Any) -> Any:
        if isinstance(host, str) and host.rstrip(".").lower() == "localhost":
            return resolve("127.0.0.1", *more, **named)
        return resolve(host, *more, **named | {"flags": socket.AI_NUMERICHOST})

    plain = httpcore.SyncBackend.connect_tcp
    httpcore.SyncBackend.connect_tcp, socket.getaddrinfo = connect, numeric  # type: ignore[method-assign,assignment]
    try:
        yield reached
    finally:
        httpcore.SyncBackend.connect_tcp, socket.getaddrinfo = plain, resolve  # type: ignore[method-assign]


# the assistant and the page ---------------------------------------------------------------------------------

TOWN: Final = {
    "gazette": "The council approved the harbour bridge on 3 March 2021 by 12 votes to 7. Mayor Inés Duarte said the "
    "bridge would open in 2024. She added that no house would be pulled down. The bridge will cost 48 million euros.",
    "ledger": "The harbour bridge will cost 71 million euros, the auditors found in November 2022. Steel prices rose "
    "by 40 percent after the vote. The mayor's office did not answer our questions.",
    "letters": "Tomatoes want sun and water. Basil grows well beside tomatoes.",
}


@cache
def _town() -> Any:
    from qa import Assistant

    return Assistant.build([Document(Source(id=name, title=name.title()), told) for name, told in TOWN.items()])


def _asked(r: Random) -> str:
    begun = r.choice(("What will", "Who said", "When did", "How do", "Does"))
    question = f"{begun} {r.choice(WORDS)} {r.choice(WORDS)} the bridge cost?"
    return mangled(r, question) if r.random() < 0.6 else text(r, 2200)


def cited(answer: Any, assistant: Any) -> None:
    """Every citation of an answer is the words of a document; it can be stored.

    Raises:
        Wrong: a quotation is not its span.
    """
    for sentence in answer.sentences:
        for citation in sentence.citations:
            words = assistant.document(citation.source.id).text[citation.start : citation.end]
            expect(words == citation.quote, "a quotation is not its span")
    json.dumps(answer.to_dict(), ensure_ascii=False)
    str(answer)


def _ask(r: Random) -> None:
    town = _town()
    cited(town.ask(_asked(r)), town)


def _chat(r: Random) -> None:
    town = _town()
    chat = town.chat()
    for _ in range(2):
        with suppress(QuestionError):
            cited(chat.ask(_asked(r)), town)


def _search(r: Random) -> None:
    town = _town()
    for hit in town.search(_asked(r), top_k=r.choice((1, 5, 50))):
        words = town.document(hit.source.id).text[hit.passage.start : hit.passage.end]
        expect(words == hit.passage.text, "a passage is not its span")


def _check(r: Random) -> None:
    import qa

    written = text(r, 1500)
    for sentence in qa.check(written, TOWN).sentences:
        exact([(sentence.start, sentence.end)], len(written))


def _judge(r: Random) -> None:
    from qa.checking import support

    claim, evidence = text(r, 30_000), [text(r, 1000), r.choice(list(TOWN.values()))]
    made = support().judge(claim, evidence)
    if made.span and made.evidence is not None:
        exact([made.span], len(evidence[made.evidence]))


@cache
def _served() -> Any:
    """A page over the town on a port of this machine, and a visitor of it."""
    import httpx
    import uvicorn

    from qa.page.server import make
    from qa.page.settings import Settings

    folder = Path(tempfile.mkdtemp(prefix="qa-hostile-"))
    (folder / "secret.txt").write_text(SECRET)
    settings = Settings(data=folder / "data", feedback=folder / "feedback.jsonl", results=folder)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(make(_town(), settings), port=port, log_level="critical"))
    threading.Thread(target=server.run, daemon=True).start()
    while not server.started:
        time.sleep(0.02)
    client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE)
    client.get("/", headers={"Accept": "text/html"})
    return client, folder


SECRET: Final = "the combination of the safe is 4711"
ROUTES: Final = """
GET /page/state
GET /page/conversations
GET /page/read
GET /page/text
GET /page/picture
GET /page/find
GET /page/follow/{x}
GET /page/follow/{x}/documents
GET /page/file/{x}
GET /page/documents/{x}/correct
GET /page/conversations/{x}/export
GET /page/check/{x}/report
PATCH /page/conversations/{x}
DELETE /page/conversations/{x}
POST /page/conversations/{x}/{n}/link
POST /page/conversations/{x}/{n}/opinion
POST /page/ask
POST /page/stop/{x}
POST /page/documents
POST /page/documents/change
POST /page/check
POST /v1/chat/completions
GET /health
POST /gradio_api/queue/join
GET /gradio_api/queue/data
POST /gradio_api/run/ask
POST /gradio_api/call/check
POST /gradio_api/cancel
GET /gradio_api/info
GET /gradio_api/{x}
GET /qa-static/{x}
GET /{x}
""".strip().split("\n")


def _page(r: Random) -> None:
    import httpx

    client, folder = _served()
    method, _, path = r.choice(ROUTES).partition(" ")
    names = (
        "..",
        "../secret.txt",
        str(folder / "secret.txt"),
        "%2e%2e/secret.txt",
        "gazette",
        "x" * 500,
        "\x00",
        text(r, 30),
    )
    path = path.replace("{x}", r.choice(names)).replace("{n}", r.choice(("0", "-1", "9" * 30, "x")))
    path = quote(path.encode("utf-8", "replace"), safe="/%")
    clean = lambda made: made.encode("utf-8", "replace").decode()  # noqa: E731  # httpx sends no halves of characters
    sent: dict[str, Any] = {"params": {r.choice(KEYS): clean(text(r, 100)) for _ in range(r.randrange(4))}}
    if method in ("POST", "PATCH"):
        way = r.random()
        if way < 0.5:
            body = {k: value(r) for k in r.sample(KEYS, r.randrange(12))} if r.random() < 0.8 else value(r)
            sent["content"] = (
                json.dumps(body) if r.random() < 0.9 else r.choice(("[" * 100_000, "{", "\xff", "1" * 5000))
            )
            sent["headers"] = {
                "Content-Type": r.choice(("application/json",) * 4 + ("text/plain", "multipart/form-data"))
            }
        elif way < 0.7:
            sent["data"] = {r.choice(("c", "text", "address", "x")): clean(text(r, 300)) for _ in range(3)}
            sent["data"]["address"] = r.choice(
                ("", f"file://{folder}/secret.txt", str(folder / "secret.txt"), "http://127.0.0.1/")
            )
        elif way < 0.8:
            sent["files"] = {"files": (clean(text(r, 40)) or "a.txt", text(r, 500).encode("utf-8", "replace"))}
        else:
            sent["json"] = {
                "question": clean(_asked(r)) if r.random() < 0.2 else "",
                "text": "",
                "messages": [value(r)],
            }
            with suppress(UnicodeEncodeError):
                json.dumps(sent["json"], ensure_ascii=False).encode()
    if r.random() < 0.1:
        bad = r.choice(("[::1", "http://[", "a" * 5000, "é", "http://evil.example", "x, y"))
        sent.setdefault("headers", {})[
            r.choice(("Host", "Origin", "Cookie", "Range", "X-Forwarded-For", "Authorization"))
        ] = bad.encode("latin-1")
    try:
        reply = client.request(method, path, **sent)
    except (httpx.InvalidURL, httpx.LocalProtocolError, UnicodeError):  # it cannot be sent at all
        return
    except httpx.TransportError as error:  # refused before all of it was sent, or Gradio's line ended
        expect(client.get("/health").status_code == 200, f"{method} {path}: the server is gone: {error}")
        return
    expect(reply.status_code < 500, f"{method} {path}: {reply.status_code} {reply.text[:200]}")
    expect(SECRET not in reply.text, f"{method} {path}: a file of this machine comes out")


FUNCTIONS: Final[dict[str, tuple[Callable[[Random], None], float]]] = {
    "facts": (_facts, 3),
    "names": (_names, 12),
    "speakers and quotations": (_speakers, 6),
    "markers": (_markers, 6),
    "passages": (_passages, 8),
    "questions": (_questions, 2),
    "filters": (_filters, 9),
    "terminal and JSON": (_terminal, 9),
    "samples": (_samples, 9),
    "front matter": (_front, 3),
    "cleaning": (_cleaning, 9),
    "texts by format": (_texts, 4),
    "damaged documents": (_documents, 3),
    "addresses": (_addresses, 6),
    "ask": (_ask, 0.6),
    "chat": (_chat, 0.2),
    "search": (_search, 0.4),
    "check": (_check, 0.4),
    "judge": (_judge, 0.4),
    "page, over HTTP": (_page, 9),
}
"""What is tried, and its share of all inputs, in percent: what takes a thousand times as long is tried less."""


def attempt(name: str, number: int, seed: int) -> tuple[str, str]:
    """How input `number` ends, "" where all is well, else "crashed" or "wrong", and the reason."""
    try:
        FUNCTIONS[name][0](random.Random(f"{seed} {name} {number}"))
    except QAError:
        return "", ""
    except Wrong as error:
        return "wrong", str(error)
    except Exception as error:
        *_, last = traceback.extract_tb(error.__traceback__)
        return "crashed", f"{type(error).__name__}: {error} ({Path(last.filename).name}:{last.lineno})"
    return "", ""


# the driver -------------------------------------------------------------------------------------------------


def _child(pipe: Any, name: str, first: int, last: int, seconds: float, seed: int) -> None:
    warnings.simplefilter("ignore")
    attempt(name, first, seed)  # models are loaded, the page is started: that is not the input's time
    end = time.monotonic() + seconds
    for number in range(first, last):
        pipe.send((number, "begins", ""))
        pipe.send((number, *attempt(name, number, seed)))
        if time.monotonic() > end:
            break
    pipe.send((-1, "", ""))


def run(name: str, state: dict[str, Any], inputs: int, seconds: float, seed: int) -> None:
    """Tries inputs of one function in a process of its own, started anew after one that ends it or hangs."""
    end, last = time.monotonic() + seconds, state["next"] + inputs
    begin = multiprocessing.get_context("spawn")
    while state["next"] < last and (left := end - time.monotonic()) > 0:
        here, there = begin.Pipe(duplex=False)
        child = begin.Process(target=_child, args=(there, name, state["next"], last, left, seed), daemon=False)
        child.start()
        there.close()
        number, ending, patience = state["next"], "", 10 * PATIENCE
        try:
            while here.poll(patience):
                patience = PATIENCE
                number, ending, why = here.recv()
                if number < 0:
                    return
                if ending != "begins":
                    _count(state, number, ending, why)
            ending, why = "hung", f"no end within {patience} s"
        except EOFError:
            child.join()
            ending, why = "crashed", f"the process ended ({child.exitcode})"
        finally:
            if child.is_alive() and number >= 0:
                child.kill()
            child.join(PATIENCE)
            if child.is_alive():
                child.kill()
        _count(state, number, ending, why)


def _count(state: dict[str, Any], number: int, ending: str, why: str) -> None:
    state["next"] = number + 1
    state["tried"] += 1
    if ending:
        state[ending] += 1
        state["notes"] = [*state["notes"], f"{number}: {ending}: {why}"][-20:]
        if state[ending] <= 20:
            sys.stderr.write(f"{number}: {ending}: {why[:300]!r}\n")


def table(states: dict[str, Any]) -> str:
    """Markdown: by function, how many inputs were tried and how they failed."""
    columns = ("tried", "crashed", "hung", "wrong")
    rows = ["| function | tried | crashed | hung | wrong |", "| --- | --: | --: | --: | --: |"]
    rows += [
        f"| {name} | {' | '.join(f'{state[c]:,}' for c in columns)} |"
        for name, state in states.items()
        if state["tried"]
    ]
    total = [sum(state[c] for state in states.values()) for c in columns]
    return "\n".join([*rows, f"| all | {' | '.join(f'{n:,}' for n in total)} |"])


def main() -> int:
    """Runs what is asked for; the status of the process."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--inputs", type=int, default=10_000, help="of all functions together, those of the state too")
    parser.add_argument("--seconds", type=float, default=10**6, help="at most, in all")
    parser.add_argument("--first", type=int, help="number of the first input")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", nargs="*", choices=FUNCTIONS, default=list(FUNCTIONS))
    parser.add_argument("--state", type=Path, help="file in which counts are kept from run to run")
    given = parser.parse_args()
    empty = {"next": 0, "tried": 0, "crashed": 0, "hung": 0, "wrong": 0, "notes": []}
    states = {name: dict(empty) for name in FUNCTIONS}
    if given.state and given.state.exists():
        states |= json.loads(given.state.read_text())
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    share = sum(FUNCTIONS[name][1] for name in given.only)
    end = time.monotonic() + given.seconds
    for name in given.only:
        state = states[name]
        if given.first is not None:
            state |= empty | {"next": given.first}
        sys.stderr.write(f"{name}\n")
        left = math.ceil(given.inputs * FUNCTIONS[name][1] / share) - state["tried"]
        while left > 0 and time.monotonic() < end:  # in parts, so that a run that is broken off loses little
            part = min(left, 2_000)
            run(name, state, part, end - time.monotonic(), given.seed)
            left -= part
            if given.state:
                given.state.write_text(json.dumps(states, indent=1))
    sys.stdout.write(f"{table(states)}\n")
    return int(any(state[ending] for state in states.values() for ending in ("crashed", "hung", "wrong")))


if __name__ == "__main__":
    sys.exit(main())
