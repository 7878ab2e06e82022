"""How a report shows itself as text: the screen of the command line, `print(report)`.

The types of `record` draw nothing.  Importing this module gives `Report` its `__str__`.
"""

from descentry.plot.braille import Mark, draw
from descentry.record.report import Report as Report
from descentry.record.report import RunReport
from descentry.report.style import Style
from descentry.report.terminal import MAX_WIDTH, MIN_WIDTH, label, render

_CURVE_HEIGHT = 10
_MAX_MARKS = 9
_WIDTH = 80


def screen(
    run: RunReport,
    *,
    width: int = _WIDTH,
    style: Style | None = None,
    verbose: bool = False,
    curve: bool = True,
) -> str:
    """One run as text, with its curve unless `curve` is false; ends in a newline."""
    width = min(max(width, MIN_WIDTH), MAX_WIDTH)
    picture = draw(run.sketches, marks(run), width, _CURVE_HEIGHT) if curve else []
    return render(run, picture, width=width, style=style or Style(), verbose=verbose)


def marks(run: RunReport) -> list[Mark]:
    """The findings as marks for the picture, labelled as in the list."""
    return [
        Mark(label(run, index), finding.onset_step, finding.end_step)
        for index, finding in enumerate(run.findings[:_MAX_MARKS])
    ]


def plain(report: Report) -> str:
    """Every run of a report as text without colour."""
    return "\n".join(screen(run) for run in report.runs).rstrip("\n") if report.runs else "no runs"


_NAME = "__str__"
setattr(Report, _NAME, plain)
