"""The report as Markdown, for pull requests, wikis and mails: the words of the screen, every number, no curve."""

import re
from collections.abc import Iterator, Sequence

from descentry.record.finding import Finding
from descentry.record.report import Cause, RunReport
from descentry.report.page import known_when
from descentry.report.style import shape
from descentry.report.text import escaped
from descentry.signal.words import grouped, number

_SPECIAL = re.compile(r"([\\`*_\[\]<>#|~&$@])")
_ORDER = ("critical", "warning", "undetermined", "healthy")


def markdown(runs: Sequence[RunReport]) -> str:
    """All runs, the worst first, after a table of verdicts where there are several; ends in a newline."""
    ordered = sorted(runs, key=lambda run: _ORDER.index(run.verdict))
    blocks = [*_table(ordered)] if len(ordered) > 1 else []
    for run in ordered:
        blocks += _run(run)
    return "\n\n".join(blocks) + "\n"


def plain(text: str) -> str:
    """Text of a stranger in one line that Markdown and the HTML within it take for text."""
    return _SPECIAL.sub(r"\\\1", " ".join(escaped(text).split()))


def _table(runs: Sequence[RunReport]) -> Iterator[str]:
    rows = [f"| {plain(run.run)} | {run.verdict} | {plain(run.summary)} |" for run in runs]
    yield "\n".join(["| run | verdict | in short |", "| --- | --- | --- |", *rows])


def _run(run: RunReport) -> Iterator[str]:
    yield f"## {plain(run.run)}: {run.verdict}"
    yield plain(run.summary)
    if run.findings:
        yield "### Findings"
        yield "\n".join(line for i, one in enumerate(run.findings) for line in _finding(i, one))
    if run.causes:
        yield "### Why, and what to do"
        for cause in run.causes:
            yield "\n".join(_cause(cause))
    course = [f"{one.phase} {grouped(one.first_step)} to {grouped(one.last_step)}" for one in run.phases]
    if course:
        yield "Course: " + "; ".join(map(plain, course))
    notes = [*run.notes, *(event.message for event in run.events if event.warning)]
    if notes:
        yield "### About this log"
        yield "\n".join(f"- {plain(note)}" for note in notes)


def _finding(place: int, finding: Finding) -> Iterator[str]:
    origin = "" if finding.explained_by is None else f" (follows from {finding.explained_by + 1})"
    name = plain(finding.pattern)
    yield f"{place + 1}. {shape(finding.severity)} **{name}**, {finding.severity}{origin}: {plain(finding.statement)}"
    sure = f"since step {grouped(finding.onset_step)}, {100 * finding.confidence:.0f} % sure"
    known = known_when(finding)
    yield f"   - {sure}" + (f"; {plain(known)}" if known else "")
    for fact in finding.evidence:
        figures = [
            f"{word} {number(value)}"
            for word, value in (("observed", fact.observed), ("expected", fact.expected))
            if value is not None
        ]
        where = [] if fact.step is None else [f"step {grouped(fact.step)}"]
        yield f"   - {plain(fact.statement)} ({plain(', '.join([fact.curve, *where, *figures]))})"


def _cause(cause: Cause) -> Iterator[str]:
    yield f"**{plain(cause.title)}** ({100 * cause.probability:.0f} %)\n"
    for word, facts in (("for", cause.evidence_for), ("against", cause.evidence_against)):
        yield from (f"- {word}: {plain(fact)}" for fact in facts)
    if cause.next_test:
        yield f"- to tell: {plain(cause.next_test)}"
    for remedy in cause.remedies:
        yield f"- do: {plain(remedy.action)} {plain(remedy.why)} ({plain(remedy.source)})"
