"""A curve in seven figures: what the report tells of every series, of interest to a detector or not."""

from dataclasses import dataclass, field

import numpy as np

from descentry.record.chunk import Floats, Ints
from descentry.record.report import CurveSummary
from descentry.record.roles import Role


@dataclass
class Tally:
    """Counts and extremes of one series, as logged (nothing is forgotten at a restart)."""

    n_points: int = 0
    n_nonfinite: int = 0
    first_step: int = 0
    last_step: int = 0
    first: float = field(default=np.nan)
    last: float = field(default=np.nan)
    min: float = field(default=np.nan)

    def add(self, step: int, value: float) -> None:
        """Take one point: the scalar form of `extend`."""
        if self.n_points == 0:
            self.first_step = step
        self.last_step = step
        self.n_points += 1
        if value - value != 0.0:  # NaN or infinite
            self.n_nonfinite += 1
            return
        if self.first != self.first:
            self.first = value
        self.last = value
        if not self.min <= value:
            self.min = value

    def extend(self, steps: Ints, values: Floats) -> None:
        """Take consecutive points, at least one."""
        if self.n_points == 0:
            self.first_step = int(steps[0])
        self.last_step = int(steps[-1])
        self.n_points += len(steps)
        finite = values[np.isfinite(values)]
        self.n_nonfinite += len(values) - len(finite)
        if len(finite):
            if self.first != self.first:
                self.first = float(finite[0])
            self.last = float(finite[-1])
            self.min = float(np.fmin(self.min, finite.min()))

    def summary(self, name: str, role: Role | None) -> CurveSummary:
        return CurveSummary(
            name, role, self.n_points, self.first_step, self.last_step, self.n_nonfinite,
            self.first, self.last, self.min,
        )  # fmt: skip
