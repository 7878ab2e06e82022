"""exploding_gradient: the gradient norm leaves its settled range upwards by orders of magnitude.

Test, on logarithms: some bins of the course lie tenfold above the lowest settled level before them, fivefold above
the highest level before the rise, and `score` times its slow noise, which Gaussian noise of a hundred bins passes less
than once in 10^6 runs; or single points leap thirtyfold.  The norms of a run's beginning, which start high, rise
above nothing.  Norms that stand at one ceiling in most points were logged after clipping: told, not accused.
Source: Pascanu et al., On the difficulty of training recurrent neural networks, 2012, arXiv:1211.5063.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from descentry.patterns.protocol import View
from descentry.record.chunk import Ints
from descentry.record.finding import Evidence, Finding, Severity
from descentry.record.roles import Role
from descentry.signal.alarms import DEFAULT_RATE, strictness
from descentry.signal.magnitude import Magnitude, logs, magnitude
from descentry.signal.robust import median
from descentry.signal.shape import Shape
from descentry.signal.trend import slow_noise
from descentry.signal.words import grouped, number, percent


@dataclass(frozen=True, slots=True)
class Rise:
    """Bins `onset` to `end` (None: to the last one) above the level before them, in logarithms."""

    onset: int
    end: int | None
    before: float
    top: float
    now: float


@dataclass(frozen=True, slots=True)
class ExplodingGradient:
    """The gradient norm has grown by orders of magnitude."""

    id: ClassVar[str] = "exploding_gradient"
    cadence: ClassVar[str] = "block"
    clock: ClassVar[tuple[Role, ...]] = (Role.GRAD_NORM, Role.TRAIN_LOSS)

    alarm_rate: float = DEFAULT_RATE
    """False alarms per healthy run, all detectors together.  Lower: later, surer."""
    factor: float = 10.0
    """Least rise of the course over its lowest settled level.  Higher: slow growth is seen later."""
    over_highest: float = 5.0
    """Least rise over the highest level before: a norm that comes back to where it was has not exploded."""
    leap_factor: float = 30.0
    """Least rise of single points: healthy runs of language models leap fifteenfold now and then."""
    score: float = 6.0
    """Least rise in slow noise of a bin, and of a leap in noise of a point.  Higher: later, surer."""
    critical_factor: float = 100.0
    """A norm that stands this many times higher at the end of the log is critical."""
    ceiling_share: float = 0.5
    """Share of the points at one largest norm from which clipping sets the step size."""
    n_least: int = 40
    """Fewer points have no settled level."""

    def judge(self, view: View) -> list[Finding]:
        shape = view.shape(Role.GRAD_NORM)
        if shape is None or shape.n_points < self.n_least or not shape.largest > 0:
            return []
        norm = magnitude(shape)
        rise = self._rise(norm)
        if rise is not None:
            return [self._risen(view, shape, norm, rise)]
        leaps = self._leaps(shape, norm)
        if len(leaps):
            return [self._leapt(view, shape, norm, leaps)]
        return self._clipped(view, shape)

    def _rise(self, norm: Magnitude) -> Rise | None:
        """The first rise that lasts two bins; bins of short runs are single points, which may leap."""
        n = len(norm)
        width = max(4, n // 8)
        lowest = np.minimum.accumulate(norm.settled(width)[:-2])
        above = norm.y[width:-1] - lowest >= np.log(self.factor)
        lasting = above & (norm.y[width + 1 :] - lowest >= np.log(self.factor))
        for at in np.flatnonzero(lasting)[:8].tolist():
            rise = self._measured(norm, at + width, float(lowest[at]))
            if rise is not None:
                return rise
        return None

    def _measured(self, norm: Magnitude, at: int, lowest: float) -> Rise | None:
        """The rise that is seen in bin `at`, with its onset and its end, if it is one."""
        onset = _left(norm, at, lowest)
        after = np.flatnonzero(norm.y[at:] < lowest + 0.5 * np.log(self.factor))
        end = at + int(after[0]) if len(after) else None
        top = float(norm.y[onset:end].max())
        before = norm.y[len(norm) // 20 : onset]
        noise = _noise(norm, onset)
        far = top - float(before.max(initial=lowest)) >= np.log(self.over_highest)
        if not far or top - lowest < self.score * strictness(self.alarm_rate) * noise:
            return None
        return Rise(onset, end, lowest, top, median(norm.y[-max(2, len(norm) // 20) :]))

    def _leaps(self, shape: Shape, norm: Magnitude) -> Ints:
        """The blocks with a point far above all that is usual up to there, int64[k]."""
        late = max(4, len(norm) // 20)
        # The median of all that came before: where a norm has sunk on the way, coming back to it is no leap.
        usual = np.array([median(norm.y[late : at + 1]) for at in range(late, len(norm))])
        place = np.searchsorted(norm.course.starts[late:], shape.first_steps, side="right") - 1
        heights = logs(shape.high) - usual[np.maximum(place, 0)]
        least = max(
            np.log(self.leap_factor), self.score * strictness(self.alarm_rate) * max(norm.noise, norm.slow)
        )
        found: Ints = np.flatnonzero((heights >= least) & (place >= 1))
        return found

    def _risen(self, view: View, shape: Shape, norm: Magnitude, rise: Rise) -> Finding:
        ratio, stays = float(np.exp(rise.top - rise.before)), rise.end is None
        onset = int(norm.course.starts[rise.onset])
        end = None if rise.end is None else int(norm.course.starts[rise.end])
        how = "and goes on" if stays else f"and is back by step {grouped(end or 0)}"
        statement = (
            f"the gradient norm grows from {number(float(np.exp(rise.before)))} to "
            f"{number(float(np.exp(rise.top)))} ({number(ratio)} times) since step {grouped(onset)} {how}"
        )
        critical = stays and rise.now - rise.before >= np.log(self.critical_factor)
        return _finding(
            view, shape, Severity.CRITICAL if critical else Severity.WARNING, onset, end, statement,
            (float(np.exp(rise.top)), float(np.exp(rise.before))), {"growing": 1.0, "ratio": ratio},
        )  # fmt: skip

    def _leapt(self, view: View, shape: Shape, norm: Magnitude, leaps: Ints) -> Finding:
        steps = shape.first_steps[leaps]
        top, usual = float(shape.high[leaps].max()), float(np.exp(median(norm.y)))
        times = "once" if len(leaps) == 1 else f"{len(leaps)} times"
        statement = (
            f"the gradient norm leaps to {number(top)}, {number(top / usual)} times its usual {number(usual)}, "
            f"{times}, first at step {grouped(steps[0])}"
        )
        facts = {"growing": 0.0, "ratio": top / usual, "n_events": float(len(leaps)),
                 "repeated": float(len(leaps) > 1)}  # fmt: skip
        end = int(shape.last_steps[leaps[-1]])
        return _finding(
            view, shape, Severity.WARNING, int(steps[0]), end, statement, (top, usual), facts,
            tuple(int(step) for step in steps[:64]),
        )  # fmt: skip

    def _clipped(self, view: View, shape: Shape) -> list[Finding]:
        """Norms at one ceiling: the clip, not the schedule, sets the step size."""
        top = shape.largest
        at = shape.levels >= 0.999 * top
        share = float(at.mean())
        if share < self.ceiling_share:
            return []
        statement = (
            f"the gradient norm stands at its ceiling {number(top)} in {percent(share)} of the points: it is "
            "logged after clipping, which sets the size of most steps"
        )
        onset = int(shape.first_steps[np.flatnonzero(at)[0]])
        facts = {"growing": 0.0, "ceiling_share": share}
        return [_finding(view, shape, Severity.INFO, onset, None, statement, (share, None), facts)]


def _left(norm: Magnitude, at: int, level: float) -> int:
    """The first bin after the last one before `at` that lies on a level."""
    calm = np.flatnonzero(norm.y[:at] <= level + max(2.0 * norm.slow, 0.1 * (norm.y[at] - level)))
    return int(calm[-1]) + 1 if len(calm) else 0


def _noise(norm: Magnitude, onset: int) -> float:
    """Slow noise before the onset where there is enough of it, of single points otherwise."""
    early = norm.y[len(norm) // 20 : onset]
    return slow_noise(early) if len(early) >= 12 else norm.noise


def _finding(
    view: View, shape: Shape, severity: Severity, onset: int, end: int | None, statement: str,
    observed: tuple[float, float | None], facts: dict[str, float], steps: tuple[int, ...] = (),
) -> Finding:  # fmt: skip
    name = view.names[Role.GRAD_NORM]
    return Finding(
        pattern="exploding_gradient",
        severity=severity,
        confidence=0.9 if severity is not Severity.INFO else 0.8,
        curve=name,
        onset_step=onset,
        end_step=end,
        detected_at_step=view.step,
        resolved_at_step=end,
        statement=statement,
        steps=steps,
        evidence=(Evidence("the norm against its settled level", name, shape.last_step, *observed),),
        facts=facts,
    )
