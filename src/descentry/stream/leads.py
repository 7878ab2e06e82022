"""Which finding leads and which follow from it: one accusation per trouble."""

from collections.abc import Sequence
from dataclasses import replace

from descentry.record.finding import Finding

FOLLOWS: dict[str, tuple[str, ...]] = {
    "nan": ("divergence", "spike", "plateau", "flat", "sawtooth", "overfit", "staircase"),
    "divergence": ("spike", "plateau", "sawtooth", "overfit"),
    "flat": ("plateau", "sawtooth"),
    "staircase": ("plateau",),
    "overfit": ("spike", "sawtooth"),
}
"""A leader, and the patterns that are its consequences or its approach when they touch the same stretch."""
ECHOES = ("nan", "spike")
"""Patterns that validation repeats when training shows them."""
APPROACH_SHARE = 0.1
"""How long before the leader's onset a follower may start, as a share of the run: the way to a blow-up."""


def _touches(leader: Finding, follower: Finding, span: int) -> bool:
    """Whether the follower lies inside the leader's stretch or runs into it."""
    if leader.pattern == "overfit" and leader.curve != follower.curve:
        return False
    approach = leader.onset_step - APPROACH_SHARE * span
    start = follower.steps[0] if follower.steps else follower.onset_step
    if leader.end_step is not None and start > leader.end_step:
        return False
    if leader.pattern == "staircase":
        return True
    return start >= approach


def _leads(leader: Finding, follower: Finding, span: int) -> bool:
    """Whether the follower is no trouble of its own: a consequence, or the echo of training in validation."""
    if leader.pattern == follower.pattern in ECHOES:
        is_echo = leader.facts.get("on_training", 0.0) > follower.facts.get("on_training", 0.0)
        return is_echo and abs(leader.onset_step - follower.onset_step) <= APPROACH_SHARE * span
    return follower.pattern in FOLLOWS.get(leader.pattern, ()) and _touches(leader, follower, span)


def explained(findings: Sequence[Finding], last_step: int, first_step: int = 0) -> tuple[Finding, ...]:
    """The findings, gravest first, with `explained_by` and `saved_steps` filled in."""
    order = list(FOLLOWS)
    ranked = sorted(
        findings,
        key=lambda f: (
            -f.severity.rank,
            order.index(f.pattern) if f.pattern in order else len(order),
            -f.facts.get("on_training", 0.0),
            f.onset_step,
        ),
    )
    span = max(1, last_step - first_step)
    result: list[Finding] = []
    for finding in ranked:
        leader = next((i for i, other in enumerate(ranked) if _leads(other, finding, span)), None)
        is_lost = finding.pattern in ("nan", "divergence", "flat") and finding.end_step is None
        saved = max(0, last_step - finding.detected_at_step) if is_lost else None
        result.append(replace(finding, explained_by=leader, saved_steps=saved))
    return tuple(result)
