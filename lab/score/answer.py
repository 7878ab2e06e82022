"""What a diagnosis said of one run, reduced to what is scored."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import descentry
from descentry.record.report import RunReport
from descentry.record.roles import Role
from lab.store import Stored

SAME: Mapping[str, str] = {"underfit_capacity": "plateau"}
"""One shape with two causes counts as one pattern."""
LOUD = frozenset({"warning", "critical"})


@dataclass(frozen=True, slots=True)
class Said:
    """One finding: its place, when it was known, and how sure it was."""

    pattern: str
    onset: int
    detected: int
    steps: tuple[int, ...]
    confidence: float
    leads: bool
    loud: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """All findings of one run, its causes in the order in which the report tells them, and its extent.

    `verdict`: the report's word; `cause_probability`: that of the first cause, NaN where none is told.
    """

    findings: tuple[Said, ...]
    causes: tuple[str, ...]
    first_step: int
    last_step: int
    n_points: int
    error: str = ""
    verdict: str = ""
    cause_probability: float = math.nan

    @property
    def loud(self) -> set[str]:
        """The patterns that accuse: at warning or above, and not explained by another."""
        return {one.pattern for one in self.findings if one.loud and one.leads}


def ask(run: Stored) -> Answer:
    """Descentry's answer; an error is an answer too, an empty one."""
    try:
        return reduce(descentry.diagnose(run.path).runs[0])
    except Exception as error:  # a crash on one run must not hide the others
        return Answer((), (), 0, 0, 0, f"{type(error).__name__}: {error}")


def reduce(report: RunReport) -> Answer:
    """The part of a report that is scored."""
    findings = tuple(
        Said(
            SAME.get(one.pattern, one.pattern), one.onset_step, one.detected_at_step, one.steps, one.confidence,
            one.explained_by is None, one.severity.value in LOUD,
        )
        for one in report.findings
    )  # fmt: skip
    losses = [c for c in report.curves if c.role in (Role.TRAIN_LOSS, Role.VAL_LOSS)] or list(report.curves)
    return Answer(
        findings, tuple(cause.cause for cause in report.causes), min((c.first_step for c in losses), default=0),
        max((c.last_step for c in losses), default=0), max((c.n_points for c in losses), default=0),
        verdict=report.verdict, cause_probability=report.causes[0].probability if report.causes else math.nan,
    )  # fmt: skip
