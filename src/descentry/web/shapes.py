"""The JSON of the API, for its OpenAPI document and for the types that are made from it."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Health:
    """`GET /api/health`."""

    status: str


@dataclass(frozen=True, slots=True)
class BriefFinding:
    """A finding in a list; the report says more."""

    pattern: str
    curve: str
    severity: str
    onset_step: int
    is_open: bool


@dataclass(frozen=True, slots=True)
class Row:
    """A run in the list.  `verdict`: that of the report, or `unread`, `unreadable` (then `problem` says why).

    `last_time`, `changed`: when the newest row was logged, and the log written, in seconds since the epoch.
    `last_loss`: a number, "nan", "inf", "-inf", or null.
    """

    id: str
    run: str
    format: str
    verdict: str
    summary: str
    curve: str | None
    last_loss: float | str | None
    last_step: int | None
    n_points: int
    n_series: int
    last_time: float | None
    changed: float | None
    sparkline: list[float]
    findings: list[BriefFinding]
    config: dict[str, Any]
    tags: list[str]
    problem: str | None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the scan is."""

    is_listed: bool
    n_runs: int
    n_read: int
    n_waiting: int
    n_skipped: int


@dataclass(frozen=True, slots=True)
class Listing:
    """`GET /api/runs`: a stretch of the runs that were asked for, of `total`."""

    schema: str
    total: int
    offset: int
    runs: list[Row]
    progress: Progress


@dataclass(frozen=True, slots=True)
class CurveHead:
    """A curve of a run; its points come from `series`."""

    name: str
    role: str | None
    n_points: int
    first_step: int
    last_step: int
    n_nonfinite: int
    first: float | str
    last: float | str
    min: float | str


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that the log tells beside its numbers."""

    kind: str
    message: str
    where: str | None
    count: int
    step: int | None
    warning: bool


@dataclass(frozen=True, slots=True)
class RunDetails:
    """`GET /api/runs/{id}`.  `is_complete`: the log was read to its present end."""

    schema: str
    row: Row
    is_complete: bool
    config: dict[str, Any]
    curves: list[CurveHead]
    events: list[Mark]


@dataclass(frozen=True, slots=True)
class Problem:
    """Every answer that is an error."""

    error: str


@dataclass(frozen=True, slots=True)
class StillReading:
    """Status 202: the log is still being read, ask again; `n_rows` by now."""

    error: str
    n_rows: int
