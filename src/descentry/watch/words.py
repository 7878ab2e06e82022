"""What is told, in words for people: one line for what happened, one for the likeliest cause and what to do."""

from descentry.record.finding import Finding, Severity
from descentry.record.report import RunReport
from descentry.report.style import shape
from descentry.report.text import escaped, steps
from descentry.watch.ends import REASONS, span
from descentry.watch.told import Ended, Told

LEAST, LIKELY = 0.3, 0.5
"""Below the first no remedy is told; from the second on a cause is called likely."""


def headline(told: Told) -> str:
    """What happened, since when."""
    one = told.finding
    name = f"{shape(one.severity)} {one.severity} {one.pattern}"
    said = escaped(one.statement)
    if told.change == "withdrawn":
        return f"· withdrawn: {one.pattern} at step {steps(one.onset_step)}; the curve no longer shows it"
    if told.change == "over":
        return f"· over: {one.pattern}, since step {steps(_over(one))}: {said}"
    if told.change in ("worse", "milder"):
        return f"{name} (was {told.was}): {said}"
    return f"{name} {'is back' if told.change == 'back' else ''}".rstrip() + f": {said}"


def reason(told: Told) -> str:
    """Where it comes from and what to do, in one line; "" where it closes, or nothing is known that helps."""
    if told.event == "resolved":
        return ""
    if told.follows is not None:
        return f"follows from {told.follows[0]}"
    cause = told.cause
    doubtful_info = cause is not None and cause.probability < LEAST and told.finding.severity is Severity.INFO
    if cause is None or doubtful_info:
        return ""
    title = escaped(cause.title)
    text = f"({100 * cause.probability:.0f} %): {title[:1].lower()}{title[1:]}"
    if cause.probability < LEAST:
        test = f"; to tell: {escaped(cause.next_test)}" if cause.next_test else ""
        return f"no cause stands out {text}{test}"
    likely = "likely" if cause.probability >= LIKELY else "perhaps"
    return f"{likely} {text}" + (f"; do: {escaped(cause.remedies[0].action)}" if cause.remedies else "")


def farewell(ended: Ended) -> str:
    """How long the run was watched, and why no longer."""
    points = "1 point" if ended.n_points == 1 else f"{steps(ended.n_points)} points"
    return (
        f"watched for {span(ended.watched_s)}: {points} up to step {steps(ended.step)}; "
        f"ended: {REASONS[ended.reason]}"
    )


def outcome(report: RunReport) -> str:
    """The verdict and the sentence that every view repeats."""
    return f"{report.verdict.upper()}: {escaped(report.summary)}"


def _over(finding: Finding) -> int:
    step = finding.end_step if finding.end_step is not None else finding.resolved_at_step
    return finding.onset_step if step is None else step
