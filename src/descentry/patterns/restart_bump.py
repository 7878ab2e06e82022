"""restart_bump: the loss jumps where the run restarts, then comes back.

Looked at only where something restarts: where the log goes back, tells of a resume or its clock stood still, and
where the learning rate rises at once after it had fallen.  There the level of the first points after the mark is
held against that of the last ones before it, in units of the error of both, and must come back in part.  At a
resume it warns (state was not restored); at a planned restart of the rate it informs.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from descentry.patterns.protocol import View
from descentry.record.finding import Evidence, Finding, Severity
from descentry.record.roles import Role
from descentry.signal.alarms import DEFAULT_RATE, strictness
from descentry.signal.rate import rate_rises
from descentry.signal.robust import median
from descentry.signal.shape import Shape
from descentry.signal.trend import slow_noise
from descentry.signal.words import grouped, number

MAX_MARKS = 64
N_BESIDE = 30
"""Blocks on each side of a mark that give its levels."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A place where something restarts; `planned` by the learning rate."""

    step: float
    planned: bool


@dataclass(frozen=True, slots=True)
class Bump:
    """The jump at a mark: levels before it and at its top, where it was back, its score."""

    mark: Mark
    onset: int
    before: float
    top: float
    end: int | None
    score: float


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
        bumps = [bump for mark in self._marks(view, shape) if (bump := self._bump(shape, mark)) is not None]
        return [self._finding(view, bumps)] if bumps else []

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

    def _bump(self, shape: Shape, mark: Mark) -> Bump | None:
        """The jump at a mark, or None where there is none to be told."""
        at = int(np.searchsorted(shape.first_steps, mark.step, side="right" if mark.planned else "left"))
        before, after = shape.levels[max(0, at - N_BESIDE) : at], shape.levels[at:]
        if len(before) < 5 or len(after) < 3:
            return None
        level = median(before)
        window = after[: max(6, len(shape) // (12 if mark.planned else 30))]
        noise = max(slow_noise(shape.levels[max(0, at - 60) : at]), _error(shape))
        score, top = max(
            # A sharp jump is best seen in its top, a low and broad one in the level of all that follows.
            (_score(one - level, noise, len(before), n), one)
            for one, n in ((_top(window), 3), (median(window), len(window)))
        )
        jump = top - level
        if score < self.score * strictness(self.alarm_rate) or jump <= 0:
            return None
        if jump < self.noise_units * shape.noise:
            return None
        back = _back(after, level + (1.0 - self.back_share) * jump, int(window.argmax()))
        if back is None and len(after) > self.wait_share * len(shape):
            return None
        end = None if back is None else int(shape.last_steps[at + back])
        return Bump(mark, int(mark.step), level, top, end, float(score))

    def _finding(self, view: View, bumps: list[Bump]) -> Finding:
        name = view.names[Role.TRAIN_LOSS]
        resumes = [bump for bump in bumps if not bump.mark.planned]
        told = resumes or bumps
        largest = max(told, key=lambda bump: bump.top - bump.before)
        shape = view.shapes[name]
        where = "where the run was resumed" if resumes else "where the learning rate restarts"
        times = f", {len(told)} times, most" if len(told) > 1 else ""
        statement = (
            f"{where}{times} at step {grouped(largest.onset)}, the loss jumps from "
            f"{number(largest.before, shape.noise)} to {number(largest.top, shape.noise)}"
            + (
                f" and is back by step {grouped(largest.end)}"
                if largest.end is not None
                else ", not yet back"
            )
        )
        return Finding(
            pattern=self.id,
            severity=Severity.WARNING if resumes else Severity.INFO,
            confidence=float(min(0.97, 0.7 + 0.01 * largest.score)),
            curve=name,
            onset_step=told[0].onset,
            end_step=max((bump.end or view.step) for bump in told),
            detected_at_step=view.step,
            resolved_at_step=largest.end,
            statement=statement,
            steps=tuple(bump.onset for bump in told),
            evidence=tuple(
                Evidence(
                    f"jump of {number(min(bump.score, 1e6))} standard errors",
                    name,
                    bump.onset,
                    bump.top,
                    bump.before,
                )
                for bump in told[:8]
            ),
            facts={
                "height": (largest.top - largest.before) / max(abs(largest.before), 1e-300),
                "n_events": float(len(told)),
                "recovered": float(largest.end is not None),
                "repeated": float(len(told) > 1),
                "planned": float(not resumes),
            },
        )


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
