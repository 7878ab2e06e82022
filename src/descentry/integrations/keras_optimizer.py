"""What the guard changes in a Keras optimizer's `apply`, torch backend: refusals, clipping, the rate."""

from typing import Any

import keras
import numpy as np

from descentry.guard.wall import Wall
from descentry.integrations.rates import Rates
from descentry.integrations.watcher import Watcher

_OWN = ("iteration", "learning_rate")
"""Variables of an optimizer that belong to the schedule and go on."""


class KerasReins:
    """Stands in `optimizer.apply`.  `norm`: of the newest gradients; `clip`: their largest norm, None: as they come."""

    def __init__(self, optimizer: Any, guard: Watcher, wall: Wall) -> None:
        self.optimizer = getattr(optimizer, "inner_optimizer", optimizer)
        self.guard, self.wall, self.rates = guard, wall, Rates()
        self.clip: float | None = None
        self.norm: float | None = None
        self._apply = self.optimizer.apply
        self.optimizer.apply = self.apply

    def apply(self, grads: Any, trainable_variables: Any = None) -> None:
        """The update, or none."""
        if not self.wall.call(lambda: self._may(grads), True):
            return
        grads = self.wall.call(lambda: self._clipped(grads), grads)
        usual = self.wall.call(self._slow_down, None)
        try:
            self._apply(grads, trainable_variables)
        finally:
            self.wall.call(lambda: self._speed_up(usual), None)

    def begin(self, step: int) -> None:
        """Another batch begins."""
        self.rates.begin(step)

    def release(self) -> None:
        """Lets go."""
        vars(self.optimizer).pop("apply", None)

    def _may(self, grads: Any) -> bool:
        squares = [float(keras.ops.sum(keras.ops.square(one))) for one in grads if one is not None]
        self.norm = float(np.sqrt(sum(squares)))
        return self.guard.before_step(self.norm)

    def _clipped(self, grads: Any) -> Any:
        if self.clip is None or self.norm is None or self.norm <= self.clip:
            return grads
        factor = self.clip / self.norm
        return [None if one is None else one * factor for one in grads]

    def _slow_down(self) -> Any:
        """Scales the rate; what it was comes back, None where nothing is asked for."""
        factor = self.rates.factor
        if factor == 1.0:
            return None
        usual = self.optimizer._learning_rate
        if isinstance(usual, keras.optimizers.schedules.LearningRateSchedule):
            self.optimizer._learning_rate = _Scaled(usual, factor)
            return usual
        value = keras.ops.convert_to_numpy(usual.value)
        usual.assign(value * factor)
        return value

    def _speed_up(self, usual: Any) -> None:
        if isinstance(usual, keras.optimizers.schedules.LearningRateSchedule):
            self.optimizer._learning_rate = usual
        elif usual is not None:
            self.optimizer._learning_rate.assign(usual)


class _Scaled(keras.optimizers.schedules.LearningRateSchedule):  # type: ignore[misc,unused-ignore]
    """A schedule times a factor, for one update."""

    def __init__(self, schedule: Any, factor: float) -> None:
        super().__init__()
        self.schedule, self.factor = schedule, factor

    def __call__(self, step: Any) -> Any:
        return self.schedule(step) * self.factor

    def get_config(self) -> dict[str, Any]:
        """What it is made of."""
        return {"schedule": self.schedule, "factor": self.factor}


def variables_of(model: Any) -> list[Any]:
    """Copies of all weights and of the optimizer's moments."""
    return [np.array(keras.ops.convert_to_numpy(one)) for one in _all(model)]


def size_of(model: Any) -> int:
    """Bytes that such copies take, at four for each number."""
    return int(sum(4 * np.prod(one.shape) for one in _all(model)))


def set_variables(model: Any, values: list[Any]) -> None:
    """Puts them back."""
    for variable, value in zip(_all(model), values, strict=True):
        variable.assign(value)


def _all(model: Any) -> list[Any]:
    moments = [one for one in model.optimizer.variables if one.name not in _OWN]
    return [*model.weights, *moments]
