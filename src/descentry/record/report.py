"""The answer to `diagnose`: what every view renders and the JSON spells out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from descentry.record.chunk import Floats, Ints
from descentry.record.event import Event
from descentry.record.finding import Finding
from descentry.record.roles import Role


@dataclass(frozen=True, slots=True)
class Remedy:
    """Something to do: `remedy` is its catalogue id, `action` an imperative sentence."""

    remedy: str
    action: str
    why: str
    source: str


@dataclass(frozen=True, slots=True)
class Cause:
    """A ranked explanation of some findings, with the evidence on both sides."""

    cause: str
    title: str
    probability: float
    findings: tuple[int, ...]
    evidence_for: tuple[str, ...] = ()
    evidence_against: tuple[str, ...] = ()
    next_test: str | None = None
    remedies: tuple[Remedy, ...] = ()


@dataclass(frozen=True, slots=True)
class Phase:
    """A stretch of the run: warm-up, descent, plateau, rise, …"""

    phase: str
    first_step: int
    last_step: int


@dataclass(frozen=True, slots=True)
class CurveSummary:
    """One curve in figures.  `first`, `last`, `min` are over finite values, NaN where there is none."""

    name: str
    role: Role | None
    n_points: int
    first_step: int
    last_step: int
    n_nonfinite: int
    first: float
    last: float
    min: float


@dataclass(frozen=True, slots=True, eq=False)
class Sketch:
    """A curve reduced to at most a few thousand blocks, for pictures: no extreme is lost.

    All arrays have one length: `steps` int64 (the block's middle), `values` (its robust level),
    `low` and `high` (its extremes); blocks without a finite value are NaN.
    """

    name: str
    role: Role | None
    steps: Ints
    values: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True, slots=True, eq=False)
class RunReport:
    """All that is said about one run.  `summary` is the one sentence that every view repeats.

    `notes`: what the report could not know, and which signal would tell.
    """

    run: str
    format: str
    path: str
    verdict: str
    summary: str
    curves: tuple[CurveSummary, ...]
    findings: tuple[Finding, ...]
    causes: tuple[Cause, ...]
    events: tuple[Event, ...] = ()
    phases: tuple[Phase, ...] = ()
    schedule: Mapping[str, object] | None = None
    sketches: tuple[Sketch, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Report:
    """The reports of all runs that were asked for.

    `verdict`, `findings` and `causes` are those of the only run, or of the worst one of several.
    """

    runs: tuple[RunReport, ...]
    version: str = field(default="")

    @property
    def worst(self) -> RunReport:
        order = ("healthy", "undetermined", "warning", "critical")
        return max(self.runs, key=lambda run: order.index(run.verdict))

    @property
    def verdict(self) -> str:
        return self.worst.verdict

    @property
    def findings(self) -> tuple[Finding, ...]:
        return self.worst.findings

    @property
    def causes(self) -> tuple[Cause, ...]:
        return self.worst.causes

    if TYPE_CHECKING:  # attached by `descentry.pictures`, for type checkers alone

        def plot(self, **options: Any) -> Any: ...
