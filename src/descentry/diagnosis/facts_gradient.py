"""Facts about gradient norm, loss scale and skipped steps around a finding."""

import numpy as np

from descentry.diagnosis.span import Span
from descentry.record.finding import Finding
from descentry.record.roles import Role
from descentry.signal.robust import median
from descentry.signal.shape import Shape
from descentry.stream.outcome import Outcome


def gradient_facts(span: Span, finding: Finding, outcome: Outcome) -> dict[str, float]:
    """The `grad_norm.*`, `loss_scale.*` and `skipped.*` facts that can be measured."""
    return {**_norm(span, finding, outcome), **_scale(span, outcome), **_skipped(outcome)}


def _norm(span: Span, finding: Finding, outcome: Outcome) -> dict[str, float]:
    name = outcome.names.get(Role.GRAD_NORM)
    if name is None:
        return {"grad_norm.known": 0.0}
    lost_at = outcome.first_nonfinite.get(name)
    first_loss_lost = outcome.first_nonfinite.get(finding.curve, span.last + 1)
    hidden = (
        bool(finding.facts.get("zero_before"))
        and lost_at is not None
        and lost_at <= span.onset + span.spacing
    )
    facts = {
        "grad_norm.known": 1.0,
        "grad_norm.nonfinite": float(lost_at is not None and (lost_at < first_loss_lost or hidden)),
    }
    shape = outcome.shapes[name]
    if not len(shape):
        return facts
    settled = _settled(shape, span)
    inside = shape.high[(shape.last_steps >= span.onset) & (shape.first_steps <= span.end)]
    facts["grad_norm.zero"] = float(len(inside) > 0 and float(np.abs(inside).max()) == 0.0)
    facts["grad_norm.ceiling"] = float(_has_ceiling(shape))
    if settled <= 0:
        return facts
    before = shape.levels[(shape.last_steps < span.onset) & (shape.last_steps >= span.onset - _reach(span))]
    if len(before):
        # The last of them count: a norm that grows step by step is highest right before the onset.
        facts["grad_norm.rise_before"] = median(before[-max(1, min(5, len(before) // 2)) :]) / settled
    facts["grad_norm.at_onset"] = _largest_at(shape, span, finding) / settled
    last = shape.levels[-max(1, len(shape) // 20) :]
    middle = shape.levels[len(shape) // 10 : max(len(shape) // 10 + 1, len(shape) // 2)]
    if median(middle) > 0:
        facts["grad_norm.growth"] = median(last) / median(middle)
    return facts


def _reach(span: Span) -> float:
    """How far back "shortly before" goes: 1 % of the run, five points at least."""
    return max(span.tolerance, 6.0 * span.spacing)


def _settled(shape: Shape, span: Span) -> float:
    """The usual norm before the onset, the first twentieth of the run and the approach left out."""
    begin = shape.first_step + 0.05 * (span.last - shape.first_step)
    usual = shape.levels[(shape.steps >= begin) & (shape.last_steps < span.onset - _reach(span))]
    if len(usual) < 5:
        usual = shape.levels[shape.last_steps < span.onset]
    if len(usual) < 3:
        usual = shape.levels
    return median(usual)


def _largest_at(shape: Shape, span: Span, finding: Finding) -> float:
    """The largest norm at the onset and at the single events."""
    reach = max(2.0 * span.spacing, 0.25 * span.tolerance)
    largest = 0.0
    for step in [span.onset, *finding.steps]:
        near = shape.high[(shape.last_steps >= step - reach) & (shape.first_steps <= step + reach)]
        largest = max(largest, float(near.max(initial=0.0)))
    return largest


def _has_ceiling(shape: Shape) -> bool:
    """Whether a good part of the norms sit exactly at the largest one: logged after clipping."""
    top = float(shape.high.max())
    return top > 0 and float((shape.high >= 0.999 * top).mean()) > 0.2


def _scale(span: Span, outcome: Outcome) -> dict[str, float]:
    shape = outcome.view.shape(Role.LOSS_SCALE)
    if shape is None:
        return {"loss_scale.known": 0.0}
    before = shape.levels[shape.last_steps <= span.onset]
    facts = {"loss_scale.known": 1.0}
    if len(before) and float(before.max()) > 0:
        now = shape.low[(shape.last_steps >= span.onset - _reach(span)) & (shape.first_steps <= span.onset)]
        level = float(now.min()) if len(now) else float(before[-1])
        facts["loss_scale.fall"] = level / float(before.max())
    low, high = float(shape.low.min()), float(shape.high.max())
    facts["loss_scale.at_floor"] = float(low < 0.01 * high and float(shape.levels[-1]) <= 2.0 * low)
    return facts


def _skipped(outcome: Outcome) -> dict[str, float]:
    shape = outcome.view.shape(Role.SKIPPED_STEPS)
    if shape is None or len(shape) < 4:
        return {}
    half = len(shape) // 2
    return {"skipped.growing": float(shape.levels[-1] > shape.levels[half] > 0)}
