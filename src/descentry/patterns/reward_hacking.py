"""reward_hacking: the reward climbs while a held-out preference falls, or the KL to the reference blows up.

Tests.  Preference: its last level after the highest one lies below it by `score` standard errors, widened where few
evaluations tell the noise, by four times the largest move against the course (what wanders slowly makes such moves all
the time), and by a share of its range; since then the reward has not fallen.  Half of that is enough where the KL has
bent upwards.  KL, where no preference is logged: its last third has grown three times as much as the third before, to
`kl_growth` times its level at half time and above `kl_least` nats, and the reward climbs on.  A KL that grows evenly,
and slows down, is what learning costs.
Source: Gao et al., Scaling laws for reward model overoptimization, 2022, arXiv:2210.10760.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from descentry.patterns.protocol import View
from descentry.record.chunk import Floats
from descentry.record.finding import Evidence, Finding, Severity
from descentry.record.roles import Role
from descentry.signal.alarms import DEFAULT_RATE, strictness
from descentry.signal.growth import growth
from descentry.signal.profile import profile
from descentry.signal.robust import median, row_medians, windows
from descentry.signal.shape import Shape
from descentry.signal.trend import slow_noise
from descentry.signal.words import grouped, number


@dataclass(frozen=True, slots=True)
class RewardHacking:
    """The policy exploits its reward."""

    id: ClassVar[str] = "reward_hacking"
    cadence: ClassVar[str] = "block"
    clock: ClassVar[tuple[Role, ...]] = (Role.REWARD, Role.TRAIN_LOSS)

    alarm_rate: float = DEFAULT_RATE
    """False alarms per healthy run, all detectors together.  Lower: later, surer."""
    score: float = 6.0
    """Standard errors by which the preference must fall, slow noise included.  Higher: later, surer."""
    range_share: float = 0.1
    """Least fall of the preference as a share of its range."""
    against: float = 4.0
    """Least fall in units of the largest move against the course, down before its top or up after it: what wanders
    slowly makes such moves all the time, and a turn makes one."""
    beside_kl: float = 0.5
    """What of both is asked for where the KL has bent upwards, another sign by itself.  Higher: later, surer."""
    kl_growth: float = 4.0
    """Least growth of the KL since half time."""
    kl_least: float = 10.0
    """Nats below which a policy is still near its reference (Gao et al. find the turn near sqrt(KL) = 3)."""
    kl_bend: float = 3.0
    """Growth in the last third over that in the third before.  Higher: only explosions."""
    n_least: int = 40
    """Fewer rewards show no climb."""
    n_judged: int = 8
    """Fewer judgements show no turn."""
    n_wait: int = 7
    """Judgements of a live run before a turn is believed."""

    def judge(self, view: View) -> list[Finding]:
        reward = view.shape(Role.REWARD)
        if reward is None or reward.n_points < self.n_least:
            return []
        held = [
            one
            for one in view.every(Role.PREFERENCE)
            if one[1].n_points >= (self.n_judged if view.ended else self.n_wait)
        ]
        for name, shape in held:
            found = self._turned(view, reward, name, shape)
            if found is not None:
                return [found]
        for name, shape in [] if held else view.every(Role.KL):
            found = self._blown(view, reward, name, shape)
            if found is not None:
                return [found]
        return []

    def _turned(self, view: View, reward: Shape, name: str, shape: Shape) -> Finding | None:
        """The preference has turned down while the reward has not."""
        course = profile(shape)
        width = 3 if len(course) < 24 else 5
        smooth = row_medians(windows(course.y, width))
        at = int(smooth.argmax()) + width // 2
        after = course.y[at + 1 :]
        if len(after) < width // 2 + 2 or at < 2:
            return None
        k = max(2, len(after) // 4)
        high, now = float(smooth.max()), max(median(after[-k:]), median(after[-2:]))
        noise = max(course.wander, slow_noise(course.y[:at]) if at >= self.n_judged else 0.0)
        error = 1.25 * noise * float(np.sqrt(1.0 / k + 1.0 / width))
        score = self.score * strictness(
            self.alarm_rate,
            ended=view.ended,
            n_points=shape.n_points,
            n_first=self.n_wait,
            n_bins=len(course),
        )
        weight = self.beside_kl if any(self._bends(kl) for _, kl in view.every(Role.KL)) else 1.0
        fall, extent = high - now, high - float(course.y.min())
        noisy = max(score * error, self.against * _against(course.y, at))
        least = max(weight * noisy, self.range_share * extent)
        if fall <= least or not _climbs(reward, course.x[at]):
            return None
        return _finding(
            view, reward, name, shape, int(course.x[at]),
            f"falls from {number(high)} to {number(now)}", (now, high), {"by_preference": 1.0},
        )  # fmt: skip

    def _bends(self, kl: Shape) -> bool:
        """Whether the KL has come to grow faster than it did, and goes on."""
        if kl.n_points < self.n_least:
            return False
        found = growth(profile(kl).y)
        return found is not None and found.score >= 2.0 * self.score

    def _blown(self, view: View, reward: Shape, name: str, shape: Shape) -> Finding | None:
        """The KL grows ever faster while the reward climbs on."""
        course = profile(shape)
        y, n = course.y, len(course)
        if shape.n_points < self.n_least:
            return None
        k = max(2, n // 20)
        first, second, now = (median(y[max(0, at - k) : at + k]) for at in (n // 3, 2 * n // 3, n - 1))
        half = median(y[n // 2 - k : n // 2 + k])
        bends = now - second >= self.kl_bend * max(second - first, 0.0) + 6.0 * course.wander
        if not bends or now < self.kl_least or now < self.kl_growth * max(half, 1e-12):
            return None
        calm = np.flatnonzero(y <= half + 0.1 * (now - half))
        at = min(int(calm[-1]) + 1, n - 1)
        if not _climbs(reward, course.x[at]):
            return None
        return _finding(
            view, reward, name, shape, int(course.starts[at]),
            f"blows up from {number(half)} to {number(now)}", (now, half), {"by_preference": 0.0},
        )  # fmt: skip


def _against(y: Floats, top: int) -> float:
    """The deepest fall before the value numbered `top`, or the largest rise after it, of float64[n]."""
    before, after = y[: top + 1], y[top:]
    fall = float((np.maximum.accumulate(before) - before).max())
    return max(fall, float((after - np.minimum.accumulate(after)).max()))


def _climbs(reward: Shape, step: float) -> bool:
    """Whether the reward has climbed in the run, and has not fallen by more than noise since a step."""
    y = profile(reward).y
    k = max(3, len(y) // 10)
    now, then = median(y[-k:]), reward.level_at(step)
    whole = now - median(y[:k])
    error = 1.25 * slow_noise(y) * float(np.sqrt(2.0 / k))
    return whole > 4.0 * error and now >= then - 2.0 * max(error, 0.5 * profile(reward).wander)


def _finding(
    view: View, reward: Shape, name: str, shape: Shape, step: int, what: str, observed: tuple[float, float],
    facts: dict[str, float],
) -> Finding:  # fmt: skip
    climbed = profile(reward).y
    before, now = reward.level_at(step), median(climbed[-max(3, len(climbed) // 10) :])
    kl = view.shape(Role.KL)
    if kl is not None:
        at = kl.level_at(step)
        facts["kl_growth"] = median(kl.levels[-max(1, len(kl) // 20) :]) / max(abs(at), 1e-12)
        facts["kl_last"] = median(kl.levels[-max(1, len(kl) // 20) :])
    statement = f"the reward goes from {number(before)} to {number(now)} while {name} {what} since step {grouped(step)}"
    return Finding(
        pattern="reward_hacking",
        severity=Severity.CRITICAL,
        confidence=0.9 if facts["by_preference"] else 0.75,
        curve=view.names[Role.REWARD],
        onset_step=step,
        end_step=None,
        detected_at_step=view.step,
        statement=statement,
        evidence=(
            Evidence(f"{name} against its level at the onset", name, shape.last_step, *observed),
            Evidence("the reward since then", view.names[Role.REWARD], reward.last_step, now, before),
        ),
        facts=facts,
    )
