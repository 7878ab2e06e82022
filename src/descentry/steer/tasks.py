"""Weights for the losses of tasks or modalities, from the losses alone; their mean is 1.

`UncertaintyWeighting`: Kendall, Gal, Cipolla: Multi-Task Learning Using Uncertainty to Weigh Losses (2018),
arXiv:1705.07115.  Its learned noise s_k minimises L_k / (2 s_k^2) + ln s_k (L_k / s_k^2 + ln s_k for classes); the
minimum is at s_k^2 = L_k (2 L_k), so either way the weight is 1 / (2 L_k): here of a running mean of the loss.
`DynamicWeightAverage`: Liu, Johns, Davison: End-to-End Multi-Task Learning with Attention (2019), arXiv:1803.10704:
K softmax(r / T) with r_k the mean loss of the last period over that of the one before: what falls slowly weighs more.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from descentry.record.errors import UsageError
from descentry.record.event import Event
from descentry.steer.intake import Intake
from descentry.steer.protocol import Losses, State
from descentry.steer.saved import packed, unpack
from descentry.steer.shares import check_between, floored

MAX_RATIO = 10.0
"""A loss that grew tenfold in a period has blown up: it weighs no more for growing further."""


@dataclass(frozen=True, slots=True)
class UncertaintySettings:
    """What may be turned."""

    half_life: float = 100.0
    """Calls after which a loss counts half in the running mean; higher: steadier, slower weights."""
    floor: float = 0.01
    """The least weight; higher: nearer to equal.  It also bounds how much a loss near 0 can weigh."""


class UncertaintyWeighting:
    """Weights of one over the running loss, mean 1: a task in larger units counts no more than the others."""

    def __init__(self, tasks: Sequence[str] = (), settings: UncertaintySettings | None = None) -> None:
        self.settings = settings or UncertaintySettings()
        check_between("uncertainty", "half_life", self.settings.half_life, 1e-3, 1e12)
        check_between("uncertainty", "floor", self.settings.floor, 0.0, 1.0)
        self._intake = Intake("uncertainty", non_negative=True)
        self._means: dict[str, list[float]] = {}
        self._intake.begin(tasks)

    @property
    def weights(self) -> dict[str, float]:
        """A weight for each task, mean 1; a task without a loss so far has weight 1."""
        names = [name for name in self._intake.names if name in self._means]
        weights = dict.fromkeys(self._intake.names, 1.0)
        if names:
            lowest = min(self._mean(name) for name in names)
            shares = np.array([lowest / self._mean(name) for name in names])
            shares = floored(shares, self.settings.floor / len(names))
            weights |= {name: float(share) * len(names) for name, share in zip(names, shares, strict=True)}
        return weights

    @property
    def events(self) -> Sequence[Event]:
        """What was odd so far."""
        return tuple(self._intake.events)

    def observe(self, step: int, losses: Losses) -> dict[str, float]:
        """The weights, after these losses; those below 0 are left aside."""
        keep = 0.5 ** (1.0 / self.settings.half_life)
        for name, loss in self._intake.take(step, losses).items():
            total, weight = self._means.get(name, [0.0, 0.0])
            self._means[name] = [keep * total + (1.0 - keep) * loss, keep * weight + (1.0 - keep)]
        return self.weights

    def state_dict(self) -> State:
        """Plain JSON data: two numbers for each task."""
        return packed(
            self._intake, self.settings, {"means": {name: list(pair) for name, pair in self._means.items()}}
        )

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Goes on exactly where `state` was taken.  UsageError for a state it cannot take."""
        unpack(self._intake, self.settings, state, self._load)

    def _load(self, own: Mapping[str, Any]) -> None:
        self._means = {
            str(name): [float(total), float(weight)] for name, (total, weight) in own["means"].items()
        }

    def _mean(self, name: str) -> float:
        total, weight = self._means[name]
        return max(total / weight, 1e-300)


@dataclass(frozen=True, slots=True)
class DwaSettings:
    """What may be turned."""

    period: int = 100
    """Calls that make one period (the paper's epoch); higher: steadier, slower weights."""
    temperature: float = 2.0
    """T; higher: nearer to equal weights."""


class DynamicWeightAverage:
    """Weights by how slowly each loss fell from the last period but one to the last, mean 1; equal until then."""

    def __init__(self, tasks: Sequence[str] = (), settings: DwaSettings | None = None) -> None:
        self.settings = settings or DwaSettings()
        check_between("dwa", "temperature", self.settings.temperature, 1e-3, 1e6)
        if self.settings.period < 1:
            raise UsageError(f"dwa: period is {self.settings.period}, expected at least 1")
        self._intake = Intake("dwa", non_negative=True)
        self._sums: dict[str, list[float]] = {}
        self._last: dict[str, float] = {}
        self._ratios: dict[str, float] = {}
        self._intake.begin(tasks)

    @property
    def weights(self) -> dict[str, float]:
        """A weight for each task, mean 1; a task without two periods stands as one whose loss stays where it is."""
        names = self._intake.names
        if not names:
            return {}
        ratios = np.array([self._ratios.get(name, 1.0) for name in names])
        powers = np.exp((ratios - ratios.max()) / self.settings.temperature)
        return dict(zip(names, map(float, len(names) * powers / powers.sum()), strict=True))

    @property
    def events(self) -> Sequence[Event]:
        """What was odd so far."""
        return tuple(self._intake.events)

    def observe(self, step: int, losses: Losses) -> dict[str, float]:
        """The weights, after these losses; those below 0 are left aside."""
        for name, loss in self._intake.take(step, losses).items():
            total, n = self._sums.get(name, [0.0, 0.0])
            self._sums[name] = [total + loss, n + 1.0]
        if self._intake.n_calls % self.settings.period == 0:
            self._close()
        return self.weights

    def state_dict(self) -> State:
        """Plain JSON data: four numbers for each task."""
        own = {
            "sums": {name: list(pair) for name, pair in self._sums.items()},
            "last": dict(self._last),
            "ratios": dict(self._ratios),
        }
        return packed(self._intake, self.settings, own)

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Goes on exactly where `state` was taken.  UsageError for a state it cannot take."""
        unpack(self._intake, self.settings, state, self._load)

    def _load(self, own: Mapping[str, Any]) -> None:
        sums = {str(name): [float(total), float(n)] for name, (total, n) in own["sums"].items()}
        last = {str(name): float(value) for name, value in own["last"].items()}
        ratios = {str(name): float(value) for name, value in own["ratios"].items()}
        self._sums, self._last, self._ratios = sums, last, ratios

    def _close(self) -> None:
        """Ends a period: a task without a loss in it keeps its ratio and its last mean."""
        for name, (total, n) in self._sums.items():
            mean = total / n
            if self._last.get(name, 0.0) > 0:
                self._ratios[name] = min(mean / self._last[name], MAX_RATIO)
            self._last[name] = mean
        self._sums = {}
