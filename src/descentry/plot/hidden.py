"""What smoothing takes away: findings that the smoothed line no longer shows, and lines that it does not smooth."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from descentry.plot.subject import Series, Subject, standing
from descentry.record.chunk import Floats, Ints
from descentry.record.finding import Finding
from descentry.signal.robust import median, spread
from descentry.signal.smooth import NONE, REACHES, Smoothing, smooth, weaker
from descentry.signal.words import grouped, rough

LEFT = 0.25
"""A finding is hidden where less than this share of its height is left.  Higher: told sooner."""
N_BEFORE = 25
"""Points before a finding whose median is the level that its height is measured from."""
OVER_NOISE = 4.0
"""Less high than so much of those points' noise, it cannot be seen in the log either."""
SUSTAINED = 20
"""A stretch of so many points is as high as its 95th percentile, not as one point in it."""
MOST_EVENTS = 100
"""Single events of a finding that are looked at."""
N_SUGGESTED = 30


@dataclass(frozen=True, slots=True)
class Hidden:
    """A finding whose `height` in the log, highest at `step`, has shrunk to `left`."""

    label: str
    pattern: str
    step: int
    height: float
    left: float


def notes(subjects: Sequence[Subject], drawn: Sequence[Series], how: Smoothing) -> Iterator[str]:
    """A sentence for what smoothing hides, and one where it does nothing; each with the setting that helps.

    `drawn`: the series that are smoothed.
    """
    if how == NONE:
        return
    hidden = [item for one in subjects for item in _hidden(one, drawn, how)]
    if hidden:
        shows = next((less for less in weaker(how) if not _any_hidden(subjects, drawn, less)), NONE)
        first = hidden[0]
        told = f"{first.label} {first.pattern} at step {grouped(first.step)}"
        left = f"{rough(first.left)} of its {rough(first.height)} is left"
        more = f"{len(hidden)} findings, first of them " if len(hidden) > 1 else ""
        yield f"{how} hides {more}{told} ({left}); --smooth {shows} shows {'them all' if more else 'it'}"
    yield from _idle(drawn, how)


def _any_hidden(subjects: Sequence[Subject], drawn: Sequence[Series], how: Smoothing) -> bool:
    return how != NONE and any(True for one in subjects for _ in _hidden(one, drawn, how))


def _hidden(one: Subject, drawn: Sequence[Series], how: Smoothing) -> Iterator[Hidden]:
    for series in one.series:
        findings = [item for item in one.findings if item[1].curve == series.name]
        if not findings or not any(series is other for other in drawn):
            continue
        kept = standing(series.steps)
        steps, values = series.steps[kept], np.where(np.isfinite(series.values), series.values, np.nan)[kept]
        smoothed = smooth(how, steps, values)
        for label, finding in findings:
            seen = _seen(steps, values, smoothed, finding)
            if seen is not None and seen[1] < LEFT * seen[0]:
                yield Hidden(label, finding.pattern, seen[2], *seen[:2])


def _seen(steps: Ints, values: Floats, smoothed: Floats, finding: Finding) -> tuple[float, float, int] | None:
    """The height of a finding in the log and in the smoothed line, and its step; None where it is not to speak of."""
    last = int(steps[-1]) if len(steps) else 0
    starts = finding.steps[:MOST_EVENTS] or (finding.onset_step,)
    ends = (*(step - 1 for step in starts[1:]), last if finding.end_step is None else finding.end_step)
    fold = _peak if finding.steps else _sustained
    heights = (
        (_height(steps, values, smoothed, one, fold), one[0]) for one in zip(starts, ends, strict=True)
    )
    return max(((*height, step) for height, step in heights if height is not None), default=None)


def _height(
    steps: Ints, values: Floats, smoothed: Floats, stretch: tuple[int, int], fold: Callable[[Floats], float]
) -> tuple[float, float] | None:
    start, stop = int(np.searchsorted(steps, stretch[0])), int(np.searchsorted(steps, stretch[1], "right"))
    inside = np.isfinite(values[start:stop])
    before = values[max(0, start - N_BEFORE) : start]
    before = before[np.isfinite(before)]
    if len(before) < 3 or not inside.any():
        return None
    level, noise = median(before), spread(before)
    risen = values[start:stop][inside] - level
    # An average comes late: what stays is seen a little later, and a peak is no higher there.
    shown = smoothed[start : stop + N_BEFORE] - level
    shown = shown[np.isfinite(shown)]
    sign = 1.0 if fold(risen) >= fold(-risen) else -1.0
    height, left = fold(sign * risen), max(fold(sign * shown), 0.0)
    return (height, left) if height > OVER_NOISE * noise else None


def _peak(risen: Floats) -> float:
    return float(risen.max())


def _sustained(risen: Floats) -> float:
    return float(np.quantile(risen, 0.95) if len(risen) >= SUSTAINED else risen.max())


def stride(drawn: Sequence[Series]) -> float | None:
    """The least of the series' median steps from point to point; None where none has three points."""
    kept = (one.steps[standing(one.steps)] for one in drawn)
    return min((float(np.median(np.diff(steps))) for steps in kept if len(steps) > 2), default=None)


def _idle(drawn: Sequence[Series], how: Smoothing) -> Iterator[str]:
    """Said where the points lie so far apart that an exponential average in steps joins none of them."""
    nearest = stride(drawn)
    if how.method == "ema" and nearest is not None and how.amount**nearest < REACHES:
        yield (
            f"{how} reaches {grouped(round(1 / (1 - how.amount)))} steps back and the points lie "
            f"{grouped(round(nearest))} apart: nothing is smoothed; --smooth ema:{round(N_SUGGESTED * nearest)} does"
        )
