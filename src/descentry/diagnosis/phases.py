"""The course of a run in words: warm-up, fast descent, slow descent, plateau, rise, cool-down, and what broke it.

The training loss gives the descent, the schedule its warm-up and cool-down, findings what is no descent.  Where two
hold, the graver one is told.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from descentry.record.chunk import Floats
from descentry.record.finding import Finding
from descentry.record.report import Phase
from descentry.record.roles import Role
from descentry.signal.profile import Profile, profile
from descentry.signal.schedule import Schedule
from descentry.stream.outcome import Outcome

FAST_SHARE = 0.7
"""The descent is fast until this share of the whole fall is done."""
N_LEAST = 8
"""Bins below which a course has no phases."""
SHORTEST = 0.02
"""A stretch of less than this share of the bins is told only where it is no descent."""
DESCENTS = ("fast descent", "slow descent")
MEANS = {
    "plateau": "plateau",
    "underfit_capacity": "plateau",
    "flat": "flat",
    "oscillation": "oscillation",
    "divergence": "rise",
    "nan": "lost",
}
"""Patterns that fill a stretch, the graver last, and the phase that they make of it."""
AFTER = {"divergence": "after the rise", "nan": "after the loss was lost"}


def phases_of(outcome: Outcome, schedule: Schedule | None) -> tuple[Phase, ...]:
    """The phases in order, without overlap; empty where the training loss has fewer than eight points."""
    shape = outcome.view.shape(Role.TRAIN_LOSS)
    if shape is None or len(shape) < N_LEAST:
        return ()
    course = profile(shape)
    words = _descent(course)
    _by_schedule(words, course, schedule)
    _by_findings(words, course, [one for one in outcome.findings if one.explained_by is None])
    found = list(_joined(_smoothed(words), course))
    lost = next((one for one in outcome.findings if one.pattern == "nan" and one.end_step is None), None)
    if lost is not None and outcome.step > found[-1].last_step:
        # Values that are not finite make no bins.
        found.append(Phase("lost", max(lost.onset_step, found[-1].last_step + 1), outcome.step))
    return tuple(found)


def _descent(course: Profile) -> list[str]:
    y = np.minimum.accumulate(course.y)
    fall = float(course.y[0] - y[-1])
    if fall <= max(4.0 * course.wander, 1e-3 * abs(float(course.y[0]))):
        return ["level"] * len(course)
    return [
        "fast descent" if fast else "slow descent" for fast in (course.y[0] - y < FAST_SHARE * fall).tolist()
    ]


def _by_schedule(words: list[str], course: Profile, schedule: Schedule | None) -> None:
    if schedule is None or schedule.origin == "guessed":
        return
    if schedule.warmup_end is not None and schedule.kind != "one_cycle":
        _fill(words, course.starts < schedule.warmup_end, "warm-up")
    if schedule.kind == "wsd" and schedule.decay_start is not None:
        _fill(words, course.starts >= schedule.decay_start, "cool-down")
    if schedule.end is not None and schedule.kind not in ("step", "on_plateau"):
        _fill(words, course.starts >= schedule.end, "end of the schedule")


def _by_findings(words: list[str], course: Profile, leading: Sequence[Finding]) -> None:
    for finding in leading:
        if finding.pattern == "spike" and len(finding.steps) >= 3:
            _fill(words, _crowded(course, finding.steps), "instability")
    for pattern, word in MEANS.items():
        for finding in leading:
            if finding.pattern != pattern:
                continue
            stop = course.ends[-1] if finding.end_step is None else finding.end_step
            _fill(words, (course.ends >= finding.onset_step) & (course.starts <= stop), word)
            if finding.end_step is not None and pattern in AFTER:
                _fill(words, course.starts > stop, AFTER[pattern])


def _crowded(course: Profile, steps: Sequence[int]) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """The bins between spikes that lie within a tenth of the run of each other."""
    reach = 0.1 * float(course.ends[-1] - course.starts[0])
    inside = np.zeros(len(course), np.bool_)
    ordered = np.sort(np.asarray(steps, np.float64))
    for left, right in pairwise(ordered.tolist()):
        if right - left <= reach:
            inside |= (course.ends >= left) & (course.starts <= right)
    return inside


def _fill(words: list[str], where: Floats | np.ndarray[tuple[int], np.dtype[np.bool_]], word: str) -> None:
    for k in np.flatnonzero(where).tolist():
        words[k] = word


def _smoothed(words: list[str]) -> list[str]:
    """Descents too short to be seen take the word of their neighbour."""
    least = max(1, round(SHORTEST * len(words)))
    smooth = list(words)
    start = 0
    for k in range(1, len(words) + 1):
        if k == len(words) or words[k] != words[start]:
            if words[start] in DESCENTS and k - start < least and start > 0:
                smooth[start:k] = [smooth[start - 1]] * (k - start)
            start = k
    return smooth


def _joined(words: Sequence[str], course: Profile) -> Iterator[Phase]:
    start = 0
    for k in range(1, len(words) + 1):
        if k == len(words) or words[k] != words[start]:
            yield Phase(words[start], int(course.starts[start]), int(course.ends[k - 1]))
            start = k
