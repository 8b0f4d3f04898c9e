"""E-mail by the standard library: its headers declare the source and stand at the top; replies keep their marks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from qa.corpus import declared
from qa.corpus.blocks import Block, Parsed, Unreadable, normalise
from qa.corpus.loaders import html
from qa.corpus.loaders.text import paragraphs

_SHOWN = ("From", "To", "Cc", "Date", "Subject")
_FIELD = re.compile(r"[A-Z][\w-]{0,40}:[^\S\n]")


def is_mail(text: str) -> bool:
    """Whether a plain text is a mail: it begins with header fields, From and Date or Subject among them."""
    head = text.lstrip("\ufeff\r\n").replace("\r\n", "\n").partition("\n\n")[0].split("\n")
    names = {line.partition(":")[0].lower() for line in head if _FIELD.match(line)}
    return (
        bool(_FIELD.match(head[0]))
        and all(_FIELD.match(line) or line[:1].isspace() for line in head)
        and "from" in names
        and bool(names & {"to", "date"})
        and bool(names & {"subject", "date"})
    )


def load(data: bytes, name: str, content_type: str, max_bytes: int) -> Parsed:
    """The words of a mail."""
    message: Any = message_from_bytes(data.lstrip(b"\xef\xbb\xbf\r\n"), _class=EmailMessage, policy=policy.default)
    blocks: list[Block] = []
    for field in _SHOWN:
        if value := _header(message, field):
            blocks.append(Block(f"{field}: {value}", "item", opens=not blocks))
    part = message.get_body(("plain", "html"))
    if part is None:
        raise Unreadable("it is a mail without words", "Save what is attached to it")
    text = _content(part, content_type)
    body = html.of_fragment(text) if part.get_content_subtype() == "html" else list(_replies(text))
    attached = [normalise(str(a.get_filename() or a.get_content_type())) for a in message.iter_attachments()]
    notes = (f"what is attached is not read: {', '.join(attached[:10])}; save it beside the mail",) if attached else ()
    said = {field: _header(message, field) for field in ("From", "To", "Date", "Subject")}
    return Parsed(blocks + body, declared.mail(said), {}, notes)


def _header(message: Any, field: str) -> str:
    try:
        return normalise(str(message.get(field, "")))
    except (ValueError, IndexError, AttributeError, TypeError):  # the library trips over some headers
        return ""


def _content(part: Any, content_type: str) -> str:
    data = part.get_payload(decode=True) or b""
    charset = part.get_content_charset() or ("utf-8" if "utf-8" in content_type else "")
    from qa.corpus.loaders.text import decode

    return decode(data, f"charset={charset}" if charset else "")[0] if data.strip() else ""


def _replies(text: str) -> Iterator[Block]:
    """Paragraphs; what is quoted of another mail as items that begin with its marks."""
    run: list[str] = []
    mark = ""
    for line in [*text.replace("\r\n", "\n").split("\n"), None]:
        match = re.match(r"\s{0,3}((?:>\s?)+)", line) if line is not None else None
        now = ">" * match[1].count(">") if match else ""
        if line is None or now != mark:
            for block in paragraphs(run):
                yield Block(f"{mark} {block.text}", "item") if mark else block
            run, mark = [], now
        if line is not None:
            run.append(line[match.end() :] if match else line)
