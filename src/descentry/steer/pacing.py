"""Competence: how much of a set that is sorted by difficulty stands open after so many steps.

Platanios, Stretcu, Neubig, Poczos, Mitchell: Competence-based Curriculum Learning for Neural Machine Translation
(2019), arXiv:1903.09848:  c(t) = min(1, (t (1 - c_0^p) / T + c_0^p)^(1/p)), with p = 2 the paper's square root.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from descentry.record.errors import UsageError
from descentry.record.event import Event
from descentry.steer.intake import Intake
from descentry.steer.protocol import Losses, State
from descentry.steer.saved import packed, unpack
from descentry.steer.shares import check_between


@dataclass(frozen=True, slots=True)
class CompetenceSettings:
    """What may be turned."""

    n_steps: int
    """T: the step at which all is open; higher: a slower curriculum."""
    start: float = 0.01
    """c_0: the share that is open at step 0; higher: less of a curriculum."""
    power: float = 2.0
    """p; higher: it opens faster at first, more slowly later; 1 is a line."""


class Competence:
    """A share that grows with the step alone; it takes losses, as every steerer does, and does not use them."""

    def __init__(self, settings: CompetenceSettings) -> None:
        self.settings = settings
        check_between("competence", "start", settings.start, 1e-9, 1.0)
        check_between("competence", "power", settings.power, 0.1, 100.0)
        if settings.n_steps < 1:
            raise UsageError(f"competence: n_steps is {settings.n_steps}, expected at least 1")
        self._intake = Intake("competence")
        self._share = settings.start

    @property
    def share(self) -> float:
        """The part that is open, from `start` to 1."""
        return self._share

    @property
    def events(self) -> Sequence[Event]:
        """What was odd so far."""
        return tuple(self._intake.events)

    def observe(self, step: int, losses: Losses | None = None) -> float:
        """The share, after this step; it never falls."""
        self._intake.take(step, losses or {})
        self._share = max(self._share, competence(step, self.settings))
        return self._share

    def state_dict(self) -> State:
        """Plain JSON data."""
        return packed(self._intake, self.settings, {"share": self._share})

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Goes on exactly where `state` was taken.  UsageError for a state it cannot take."""
        unpack(self._intake, self.settings, state, self._load)

    def _load(self, own: Mapping[str, Any]) -> None:
        self._share = float(own["share"])


def competence(step: int, settings: CompetenceSettings) -> float:
    """c(t), from `start` at step 0 or before to 1 at `n_steps` and after."""
    done = min(max(step / settings.n_steps, 0.0), 1.0)
    least = settings.start**settings.power
    return float(min(1.0, (done * (1.0 - least) + least) ** (1.0 / settings.power)))


def open_count(share: float, n_examples: int) -> int:
    """How many of `n_examples`, sorted from easy to hard, stand open: at least one, where there is one."""
    return min(n_examples, max(1, round(share * n_examples))) if n_examples > 0 else 0
