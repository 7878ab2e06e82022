"""Facts about what is logged inside the network: logits, dead units, updates by module."""

import numpy as np

from descentry.diagnosis.span import Span
from descentry.patterns.protocol import View
from descentry.record.roles import Role
from descentry.signal.robust import median
from descentry.signal.shape import Shape


def inner_facts(span: Span, view: View) -> dict[str, float]:
    """The `logits.*`, `units.*` and `updates.*` facts that can be measured; empty where nothing of it is logged."""
    facts: dict[str, float] = {}
    growths = [_growth(shape, span.onset) for _, shape in view.every(Role.MAX_LOGIT)]
    if growths:
        facts["logits.growth"] = max(growths)
    shares = [_last(shape, span.end) for _, shape in view.every(Role.DEAD_UNITS) if shape.largest <= 1.0]
    if shares:
        facts["units.dead_share"] = max(shares)
    updates = [_is_zero(shape, span) for _, shape in view.every(Role.UPDATE_RATIO)]
    if updates:
        facts["updates.zero_share"] = float(np.mean(updates))
    return facts


def _growth(shape: Shape, step: float) -> float:
    """The level at a step over the lowest of ten settled levels before it; 1.0 where too little came before."""
    before = shape.levels[shape.last_steps <= step]
    if len(before) < 20:
        return 1.0
    parts = [median(part) for part in np.array_split(before, 10)]
    lowest = min(parts)
    return median(before[-max(2, len(before) // 40) :]) / lowest if lowest > 0 else 1.0


def _last(shape: Shape, step: float) -> float:
    """The level up to a step, of the last twentieth of the points before it."""
    before = shape.levels[shape.first_steps <= step]
    return median(before[-max(1, len(before) // 20) :]) if len(before) else 0.0


def _is_zero(shape: Shape, span: Span) -> bool:
    """Whether every update inside the span is exactly 0."""
    inside = shape.high[(shape.last_steps >= span.onset) & (shape.first_steps <= span.end)]
    return len(inside) > 0 and float(np.abs(inside).max()) == 0.0
