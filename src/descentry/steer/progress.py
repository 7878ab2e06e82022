"""Progress: the next, harder part of a sorted set opens when the loss on the open part has little left to fall.

A power law (`law`) is fitted to the mean loss since the part was opened.  When the fall that it expects over the next
stretch, as long as the one so far, is a small share of the loss, the part has given what it has.
Our own rule; its spirit is that of self-paced learning (Kumar, Packer, Koller, 2010).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from descentry.record.errors import UsageError
from descentry.record.event import Event
from descentry.steer.course import Course
from descentry.steer.intake import Intake
from descentry.steer.law import fitted
from descentry.steer.protocol import Losses, State
from descentry.steer.saved import packed, unpack
from descentry.steer.shares import check_between


@dataclass(frozen=True, slots=True)
class ProgressSettings:
    """What may be turned; counts are in calls of `observe`."""

    start: float = 0.1
    """The share that is open at first; higher: less of a curriculum."""
    growth: float = 1.5
    """The share is multiplied by it when the next part opens; higher: fewer, larger parts."""
    spent: float = 0.02
    """The expected fall as a share of the loss, at and below which a part is spent; higher: parts open sooner."""
    least: int = 50
    """Calls that a part stands at least; higher: steadier laws."""
    most: int = 1000
    """Calls after which the next part opens in any case: so all is open in bounded time."""
    check_every: int = 10
    """Calls between two fits; higher: cheaper."""


class Progress:
    """A share that grows by the curve's own progress."""

    def __init__(self, settings: ProgressSettings | None = None) -> None:
        self.settings = settings or ProgressSettings()
        _check(self.settings)
        self._intake = Intake("progress")
        self._share = self.settings.start
        self._course, self._n_calls = Course(), 0

    @property
    def share(self) -> float:
        """The part that is open, from `start` to 1."""
        return self._share

    @property
    def events(self) -> Sequence[Event]:
        """What was odd so far."""
        return tuple(self._intake.events)

    def observe(self, step: int, losses: Losses) -> float:
        """The share, after the mean of these losses, which are of the open part."""
        usable = self._intake.take(step, losses)
        self._n_calls += 1
        if usable:
            self._course.add(float(self._n_calls), sum(usable.values()) / len(usable))
        if self._share < 1.0 and self._is_over():
            self._share = min(1.0, self._share * self.settings.growth)
            self._course, self._n_calls = Course(), 0
        return self._share

    def state_dict(self) -> State:
        """Plain JSON data, of bounded size."""
        own = {"share": self._share, "course": self._course.state(), "n_calls": self._n_calls}
        return packed(self._intake, self.settings, own)

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Goes on exactly where `state` was taken.  UsageError for a state it cannot take."""
        unpack(self._intake, self.settings, state, self._load)

    def _load(self, own: Mapping[str, Any]) -> None:
        course, share, n_calls = Course.of(own["course"]), float(own["share"]), int(own["n_calls"])
        self._course, self._share, self._n_calls = course, share, n_calls

    def _is_over(self) -> bool:
        settings = self.settings
        if self._n_calls >= settings.most:
            told = f"a part stood for {settings.most} calls; the next opens unspent"
            self._intake.tell("part_timed_out", told, warning=False)
            return True
        if self._n_calls < settings.least or self._n_calls % settings.check_every:
            return False
        return self._is_spent()

    def _is_spent(self) -> bool:
        """Whether the next stretch, as long as this one, is expected to bring little."""
        n, losses = self._course.closed()
        law = fitted(n, losses)
        if law is None:
            return False
        now = float(self._n_calls)
        return law.reducible(now) - law.reducible(2.0 * now) <= self.settings.spent * law.loss(now)


def _check(settings: ProgressSettings) -> None:
    check_between("progress", "start", settings.start, 1e-9, 1.0)
    check_between("progress", "growth", settings.growth, 1.001, 1e9)
    check_between("progress", "spent", settings.spent, 0.0, 1.0)
    if not 1 <= settings.least <= settings.most or settings.check_every < 1:
        raise UsageError(
            f"progress: least is {settings.least}, most {settings.most}, check_every {settings.check_every}; "
            "expected 1 <= least <= most and check_every of at least 1"
        )
