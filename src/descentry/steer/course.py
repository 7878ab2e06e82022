"""The course of one loss in bounded memory: means of equally long stretches."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from descentry.record.chunk import Floats
from descentry.steer.protocol import State

MAX_BLOCKS = 256
"""When so many stand, they are joined two by two: 10^9 points cost as much memory as 10^3."""


class Course:
    """Positions and losses, as means over blocks of `width` points; the last block may still be open."""

    __slots__ = ("_losses", "_open_at", "_open_loss", "_open_n", "_positions", "width")

    def __init__(self) -> None:
        self.width = 1
        self._positions: list[float] = []
        self._losses: list[float] = []
        self._open_at, self._open_loss, self._open_n = 0.0, 0.0, 0

    def add(self, position: float, loss: float) -> None:
        """Takes one finite point; positions rise."""
        self._open_at += position
        self._open_loss += loss
        self._open_n += 1
        if self._open_n == self.width:
            self._positions.append(self._open_at / self.width)
            self._losses.append(self._open_loss / self.width)
            self._open_at, self._open_loss, self._open_n = 0.0, 0.0, 0
            if len(self._positions) == MAX_BLOCKS:
                self._join()

    def closed(self) -> tuple[Floats, Floats]:
        """Mean positions and mean losses of the closed blocks, float64[n] each, n < 256; all weigh the same."""
        return np.array(self._positions), np.array(self._losses)

    def __len__(self) -> int:
        return len(self._positions)

    def state(self) -> State:
        """Plain data."""
        return {
            "width": self.width,
            "positions": list(self._positions),
            "losses": list(self._losses),
            "open": [self._open_at, self._open_loss, self._open_n],
        }

    @classmethod
    def of(cls, state: Mapping[str, Any]) -> "Course":
        """The course that gave this `state`."""
        course = cls()
        course.width = int(state["width"])
        course._positions = [float(value) for value in state["positions"]]
        course._losses = [float(value) for value in state["losses"]]
        at, loss, n = state["open"]
        course._open_at, course._open_loss, course._open_n = float(at), float(loss), int(n)
        return course

    def _join(self) -> None:
        self._positions = _pair_means(self._positions)
        self._losses = _pair_means(self._losses)
        self.width *= 2


def _pair_means(values: list[float]) -> list[float]:
    return [0.5 * (a + b) for a, b in zip(values[::2], values[1::2], strict=True)]
