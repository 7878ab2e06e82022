"""exploding_gradient: the gradient norm leaves its settled range upwards by orders of magnitude.

Test, on logarithms: some bins of the course lie tenfold above the lowest settled level before them, fivefold above
the highest level before the rise, and `score` times its slow noise.  Sooner: since a bend from a settled course the
norm grows exponentially, by the factor e at least, and at that rate is tenfold within a quarter of the run so far.  Or
single points leap thirtyfold, and further than the tail of the norm's own noise or beside a spike of the loss.  The
norms of a run's beginning, which start high, rise above nothing.  Norms that stand at one ceiling in most points were
logged after clipping: told, not accused.
Source: Pascanu et al., On the difficulty of training recurrent neural networks, 2012, arXiv:1211.5063.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from descentry.patterns.protocol import View
from descentry.record.chunk import Floats, Ints
from descentry.record.finding import Evidence, Finding, Severity
from descentry.record.roles import Role
from descentry.signal.alarms import DEFAULT_RATE, strictness
from descentry.signal.growth import growth
from descentry.signal.magnitude import Magnitude, logs, magnitude
from descentry.signal.robust import median, row_medians, windows
from descentry.signal.shape import Shape
from descentry.signal.trend import slow_noise
from descentry.signal.words import grouped, number, percent

LEAPS_SHARE = 0.01
"""Part of the rate of false alarms that leaps may spend with each e-fold of points: five of them in a usual run."""
N_BESIDE = 2
"""Blocks by which a leap of the norm may miss the spike of the loss that it makes."""
N_ABOUT, N_TAIL = 21, 1024
"""Neighbours about a point that tell its level, and points that tell the tail."""


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
    grown: float = 1.0
    """Least exponential growth that is told sooner, in e-foldings.  Higher: later, and fewer swings of the norm."""
    ahead: float = 0.25
    """Share of the run so far within which such growth must come to `factor`.  Lower: only steep growth."""
    over_before: float = 1.5
    """Least rise of such growth over the highest settled level before."""
    leap_factor: float = 30.0
    """Least rise of single points: healthy runs of language models leap fifteenfold now and then."""
    score: float = 6.0
    """Least rise in slow noise of a bin, and least bend in standard errors.  Higher: later, surer."""
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
        score = self._least(view, shape)
        rise = self._rise(norm, score) or self._growing(norm, score)
        if rise is not None:
            return [self._risen(view, shape, norm, rise)]
        leaps = self._leaps(view, shape, norm, score)
        if len(leaps):
            return [self._leapt(view, shape, norm, leaps)]
        return self._clipped(view, shape)

    def _least(self, view: View, shape: Shape) -> float:
        """The score that is asked for at this look."""
        return self.score * strictness(
            self.alarm_rate, ended=view.ended, n_points=shape.n_points, n_first=self.n_least
        )

    def _growing(self, norm: Magnitude, score: float) -> Rise | None:
        """Growth that has set in and will be a rise by orders of magnitude."""
        found = growth(norm.y)
        if found is None or found.rise < self.grown or found.score < score:
            return None
        settled = norm.settled(max(4, len(norm) // 20))[: found.onset]
        highest = max(found.before, float(settled[len(norm) // 20 :].max(initial=-np.inf)))
        is_new = found.now >= highest + np.log(self.over_before)
        if not is_new or found.ahead(self.ahead * len(norm)) < np.log(self.factor):
            return None
        return Rise(found.onset, None, found.before, found.now, found.now)

    def _rise(self, norm: Magnitude, score: float) -> Rise | None:
        """The first rise that lasts two bins; bins of short runs are single points, which may leap."""
        n = len(norm)
        width = max(4, n // 8)
        lowest = np.minimum.accumulate(norm.settled(width)[:-2])
        above = norm.y[width:-1] - lowest >= np.log(self.factor)
        lasting = above & (norm.y[width + 1 :] - lowest >= np.log(self.factor))
        for at in np.flatnonzero(lasting)[:8].tolist():
            rise = self._measured(norm, at + width, float(lowest[at]), score)
            if rise is not None:
                return rise
        return None

    def _measured(self, norm: Magnitude, at: int, lowest: float, score: float) -> Rise | None:
        """The rise that is seen in bin `at`, with its onset and its end, if it is one."""
        onset = _left(norm, at, lowest)
        after = np.flatnonzero(norm.y[at:] < lowest + 0.5 * np.log(self.factor))
        end = at + int(after[0]) if len(after) else None
        top = float(norm.y[onset:end].max())
        before = norm.y[len(norm) // 20 : onset]
        noise = _noise(norm, onset)
        far = top - float(before.max(initial=lowest)) >= np.log(self.over_highest)
        if not far or top - lowest < score * noise:
            return None
        return Rise(onset, end, lowest, top, median(norm.y[-max(2, len(norm) // 20) :]))

    def _leaps(self, view: View, shape: Shape, norm: Magnitude, score: float) -> Ints:
        """The blocks with a point far above all that is usual up to there, int64[k]."""
        late = max(4, len(norm) // 20)
        # The median of all that came before: where a norm has sunk on the way, coming back to it is no leap.
        usual = np.array([median(norm.y[late : at + 1]) for at in range(late, len(norm))])
        place = np.searchsorted(norm.course.starts[late:], shape.first_steps, side="right") - 1
        heights = logs(shape.high) - usual[np.maximum(place, 0)]
        least = max(np.log(self.leap_factor), score * max(norm.noise, norm.slow))
        found: Ints = np.flatnonzero((heights >= least) & (place >= 1))
        if len(found):
            # Chance does not bring a leap where the loss leaps too.
            sure = (heights[found] >= self._reach(logs(shape.high))) | _beside_spikes(view, shape, found)
            found = found[sure]
        return found

    def _reach(self, heights: Floats) -> float:
        """How far up noise alone takes one of these heights in a run, at the part of the rate that leaps may spend.

        The upper quarter of what they lie off their neighbours is continued exponentially, which is a power law of
        the norm itself: the heaviest tail that gradients are known to have (Simsekli et al. 2019, arXiv:1901.06053).
        """
        about = windows(heights, N_ABOUT)[:: 1 + len(heights) // N_TAIL]
        off = about[:, N_ABOUT // 2] - row_medians(about)
        inner, outer = np.quantile(off, (0.75, 0.95)).tolist()
        slope = (outer - inner) / np.log(5.0)
        return float(outer + slope * np.log(0.05 * len(heights) / (LEAPS_SHARE * self.alarm_rate)))

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


def _beside_spikes(view: View, shape: Shape, blocks: Ints) -> NDArray[np.bool_]:
    """Whether the loss spikes within `N_BESIDE` blocks of each of these, bool[k]."""
    spikes = np.array(
        [step for one in view.standing if one.pattern == "spike" for step in one.steps], np.int64
    )
    at = np.searchsorted(shape.last_steps, spikes)
    near: NDArray[np.bool_] = (np.abs(blocks[:, None] - at[None, :]) <= N_BESIDE).any(axis=1)
    return near


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
