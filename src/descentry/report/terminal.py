"""One screen for one run: verdict, curve, findings, causes, next steps; evidence when asked."""

from collections.abc import Iterator, Sequence

from descentry.record.finding import Evidence, Finding
from descentry.record.report import Cause, Remedy, RunReport
from descentry.report.style import Style, shape
from descentry.report.text import clipped, escaped, n_cells, number, steps, wrapped

MIN_WIDTH = 40
MAX_WIDTH = 120
_MAX_FINDINGS = 9
_MAX_CAUSES = 3
_MAX_REMEDIES = 4
_MAX_WARNINGS = 2
_ROOMY = 4
"""With at most so many findings, each may take a second line and the whole still fits one screen."""


def label(run: RunReport, index: int) -> str:
    """The mark of finding `index`, the same in the picture and in the list: `▲2`."""
    return f"{shape(run.findings[index].severity)}{index + 1}"


def render(run: RunReport, picture: Sequence[str], *, width: int, style: Style, verbose: bool = False) -> str:
    """The report as text that ends in a newline; `picture` is the finished curve, line by line.

    No line is wider than `width` (held between 40 and 120), colour codes not counted.
    """
    width = min(max(width, MIN_WIDTH), MAX_WIDTH)
    parts = [
        list(_head(run, width, style)),
        [clipped(escaped(line), width) for line in picture],
        list(_findings(run, width, style, verbose)),
        list(_causes(run, width, style, verbose)),
        list(_next_steps(run, width, style, verbose)),
        list(_course(run, width, style)) if verbose else [],
        list(_notes(run, width, style, verbose)),
        list(_warnings(run, width, style, verbose)),
    ]
    return "\n\n".join("\n".join(lines) for lines in parts if lines) + "\n"


def _head(run: RunReport, width: int, style: Style) -> Iterator[str]:
    for line in wrapped(f"{run.verdict.upper()}: {escaped(run.summary)}", width):
        yield style.paint(line, run.verdict if run.verdict != "healthy" else "strong")
    facts = [escaped(run.run), escaped(run.format), *_extent(run)]
    yield style.paint(clipped(" · ".join(facts), width), "faint")


def _extent(run: RunReport) -> Iterator[str]:
    if run.curves:
        first = min(curve.first_step for curve in run.curves)
        last = max(curve.last_step for curve in run.curves)
        yield f"steps {steps(first)} to {steps(last)}"
        yield f"{len(run.curves)} series" if len(run.curves) > 1 else "1 series"
    yield from (
        f"{phase.phase} {steps(phase.first_step)}–{steps(phase.last_step)}" for phase in run.phases[:4]
    )


def _findings(run: RunReport, width: int, style: Style, verbose: bool) -> Iterator[str]:
    if not run.findings:
        return
    yield style.paint("Findings", "strong")
    shown = run.findings if verbose else run.findings[:_MAX_FINDINGS]
    n_lines = None if verbose else 2 if len(shown) <= _ROOMY else 1
    for index, finding in enumerate(shown):
        yield from _finding(run, index, finding, width, style, n_lines)
        if verbose:
            yield from _evidence(finding.evidence, width, style)
    yield from _more(len(run.findings) - len(shown), "finding")


def _finding(
    run: RunReport, index: int, finding: Finding, width: int, style: Style, n_lines: int | None
) -> Iterator[str]:
    mark = label(run, index)
    origin = "" if finding.explained_by is None else f" (follows from {finding.explained_by + 1})"
    head = f" {mark:<3} {finding.severity} {finding.pattern}{origin}: "
    first, *rest = wrapped(head.strip() + " " + escaped(finding.statement), width - 1, n_lines)
    yield " " + style.paint(mark, finding.severity) + first.removeprefix(mark)
    for line in rest:
        yield "      " + clipped(line, width - 6)


def _evidence(facts: Sequence[Evidence], width: int, style: Style) -> Iterator[str]:
    for fact in facts:
        numbers = [
            f"{word} {number(value)}"
            for word, value in (("observed", fact.observed), ("expected", fact.expected))
            if value is not None
        ]
        place = [] if fact.step is None else [f"step {steps(fact.step)}"]
        tail = ", ".join([escaped(fact.curve), *place, *numbers])
        yield from _item("      - ", f"{escaped(fact.statement)} ({tail})", width, style, None)


def _causes(run: RunReport, width: int, style: Style, verbose: bool) -> Iterator[str]:
    if not run.causes:
        return
    yield style.paint("Likely causes" if len(run.causes) > 1 else "Likely cause", "strong")
    shown = run.causes if verbose else run.causes[:_MAX_CAUSES]
    for cause in shown:
        marks = " ".join(label(run, index) for index in cause.findings if 0 <= index < len(run.findings))
        head = f" {100 * cause.probability:3.0f} %  "
        yield from _item(head, escaped(cause.title) + (f"  [{marks}]" if marks else ""), width, style, 1)
        yield from _reasons(cause, width, style, verbose)
    yield from _more(len(run.causes) - len(shown), "cause")


def _reasons(cause: Cause, width: int, style: Style, verbose: bool) -> Iterator[str]:
    indent = "        "
    if not verbose:
        reasons = [*cause.evidence_for[:1], *([f"to tell: {cause.next_test}"] if cause.next_test else [])]
        if reasons:
            yield from _item(indent, "; ".join(map(escaped, reasons)), width, style, 1, "faint")
        return
    sides = (("for", cause.evidence_for), ("against", cause.evidence_against))
    for word, facts in (*sides, ("to tell", (cause.next_test,) if cause.next_test else ())):
        for fact in facts:
            yield from _item(indent, f"{word}: {escaped(fact)}", width, style, None, "faint")


def _next_steps(run: RunReport, width: int, style: Style, verbose: bool) -> Iterator[str]:
    remedies = _remedies(run)
    if not remedies:
        return
    yield style.paint("Next steps", "strong")
    shown = remedies if verbose else remedies[:_MAX_REMEDIES]
    for rank, remedy in enumerate(shown, 1):
        yield from _item(f" {rank:>2}. ", escaped(remedy.action), width, style, None if verbose else 2)
        if verbose:
            yield from _item(
                "     ", f"why: {escaped(remedy.why)} [{escaped(remedy.source)}]", width, style, None, "faint"
            )
    yield from _more(len(remedies) - len(shown), "step")


def _remedies(run: RunReport) -> list[Remedy]:
    """The remedies of all causes, best cause first, each once."""
    return list({remedy.remedy: remedy for cause in run.causes for remedy in cause.remedies}.values())


def _course(run: RunReport, width: int, style: Style) -> Iterator[str]:
    """Phases and schedule, in words."""
    statement = run.schedule.get("statement") if run.schedule is not None else None
    if not run.phases and not statement:
        return
    yield style.paint("Course", "strong")
    if run.phases:
        told = "; ".join(
            f"{one.phase} {steps(one.first_step)} to {steps(one.last_step)}" for one in run.phases
        )
        yield from _item("  ", escaped(told), width, style, None)
    if isinstance(statement, str):
        yield from _item("  ", escaped(f"schedule: {statement}"), width, style, None)


def _notes(run: RunReport, width: int, style: Style, verbose: bool) -> Iterator[str]:
    shown = run.notes if verbose else run.notes[:2]
    for note in shown:
        yield from _item("Note: ", escaped(note), width, style, None if verbose else 2, "faint")


def _warnings(run: RunReport, width: int, style: Style, verbose: bool) -> Iterator[str]:
    warnings = [event for event in run.events if event.warning]
    shown = warnings if verbose else warnings[:_MAX_WARNINGS]
    for event in shown:
        place = f"{escaped(event.where)}: " if event.where else ""
        times = f" ({steps(event.count)} times)" if event.count > 1 else ""
        n_lines = None if verbose else 2
        yield from _item("Log:  ", place + escaped(event.message) + times, width, style, n_lines)
    yield from _more(len(warnings) - len(shown), "remark")


def _more(n: int, word: str) -> Iterator[str]:
    if n > 0:
        yield f"      and {n} more {word}{'s' * (n > 1)}: -v shows all"


def _item(
    head: str, text: str, width: int, style: Style, n_lines: int | None, tone: str = ""
) -> Iterator[str]:
    """`text` behind `head`, its further lines under its first."""
    indent = n_cells(head)
    for row, line in enumerate(wrapped(text, width - indent, n_lines)):
        yield (head if row == 0 else " " * indent) + style.paint(line, tone)
