"""The live line: how the runs stand at this moment, on one row."""

import math
from collections.abc import Sequence

from descentry.report.text import clipped, escaped, n_cells, number, steps
from descentry.watch.ends import span
from descentry.watch.told import RunState

_ORDER = ("healthy", "undetermined", "warning", "critical")


def line(states: Sequence[RunState], now: float, width: int) -> str:
    """One row of at most `width` cells, the least important parts left out where it is too long; "" without a run.

    Of several runs the one that was logged last is shown, and how many of the others are in trouble.
    """
    if not states:
        return "waiting"
    shown = max(states, key=lambda state: state.last_time or -math.inf)
    name = [clipped(escaped(shown.run), max(width // 3, 4))] if len(states) > 1 else []
    parts = [*name, *_parts(shown, now), *_others(states, shown)]
    while len(parts) > 1 and n_cells(" · ".join(parts)) > width:
        parts.pop(_least(parts))
    return clipped(" · ".join(parts), width)


def _least(parts: Sequence[str]) -> int:
    """What goes first: the rate, then what stands last."""
    rate = next((i for i, part in enumerate(parts) if "points/" in part), None)
    return len(parts) - 1 if rate is None else rate


def _parts(state: RunState, now: float) -> list[str]:
    if not state.n_points:
        return ["no point yet"]
    parts = [f"step {steps(state.step)}", _loss(state), state.verdict.upper()]
    if not state.is_caught_up:
        return [*parts, f"reading: {steps(state.n_points)} points"]
    return [*parts, *_rate(state.per_s), *_age(state, now)]


def _loss(state: RunState) -> str:
    if not state.curve:
        return "no loss seen"
    if state.level != state.level:
        return f"loss {number(state.loss)}"
    newest = "" if math.isfinite(state.loss) else f", now {number(state.loss)}"
    return f"loss {number(state.level)} {state.trend}".rstrip() + newest


def _rate(per_s: float) -> list[str]:
    if per_s != per_s or per_s <= 0:
        return []
    for factor, unit in ((1.0, "s"), (60.0, "min"), (3600.0, "h")):
        if per_s * factor >= 1.0:
            return [f"{per_s * factor:.3g} points/{unit}"]
    return []


def _age(state: RunState, now: float) -> list[str]:
    if state.last_time is None:
        return []
    return [f"{span(round(max(now - state.last_time, 0.0)))} ago"]


def _others(states: Sequence[RunState], shown: RunState) -> list[str]:
    if len(states) == 1:
        return []
    others = [state.verdict for state in states if state is not shown]
    bad = [
        f"{others.count(word)} {word}" for word in reversed(_ORDER) if word in _ORDER[2:] and word in others
    ]
    return [f"+{len(others)} runs" + (f" ({', '.join(bad)})" if bad else "")]
