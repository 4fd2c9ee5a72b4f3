"""Draws how far two runs lie apart after each step, on a logarithmic scale."""

from __future__ import annotations

import math
from collections.abc import Sequence

from torchdet.verify.aftermath import StepGrowth

_WIDTH, _HEIGHT, _LEFT, _PAD = 640, 200, 70, 24


def growth_chart(steps: Sequence[StepGrowth]) -> str:
    """An SVG, or a sentence where no parameter differs."""
    known = [each for each in steps if each.max_abs > 0 and math.isfinite(each.max_abs)]
    if not known:
        return "<p>No parameter differs after these steps.</p>"
    logs = [math.log10(each.max_abs) for each in known]
    low, high = math.floor(min(logs)), math.ceil(max(logs))
    high = max(high, low + 1)
    last = max(1, steps[-1].step - steps[0].step)

    def point(each: StepGrowth, log: float) -> tuple[float, float]:
        x = _LEFT + (_WIDTH - _LEFT - _PAD) * (each.step - steps[0].step) / last
        return x, _PAD + (_HEIGHT - 2 * _PAD) * (high - log) / (high - low)

    points = [point(each, log) for each, log in zip(known, logs, strict=True)]
    lines = []
    for decade in range(low, high + 1, max(1, (high - low) // 4)):
        y = _PAD + (_HEIGHT - 2 * _PAD) * (high - decade) / (high - low)
        label = f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">1e{decade}</text>'
        lines.append(f'<line x1="{_LEFT}" x2="{_WIDTH - _PAD}" y1="{y:.1f}" y2="{y:.1f}"/>{label}')
    dots = [
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4"><title>step {each.step}: {each.max_abs:.3g}'
        f'</title></circle><text x="{x:.1f}" y="{_HEIGHT - 4}" text-anchor="middle">{each.step}'
        "</text>"
        for each, (x, y) in zip(known, points, strict=True)
    ]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return (
        f'<svg class="growth" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        'aria-label="Largest gap of a parameter after each step">'
        f'{"".join(lines)}<polyline points="{path}"/>{"".join(dots)}</svg>'
    )
