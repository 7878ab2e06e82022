"""When a finding was made, against its onset, and what acting then would have saved."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np

from descentry.record.chunk import Floats, Ints
from descentry.record.finding import Evidence, Finding, Severity
from descentry.signal.words import grouped, rough

N_KEPT = 512
"""Rows whose pace is remembered: enough that evaluations and stops are not the median."""


@dataclass
class Pace:
    """Seconds a step over the last rows, and step and time of the newest one."""

    step: int = 0
    time: float = float("nan")
    recent: deque[float] = field(default_factory=lambda: deque(maxlen=N_KEPT))

    def take(self, steps: Ints, walls: Floats) -> None:
        """Rows with their times, float64[n] seconds; rows without one (NaN) are passed over."""
        known = np.flatnonzero(~np.isnan(walls))
        if not len(known):
            return
        known = known[-N_KEPT - 1 :]
        before = known[0] == np.flatnonzero(~np.isnan(walls))[0]
        rows = np.concatenate([[self.step], steps[known]]) if before else steps[known]
        times = np.concatenate([[self.time], walls[known]]) if before else walls[known]
        moved, waited = np.diff(rows), np.diff(times)
        good = (moved > 0) & (waited >= 0)
        self.recent.extend((waited[good] / moved[good]).tolist())
        self.step, self.time = int(steps[known[-1]]), float(walls[known[-1]])

    @property
    def hours_a_step(self) -> float | None:
        """The usual time of a step; None where the log tells none."""
        usual = float(np.median(self.recent)) / 3600.0 if self.recent else 0.0
        return usual if usual > 0 else None


def with_delays(
    findings: Iterable[Finding], last_step: int, hours_a_step: float | None = None
) -> tuple[Finding, ...]:
    """The findings with `saved_steps` filled in where they ask for acting, and their delay as evidence.

    A finding asks for acting where it warns and still stands at the end of the log.
    """
    return tuple(_with_delay(finding, last_step, hours_a_step) for finding in findings)


def _with_delay(finding: Finding, last_step: int, hours_a_step: float | None) -> Finding:
    if finding.severity.rank < Severity.WARNING.rank or finding.end_step is not None:
        return finding
    saved = max(0, last_step - finding.detected_at_step)
    delay = max(0, finding.detected_at_step - finding.onset_step)
    said = f"told {grouped(delay)} steps after its onset"
    if saved > 0:
        hours = f" (about {rough(saved * hours_a_step)} h)" if hours_a_step is not None else ""
        said += f"; acting then would have saved {grouped(saved)} steps{hours}"
    evidence = Evidence(said, finding.curve, finding.detected_at_step)
    return replace(finding, saved_steps=saved, evidence=(*finding.evidence, evidence))
