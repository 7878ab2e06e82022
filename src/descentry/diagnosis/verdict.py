"""The verdict, and the one sentence that every view repeats."""

from collections.abc import Sequence

from descentry.record.finding import Finding, Severity
from descentry.record.report import Cause
from descentry.record.roles import Role
from descentry.signal.words import grouped, number
from descentry.stream.outcome import Outcome

N_LEAST = 8
"""Points of a loss below which nothing can be said but what needs no statistics."""


def verdict(findings: Sequence[Finding], outcome: Outcome) -> str:
    """`critical` or `warning` by the gravest finding that leads, else `healthy` or `undetermined`."""
    leading = [finding for finding in findings if finding.explained_by is None]
    gravest = max((finding.severity for finding in leading), key=lambda s: s.rank, default=Severity.OK)
    if gravest.rank >= Severity.WARNING.rank:
        return str(gravest)
    n_points = max(
        (c.n_points - c.n_nonfinite for c in outcome.curves if c.role in (Role.TRAIN_LOSS, Role.VAL_LOSS)),
        default=0,
    )
    return "healthy" if n_points >= N_LEAST else "undetermined"


def summary(
    path: str, outcome: Outcome, findings: Sequence[Finding], causes: Sequence[Cause], word: str
) -> str:
    """What, since when, and the likeliest cause, in one sentence."""
    leading = [finding for finding in findings if finding.explained_by is None]
    if word in ("critical", "warning"):
        return _trouble(findings, causes)
    course = _course(outcome)
    if not course:
        return no_loss(path, outcome)
    if word == "undetermined":
        return f"{course}: too short to judge"
    told = [finding.pattern.replace("_", " ") for finding in leading]
    aside = f" (seen as well: {', '.join(dict.fromkeys(told))})" if told else ""
    return f"{course}; no trouble found{aside}"


def no_loss(path: str, outcome: Outcome) -> str:
    """The columns that were seen, and how to name the loss."""
    names = [curve.name for curve in outcome.curves]
    shown = ", ".join(names[:12]) + (", …" if len(names) > 12 else "")
    free = [curve.name for curve in outcome.curves if curve.role in (None, Role.METRIC)]
    example = next((name for name in names if "loss" in name.lower()), free[0] if free else "NAME")
    return f"no loss in {path} (columns: {shown or 'none'}); name one: --role train_loss={example}"


def _trouble(findings: Sequence[Finding], causes: Sequence[Cause]) -> str:
    index, first = next((i, finding) for i, finding in enumerate(findings) if finding.explained_by is None)
    leading = [finding for finding in findings if finding.explained_by is None]
    index_causes = [cause for cause in causes if cause.probability >= 0.3 and index in cause.findings]
    likely = ""
    if index_causes:
        doubt = "likely" if index_causes[0].probability >= 0.5 else "perhaps"
        likely = f"; {doubt}: {index_causes[0].title[0].lower()}{index_causes[0].title[1:]}"
    n_more = sum(finding.severity.rank >= Severity.WARNING.rank for finding in leading) - 1
    more = f" (and {n_more} more finding{'s' if n_more > 1 else ''})" if n_more > 0 else ""
    return f"{first.pattern.replace('_', ' ')}: {first.statement}{likely}{more}"


def _course(outcome: Outcome) -> str:
    for role, word in ((Role.TRAIN_LOSS, "the loss"), (Role.VAL_LOSS, "the validation loss")):
        shape = outcome.view.shape(role)
        if shape is not None:
            last = float(shape.levels[-1])
            verb = "falls" if last < shape.first else "goes"
            return (
                f"{word} {verb} from {number(shape.first)} to {number(last)} in {_counted(shape.n_points)} "
                f"up to step {grouped(outcome.step)}"
            )
    return ""


def _counted(n_points: int) -> str:
    return "1 point" if n_points == 1 else f"{grouped(n_points)} points"
