"""The loss as it stands: its newest value, its smoothed level, which way it goes, and the verdict so far."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from descentry.diagnosis.verdict import N_LEAST
from descentry.record.chunk import Chunk
from descentry.record.finding import Finding, Severity
from descentry.record.roles import Role
from descentry.signal.robust import median, point_noise
from descentry.signal.shape import Shape
from descentry.stream.drive import Stream

SHOWN = (Role.TRAIN_LOSS, Role.VAL_LOSS)
"""Roles of the curve that is shown, the first that there is."""
SHARE = 0.05
"""Part of the curve, in blocks, whose median is the level.  Higher: steadier, and later to turn."""
LEAST, MOST = 5, 50
SURE = 3.0
"""Standard errors by which two levels must differ before a trend is named.  Higher: `level` for longer."""


def course(shape: Shape) -> tuple[float, str]:
    """Level and trend (`falling`, `rising`, `level`; "" for fewer than two stretches) of the end of a curve.

    The level is the median of the last blocks; the trend compares it with the median of as many blocks before,
    in units of the error that the noise of single blocks gives medians (1.2533 of that of a mean).
    An empty curve gives NaN.
    """
    n = len(shape)
    if not n:
        return math.nan, ""
    width = min(max(LEAST, int(SHARE * n)), MOST)
    level = median(shape.levels[-width:])
    if n < 2 * width:
        return level, ""
    tail = shape.levels[-4 * width :]
    before = median(shape.levels[-2 * width : -width])
    error = point_noise(tail) * 1.2533 * math.sqrt(2.0 / width)
    least = max(SURE * error, 1e-6 * float(np.abs(tail).max()))
    return level, "falling" if before - level > least else "rising" if level - before > least else "level"


@dataclass
class Loss:
    """What is shown of the curve.  `verdict` is that of the last report, or what the number of points allows."""

    curve: str = ""
    newest: float = math.nan
    level: float = math.nan
    trend: str = ""
    verdict: str = "undetermined"
    _n_seen: int = -1

    def take(self, chunk: Chunk, stream: Stream) -> None:
        """Note the newest value among these rows, which the stream has taken."""
        self.curve = next((name for role in SHOWN if (name := stream.names.get(role)) is not None), "")
        column = chunk.columns.get(self.curve)
        if column is not None:
            self.newest = float(column.values[-1])

    def look(self, stream: Stream, n_points: int, told: Iterable[Finding] = ()) -> None:
        """Find level, trend and verdict, if there are other points than at the last look; `told` stands."""
        if n_points == self._n_seen:
            return
        self._n_seen = n_points
        shape = stream.shape(self.curve)
        if shape is None:
            return
        self.level, self.trend = course(shape)
        if self.newest != self.newest and not shape.n_nonfinite:
            self.newest = shape.last
        grave = any(one.severity.rank >= Severity.WARNING.rank for one in told)
        if not grave:
            self.verdict = "healthy" if shape.n_points >= N_LEAST else "undetermined"
