"""How runs and reports show themselves in a notebook: the curve as a small inline SVG, the words below it.

Importing this module gives `Run` and `Report` their `_repr_html_`.
"""

from html import escape

from descentry.display import screen
from descentry.pictures import Item, drawing
from descentry.plot.inline import N_BUCKETS, svg
from descentry.plot.settings import Settings
from descentry.record.errors import UsageError
from descentry.record.report import Report as Report
from descentry.record.run import Run as Run
from descentry.report.listing import render
from descentry.report.style import Style
from descentry.signal.smooth import AUTO, NONE

_MOST_CURVES = 10
"""Runs of a report that are drawn; of all the words are shown."""
_PRE = '<pre style="line-height: 1.2">'


def run_html(run: Run) -> str:
    """The curve of a run and the list of its series, all text escaped."""
    text = render(run, width=80, style=Style())
    return f"<div>{_curve((run, None))}{_PRE}{escape(text)}</pre></div>"


def report_html(report: Report) -> str:
    """Every run of a report: its curve with the findings, then its screen; all text escaped."""
    if not report.runs:
        return f"{_PRE}no runs</pre>"
    parts = [
        (_curve((None, run)) if i < _MOST_CURVES else "") + _PRE + escape(screen(run, curve=False)) + "</pre>"
        for i, run in enumerate(report.runs)
    ]
    return f"<div>{''.join(parts)}</div>"


def _curve(item: Item) -> str:
    smoothing = NONE if item[0] is None else AUTO  # blocks of a report are levels already
    try:
        return svg(drawing([item], Settings(smoothing, y="auto", n_buckets=N_BUCKETS)))
    except UsageError:  # nothing to draw: the words stand alone
        return ""


_NAME = "_repr_html_"
setattr(Run, _NAME, run_html)
setattr(Report, _NAME, report_html)
