"""How runs and reports are drawn: `run.plot()`, `report.plot()`, `run.to_pandas()`, and `descentry plot`.

The types of `record` draw nothing.  Importing this module gives `Run` and `Report` these methods.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from descentry.plot.compose import compose
from descentry.plot.drawing import Drawing
from descentry.plot.look import Look
from descentry.plot.settings import Settings
from descentry.plot.subject import subject
from descentry.plot.tidy import table
from descentry.record.errors import UsageError
from descentry.record.report import Report, RunReport
from descentry.record.run import Run
from descentry.report.terminal import label
from descentry.signal.smooth import smoothing

if TYPE_CHECKING:
    from descentry.plot.picture import Picture

Item = tuple[Run | None, RunReport | None]
"""A run, its report, or both."""


def drawing(items: Sequence[Item], settings: Settings) -> Drawing:
    """The drawing of one run, or of several over each other, the findings labelled as in every list.

    Raises UsageError where a series or the unit of the x axis is not in a log.
    """
    subjects = [
        subject(
            run, report, [label(report, i) for i in range(len(report.findings))] if report is not None else ()
        )
        for run, report in items
    ]
    return compose(subjects, settings)


def figure(plan: Drawing, look: Look) -> "Picture":
    """The drawing as a matplotlib figure.  Raises UsageError where matplotlib is not installed."""
    try:
        from descentry.plot.picture import picture
    except ImportError as error:
        raise UsageError("a picture needs matplotlib: pip install 'descentry[plot]'") from error
    return picture(plan, look)


def image(plan: Drawing, look: Look, format_: str) -> bytes:
    """The drawing as `png`, `svg` or `pdf`.  Raises UsageError where matplotlib is not installed."""
    made = figure(plan, look)
    from descentry.plot.picture import saved

    return saved(made, format_)


def screen(plan: Drawing, width: int, height: int, *, colour: bool) -> str:
    """The drawing as text for a terminal.  Raises UsageError where plotext is not installed."""
    try:
        from descentry.plot.terminal import text
    except ImportError as error:
        advice = "pip install 'descentry[plot]'; diagnose draws the loss without it"
        raise UsageError(f"a plot in the terminal needs plotext: {advice}") from error
    return text(plan, width, height, colour=colour)


def plot_run(
    run: Run,
    *,
    smooth: str = "auto",
    x: str = "step",
    y: str = "linear",
    series: Iterable[str] = (),
    findings: bool = True,
    width: float = 10.0,
    height: float = 7.0,
    dpi: float = 150.0,
    dark: bool = False,
) -> Any:
    """A `matplotlib.figure.Figure` of the run; its first axes hold the loss, the others the strips below.

    `smooth`: `auto` (`ema:0.9`, or over ten points where they lie further apart), `ema:0.9` (in steps), `ema:500` (a
    span of 500 steps), `mean:N`, `median:N`, `savgol:N` (points), `lowess:SHARE`, `none`.  `x`: `step`, `tokens`,
    `epoch`, `time`, `flops`.  `y`: `linear`, `log`, `log-log`, `auto`.  `series`: names of curves, instead of losses,
    learning rate and gradient norm.  `findings`: whether the run is diagnosed and what is found is drawn.  `width`,
    `height`: inches.
    Raises UsageError for what is not known, or where matplotlib is not installed.
    """
    settings, look = _asked(smooth, x, y, series, findings, width, height, dpi, dark)
    report = None
    if findings:
        from descentry.diagnosis.diagnose import diagnose

        report = diagnose(run)
    return figure(drawing([(run, report)], settings), look)


def plot_report(
    report: Report,
    *,
    smooth: str = "none",
    y: str = "linear",
    findings: bool = True,
    width: float = 10.0,
    height: float = 7.0,
    dpi: float = 150.0,
    dark: bool = False,
) -> Any:
    """A `matplotlib.figure.Figure` of all runs of the report, from what it keeps of their curves (2,000 blocks).

    Options and errors are those of `Run.plot`; a report without a run is a UsageError.
    """
    settings, look = _asked(smooth, "step", y, (), findings, width, height, dpi, dark)
    if not report.runs:
        raise UsageError("the report holds 0 runs, expected one or more to draw")
    return figure(drawing([(None, run) for run in report.runs], settings), look)


def _asked(
    smooth: str,
    x: str,
    y: str,
    series: Iterable[str],
    findings: bool,
    width: float,
    height: float,
    dpi: float,
    dark: bool,
) -> tuple[Settings, Look]:
    look = Look(width, height, dpi, dark)
    names = (series,) if isinstance(series, str) else tuple(series)
    settings = Settings(smoothing(smooth), x, y, names, findings, look.n_buckets)
    return settings, look


for _type, _name, _method in (
    (Run, "plot", plot_run),
    (Run, "to_pandas", table),
    (Report, "plot", plot_report),
):
    setattr(_type, _name, _method)
