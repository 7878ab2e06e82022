"""What is said of jumps where a run restarts."""

from dataclasses import dataclass

from descentry.patterns.protocol import View
from descentry.record.finding import Evidence, Finding, Severity
from descentry.record.roles import Role
from descentry.signal.words import grouped, number


@dataclass(frozen=True, slots=True)
class Mark:
    """A place where something restarts; `planned` by the learning rate."""

    step: float
    planned: bool


@dataclass(frozen=True, slots=True)
class Bump:
    """The jump at a mark: levels before it and at its top, where it was back, its score."""

    mark: Mark
    onset: int
    before: float
    top: float
    end: int | None
    score: float


def finding(view: View, bumps: list[Bump]) -> Finding:
    """What is said of these jumps, one at least: of those at resumes, where there are any."""
    name = view.names[Role.TRAIN_LOSS]
    resumes = [bump for bump in bumps if not bump.mark.planned]
    told = resumes or bumps
    largest = max(told, key=lambda bump: bump.top - bump.before)
    shape = view.shapes[name]
    where = "where the run was resumed" if resumes else "where the learning rate restarts"
    times = f", {len(told)} times, most" if len(told) > 1 else ""
    statement = (
        f"{where}{times} at step {grouped(largest.onset)}, the loss jumps from "
        f"{number(largest.before, shape.noise)} to {number(largest.top, shape.noise)}"
        + (f" and is back by step {grouped(largest.end)}" if largest.end is not None else ", not yet back")
    )
    return Finding(
        pattern="restart_bump",
        severity=Severity.WARNING if resumes else Severity.INFO,
        confidence=float(min(0.97, 0.7 + 0.01 * largest.score)),
        curve=name,
        onset_step=told[0].onset,
        end_step=max((bump.end or view.step) for bump in told),
        detected_at_step=view.step,
        resolved_at_step=largest.end,
        statement=statement,
        steps=tuple(bump.onset for bump in told),
        evidence=tuple(
            Evidence(
                f"jump of {number(min(bump.score, 1e6))} standard errors",
                name,
                bump.onset,
                bump.top,
                bump.before,
            )
            for bump in told[:8]
        ),
        facts={
            "height": (largest.top - largest.before) / max(abs(largest.before), 1e-300),
            "n_events": float(len(told)),
            "recovered": float(largest.end is not None),
            "repeated": float(len(told) > 1),
            "planned": float(not resumes),
        },
    )
