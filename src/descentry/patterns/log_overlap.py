"""log_overlap: steps that stand in the log twice, with other values, because a resumed run wrote them again.

The values from before the resume are kept and compared with what is written over them.  A log that starts
again from (nearly) its first step holds another attempt, not an overlap, and identical values are copies:
neither is said.
"""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from descentry.patterns.protocol import Points, View
from descentry.record.chunk import Floats
from descentry.record.finding import Evidence, Finding, Severity
from descentry.record.roles import Role
from descentry.signal.shape import Shape
from descentry.signal.words import grouped, number, rough


@dataclass
class OverlapState:
    curve: str
    first_step: int | None = None
    old_steps: Floats = field(default_factory=lambda: np.empty(0))
    old_values: Floats = field(default_factory=lambda: np.empty(0))
    is_raw: bool = True
    until: int = 0
    resumed_at: list[int] = field(default_factory=list)
    last_steps: list[int] = field(default_factory=list)
    n_compared: int = 0
    n_differ: int = 0
    differs_from: int = 0
    largest: float = 0.0
    largest_step: int = 0


@dataclass(frozen=True, slots=True)
class LogOverlap:
    """Compares what a resumed run writes with what stood there before."""

    id: ClassVar[str] = "log_overlap"
    cadence: ClassVar[str] = "point"
    roles: ClassVar[frozenset[Role]] = frozenset({Role.TRAIN_LOSS, Role.VAL_LOSS})

    attempt_share: float = 0.05
    """A restart within this share of the steps so far is another attempt.  Higher: fewer overlaps told."""

    def init(self, curve: str, role: Role) -> OverlapState:
        del role
        return OverlapState(curve)

    def restart(self, state: OverlapState, step: int, superseded: Shape) -> bool:
        state.old_steps = np.empty(0)
        if state.first_step is None or not len(superseded):
            return False
        extent = superseded.last_step - state.first_step
        if step - state.first_step <= self.attempt_share * extent:
            return False
        state.old_steps, state.old_values = superseded.steps, superseded.levels
        state.is_raw = superseded.is_raw
        state.until = int(superseded.last_steps[-1])
        state.resumed_at.append(step)
        state.last_steps.append(state.until)
        return False

    def update_one(self, state: OverlapState, step: int, value: float) -> bool:
        if state.first_step is None:
            state.first_step = step
        if not len(state.old_steps) or value - value != 0.0:
            return False
        return self._compare(state, np.array([step], np.float64), np.array([value]))

    def update(self, state: OverlapState, points: Points) -> bool:
        if state.first_step is None:
            state.first_step = int(points.steps[0])
        if not len(state.old_steps):
            return False
        finite = np.isfinite(points.values)
        return self._compare(state, points.steps[finite].astype(np.float64), points.values[finite])

    def _compare(self, state: OverlapState, steps: Floats, values: Floats) -> bool:
        # In a log without order points may come back inside: the first one beyond ends the comparison.
        inside = np.logical_and.accumulate(steps <= state.until)
        steps, values = steps[inside], values[inside]
        news = False
        if len(steps):
            at = np.searchsorted(state.old_steps, steps).clip(0, len(state.old_steps) - 1)
            same = state.old_steps[at] == steps if state.is_raw else np.ones(len(steps), bool)
            gap = np.abs(values - state.old_values[at])[same]
            state.n_compared += len(gap)
            news = state.n_differ == 0 and bool((gap > 0).any())
            if news:
                state.differs_from = int(steps[same][(gap > 0).argmax()])
            state.n_differ += int((gap > 0).sum())
            if len(gap) and gap.max() > state.largest:
                state.largest = float(gap.max())
                state.largest_step = int(steps[same][gap.argmax()])
        if not inside.all():
            state.old_steps = np.empty(0)
        return news

    def current(self, state: OverlapState, view: View) -> list[Finding]:
        if not state.n_differ:
            return []
        noise = view.shapes[state.curve].noise
        first, last = state.resumed_at[0], max(state.last_steps)
        times = "once" if len(state.resumed_at) == 1 else f"{len(state.resumed_at)} times"
        return [
            Finding(
                pattern=self.id,
                severity=Severity.INFO,
                confidence=0.99,
                curve=state.curve,
                onset_step=first,
                end_step=last,
                detected_at_step=max(first, state.differs_from),
                statement=f"the log goes back {times}: steps {grouped(first)} to {grouped(last)} are written "
                f"again with other values (up to {number(state.largest)} apart, noise {rough(noise)}); "
                "the last ones count",
                steps=tuple(state.resumed_at),
                evidence=(
                    Evidence("largest difference between the two", state.curve, state.largest_step,
                             state.largest, 0.0),
                ),
                facts={"n_overlaps": float(len(state.resumed_at)), "values_differ": 1.0,
                       "difference": state.largest},
            )
        ]  # fmt: skip
