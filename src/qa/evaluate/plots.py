"""Small plots as inline SVG: no plotting library, no request, colours from the page, light or dark.

Every number drawn is also told in the figure's label, for those who do not see it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from markupsafe import Markup, escape

from qa.evaluate.gate import Change


def _svg(width: float, height: float, label: str, body: list[str]) -> Markup:
    told = escape(label)
    return Markup(f'<svg viewBox="0 0 {width:g} {height:g}" role="img" aria-label="{told}">{"".join(body)}</svg>')


def _line(x1: float, y1: float, x2: float, y2: float, style: str) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{style}"/>'


def _text(x: float, y: float, words: str, style: str = "tick", anchor: str = "middle") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{style}" text-anchor="{anchor}">{escape(words)}</text>'


def interval(value: float, low: float, high: float, before: float | None = None) -> Markup:
    """A score between 0 and 1 with its interval; a hollow ring where it was before."""
    width, y = 180.0, 9.0

    def x(v: float) -> float:
        return 6 + (width - 12) * min(1.0, max(0.0, v))

    body = [_line(x(0), y, x(1), y, "rail"), _line(x(low), y, x(high), y, "whisker")]
    if before is not None and not math.isnan(before):
        body.append(f'<circle cx="{x(before):.1f}" cy="{y}" r="4" class="before"/>')
    body.append(f'<circle cx="{x(value):.1f}" cy="{y}" r="3.6" class="dot"/>')
    return _svg(width, 18, f"{value:.3f}, 95 % interval {low:.3f} to {high:.3f}", body)


def risk_coverage(coverage: Sequence[float], risk: Sequence[float], shown: tuple[float, float] | None) -> Markup:
    """The curve, and the point at which the run stood."""
    width, height, left, top = 460.0, 260.0, 46.0, 12.0
    right, bottom = width - 14, height - 40
    ceiling = max(0.1, math.ceil(max([*risk, shown[1] if shown else 0.0]) * 10) / 10)

    def x(c: float) -> float:
        return left + (right - left) * c

    def y(r: float) -> float:
        return bottom - (bottom - top) * r / ceiling

    body = []
    for i in range(6):
        c, r = i / 5, ceiling * i / 5
        body += [_line(x(c), top, x(c), bottom, "grid"), _line(left, y(r), right, y(r), "grid")]
        body += [_text(x(c), bottom + 16, f"{c:.0%}"), _text(left - 6, y(r) + 3.5, f"{r:.0%}", anchor="end")]
    points = " ".join(f"{x(c):.1f},{y(r):.1f}" for c, r in zip(coverage, risk, strict=True))
    body.append(f'<polyline points="{points}" class="curve"/>')
    if shown:
        body.append(f'<circle cx="{x(shown[0]):.1f}" cy="{y(shown[1]):.1f}" r="5" class="dot"/>')
        body.append(_text(x(shown[0]) - 9, y(shown[1]) - 9, "this run", "mark", "end"))
    body.append(_text((left + right) / 2, height - 6, "coverage: share of all questions answered"))
    body.append(
        f'<text transform="translate(11,{(top + bottom) / 2:.0f}) rotate(-90)" class="tick" '
        'text-anchor="middle">risk: wrong among answered</text>'
    )
    at = f"; this run at {shown[0]:.0%} coverage, {shown[1]:.0%} risk" if shown else ""
    return _svg(width, height, f"Risk-coverage curve of {len(risk)} questions{at}", body)


def latencies(stages: Mapping[str, Mapping[str, float]]) -> Markup:
    """p50 as a bar and p95 as its whisker, in milliseconds, stage by stage."""
    width, left, row = 460.0, 76.0, 26.0
    longest = max([stage["p95"] for stage in stages.values()] or [1.0]) or 1.0
    body = []
    for n, (name, stage) in enumerate(stages.items()):
        y = n * row + 6
        p50, p95 = ((width - left - 130) * stage[p] / longest for p in ("p50", "p95"))
        body.append(_text(left - 8, y + 11, name, anchor="end"))
        body.append(f'<rect x="{left}" y="{y}" width="{max(1.0, p50):.1f}" height="14" class="bar"/>')
        body.append(_line(left + p50, y + 7, left + p95, y + 7, "whisker"))
        words = f"{stage['p50'] * 1000:.0f} ms, p95 {stage['p95'] * 1000:.0f}"
        body.append(_text(left + p95 + 8, y + 11, words, anchor="start"))
    told = ", ".join(f"{name} {s['p50'] * 1000:.0f} ms" for name, s in stages.items())
    return _svg(width, len(stages) * row + 6, f"Median time by stage: {told}", body)


def changes(found: Sequence[Change], lower_is_better: frozenset[str]) -> Markup:
    """Each measure's change against the baseline with its interval; better is to the right."""
    width, left, row = 560.0, 150.0, 22.0
    flip = {c.measure: -1 if c.measure in lower_is_better else 1 for c in found}
    reach = max([abs(v) for c in found for v in (c.low, c.high, c.delta) if not math.isnan(v)] + [0.02])

    def x(v: float) -> float:
        return left + (width - left - 70) * (v / reach + 1) / 2

    body = [_line(x(0), 0, x(0), len(found) * row, "zero")]
    for n, c in enumerate(found):
        y, sign = n * row + 11, flip[c.measure]
        style = "bad" if c.significant else "good" if c.low * sign > 0 and c.high * sign > 0 else ""
        body.append(_text(left - 8, y + 4, c.measure, anchor="end"))
        if not math.isnan(c.low):
            body.append(_line(x(sign * c.low), y, x(sign * c.high), y, f"whisker {style}"))
        body.append(f'<circle cx="{x(sign * c.delta):.1f}" cy="{y}" r="3.6" class="dot {style}"/>')
        body.append(_text(width - 4, y + 4, f"{c.delta:+.3f}", anchor="end"))
    told = ", ".join(f"{c.measure} {c.delta:+.3f}" for c in found)
    return _svg(width, len(found) * row + 4, f"Change against the baseline: {told}", body)
