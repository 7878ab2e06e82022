"""Which finding leads and which follow from it: one accusation per trouble."""

from collections.abc import Sequence
from dataclasses import replace

from descentry.record.finding import Finding

FOLLOWS: dict[str, tuple[str, ...]] = {
    "nan": (
        "divergence", "spike", "plateau", "flat", "sawtooth", "overfit", "staircase", "exploding_gradient",
        "vanishing_gradient", "loss_scale_collapse", "saturation", "dead_units",
    ),
    "divergence": (
        "spike", "plateau", "sawtooth", "overfit", "data_shift", "exploding_gradient", "loss_scale_collapse",
        "saturation", "dead_units", "vanishing_gradient",
    ),
    "spike": ("exploding_gradient",),
    "frozen_weights": ("flat", "plateau"),
    "loss_scale_collapse": ("flat", "plateau"),
    "flat": ("plateau", "sawtooth", "vanishing_gradient", "dead_units"),
    "vanishing_gradient": ("plateau", "underfit_capacity"),
    "dead_units": ("plateau",),
    "staircase": ("plateau", "oscillation"),
    "overfit": ("spike", "sawtooth", "loss_metric_split"),
    "grokking": ("overfit", "plateau", "staircase", "data_shift"),
    "double_descent": ("overfit", "plateau", "oscillation", "data_shift", "spike"),
    "underfit_capacity": ("plateau",),
    "data_shift": ("overfit",),
    "reward_hacking": (
        "divergence", "plateau", "flat", "spike", "sawtooth", "overfit", "data_shift", "loss_metric_split",
        "objective_tradeoff", "oscillation",
    ),
    "objective_tradeoff": ("divergence", "overfit", "plateau", "data_shift"),
}  # fmt: skip
"""A leader, and the patterns that are its consequences or its approach when they touch the same stretch."""
WHOLE = frozenset({"staircase", "grokking", "double_descent", "underfit_capacity"})
"""Leaders that explain what came before them as well: they are about the whole course."""
LOCAL: dict[str, tuple[str, ...]] = {
    "restart_bump": ("spike", "data_shift", "exploding_gradient"),
    "data_shift": ("divergence", "spike"),
}
"""Leaders that explain only what happens at their own steps."""
LOCAL_SHARE = 0.02
"""How near that is, as a share of the run."""
BY_LAYER = ({"vanishing_gradient", "flat"}, {"vanishing_gradient", "plateau"})
"""Pairs of which either may lead."""
ECHOES = ("nan", "spike")
"""Patterns that validation repeats when training shows them."""
APPROACH_SHARE = 0.1
"""How long before the leader's onset a follower may start, as a share of the run: the way to a blow-up."""


def _touches(leader: Finding, follower: Finding, span: int) -> bool:
    """Whether the follower lies inside the leader's stretch or runs into it."""
    if leader.pattern == "overfit" and leader.curve != follower.curve:
        return False
    if (
        leader.pattern == "double_descent"
        and follower.pattern != "plateau"
        and leader.curve != follower.curve
    ):
        return False
    approach = leader.onset_step - APPROACH_SHARE * span
    start = follower.steps[0] if follower.steps else follower.onset_step
    if leader.end_step is not None and start > leader.end_step:
        return False
    if leader.pattern in WHOLE:
        return True
    return start >= approach


def _leads(leader: Finding, follower: Finding, span: int) -> bool:
    """Whether the follower is no trouble of its own: a consequence, or the echo of training in validation."""
    if leader.pattern == follower.pattern in ECHOES:
        is_echo = leader.facts.get("on_training", 0.0) > follower.facts.get("on_training", 0.0)
        return is_echo and abs(leader.onset_step - follower.onset_step) <= APPROACH_SHARE * span
    if leader.pattern == "data_shift" and follower.pattern == "overfit" and leader.curve != follower.curve:
        return False
    together = abs(leader.onset_step - follower.onset_step) <= LOCAL_SHARE * span
    if {leader.pattern, follower.pattern} == {"data_shift", "divergence"} and together:
        # From another level it learns on, or it does not: one of the two is the trouble.
        shift = leader if leader.pattern == "data_shift" else follower
        if (shift.facts.get("goes_on") == 1.0) != (shift is leader):
            return False
    if {leader.pattern, follower.pattern} in BY_LAYER:
        # Norms that shrink layer by layer say why the loss stands still; a norm of all that sinks follows from it.
        vanishing = leader if leader.pattern == "vanishing_gradient" else follower
        if vanishing.facts.get("by_layer") == 1.0:
            return vanishing is leader and _touches(leader, follower, span)
    if follower.pattern in LOCAL.get(leader.pattern, ()):
        near = LOCAL_SHARE * span
        return all(
            any(abs(step - mark) <= near for mark in leader.steps)
            for step in follower.steps or (follower.onset_step,)
        )
    return follower.pattern in FOLLOWS.get(leader.pattern, ()) and _touches(leader, follower, span)


def explained(findings: Sequence[Finding], last_step: int, first_step: int = 0) -> tuple[Finding, ...]:
    """The findings, gravest first, with `explained_by` filled in."""
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
        result.append(replace(finding, explained_by=leader))
    return tuple(result)
