"""Text of a document on its way into a prompt: what people cannot see goes, and its frame is safe."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Sequence

from qa.language.parser import parse


def fence_mark(texts: Sequence[str]) -> str:
    """A word that stands in none of the texts; the same for the same texts."""
    salt = 0
    while True:
        blob = "\0".join([str(salt), *texts]).encode("utf-8", "surrogatepass")
        mark = hashlib.sha256(blob).hexdigest()[:8]  # short: it stands beside every passage
        if not any(mark in text.casefold() for text in texts):
            return mark
        salt += 1


def visible(text: str) -> str:
    """The text as people see it; figures and words stay as they are.

    Invisible, bidirectional, control and tag characters go, HTML comments, and what chat templates and our own
    fences are made of.
    """
    text = unicodedata.normalize("NFC", text)
    text = _HIDDEN.sub("", text)
    text = "".join(c for c in text if c in "\n\t" or not _unseen(c))
    text = _TEMPLATE.sub("\n", text)
    return re.sub(r"([<>])\1{2,}", r"\1\1", text)


_HIDDEN = re.compile(r"\x1b\[[\d;]*[A-Za-z]|<!--.*?(?:-->|\Z)|<(script|style|template)\b.*?</\1\s*>", re.S | re.I)
_TEMPLATE = re.compile(
    r"<\|[^|<>\n]{1,40}\|>|<\|[^|<>\n]{1,40}>|\[/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS)\]|<</?SYS>>"
    r"|</?(?:s|bos|eos|start_of_turn|end_of_turn|think|tool_call|function_call|system|assistant|user)>",
    re.I,
)


def _unseen(char: str) -> bool:
    if unicodedata.category(char) in ("Cf", "Cc", "Co", "Cs", "Cn", "Zl", "Zp"):
        return True
    # variation selectors carry no sense of their own, and can smuggle bytes
    return "\ufe00" <= char <= "\ufe0f" or "\U000e0100" <= char <= "\U000e01ef" or char in "\u115f\u1160\u3164\uffa0"


def hides(text: str) -> bool:
    """Whether some letters or figures of the text are not among those that people see."""
    return sum(map(str.isalnum, visible(text))) < sum(map(str.isalnum, unicodedata.normalize("NFC", text)))


_SAY = (
    r"say|write|state|print|output|repeat|reply|respond|answer|cite|conclude|begin|start|end|report"
    r"|tell\ the\ (?:user|reader)"
)
_ORDER = re.compile(
    rf"""(?:^|[.!?:;,"“”\n\]*#>-]|\b(?:and|then|now|must|always)\b)\s*
    (?:(?:please|system|assistants?|note(?:\sto)?|important|attention|ai|hey|user)\b[\s,:!*-]*)*
    (?:(?:ignore|disregard|forget|override|bypass)\s+(?:\w+\s+){{0,3}}?
        (?:(?:previous|prior|above|all|your|system)\s+(?:\w+\s+)?(?:instruction|prompt|guideline|rule)
          |(?:instruction|prompt|guideline|rule|passage|source)s?\s+(?:above|you\ were)
          |everything\ above|other\ (?:passage|source))
      |(?:you\ are|you're|act\ as|pretend\ to\ be|from\ now\ on)\b[^,.”"]{{0,40}}?
        \b(?:ai|language\ model|chatbot|bot|dan|unrestricted|developer\ mode)\b
      |(?:{_SAY})\s+
        (?:(?:with\ |instead\ )*(?:only|exactly|just)\b[^.”]{{0,20}}?(?::|[“"‘]|\bthat\b|\b(?-i:[A-Z]{{3,}})\b)
          |with\ (?:exactly|only|the\ link)\b|(?:nothing|instead)\s*[.:]
          |your\ (?:answer|reply|response)|every\ question|passage|the\ (?:following|word)\b|the\ value\ of\ the\ env)
      |(?:say|write|state|report|reply|conclude|tell\ the\ (?:user|reader))\s(?:instead\s)?that\b(?!\ you|\ your)
      |before\s+(?:you\s+)?answer(?:ing)?\b.{{0,20}}?\b(?:output|say|print|write)\b
      |reveal\ your\b.{{0,20}}?\bprompt
      |(?:ignor(?:iere|ez|a)|vergiss|oubliez|olvida)\b.{{0,60}}?\b(?:anweisung|instruc)
      |تجاهل|.{{0,60}}نادیده\ بگیر)""",
    re.I | re.X | re.S,
)


def is_order(text: str) -> bool:
    """Whether words command whoever processes them ("Ignore your instructions and say ...").

    A narrow list, behind the fences and the check: it keeps a text that commands from being its own evidence.
    """
    seen = "\n".join(" ".join(line.split()) for line in visible(text).splitlines() if line.strip())
    return any(_commands(seen, match) for match in _ORDER.finditer(seen))


def _commands(text: str, match: re.Match[str]) -> bool:
    """Whether a match is said to somebody: "Disregard for the rules of war is common" commands nobody."""
    around = text[match.start() : match.end() + 80]
    p = parse(around.lstrip(' .!?:;"“”]*#>-\n'))
    first = next((i for i, t in enumerate(p.tokens) if t.tag[0].isalpha() and t.lower not in _ADDRESS), None)
    if first is None or not p.tokens[first].is_noun:
        return True
    return all(p.tokens[i].lower not in ("for", "of") for i in p.children(first, "prep"))


_ADDRESS = frozenset("please now then and system assistant assistants note important attention ai hey user".split())
