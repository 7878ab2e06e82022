"""Labels of findings in lanes above a picture, none over another."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from descentry.plot.drawing import Pin
from descentry.record.legible import n_cells

N_LANES = 3


@dataclass(frozen=True, slots=True)
class Label:
    """The label of pin `index`: `text` from `start`, in the lane `lane` counted from the lowest."""

    index: int
    text: str
    start: float
    lane: int


def labels(pins: Sequence[Pin], place: Callable[[float], float], cell: float, width: float) -> list[Label]:
    """Where labels stand that have room: mark and pattern, else the mark alone, else none.

    `place`: where an x stands, between 0 and `width`; `cell`: the width of a character, in the same unit.
    """
    ends = [-cell] * N_LANES
    placed = []
    for index in sorted(range(len(pins)), key=lambda i: pins[i].first):
        found = _room(pins[index], place(pins[index].first), ends, cell, width)
        if found is not None:
            text, start, lane = found
            ends[lane] = start + cell * n_cells(text)
            placed.append(Label(index, text, start, lane))
    return placed


def _room(
    pin: Pin, x: float, ends: Sequence[float], cell: float, width: float
) -> tuple[str, float, int] | None:
    for text in (f"{pin.label} {pin.pattern}", pin.label):
        start = max(0.0, min(x, width - cell * n_cells(text)))
        for lane, end in enumerate(ends):
            if start >= end + cell:
                return text, start, lane
    return None


def n_lanes(placed: Sequence[Label]) -> int:
    """How many lanes are used."""
    return max((label.lane + 1 for label in placed), default=0)
