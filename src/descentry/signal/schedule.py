"""The learning-rate schedule, recognised from the logged rates.

A rate is set by a formula, so its series has no noise: it is cut into a rise from the start (warm-up), later rises
(restarts, cycles) and falls (steps or a smooth decay), and each part is compared with the formulas that people use.
What blurs it is rounding to few decimals, rates that change once an epoch, and logs that end before the plan does.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from descentry.record.chunk import Floats, Ints
from descentry.signal.robust import median
from descentry.signal.schedule_fit import Fit, decay

KINDS = (
    "constant", "warmup", "step", "on_plateau", "exponential", "cosine", "linear", "polynomial", "inverse_sqrt",
    "inverse_time", "wsd", "warm_restarts", "cyclical", "one_cycle", "other",
)  # fmt: skip
LEAST_RISE = 0.05
"""A later rise by less than this share of the peak is no restart."""
SUDDEN = 0.25
"""A rise that takes less than this share of its cycle is a restart, a slower one the half of a swing."""
MOST_CYCLES = 64
"""A rate that goes up more often is set by no schedule but by each batch (Merity et al. 2017 scale it so)."""
STABLE = 0.08
"""A stretch at the peak of this share of the run, before the decay, is the stable phase of a WSD schedule."""
CUT = 0.67
"""Falls to less than this share at once are steps; many smaller ones are a smooth decay that is set seldom."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """What a run's learning rate does.

    `kind`: one of KINDS; `peak`: the largest rate; `warmup_end`: the step at which the first rise ends, None without
    one; `warmup_share`: its share of the logged steps; `decay_start`: the step from which the rate falls;
    `end`: the step from which it no longer falls, None where it falls (or may rise) to the last point;
    `final_share`: the last rate over the peak; `changes`: the steps of cuts, restarts or turns; `residual`: rms
    distance from the formula, as a share of its fall; `decay`: the formula of a WSD schedule's last phase;
    `origin`: logged, configured or guessed.
    """

    kind: str
    peak: float
    first_step: int
    last_step: int
    warmup_end: int | None = None
    decay_start: int | None = None
    end: int | None = None
    final_share: float = 1.0
    changes: tuple[int, ...] = ()
    residual: float = 0.0
    confidence: float = 0.95
    decay: str | None = None
    origin: str = "logged"

    @property
    def warmup_share(self) -> float:
        if self.warmup_end is None:
            return 0.0
        return (self.warmup_end - self.first_step) / max(1, self.last_step - self.first_step)


def recognise(steps: Floats, rates: Floats, resumes: Sequence[float] = ()) -> Schedule | None:
    """The schedule behind a series of rates; None for fewer than three finite points or for rates below zero.

    `steps`, `rates`: float64[n], the steps increasing.  `resumes`: steps at which a jump of the rate is the doing
    of a restarted run, not of its schedule; then the longer part speaks.
    """
    known = np.isfinite(rates)
    steps, rates = steps[known].astype(np.float64), rates[known]
    if len(rates) < 3 or float(rates.min()) < 0:
        return None
    steps, rates = _longest(steps, rates, resumes)
    peak = float(rates.max())
    first, last = int(steps[0]), int(steps[-1])
    if peak <= 0:
        return Schedule("constant", 0.0, first, last)
    y = rates / peak
    grain = _grain(rates) / peak
    top = _first_top(y, grain)
    warm = int(steps[top]) if top > 0 else None
    rest = _after_top(steps[top:], y[top:], grain, float(steps[0]))
    kind, confidence = rest.kind, rest.confidence
    if kind == "cyclical":
        warm = None
    if kind == "constant" and warm is not None:
        kind = "warmup"
    if warm is not None and _is_one_cycle(steps, y, top, kind):
        kind = "one_cycle"
    if len(y) < 8:
        confidence *= 0.8
    return Schedule(
        kind, peak, first, last, warm, rest.decay_start, rest.end, float(y[-1]), rest.changes, rest.residual,
        confidence, rest.decay,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Rest:
    """What comes after the first rise."""

    kind: str
    confidence: float = 0.95
    decay_start: int | None = None
    end: int | None = None
    changes: tuple[int, ...] = ()
    residual: float = 0.0
    decay: str | None = None


def _longest(steps: Floats, rates: Floats, resumes: Sequence[float]) -> tuple[Floats, Floats]:
    """The longest stretch between resumes at which the rate jumps up."""
    if not resumes:
        return steps, rates
    spacing = median(np.diff(steps))
    jumps = [
        at
        for resume in resumes
        for at in np.flatnonzero(np.abs(steps[1:] - resume) <= 2.0 * spacing).tolist()
        if rates[at + 1] > 1.2 * rates[at]
    ]
    bounds = [0, *sorted({at + 1 for at in jumps}), len(steps)]
    start, stop = max(pairwise(bounds), key=lambda pair: pair[1] - pair[0])
    return (steps[start:stop], rates[start:stop]) if stop - start >= 3 else (steps, rates)


def _grain(rates: Floats) -> float:
    """The unit of the last decimal that is printed, 0.0 where more than seven are."""
    few = rates[:: max(1, len(rates) // 300)]
    for decimals in range(1, 8):
        scaled = few * 10.0**decimals
        if float(np.abs(scaled - np.round(scaled)).max()) < 1e-6 * max(1.0, float(scaled.max())):
            return float(10.0**-decimals)
    return 0.0


def _first_top(y: Floats, grain: float) -> int:
    """The index at which the first rise reaches its top, 0 where there is none."""
    falls = np.flatnonzero(np.diff(y) < -max(0.5 * grain, 1e-6))
    stop = int(falls[0]) + 1 if len(falls) else len(y)
    highest = float(y[:stop].max())
    if highest <= 1.05 * float(y[0]) + grain:
        return 0
    return int(np.flatnonzero(y[:stop] >= highest - 1e-6)[0])


def _after_top(steps: Floats, y: Floats, grain: float, origin: float) -> _Rest:
    if len(y) < 2 or float(np.ptp(y)) <= max(1e-6, 1.01e-5 * float(y.max())):
        return _Rest("constant", 0.9 if len(y) < 3 else 0.97)
    rises = _rises(y)
    if rises:
        return _swings(steps, rises)
    return _falls(steps, y, grain, origin)


def _rises(y: Floats) -> list[tuple[int, int]]:
    """First and last index of each later rise that matters."""
    up = np.diff(y) > 1e-6
    edges = np.flatnonzero(np.diff(np.concatenate([[False], up, [False]]).astype(np.int8)))
    pairs = zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
    return [(a, b) for a, b in pairs if y[b] - y[a] > LEAST_RISE]


def _swings(steps: Floats, rises: list[tuple[int, int]]) -> _Rest:
    """Warm restarts, where the rate goes up at once, or cycles, where it climbs."""
    bottoms = [a for a, _ in rises]
    cycles = np.diff([0, *bottoms]).astype(np.float64)
    covered = (steps[bottoms[-1]] - steps[0]) / (steps[-1] - steps[0])
    if (
        len(rises) > MOST_CYCLES
        or (len(rises) > 3 and covered < 0.5)
        or (len(cycles) > 3 and float(cycles.std()) > 0.8 * float(cycles.mean()))
    ):
        return _Rest("other", 0.5)
    shares = [(b - a) / max(1.0, cycle) for (a, b), cycle in zip(rises, cycles, strict=True)]
    # The step of a sudden rise is the first one at the higher rate.
    if median(np.array(shares)) < SUDDEN or all(b - a == 1 for a, b in rises):
        starts = tuple(int(steps[a + 1]) for a, _ in rises)
        return _Rest("warm_restarts", 0.95 if len(rises) > 1 else 0.85, int(steps[0]), None, starts)
    turns = sorted({0, *bottoms, *(b for _, b in rises)})
    confidence = 0.95 if len(rises) > 1 else 0.6
    return _Rest("cyclical", confidence, int(steps[0]), None, tuple(int(steps[k]) for k in turns))


def _falls(steps: Floats, y: Floats, grain: float, origin: float) -> _Rest:
    """Steps or a smooth decay."""
    moves = np.flatnonzero(np.diff(y) < -1e-6) + 1
    groups = np.split(moves, np.flatnonzero(np.diff(moves) > 1) + 1)
    if max(len(group) for group in groups) <= 2 and len(moves) <= 0.4 * len(y):
        return _cuts(
            steps, y, [int(group[0]) for group in groups], [int(g[-1]) for g in groups], grain, origin
        )
    return _smooth(steps, y, moves, grain, origin)


def _smooth(steps: Floats, y: Floats, moves: Ints, grain: float, origin: float) -> _Rest:
    """A decay from the top on, or from the end of a stable phase on; `moves`: where the rate is lower than before."""
    head = int(moves[0]) - 1
    end = int(steps[moves[-1]]) if steps[-1] - steps[moves[-1]] >= 0.02 * (steps[-1] - origin) else None
    stable = (steps[head] - steps[0]) / max(1.0, steps[-1] - origin)
    rounding = 0.6 * grain / float(np.ptp(y))
    whole = slice(0, int(moves[-1]) + 1)
    fit, margin = decay(steps[whole], y[whole], (float(steps[0]), origin), rounding)
    if stable >= STABLE and fit.residual > max(0.002, rounding):
        part = slice(head, int(moves[-1]) + 1)
        last, _ = decay(steps[part], y[part], (float(steps[head]),), rounding)
        return _Rest("wsd", 0.95, int(steps[head]), end, (int(steps[head]),), last.residual, last.kind)
    return _Rest(fit.kind, _sureness(fit, margin), int(steps[head]), end, (), fit.residual)


def _sureness(fit: Fit, margin: float) -> float:
    if fit.kind == "other":
        return 0.5
    return 0.97 if margin >= 4 else 0.85 if margin >= 2 else 0.65


def _cuts(
    steps: Floats, y: Floats, starts: list[int], stops: list[int], grain: float, origin: float
) -> _Rest:
    """Cuts at planned places, cuts as the loss asked for them, or a smooth decay that is set once an epoch."""
    levels = y[[0, *stops]]
    ratios = levels[1:] / np.maximum(levels[:-1], 1e-300)
    at = steps[starts]
    if len(starts) >= 4 and grain > 0 and float(np.abs(np.diff(levels)).max()) <= 1.5 * grain:
        return _smooth(steps, y, np.array(starts), grain, origin)
    if len(starts) >= 4 and median(ratios[:-1]) > CUT:
        fit, margin = decay(np.concatenate([steps[:1], at]), levels, (float(steps[0]), origin))
        if fit.residual < 0.01:
            return _Rest(
                fit.kind, min(0.85, _sureness(fit, margin)), int(at[0]), int(at[-1]), (), fit.residual
            )
    changes = tuple(int(step) for step in at)
    planned, confidence = _is_planned(at, origin, float(steps[-1]), median(np.diff(steps)))
    return _Rest("step" if planned else "on_plateau", confidence, changes[0], changes[-1], changes)


def _is_planned(at: Floats, origin: float, last: float, spacing: float) -> tuple[bool, float]:
    """Whether cuts stand at even distances or at round shares of the run, and how sure that is.

    A cut lies within half a percent of a multiple of a twentieth with a chance of a fifth, so k cuts that all do
    are no accident with 1 - 0.2^k.  Fewer than three uneven ones may be planned for all that one can see.
    """
    k = len(at)
    gaps = np.diff(np.concatenate([[origin], at]))
    if k >= 2 and float(np.abs(gaps - gaps.mean()).max()) <= max(0.03 * float(gaps.mean()), 2.0 * spacing):
        return True, 0.95
    shares = (at - origin) / max(1.0, last + spacing - origin)
    slack = 0.005 + spacing / max(1.0, last - origin)
    if bool((np.abs(shares * 20.0 - np.round(shares * 20.0)) <= 20.0 * slack).all()) and slack < 0.02:
        return True, 0.5 + 0.5 * (1.0 - 0.2**k)
    return (True, 0.55) if k < 3 else (False, 0.65)


def _is_one_cycle(steps: Floats, y: Floats, top: int, kind: str) -> bool:
    """A long rise from a rate above zero, then a fall to below where it began (Smith & Topin 2017)."""
    share = (steps[top] - steps[0]) / (steps[-1] - steps[0])
    if not 0.15 <= share <= 0.6 or kind in ("constant", "warm_restarts", "cyclical", "step", "wsd"):
        return False
    if top < 3:
        return False
    up = (steps[: top + 1] - steps[0]) / (steps[top] - steps[0])
    risen = (y[: top + 1] - y[0]) / (y[top] - y[0])
    line, cosine = np.abs(risen - up).mean(), np.abs(risen - 0.5 * (1.0 - np.cos(np.pi * up))).mean()
    bent = line > 0.02 and cosine < 0.2 * line
    # A warm-up comes from zero, one cycle from a rate above it: where does the line of the rise cross zero?
    crossing = steps[0] - float(y[0]) * (steps[top] - steps[0]) / float(y[top] - y[0])
    above = crossing < -2.0 * (steps[top] - steps[0]) / top and y[0] < 0.6
    return bool(y[-1] < 0.2 and (bent or (above and y[-1] < 0.5 * y[0])))
