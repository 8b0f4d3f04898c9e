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
from qa.corpus.loaders.text import decode, paragraphs

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
    """The words of a mail, and of those that are forwarded inside it."""
    if b"\x00" in data[:200]:  # UTF-16, which no mail is sent in
        data = decode(data)[0].encode("utf-8", "replace")
    message: Any = message_from_bytes(data.lstrip(b"\xef\xbb\xbf\r\n"), _class=EmailMessage, policy=policy.default)
    attached: list[str] = []
    blocks, words = _message(message, content_type, attached)
    if not words:
        raise Unreadable("it is a mail without words", "Save what is attached to it")
    notes = (f"what is attached is not read: {', '.join(attached[:10])}; save it beside the mail",) if attached else ()
    said = {field: _header(message, field) for field in ("From", "To", "Date", "Subject")}
    return Parsed(blocks, declared.mail(said), {}, notes)


def _message(message: Any, content_type: str, attached: list[str], depth: int = 0) -> tuple[list[Block], bool]:
    """Its headers and its text, then the same of what is forwarded with it, and whether there are words."""
    blocks: list[Block] = []
    for field in _SHOWN:
        if value := _header(message, field):
            blocks.append(Block(f"{field}: {value}", "item", opens=not blocks))
    part = message.get_body(("plain", "html"))
    if part is not None:
        text = _content(part, content_type)
        blocks += html.of_fragment(text) if part.get_content_subtype() == "html" else _replies(text)
    words = part is not None
    digest = message.get_content_type() == "multipart/digest"
    for other in message.iter_parts() if digest else message.iter_attachments():
        inside = other.get_payload() if other.get_content_type() == "message/rfc822" else []
        if isinstance(inside, list) and inside and depth < 5:
            more, found = _message(inside[0], content_type, attached, depth + 1)
            blocks, words = [*blocks, *more], words or found
        else:
            attached.append(normalise(str(other.get_filename() or other.get_content_type())))
    return blocks, words


def _header(message: Any, field: str) -> str:
    try:
        return normalise(str(message.get(field, "")))
    except (ValueError, IndexError, AttributeError, TypeError):  # the library trips over some headers
        return ""


def _content(part: Any, content_type: str) -> str:
    data = part.get_payload(decode=True) or b""
    charset = part.get_content_charset() or ("utf-8" if "utf-8" in content_type else "")
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
