"""What is drawn, as plain data: panels, lines, findings, verticals.  A renderer takes it and decides nothing else.

All text is legible already (escaped, one line); `x` is in the unit of `x_label`.
"""

from dataclasses import dataclass
from enum import StrEnum

from descentry.record.chunk import Floats
from descentry.record.finding import Severity


class Kind(StrEnum):
    """How a line is meant to be seen."""

    RAW = "raw"
    """As logged: light and thin, behind."""
    SMOOTHED = "smoothed"
    """Strong, in front."""
    SOLE = "sole"
    """As logged and strong, because no smoothed line stands before it."""
    VALIDATION = "validation"
    """Few points, marked and joined."""


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """One line: `x`, `y` float64[n], NaN where it breaks; `low`, `high` where each point stands for several.

    `run`: index of the run in the drawing's `runs`.
    """

    name: str
    run: int
    kind: Kind
    x: Floats
    y: Floats
    low: Floats | None = None
    high: Floats | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """Lines on one y axis.  `non_finite`: float64[k], where NaN or infinities were logged."""

    title: str
    lines: tuple[Line, ...]
    log: bool
    non_finite: Floats


@dataclass(frozen=True, slots=True)
class Pin:
    """A finding: a band from `first` to `last`, a pin at its onset, `events` inside (spikes, drops).

    `label` is its mark in every list (`▲2`); `run` as in `Line`.
    """

    label: str
    pattern: str
    severity: Severity
    statement: str
    run: int
    first: float
    last: float
    events: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Vertical:
    """Something that happened at one place: `kind` is `resume`, `lr` or `data`; `label` says it in a word or two."""

    kind: str
    label: str
    x: float
    run: int


@dataclass(frozen=True, slots=True, eq=False)
class Drawing:
    """All of a picture.  The first panel leads; the others are strips below it on the same x axis.

    `notes`: what the picture cannot show, and the setting that would.
    """

    title: str
    summary: str
    runs: tuple[str, ...]
    x_label: str
    x_log: bool
    panels: tuple[Panel, ...]
    pins: tuple[Pin, ...] = ()
    verticals: tuple[Vertical, ...] = ()
    smoothing: str = ""
    notes: tuple[str, ...] = ()

    @property
    def n_points(self) -> int:
        """Points of all lines: what a renderer has to draw."""
        return sum(len(line.x) for panel in self.panels for line in panel.lines)
