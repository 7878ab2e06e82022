"""The lives of findings: opened, updated, resolved."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from descentry.record.finding import Finding


@dataclass(frozen=True, slots=True)
class Change:
    """One event in the life of a finding, at the newest step known then."""

    event: str
    finding: Finding
    step: int


def differs(old: Finding, new: Finding) -> bool:
    """Whether the change is worth telling: another severity, another number of events, or an end."""
    return (
        old.severity != new.severity
        or len(old.steps) != len(new.steps)
        or (old.resolved_at_step is None) != (new.resolved_at_step is None)
    )


@dataclass
class Lives:
    """What stands at present, one finding per pattern and curve.

    `dated`: patterns that know by themselves when they saw what they say.  They are also asked between two
    judgements, whenever a chunk ends, so when they were first asked must leave no trace.
    """

    dated: frozenset[str] = frozenset()
    standing: dict[tuple[str, str], Finding] = field(default_factory=dict)

    def judge(self, findings: Iterable[Finding], step: int) -> list[Change]:
        """Compare the full list of what is said now with what stood; keep the first detection of each."""
        fresh: dict[tuple[str, str], Finding] = {}
        changes = []
        for finding in findings:
            key = (finding.pattern, finding.curve)
            old = self.standing.get(key)
            if old is None:
                changes.append(Change("opened", finding, step))
            else:
                if finding.pattern not in self.dated and old.detected_at_step < finding.detected_at_step:
                    # An onset that has moved on since then was not known then.
                    first = max(old.detected_at_step, min(finding.onset_step, finding.detected_at_step))
                    finding = replace(finding, detected_at_step=first)
                if differs(old, finding):
                    changes.append(Change("updated", finding, step))
            fresh[key] = finding
        for key, old in self.standing.items():
            if key not in fresh:
                changes.append(Change("resolved", replace(old, resolved_at_step=step), step))
        self.standing = fresh
        return changes
