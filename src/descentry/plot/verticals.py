"""Places at which something was done to a run: resumed, its learning rate cut, its data changed."""

from collections.abc import Iterator

import numpy as np

from descentry.plot.drawing import Vertical
from descentry.plot.lines import Grid
from descentry.plot.subject import Series, Subject, goings_back, standing
from descentry.record.roles import Role
from descentry.signal.words import number

MOST = 12
"""Verticals of one kind that are drawn; more would be a hatching."""
CUT = 1.5
"""A learning rate that changes by this factor from one point to the next was cut or raised, not decayed."""
CALM = 1.1
"""Before and after it changes by less.  Higher: also cuts within a steep decay, and ends of decays."""


def verticals(one: Subject, run: int, main: Series | None, grid: Grid) -> Iterator[Vertical]:
    """The places of a run, in the order of their kinds; of more than a dozen of a kind only the first."""
    resumes = list(dict.fromkeys(goings_back(main.steps))) if main is not None else []
    kinds = (
        ("resume", ((step, "resume") for step in resumes)),
        ("lr", _rate_changes(one.by_role(Role.LEARNING_RATE))),
        ("data", _data_changes(one.by_role(Role.DATA_VERSION))),
    )
    for kind, places in kinds:
        for (step, label), _ in zip(places, range(MOST), strict=False):
            x = float(grid.places.of(np.array([float(step)]))[0])
            yield Vertical(kind, label, x, run)


def _rate_changes(series: Series | None) -> Iterator[tuple[int, str]]:
    """Jumps of a learning rate whose neighbours on both sides stand still or drift."""
    if series is None or not series.is_raw:
        return
    kept = standing(series.steps) & np.isfinite(series.values) & (series.values > 0)
    steps, rates = series.steps[kept], series.values[kept]
    if len(rates) < 4:
        return
    ratio = np.abs(np.diff(np.log(rates)))
    calm = ratio < np.log(CALM)
    # A warm-up from nearly nothing, or a decay to it, jumps too, but its neighbours do not stand still.
    cuts = (ratio[1:-1] > np.log(CUT)) & calm[:-2] & calm[2:]
    for i in (np.flatnonzero(cuts) + 1).tolist():
        yield int(steps[i + 1]), f"lr ×{number(float(rates[i + 1] / rates[i]))}"


def _data_changes(series: Series | None) -> Iterator[tuple[int, str]]:
    if series is None:
        return
    kept = standing(series.steps) & np.isfinite(series.values)
    steps, versions = series.steps[kept], series.values[kept]
    for i in np.flatnonzero(np.diff(versions)).tolist():
        yield int(steps[i + 1]), f"data {number(float(versions[i + 1]))}"
