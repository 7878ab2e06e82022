"""objective_tradeoff: one objective, domain, language or modality improves as another worsens or stalls.

Tests between losses of one split that are named for their part.  Worsens: one lies above its own lowest settled level
by `score` standard errors of slow noise, by a share of its descent and of its level, and since then another one has
fallen as surely.  Stalls: of two that start alike, as heads with as many classes do, one has lost most of its first
value and the other hardly any, all of it early on.  Helpers (regularisers, critics, adversaries, routers) rise and
stall by design and are left out; so are parts whose floors differ, unless they rise.
Source: Yu et al. 2020, arXiv:2001.06782; Loss Curve Analysis in LLM Training (2025), on multimodal runs.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import permutations
from typing import ClassVar

import numpy as np

from descentry.patterns.protocol import View
from descentry.record.finding import Evidence, Finding, Severity
from descentry.record.roles import Role
from descentry.signal.alarms import DEFAULT_RATE, strictness
from descentry.signal.profile import Profile, profile
from descentry.signal.robust import median
from descentry.signal.shape import Shape
from descentry.signal.trend import slow_noise
from descentry.signal.words import grouped, number
from descentry.sources.loss_names import LossName, loss_name

_ROLES = (Role.OTHER_LOSS, Role.LOSS_PART, Role.VAL_LOSS_PART, Role.TRAIN_LOSS, Role.VAL_LOSS)
_HELPERS = frozenset(
    {"kl", "commit", "codebook", "vq", "adversarial", "adv", "entropy", "unsup", "epoch", "kd"}
)
_OWN_FLOORS = frozenset({
    "box", "bbox", "obj", "center", "cls", "class", "dfl", "rpn", "rcnn", "mask", "loc", "conf", "giou", "iou",
    "keypoint", "smoothl1", "mlm", "nsp", "seg", "depth", "mse", "l1", "perceptual", "recon",
})  # fmt: skip
MAX_OBJECTIVES = 24
"""Losses of one split that are compared with each other; more domains than that are judged by the first ones."""


@dataclass(frozen=True, slots=True)
class Objective:
    """One loss with its course."""

    name: str
    loss: LossName
    shape: Shape
    course: Profile


@dataclass(frozen=True, slots=True)
class ObjectiveTradeoff:
    """What one objective gains another loses."""

    id: ClassVar[str] = "objective_tradeoff"
    cadence: ClassVar[str] = "block"
    clock: ClassVar[tuple[Role, ...]] = (Role.TRAIN_LOSS,)

    alarm_rate: float = DEFAULT_RATE
    """False alarms per healthy run, all detectors together.  Lower: later, surer."""
    score: float = 6.0
    """Standard errors of slow noise by which one must rise and the other fall.  Higher: later, surer."""
    descent_share: float = 0.05
    """Least rise as a share of what the objective had gained."""
    level_share: float = 0.02
    """Least rise, and least fall of the other, as a share of the level."""
    gained: float = 0.6
    """Share of its first value that an objective must have lost for another to have been left behind."""
    left: float = 0.35
    """The most that the one left behind may have lost."""
    late_share: float = 0.25
    """The most of its fall that may come after the first third: more is slow progress."""
    alike: float = 1.5
    """Largest ratio of first values that are alike."""
    n_least: int = 20
    """Fewer points show no course."""
    n_wait: int = 100
    """Points of a live run before its objectives are compared."""

    def judge(self, view: View) -> list[Finding]:
        for some in _splits(view, self.n_least if view.ended else self.n_wait):
            for worse, better in permutations(some, 2):
                onset = self._worsens(view, worse, better)
                if onset is not None:
                    return [_finding(view, worse, better, onset, "worsens")]
            for behind, ahead in permutations(some, 2):
                if self._stalls(view, behind, ahead):
                    return [_finding(view, behind, ahead, 0, "stalls")]
        return []

    def _worsens(self, view: View, worse: Objective, better: Objective) -> int | None:
        """The bin of the lowest level of `worse`, where it rises from there while `better` falls."""
        y, n = worse.course.y, len(worse.course)
        k, width = max(3, n // 20), max(3, n // 12)
        levels = np.lib.stride_tricks.sliding_window_view(y[:-k], width).mean(axis=1)
        at = int(levels.argmin()) + width // 2
        if at < n // 20 or n - at < 2 * k:
            return None
        lowest, now = median(y[max(0, at - width // 2) : at + width // 2 + 1]), median(y[-k:])
        rise, descent = now - lowest, float(y[:3].max()) - lowest
        score = self.score * strictness(
            self.alarm_rate, ended=view.ended, n_points=worse.shape.n_points, n_first=self.n_wait, n_bins=n
        )
        least = max(
            score * _error(worse, width, k), self.descent_share * descent, self.level_share * abs(lowest)
        )
        if rise < least or descent <= 0:
            return None
        begin = int(np.searchsorted(better.course.ends, worse.course.x[at]))
        other = better.course.y
        then = median(other[max(0, begin - width // 2) : begin + width // 2 + 1])
        fall = then - median(other[-max(3, len(other) // 10) :])
        sure = fall >= max(score * _error(better, width, k), self.level_share * abs(then))
        return at if sure else None

    def _stalls(self, view: View, behind: Objective, ahead: Objective) -> bool:
        """Whether one of two that began alike has been left behind from early on."""
        if (_OWN_FLOORS & set(behind.loss.part.split())) or len(behind.course) < 2 * self.n_least:
            return False
        if not view.ended and behind.shape.n_points < 200:
            return False
        first, other = _first(behind), _first(ahead)
        if min(first, other) <= 0 or max(first, other) > self.alike * min(first, other):
            return False
        y, n = behind.course.y, len(behind.course)
        now, third = median(y[-max(3, n // 10) :]), median(y[n // 3 - n // 20 : n // 3 + n // 20 + 1])
        gained = 1.0 - median(ahead.course.y[-max(3, len(ahead.course) // 10) :]) / other
        fall = first - now
        # A rise that only comes back to where it began is no progress.
        late = min(third, first) - now
        still = late <= max(self.late_share * fall, 2.0 * _error(behind, 10, 10))
        return gained >= self.gained and -0.25 * first <= fall <= self.left * first and still


@lru_cache(maxsize=1024)
def _named(name: str) -> LossName | None:
    """What the name says of an objective; None for a whole loss, for helpers and for what leads a game of two."""
    loss = loss_name(name)
    if loss is None or not loss.part or loss.is_auxiliary or loss.leads:
        return None
    return None if _HELPERS & set(loss.part.split()) else loss


def _splits(view: View, n_least: int) -> Iterator[list[Objective]]:
    """The objectives of each split that has at least two."""
    splits: dict[str, dict[str, Objective]] = {}
    for name, shape in view.every(*_ROLES):
        loss = _named(name)
        if loss is not None and shape.n_points >= n_least:
            some = splits.setdefault(loss.split, {})
            if loss.part not in some and len(some) < MAX_OBJECTIVES:
                some[loss.part] = Objective(name, loss, shape, profile(shape))
    for some in splits.values():
        if len(some) > 1:
            yield list(some.values())


def _error(one: Objective, n_first: int, n_last: int) -> float:
    """The error of the difference of two means of so many bins."""
    return 1.25 * slow_noise(one.course.y) * float(np.sqrt(1.0 / n_first + 1.0 / n_last))


def _first(one: Objective) -> float:
    """The value at which an objective begins, of three points at least."""
    return median(one.shape.levels[: max(3, len(one.shape) // 200)])


def _finding(view: View, worse: Objective, better: Objective, at: int, how: str) -> Finding:
    step = int(worse.course.starts[at])
    then, now = float(worse.course.y[at]), median(worse.course.y[-3:])
    other_then, other_now = better.shape.level_at(step), median(better.course.y[-3:])
    if how == "stalls":
        then, other_then = _first(worse), _first(better)
    said = f"rises from {number(then)} to {number(now)} since step {grouped(step)}"
    if how == "stalls":
        said = f"stays behind, at {number(now)} after {number(then)} at first,"
    statement = (
        f"{worse.name} {said} while {better.name} falls from {number(other_then)} to {number(other_now)}"
    )
    return Finding(
        pattern="objective_tradeoff",
        severity=Severity.WARNING,
        confidence=0.85,
        curve=worse.name,
        onset_step=step,
        end_step=None,
        detected_at_step=view.step,
        statement=statement,
        evidence=(
            Evidence("the one that pays", worse.name, worse.shape.last_step, now, then),
            Evidence("the one that gains", better.name, better.shape.last_step, other_now, other_then),
        ),
        facts={"stalls": float(how == "stalls"), "worsens": float(how == "worsens"),
               "never_moved": float(how == "stalls" and then - now < 0.05 * then),
               "on_validation": float(worse.loss.split != "train")},
    )  # fmt: skip
