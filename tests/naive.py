"""The obvious versions: slow, plain, and what the fast ones are held against."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field

Point = tuple[int, float]


def median(values: Sequence[float]) -> float:
    return statistics.median(values)


def spread(values: Sequence[float]) -> float:
    """1.4826 times the median absolute deviation; sqrt(pi / 2) times the mean one where that is 0."""
    if len(values) < 2:
        return 0.0
    middle = median(values)
    deviations = [abs(value - middle) for value in values]
    mad = median(deviations)
    return 1.482602218505602 * mad if mad > 0 else 1.2533 * sum(deviations) / len(deviations)


def second_differences(values: Sequence[float]) -> list[float]:
    return [a - 2 * b + c for a, b, c in zip(values, values[1:], values[2:], strict=False)]


def point_noise(values: Sequence[float]) -> float:
    return spread(second_differences(values)) / math.sqrt(6.0) if len(values) >= 4 else 0.0


def running_median(values: Sequence[float], half: int) -> list[float]:
    half = max(2, half)
    at = range(len(values))
    return [median([values[min(max(i + k, 0), len(values) - 1)] for k in range(-half, half + 1)]) for i in at]


@dataclass
class Summary:
    """Keeps every finite point; blocks are built anew whenever they are asked for."""

    points: list[Point] = field(default_factory=list)
    n_nonfinite: int = 0
    smallest: float = math.inf
    largest: float = -math.inf

    def add(self, step: int, value: float) -> None:
        if not math.isfinite(value):
            self.n_nonfinite += 1
            return
        self.points.append((step, value))
        self.smallest, self.largest = min(self.smallest, value), max(self.largest, value)

    def rewind(self, step: int) -> None:
        self.points = [point for point in self.points if point[0] < step]

    def blocks(self, leaf: int, max_raw: int, max_blocks: int) -> list[list[Point]]:
        """Single points while there are few; else leaves, joined two by two until there are few enough."""
        if len(self.points) <= max_raw:
            return [[point] for point in self.points]
        size = leaf
        while len(self.points) // size >= max_blocks:
            size *= 2
        whole = len(self.points) // leaf * leaf
        return [self.points[i : min(i + size, whole)] for i in range(0, whole, size)]


def level(block: Sequence[Point], leaf: int) -> float:
    """The mean over the leaves of a block of each leaf's median."""
    values = [value for _step, value in block]
    leaves = [values[i : i + leaf] for i in range(0, len(values), leaf)]
    return sum(median(part) for part in leaves) / len(leaves)
