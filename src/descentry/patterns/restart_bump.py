"""restart_bump: the loss jumps where the run restarts, then comes back.

Looked at only where something restarts: where the log goes back, tells of a resume or its clock stood still, and
where the learning rate rises at once after it had fallen.  There the level of the first points after the mark is
held against that of the last ones before it, in units of the error of both, and must come back in part.  At a resume
the place is known for sure, so a level that lies a little higher for tens of points is told too (signal/raised.py);
what the log held of the steps that are written again is the best witness of the level before.  At a resume it warns
(state was not restored); at a planned restart of the rate it informs.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from descentry.patterns.protocol import View
from descentry.patterns.restart_finding import Bump, Mark, finding
from descentry.record.finding import Finding
from descentry.record.roles import Role
from descentry.signal.alarms import DEFAULT_RATE, strictness
from descentry.signal.raised import N_FIRST, NOTHING, Raised, calmed, raised
from descentry.signal.rate import rate_rises
from descentry.signal.robust import median
from descentry.signal.shape import Shape
from descentry.signal.trend import slow_noise

MAX_MARKS = 64
N_BESIDE = 30
"""Blocks on each side of a mark that give its levels."""


@dataclass(frozen=True, slots=True)
class RestartBump:
    """A jump at a restart that comes back."""

    id: ClassVar[str] = "restart_bump"
    cadence: ClassVar[str] = "block"
    clock: ClassVar[tuple[Role, ...]] = (Role.TRAIN_LOSS,)

    alarm_rate: float = DEFAULT_RATE
    """False alarms per healthy run, all detectors together.  Lower: later, surer."""
    score: float = 6.0
    """The jump in standard errors.  Only marks are looked at, so few are tried; higher: mild bumps are passed over."""
    noise_units: float = 1.0
    """Least jump in noise of a single point: less would not be seen in the plot."""
    reach_share: float = 2.0
    """Least jump at a resume over the highest rise of three neighbours shortly before it, which is noise: lopsided
    noise reaches far on its own.  Higher: small jumps are passed over."""
    level_score: float = 4.4
    """The level after a resume in standard errors above that before it.  Higher: lost state goes unseen."""
    level_units: float = 0.6
    """Least such rise of the level in noise of a single point: less would not be seen in the plot."""
    back_share: float = 0.5
    """Least share of the jump that must be lost again."""
    wait_share: float = 0.3
    """A jump that has not come back within this share of the points is no bump."""
    attempt_share: float = 0.05
    """A restart within this share of the run is another attempt, no resume."""

    def judge(self, view: View) -> list[Finding]:
        shape = view.shape(Role.TRAIN_LOSS)
        if shape is None or len(shape) < 20:
            return []
        marks = list(self._marks(view, shape))
        bumps = [bump for mark in marks if (bump := self._bump(view, shape, mark, len(marks))) is not None]
        return [finding(view, bumps)] if bumps else []

    def _marks(self, view: View, shape: Shape) -> Iterator[Mark]:
        """The places to look at, resumes first; a rise of the rate at a resume is the resume's."""
        least = shape.first_step + self.attempt_share * (shape.last_step - shape.first_step)
        resumes = sorted({step for step in view.resumes if least < step <= shape.last_step})[-MAX_MARKS:]
        yield from (Mark(step, planned=False) for step in resumes)
        near = 0.01 * (shape.last_step - shape.first_step)
        rises = [rise for rise in rate_rises(view.shape(Role.LEARNING_RATE)) if rise.is_quick]
        for rise in rises[-MAX_MARKS:]:
            if rise.start >= least and not any(abs(rise.start - step) <= near for step in resumes):
                yield Mark(rise.start, planned=True)

    def _bump(self, view: View, shape: Shape, mark: Mark, n_marks: int) -> Bump | None:
        """The jump at a mark, or None where there is none to be told."""
        at = int(np.searchsorted(shape.first_steps, mark.step, side="right" if mark.planned else "left"))
        if at < 5 or len(shape) - at < 3:
            return None
        if mark.planned:
            jump = self._answers(shape, at)
        else:
            jump = self._leaps(shape, at) or self._higher(view, shape, at, mark, n_marks)
        if jump is None:
            return None
        after = shape.levels[at:]
        back = _back(after, jump.before + (1.0 - self.back_share) * jump.size, int(after[: jump.n].argmax()))
        if back is None and len(after) > self.wait_share * len(shape):
            return None
        end = None if back is None else int(shape.last_steps[at + back])
        return Bump(mark, int(mark.step), jump.before, jump.before + jump.size, end, jump.score)

    def _answers(self, shape: Shape, at: int) -> Raised | None:
        """What the loss does where the rate rises: a top, or a low and broad rise of all that follows."""
        before, window = (
            shape.levels[max(0, at - N_BESIDE) : at],
            shape.levels[at:][: max(6, len(shape) // 12)],
        )
        level, noise = median(before), self._noise(shape, at)
        score, top = max(
            (_score(one - level, noise, len(before), n), one)
            for one, n in ((_top(window), 3), (median(window), len(window)))
        )
        jump = Raised(level, top - level, score, len(window))
        return (
            jump if score >= self.score * strictness(self.alarm_rate) and self._is_seen(shape, jump) else None
        )

    def _leaps(self, shape: Shape, at: int) -> Raised | None:
        """A sharp jump at a resume, which is best seen in its top."""
        before, window = (
            shape.levels[max(0, at - N_BESIDE) : at],
            shape.levels[at:][: min(2 * N_BESIDE, max(6, len(shape) // 30))],
        )
        level, noise = median(before), max(self._noise(shape, at), calmed(shape.levels[:at]).noise)
        size = _top(window) - level
        jump = Raised(level, size, _score(size, noise, len(before), 3), len(window))
        reach = _top(shape.levels[max(0, at - max(2 * N_BESIDE, 2 * len(window))) : at]) - level
        is_clear = jump.score >= self.score * strictness(self.alarm_rate, n_bins=at)
        is_far = is_clear and size >= self.reach_share * reach
        return jump if is_far and self._is_seen(shape, jump) else None

    def _noise(self, shape: Shape, at: int) -> float:
        return max(slow_noise(shape.levels[max(0, at - 2 * N_BESIDE) : at]), _error(shape))

    def _is_seen(self, shape: Shape, jump: Raised) -> bool:
        return jump.size > 0 and jump.size >= self.noise_units * shape.noise

    def _higher(self, view: View, shape: Shape, at: int, mark: Mark, n_marks: int) -> Raised | None:
        """A level that lies higher after a resume than before it, and than what stood at the same steps."""
        before, after = shape.levels[:at], shape.levels[at:]
        longest = max(2 * N_FIRST, len(shape) // 12)
        held = view.superseded.get(view.names[Role.TRAIN_LOSS], {}).get(int(mark.step), NOTHING)
        # What was written before the log went back may hold the very trouble that it went back for.
        witnesses = (NOTHING, held) if len(held) else (NOTHING,)
        found = [raised(before, after, longest, witness) for witness in witnesses]
        best = max((one for one in found if one is not None), key=lambda one: one.score, default=None)
        # A rate for each of the marks, and a look at each tenth more points since.
        slack = strictness(
            self.alarm_rate / n_marks,
            ended=view.ended,
            n_points=shape.n_points,
            n_first=int(shape.sizes[:at].sum()),
            n_bins=at,
        )
        is_clear = best is not None and best.score >= self.level_score * slack
        return best if best is not None and is_clear and best.size >= self.level_units * shape.noise else None


def _score(jump: float, noise: float, n_before: int, n_after: int) -> float:
    """A difference of two medians in its standard errors."""
    if noise <= 0:
        return float("inf") if jump > 0 else 0.0
    return float(jump / (1.25 * noise * np.sqrt(1 / n_before + 1 / n_after)))


def _top(window: np.ndarray) -> float:
    """The highest median of three neighbours: one stray is no jump."""
    if len(window) < 5:
        return median(window[:3])
    return float(np.median(np.lib.stride_tricks.sliding_window_view(window, 3), axis=1).max())


def _error(shape: Shape) -> float:
    """Noise of one block's level, from the noise of its points."""
    return shape.noise / float(np.sqrt(max(1.0, median(shape.sizes.astype(np.float64)))))


def _back(after: np.ndarray, level: float, top: int) -> int | None:
    """The first block after the top from which three neighbours lie below the level in the middle, or None."""
    for i in range(top + 1, len(after)):
        if median(after[i : i + 3]) <= level:
            return i
    return None
