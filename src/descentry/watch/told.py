"""What is told of a run that is watched: a change in the life of a finding, and the end."""

from dataclasses import dataclass

from descentry.record.finding import Finding, Severity
from descentry.record.report import Cause, RunReport

OPENED, UPDATED, RESOLVED, END = "opened", "updated", "resolved", "end"
"""The words of `descentry/event/1`."""


@dataclass(frozen=True, slots=True)
class Told:
    """A finding opens, changes or closes.

    `event`: a word of `descentry/event/1`; `change` says more: `opened`, `back` (opened again), `worse`, `milder`,
    `more` (events of its kind), `over` (it ended) or `withdrawn` (the curve no longer shows it).
    `step`: the newest one known then; `time`: seconds since the epoch.  `was`: its severity before.
    `follows`: pattern and curve of the finding that leads to it.  `cause`: the likeliest one, where there is one.
    `is_news`: whether people are told; programs that read JSON are told everything.
    """

    run: str
    path: str
    event: str
    change: str
    step: int
    time: float
    verdict: str
    finding: Finding
    was: Severity | None = None
    cause: Cause | None = None
    follows: tuple[str, str] | None = None
    is_news: bool = True


@dataclass(frozen=True, slots=True)
class Note:
    """One line for people that is no finding.  `is_alarm`: somebody should look (a silence, a file that is gone)."""

    text: str
    is_alarm: bool = False


@dataclass(frozen=True, slots=True)
class Ended:
    """A run is no longer watched.  `reason`: a word of `ends.REASONS`; `report`: all that is said of it by then.

    `n_points`: logged rows that were read; `watched_s`: for how long.
    """

    run: str
    path: str
    step: int
    time: float
    reason: str
    report: RunReport
    n_points: int
    watched_s: float


@dataclass(frozen=True, slots=True)
class RunState:
    """How a run stands at present, for a live line or a gauge.

    `curve`: the loss that is shown, "" where there is none; `loss`: its newest value, `level`: smoothed, NaN where
    nothing is known; `trend`: `falling`, `rising`, `level`, or "".
    `per_s`: logged rows per second lately, NaN where nothing tells.
    `last_time`: when the newest row was logged, in seconds since the epoch; None before the first.
    `open`: pattern and severity of what stands and has not ended.
    """

    run: str
    step: int
    curve: str
    loss: float
    level: float
    trend: str
    verdict: str
    n_points: int
    per_s: float
    last_time: float | None
    open: tuple[tuple[str, Severity], ...] = ()
    is_over: bool = False
    is_caught_up: bool = True
