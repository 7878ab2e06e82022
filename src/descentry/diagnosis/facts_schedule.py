"""Facts about the plan of the learning rate: how much of it is done, and whether it explains a finding."""

from descentry.diagnosis.span import Span
from descentry.patterns.planned import Move, explains, schedule
from descentry.patterns.protocol import View
from descentry.record.finding import Finding
from descentry.signal.schedule_config import PLAN

MOVES: dict[str, Move] = {
    "plateau": "stall", "flat": "stall", "underfit_capacity": "stall", "staircase": "fall", "data_shift": "fall",
    "spike": "rise", "restart_bump": "rise", "oscillation": "rise", "divergence": "rise",
}  # fmt: skip
"""Pattern -> the move of the loss that the schedule would have to explain."""
RISES = ("data_shift",)
"""Patterns that may also be a rise; `f.upwards` says so."""


def schedule_facts(span: Span, finding: Finding, view: View) -> dict[str, float]:
    """The `plan.*` facts that can be measured; none where neither the rate nor a planned length is logged."""
    facts: dict[str, float] = {}
    done = _done(span, view)
    if done is not None:
        facts["plan.done"] = done
    plan = schedule(view)
    if plan is None:
        return facts
    facts["plan.swings"] = float(plan.kind in ("warm_restarts", "cyclical"))
    facts["plan.cuts"] = float(plan.kind in ("step", "on_plateau"))
    facts["plan.cools_later"] = float(plan.kind == "wsd" and (plan.decay_start or 0) > span.onset)
    move = MOVES.get(finding.pattern)
    if move is not None:
        if finding.pattern in RISES and finding.facts.get("upwards"):
            move = "rise"
        steps = finding.steps or (span.onset,)
        near = [explains(view, move, step, span.tolerance) is not None for step in steps]
        facts["plan.explains"] = sum(near) / len(near)
    return facts


def _done(span: Span, view: View) -> float | None:
    """The share of the plan that the log covers: by the planned steps of the settings, or by the schedule itself."""
    for key in PLAN:
        planned = view.config.get(key)
        if isinstance(planned, int | float) and planned > 0:
            return min(1.0, span.last / float(planned))
    plan = schedule(view)
    if plan is None or plan.peak <= 0:
        return None
    if plan.end is not None or plan.final_share <= 0.15:
        return 1.0
    if plan.kind in ("cosine", "linear", "polynomial", "exponential") and plan.confidence >= 0.8:
        # Such a plan ends near nothing: what is left of the rate is what is left of it, at least.
        return 1.0 - 0.8 * plan.final_share
    return None
