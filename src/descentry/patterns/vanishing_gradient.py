"""vanishing_gradient: the gradient norm sinks by orders of magnitude while the loss stands still, high up.

Test, on logarithms: the last stretch of the norm lies a hundredfold below its own highest settled level, and since it
left that level the loss has lost no more than a small share of its descent, at a good part of its first value.  The
norm of a run that converges falls as well, but its loss falls with it or is near its floor.  Where norms are logged by
layer: they shrink towards the input by a steady factor, a thousandfold in all, beside a plateau or a flat line.
Source: Pascanu et al. 2012, arXiv:1211.5063; Glorot & Bengio, AISTATS 2010 (norms by layer).
"""

import re
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from descentry.patterns.protocol import View
from descentry.record.chunk import Floats
from descentry.record.finding import Evidence, Finding, Severity
from descentry.record.roles import Role
from descentry.signal.alarms import DEFAULT_RATE, strictness
from descentry.signal.magnitude import logs, magnitude
from descentry.signal.profile import profile
from descentry.signal.robust import median
from descentry.signal.shape import Shape
from descentry.signal.words import grouped, number

_NUMBER = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class VanishingGradient:
    """The error signal dies."""

    id: ClassVar[str] = "vanishing_gradient"
    cadence: ClassVar[str] = "block"
    clock: ClassVar[tuple[Role, ...]] = (Role.GRAD_NORM, Role.TRAIN_LOSS)

    alarm_rate: float = DEFAULT_RATE
    """False alarms per healthy run, all detectors together.  Lower: later, surer."""
    factor: float = 100.0
    """Least fall of the norm below its settled level.  Higher: only gradients that are all but gone."""
    score: float = 6.0
    """Least fall in slow noise of a bin."""
    descent_share: float = 0.05
    """The most that the loss may fall since then, as a share of its descent before: more is progress."""
    start_share: float = 0.3
    """Least loss as a share of its first value: below, it has converged and small gradients are its due."""
    layer_factor: float = 2.0
    """Least factor from a layer to the next one towards the input."""
    layers_factor: float = 1000.0
    """Least factor from the last layer to the first."""
    n_layers: int = 4
    """Fewer layers show no steady factor."""
    n_least: int = 40
    """Fewer points have no settled level."""

    def judge(self, view: View) -> list[Finding]:
        return self._of_all(view) or self._by_layer(view)

    def _of_all(self, view: View) -> list[Finding]:
        shape, train = view.shape(Role.GRAD_NORM), view.shape(Role.TRAIN_LOSS)
        if shape is None or train is None or min(shape.n_points, train.n_points) < self.n_least:
            return []
        if not shape.largest > 0:
            return []
        norm = magnitude(shape)
        n = len(norm)
        width = max(3, n // 10)
        settled = norm.settled(width)[n // 20 : -width]
        before = float(settled.max(initial=-np.inf))
        now = max(median(norm.y[-width:]), median(norm.y[-max(2, width // 3) :]))
        fall = before - now
        score = self.score * strictness(
            self.alarm_rate, ended=view.ended, n_points=shape.n_points, n_first=self.n_least
        )
        if fall < max(np.log(self.factor), score * norm.slow):
            return []
        high = np.flatnonzero(norm.y > before - max(2.0 * norm.noise, 0.05 * fall))
        onset = min(int(high[-1]) + 1, n - 1) if len(high) else n - 1
        step = int(norm.course.starts[onset])
        if not self._stalls(train, step):
            return []
        return [_sunk(view, shape, step, float(np.exp(before)), now)]

    def _stalls(self, train: Shape, step: int) -> bool:
        """Whether the loss has stood still since a step, at a level that is not its end."""
        course = profile(train)
        at = int(np.searchsorted(course.ends, step))
        if len(course) - at < 4:
            return False
        k = max(2, (len(course) - at) // 4)
        then, now = median(course.y[at : at + k]), median(course.y[-k:])
        first = max(train.first, float(course.y[0]))
        descent = max(first - min(then, now), 2.0 * course.wander)
        return now >= self.start_share * first and then - now <= self.descent_share * descent

    def _by_layer(self, view: View) -> list[Finding]:
        """Norms that shrink towards the input, layer by layer, beside a loss that does not move."""
        stall = view.said("plateau") or view.said("flat") or view.said("underfit_capacity")
        norms = view.every(Role.MODULE_GRAD_NORM) if stall is not None else []
        if stall is None or len(norms) < self.n_layers:
            return []
        for layers in _families(norms):
            levels = logs(np.array([median(shape.levels[-max(1, len(shape) // 4) :]) for _, shape in layers]))
            if len(layers) >= self.n_layers and self._shrinks(levels):
                return [_shrunk(view, layers, levels, stall)]
        return []

    def _shrinks(self, levels: Floats) -> bool:
        """Whether logarithmic levels, input first, rise by a steady factor."""
        rises = np.diff(levels)
        whole = float(levels[-1] - levels[0])
        steady = float(np.mean(rises >= 0.5 * np.log(self.layer_factor))) >= 0.8
        return steady and median(rises) >= np.log(self.layer_factor) and whole >= np.log(self.layers_factor)


def _families(norms: list[tuple[str, Shape]]) -> list[list[tuple[str, Shape]]]:
    """The curves that differ by one number alone, in the order of that number."""
    families: dict[str, list[tuple[int, str, Shape]]] = {}
    for name, shape in norms:
        found = _NUMBER.search(name)
        if found is not None:
            family = name[: found.start()] + "#" + name[found.end() :]
            families.setdefault(family, []).append((int(found.group()), name, shape))
    return [
        [(name, shape) for _, name, shape in sorted(some, key=lambda one: one[0])]
        for some in families.values()
    ]


def _sunk(view: View, shape: Shape, step: int, before: float, now: float) -> Finding:
    name = view.names[Role.GRAD_NORM]
    level = median(shape.levels[-max(1, len(shape) // 20) :])
    left = "0" if level == 0 else number(level)
    statement = (
        f"the gradient norm sinks from {number(before)} to {left} since step {grouped(step)} "
        "while the loss stands still"
    )
    return Finding(
        pattern="vanishing_gradient",
        severity=Severity.WARNING,
        confidence=0.9,
        curve=name,
        onset_step=step,
        end_step=None,
        detected_at_step=view.step,
        statement=statement,
        evidence=(Evidence("the norm against its settled level", name, shape.last_step, level, before),),
        facts={
            "by_layer": 0.0,
            "zero": float(level == 0),
            "log10_fall": (float(np.log(before)) - now) / 2.3026,
        },
    )


def _shrunk(view: View, layers: list[tuple[str, Shape]], levels: Floats, stall: Finding) -> Finding:
    """As grave as the stall that it explains."""
    first, last = layers[0][0], layers[-1][0]
    factor = float(np.exp(median(np.diff(levels))))
    low, high = float(np.exp(levels[0])), float(np.exp(levels[-1]))
    statement = (
        f"gradient norms shrink towards the input by a factor of {number(factor)} a layer, from {number(high)} "
        f"({last}) to {number(low)} ({first}), while the loss stands still"
    )
    return Finding(
        pattern="vanishing_gradient",
        severity=stall.severity if stall.severity is Severity.CRITICAL else Severity.WARNING,
        confidence=0.85,
        curve=first,
        onset_step=stall.onset_step,
        end_step=None,
        detected_at_step=view.step,
        statement=statement,
        evidence=(Evidence(f"the first layer's norm against that of {last}", first, None, low, high),),
        facts={"by_layer": 1.0, "zero": 0.0, "log10_fall": float(levels[-1] - levels[0]) / 2.3026},
    )
