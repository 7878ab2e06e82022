"""The learning-rate schedule of a run: as logged, else as configured, else guessed from the loss, and said so."""

import math
from collections.abc import Iterator, Mapping

import numpy as np

from descentry.patterns.planned import schedule as logged
from descentry.record.finding import Finding
from descentry.record.roles import Role
from descentry.signal.profile import Profile, profile
from descentry.signal.schedule import Schedule
from descentry.signal.schedule_config import configured
from descentry.signal.words import grouped, number, percent
from descentry.stream.outcome import Outcome

GUESS = 0.45
"""Confidence of a schedule that only the loss speaks of: other things make drops and swings, too."""
KINK = 3.0
"""A late fall this many times as steep, per logarithm of steps, as the one before it looks like a cool-down."""

NAMES: Mapping[str, str] = {
    "constant": "a constant rate", "warmup": "a warm-up, then a constant rate", "step": "steps at planned places",
    "on_plateau": "cuts as the loss asked for them (reduce on plateau)", "exponential": "an exponential decay",
    "cosine": "a cosine", "linear": "a linear decay", "polynomial": "a polynomial decay",
    "inverse_sqrt": "an inverse square root", "inverse_time": "an inverse of the time",
    "wsd": "a stable rate, then a cool-down (WSD)",
    "warm_restarts": "a decay with warm restarts", "cyclical": "a cyclical rate", "one_cycle": "one cycle",
    "other": "no formula that is known",
}  # fmt: skip


def schedule_of(outcome: Outcome) -> Schedule | None:
    """The schedule and where it is known from; None where nothing tells."""
    view = outcome.view
    found = logged(view)
    if found is not None:
        return found
    shape = view.shape(Role.TRAIN_LOSS)
    if shape is None:
        return None
    planned = configured(outcome.config, shape.first_step, max(outcome.step, shape.last_step))
    return planned if planned is not None else _guessed(outcome, profile(shape))


def _guessed(outcome: Outcome, course: Profile) -> Schedule | None:
    """What the loss lets one suspect: stairs, bumps that come back, swings, a late steep fall."""
    first, last = int(course.starts[0]), int(course.ends[-1])
    stairs = _leading(outcome, "staircase")
    if stairs is not None and not stairs.facts.get("epoch_aligned", 0.0) >= 0.5:
        return Schedule(
            "step", math.nan, first, last, changes=stairs.steps, confidence=GUESS, origin="guessed"
        )
    for pattern, kind in (("restart_bump", "warm_restarts"), ("oscillation", "cyclical")):
        told = _leading(outcome, pattern)
        if told is not None and not outcome.resumes:
            return Schedule(
                kind, math.nan, first, last, changes=told.steps, confidence=GUESS, origin="guessed"
            )
    kink = late_kink(course)
    if kink is not None:
        at = int(course.starts[kink])
        return Schedule(
            "wsd", math.nan, first, last, decay_start=at, changes=(at,), confidence=GUESS, origin="guessed"
        )
    return None


def _leading(outcome: Outcome, pattern: str) -> Finding | None:
    return next(
        (one for one in outcome.findings if one.pattern == pattern and one.explained_by is None), None
    )


def late_kink(course: Profile) -> int | None:
    """The bin from which the loss falls at once far faster than before, late in the run; None without one.

    Levels over the logarithm of the steps are nearly straight late in a descent; two lines that meet are fitted to
    the last two thirds.  The second must be `KINK` times as steep and leave the first by more than noise.
    """
    m = len(course)
    if m < 40:
        return None
    start = m // 3
    x = np.log(course.x[start:] - course.starts[0] + 1.0)
    y = course.y[start:]
    n = len(y)
    best, at = math.inf, -1
    for k in range(n // 3, n - max(4, n // 10)):
        left = np.polyfit(x[:k], y[:k], 1)
        right = np.polyfit(x[k:], y[k:], 1)
        error = float(
            ((y[:k] - np.polyval(left, x[:k])) ** 2).sum() + ((y[k:] - np.polyval(right, x[k:])) ** 2).sum()
        )
        if error < best:
            best, at = error, k
    before, after = np.polyfit(x[:at], y[:at], 1), np.polyfit(x[at:], y[at:], 1)
    missed = float(np.polyval(before, x[-1]) - y[-1])
    noise = max(course.wander, math.sqrt(best / n))
    steeper = after[0] < KINK * min(float(before[0]), 0.0) and after[0] < 0
    return (
        start + at if steeper and missed > 6.0 * noise and missed > 0.02 * float(np.ptp(course.y)) else None
    )


def as_mapping(found: Schedule | None) -> Mapping[str, object] | None:
    """The `schedule` of a report: kind, where it is known from, its figures, and a sentence; NaN becomes None."""
    if found is None:
        return None
    return {
        "kind": found.kind,
        "origin": found.origin,
        "confidence": found.confidence,
        "peak": _known(found.peak),
        "final_share": _known(found.final_share) if found.origin == "logged" else None,
        "warmup_share": found.warmup_share,
        "warmup_end": found.warmup_end,
        "decay_start": found.decay_start,
        "end": found.end,
        "changes": list(found.changes),
        "decay": found.decay,
        "residual": found.residual if found.origin == "logged" else None,
        "statement": "".join(_sentence(found)),
    }


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value


def _sentence(found: Schedule) -> Iterator[str]:
    yield {"logged": "the learning rate follows ", "configured": "the settings name ",
           "guessed": "not logged; the loss looks like "}[found.origin]  # fmt: skip
    yield NAMES[found.kind]
    if found.origin == "logged" and found.peak > 0:
        yield f", peak {number(found.peak)}"
    if found.warmup_end is not None and found.kind not in ("warmup", "one_cycle"):
        yield f", after a warm-up to step {grouped(found.warmup_end)}"
    if found.kind in ("step", "on_plateau", "warm_restarts") and found.changes:
        shown = ", ".join(grouped(step) for step in found.changes[:5])
        yield f", at step {shown}{', …' if len(found.changes) > 5 else ''}"
    if found.kind == "wsd" and found.decay_start is not None:
        yield f", the cool-down from step {grouped(found.decay_start)}"
    if found.end is not None and found.kind not in ("step", "on_plateau"):
        yield f", at its end since step {grouped(found.end)}"
    elif found.origin == "logged" and found.kind not in ("constant", "warmup") and found.final_share > 0.02:
        yield f", at {percent(found.final_share)} of its peak when the log ends"
