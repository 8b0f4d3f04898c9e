"""Subtitles (SRT, WebVTT): what is said, without its times; cues joined to sentences, speakers named."""

from __future__ import annotations

import re
from collections.abc import Iterator

from qa.corpus.blocks import Block, Parsed, normalise
from qa.corpus.loaders.text import decode

_TIME = re.compile(r"(?:(\d{1,3}):)?(\d\d):(\d\d)[.,](\d{1,3})")
_SPEAKER = re.compile(r"<v(?:\.[^\s>]{0,40})?\s+([^>]{1,80})>")
_TAG = re.compile(r"</?[a-zA-Z][^<>]{0,200}>|<\d[\d:.]{0,20}>|\{\\[^{}]{0,60}\}")
_PAUSE = 4.0
"""Seconds of silence that end a paragraph."""
_WORDS = 80


def load(data: bytes, name: str, content_type: str, max_bytes: int) -> Parsed:
    """Paragraphs of what is said."""
    text, notes = decode(data, content_type)
    return Parsed(list(_paragraphs(text)), notes=notes)


def _paragraphs(text: str) -> Iterator[Block]:
    words: list[str] = []
    speaker, last = "", 0.0
    for start, end, who, said in _cues(text):
        full = words and words[-1][-1:] in ".!?…" and (len(" ".join(words).split()) > _WORDS or start - last > _PAUSE)
        if words and (full or (who and who != speaker) or start - last > 4 * _PAUSE):
            yield _block(speaker, words)
            words = []
        if who:
            speaker = who
        if not (words and words[-1].endswith(said)):  # some repeat the line that scrolls up
            words.append(said)
        last = end
    if words:
        yield _block(speaker, words)


def _block(speaker: str, words: list[str]) -> Block:
    text = normalise(" ".join(words))
    return Block(f"{speaker}: {text}" if speaker else text)


def _cues(text: str) -> Iterator[tuple[float, float, str, str]]:
    for cue in re.split(r"\n[^\S\n]*\n", text.replace("\r\n", "\n").replace("\r", "\n")):
        lines = cue.strip("\n").split("\n")
        at = next((i for i, line in enumerate(lines[:3]) if "-->" in line), None)
        if at is None:
            continue
        times = [_seconds(m) for m in _TIME.finditer(lines[at])]
        for line in lines[at + 1 :]:
            voice = _SPEAKER.search(line)
            if said := normalise(_TAG.sub("", line)).lstrip("- "):
                yield times[0] if times else 0.0, times[-1] if times else 0.0, voice[1].strip() if voice else "", said


def _seconds(match: re.Match[str]) -> float:
    hours, minutes, seconds, rest = match.groups()
    return int(hours or 0) * 3600 + int(minutes) * 60 + int(seconds) + float(f"0.{rest}")
