"""What a detector says, and the numbers it rests on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Severity(StrEnum):
    OK = "ok"
    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        return ("ok", "info", "warning", "critical").index(self.value)


@dataclass(frozen=True, slots=True)
class Evidence:
    """One measured fact behind a finding or a cause: what was observed where, against what was expected."""

    statement: str
    curve: str
    step: int | None = None
    observed: float | None = None
    expected: float | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """A pattern seen in a curve.

    Steps are the log's own.  `detected_at_step`: the newest step that was known when it was first said.
    `steps`: the single events where there are several (spikes, drops).  `facts`: measures by name, for the
    tests that tell causes apart (for a spike: `height`, `recovered`, `n_events`, …).
    `explained_by`: index, in the report's list, of the finding that this one follows from.
    `saved_steps`: steps that were trained after `detected_at_step` although the finding asked for acting; None where
    it did not.
    """

    pattern: str
    severity: Severity
    confidence: float
    curve: str
    onset_step: int
    end_step: int | None
    detected_at_step: int
    statement: str
    resolved_at_step: int | None = None
    steps: tuple[int, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    explained_by: int | None = None
    saved_steps: int | None = None
    facts: Mapping[str, float] = field(default_factory=dict)
