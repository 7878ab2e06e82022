"""One series on its way through the stream: its figures, its reduction, the detectors that watch it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from descentry.patterns.protocol import PointDetector, Points, View
from descentry.record.chunk import Floats, Ints
from descentry.record.event import Event
from descentry.record.finding import Finding
from descentry.record.roles import LOSS_ROLES, Role
from descentry.signal.summary import Summary
from descentry.sources.score_names import direction
from descentry.stream.tally import Tally

WATCHED = LOSS_ROLES | {
    Role.LEARNING_RATE, Role.GRAD_NORM, Role.LOSS_SCALE, Role.SKIPPED_STEPS, Role.EPOCH, Role.WEIGHT_NORM,
    Role.UPDATE_RATIO, Role.ACCURACY, Role.VAL_ACCURACY, Role.REWARD, Role.KL, Role.ENTROPY,
    Role.DATA_VERSION, Role.MODULE_GRAD_NORM, Role.DEAD_UNITS, Role.SATURATION, Role.MAX_LOGIT,
    Role.ATTENTION_ENTROPY, Role.PREFERENCE, Role.THROUGHPUT, Role.PERPLEXITY, Role.VAL_PERPLEXITY,
}  # fmt: skip
"""Roles whose curves are reduced for the judges; the others are only counted, metrics of a known direction excepted."""
N_SUPERSEDED = 64
"""Levels that are kept of what a resumed run writes again: enough for the level there, bounded for any log."""
MAX_MANY = 256
"""Curves of `MANY_ROLES` that are reduced: a model that logs each of its thousand matrices is watched by a part."""

LARGEST = 1e150
"""No training gives a value beyond: judges are given infinity for it, since squares of it are not finite."""


@dataclass
class Track:
    """State of one series.  `summary` is None for a series that no judge reads.

    `superseded`: of a training loss, by the step to which the log went back, the first levels that stood from there on.
    """

    name: str
    role: Role | None
    tally: Tally = field(default_factory=Tally)
    summary: Summary | None = None
    watchers: list[tuple[PointDetector, Any]] = field(default_factory=list)
    superseded: dict[int, Floats] = field(default_factory=dict)

    def push_one(self, step: int, value: float) -> bool:
        """Take one point; True when a detector has something new to say.  The scalar form of `push`."""
        self.tally.add(step, value)
        if self.summary is None:
            return False
        if value > LARGEST or value < -LARGEST:
            value = math.copysign(math.inf, value)
        self.summary.add(step, value)
        news = False
        for detector, state in self.watchers:
            news |= detector.update_one(state, step, value)
        return news

    def push(self, steps: Ints, values: Floats) -> bool:
        """Take consecutive points, at least one; True when a detector has something new to say."""
        self.tally.extend(steps, values)
        if self.summary is None or self.role is None:
            return False
        values = believed(values)
        self.summary.extend(steps, values)
        points = Points(self.name, self.role, steps, values)
        news = False
        for detector, state in self.watchers:
            news |= detector.update(state, points)
        return news

    def restart(self, step: int) -> None:
        """The log goes back to `step`: what stood from there on is superseded."""
        if self.summary is None:
            return
        superseded = self.summary.shape().since(step)
        self.summary.rewind(step)
        if self.role is Role.TRAIN_LOSS:
            self.superseded = {at: levels for at, levels in self.superseded.items() if at < step}
            self.superseded[step] = superseded.levels[:N_SUPERSEDED].copy()
        for detector, state in self.watchers:
            detector.restart(state, step, superseded)

    def current(self, view: View) -> list[Finding]:
        """What the detectors of single points say of this series now."""
        return [finding for detector, state in self.watchers for finding in detector.current(state, view)]


def believed(values: Floats) -> Floats:
    """The values, float64[n], those beyond `LARGEST` as infinities."""
    beyond = (values > LARGEST) | (values < -LARGEST)
    return np.where(beyond, np.copysign(np.inf, values), values) if beyond.any() else values


def track(
    name: str, role: Role | None, detectors: Sequence[PointDetector], *, has_room: bool = True
) -> Track:
    """A fresh track, watched by the detectors that care for its role; only counted where there is no room."""
    is_score = role is Role.METRIC and direction(name) != 0
    if role is None or not has_room or not (role in WATCHED or is_score):
        return Track(name, role)
    watchers = [(one, one.init(name, role)) for one in detectors if role in one.roles]
    return Track(name, role, Tally(), Summary(), watchers)


def unwatched(n_many: int) -> list[Event]:
    """What is told of `n_many` series by module, layer or domain when they are more than are watched."""
    if n_many <= MAX_MANY:
        return []
    text = f"{n_many} series are logged by module, layer or domain: the first {MAX_MANY} are watched"
    return [Event("unwatched", text, count=n_many - MAX_MANY, warning=False)]
