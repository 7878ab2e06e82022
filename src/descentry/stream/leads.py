"""Which finding leads and which follow from it: one accusation per trouble."""

from collections.abc import Sequence
from dataclasses import replace

from descentry.record.finding import Finding

FOLLOWS: dict[str, tuple[str, ...]] = {
    "nan": ("divergence", "spike", "plateau", "flat", "sawtooth", "overfit"),
    "divergence": ("spike", "plateau", "sawtooth", "overfit"),
    "flat": ("plateau", "sawtooth"),
    "staircase": ("plateau",),
    "overfit": ("spike", "sawtooth"),
}
"""A leader, and the patterns that are its consequences or its approach when they touch the same stretch."""
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


def explained(findings: Sequence[Finding], last_step: int) -> tuple[Finding, ...]:
    """The findings, gravest first, with `explained_by` and `saved_steps` filled in."""
    order = list(FOLLOWS)
    ranked = sorted(
        findings,
        key=lambda f: (-f.severity.rank, order.index(f.pattern) if f.pattern in order else 99, f.onset_step),
    )
    span = max(1, last_step - min((f.onset_step for f in findings), default=0))
    result: list[Finding] = []
    for finding in ranked:
        leader = next(
            (
                i
                for i, other in enumerate(ranked)
                if finding.pattern in FOLLOWS.get(other.pattern, ()) and _touches(other, finding, span)
            ),
            None,
        )
        is_lost = finding.pattern in ("nan", "divergence", "flat") and finding.end_step is None
        saved = max(0, last_step - finding.detected_at_step) if is_lost else None
        result.append(replace(finding, explained_by=leader, saved_steps=saved))
    return tuple(result)
