"""What is said of the spikes of one curve."""

from descentry.patterns.protocol import View
from descentry.record.finding import Evidence, Finding, Severity
from descentry.record.roles import Role
from descentry.signal.excursion import Excursion
from descentry.signal.words import grouped, number, percent, rough


def _share(event: Excursion, descent: float) -> str:
    """The height against the level, or against the descent where the level is next to nothing."""
    share = event.height / max(abs(event.level), 1e-300)
    if share <= 3.0:
        return f"{percent(share)} above the level"
    return f"{percent(event.height / max(descent, event.height))} of the descent undone"


def finding(curve: str, role: Role, descent: float, events: list[Excursion], view: View) -> Finding:
    """One finding for all spikes of a curve, in their order; `events` is not empty."""
    largest = max(events, key=lambda event: event.height)
    # Blocks of steps make a decayed return visible only at their end: an excursion still open may be over.
    unrecovered = [e for e in events if e.end_step is None and e.low_since > e.level + 0.5 * e.height]
    recovered = not unrecovered
    times = f"{len(events)} times, most" if len(events) > 1 else "once,"
    back = (
        f"back by step {grouped(largest.end_step)}"
        if largest.end_step is not None
        else "not yet back to trend"
    )
    statement = (
        f"the loss leaps {times} from {number(largest.level, largest.point_noise)} to "
        f"{number(largest.peak, largest.point_noise)} at step {grouped(largest.peak_step)} "
        f"(noise {rough(largest.point_noise)}), {back}"
    )
    grave = len(events) > 1 or not recovered
    evidence = tuple(
        Evidence(
            f"{number(e.score)} noise units above the level", curve, e.peak_step, e.peak, e.level
        )
        for e in sorted(events, key=lambda event: -event.height)[:5]
    )  # fmt: skip
    return Finding(
        pattern="spike",
        severity=Severity.CRITICAL if grave else Severity.WARNING,
        confidence=0.9,
        curve=curve,
        onset_step=events[0].onset_step,
        end_step=max((e.end_step or view.step) for e in events) if recovered else None,
        detected_at_step=min(e.told_at if e.told_at is not None else view.step for e in events),
        resolved_at_step=max((e.end_step or view.step) for e in events) if recovered else None,
        statement=f"{statement}; {_share(largest, descent)}",
        steps=tuple(e.peak_step for e in events),
        evidence=evidence,
        facts={
            "height": largest.height / max(abs(largest.level), 1e-300),
            "height_noise": largest.score,
            "n_events": float(len(events)),
            "recovered": float(recovered),
            "repeated": float(len(events) > 1),
            "on_validation": float(role is Role.VAL_LOSS),
            "on_training": float(role is Role.TRAIN_LOSS),
        },
    )
