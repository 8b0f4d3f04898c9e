"""Formulas of Office files (OMML) in one line, as one types them: A=πr², 1/2 for a fraction, √(x), Σ_(n=1)^∞.

Without their marks the letters would say something else: "πr2", "10-6".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from qa.corpus.loaders.html import raised


def linear(element: Any, depth: int = 0) -> str:
    """The formula that an element of OMML holds."""
    kind = _local(element)
    parts = {_local(child): linear(child, depth + 1) for child in element} if depth < 50 else {}
    base = parts.get("e", "")
    if kind == "t":
        return element.text or ""
    if kind in ("sSup", "sSub", "sSubSup"):
        return (_grouped(base) if "/" in base else base) + _low(parts) + _high(parts)
    if kind == "f":
        return f"{_grouped(parts.get('num', ''))}/{_grouped(parts.get('den', ''))}"
    if kind == "rad":
        return f"{raised(parts.get('deg', ''))}√{_grouped(base)}"
    if kind == "nary":
        return f"{_given(element, 'chr', '∫')}{_low(parts)}{_high(parts)} {base}"
    if kind == "func":
        return f"{parts.get('fName', '')} {base}"
    if kind == "d":
        inside = _given(element, "sepChr", "|").join(
            linear(child, depth + 1) for child in element if _local(child) == "e"
        )
        return f"{_given(element, 'begChr', '(')}{inside}{_given(element, 'endChr', ')')}"
    return "".join(linear(child, depth + 1) for child in element) if depth < 50 else ""


def _low(parts: dict[str, str]) -> str:
    return f"_{_grouped(parts['sub'])}" if parts.get("sub") else ""


def _high(parts: dict[str, str]) -> str:
    if not (text := parts.get("sup", "").replace("\N{MINUS SIGN}", "-")):
        return ""
    return high if (high := raised(text)) != text else f"^{_grouped(text)}"


def _grouped(text: str) -> str:
    whole = text.isalnum() or (text.startswith("(") and text.find(")") == len(text) - 1)
    return text if len(text) < 2 or whole else f"({text})"


def _given(element: Any, name: str, default: str) -> str:
    """A sign that the element's properties name; the default where they do not."""
    return next(iter(_values(element, name)), default)


def _values(element: Any, name: str) -> Iterator[str]:
    for properties in element:
        if _local(properties).endswith("Pr"):
            for given in properties:
                if _local(given) == name:
                    yield next((value for key, value in given.attrib.items() if key.endswith("}val")), "")


def _local(element: Any) -> str:
    return str(element.tag).rpartition("}")[2]
