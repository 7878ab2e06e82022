"""The options of `plot`, and what they ask for."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from descentry.cli.output import width as terminal_width
from descentry.record.errors import UsageError

if TYPE_CHECKING:
    from descentry.plot.look import Look
    from descentry.plot.settings import Settings

Command = Callable[..., Any]
FORMATS = (".png", ".svg", ".pdf")
UNITS = ("step", "tokens", "epoch", "time", "flops")
SCALES = ("linear", "log", "log-log", "auto")
_HOW = (
    "auto (ema:0.9, or over 10 points where they lie further apart), ema:BETA or ema:SPAN (in steps), "
    "mean:N, median:N, savgol:N (points), lowess:SHARE, none."
)
_WIDEST, _ROWS = 120, 14
"""Of a plot in the terminal, where nothing else is asked for."""
_SUFFIXES = {"k": 1e3, "m": 1e6, "b": 1e9, "g": 1e9, "t": 1e12}


@dataclass(frozen=True, slots=True)
class Asked:
    """What the options ask for; `columns` and `rows` are of the terminal."""

    out: Path | None
    settings: "Settings"
    look: "Look"
    columns: int
    rows: int


def place(command: Command) -> Command:
    """`--out`."""
    text = "Write a picture: .png, .svg or .pdf. Without it the terminal is drawn on."
    kind = click.Path(dir_okay=False, path_type=Path)
    return click.option("--out", metavar="FILE", type=kind, help=text)(command)


def lines(command: Command) -> Command:
    """What is drawn: `--smooth`, `--series`, `--no-findings`."""
    smooth = click.option(
        "--smooth",
        metavar="HOW",
        default="auto",
        show_default=True,
        shell_complete=_methods,
        help=_HOW,
    )
    names = "Draw this series; repeatable. Without it: losses, learning rate, gradient norm."
    series = click.option("--series", metavar="NAME", multiple=True, help=names)
    plain = click.option("--no-findings", is_flag=True, help="Draw without diagnosing.")
    return smooth(series(plain(command)))


def _methods(_context: click.Context, _parameter: click.Parameter, begun: str) -> list[str]:
    """For the shell: the methods, each with its usual amount."""
    from descentry.signal.smooth import DEFAULTS, smoothing

    return [word for word in map(str, map(smoothing, DEFAULTS)) if word.startswith(begun)]


def axes(command: Command) -> Command:
    """`--x`, `--y`, and what FLOPs and tokens are counted by."""
    x = click.option(
        "--x", type=click.Choice(UNITS), default="step", show_default=True, help="The unit of the x axis."
    )
    text = "Axes; auto is log where a positive loss spans a decade."
    y = click.option("--y", type=click.Choice(SCALES), default="linear", show_default=True, help=text)
    tokens = "Tokens of one step, where the log does not tell: 524288, 0.5M."
    per_step = click.option("--tokens-per-step", metavar="N", callback=_count, help=tokens)
    size = "Parameters of the network, where the log does not tell: 124M."
    params = click.option("--params", metavar="N", callback=_count, help=size)
    return x(y(per_step(params(command))))


def size(command: Command) -> Command:
    """`--width`, `--height`, `--dpi`, `--dark`."""
    wide = click.option("--width", type=float, help="Inches of a picture (10), columns of a terminal.")
    high = click.option("--height", type=float, help="Inches of a picture (7), rows of a terminal (14).")
    dots = click.option("--dpi", type=float, default=150.0, show_default=True, help="Dots per inch.")
    dark = click.option("--dark", is_flag=True, help="Light lines on a dark ground.")
    return wide(high(dots(dark(command))))


def _count(_context: click.Context, _parameter: click.Parameter, given: str | None) -> float | None:
    if given is None:
        return None
    scale = _SUFFIXES.get(given[-1:].lower(), 1.0)
    try:
        count = float(given[:-1] if scale > 1 else given) * scale
    except ValueError:
        count = 0.0
    if not 0 < count < 1e30:
        raise click.BadParameter(f"{given!r} is no number above 0; write it like 524288, 0.5M or 7B")
    return count


def asked(given: Mapping[str, Any]) -> Asked:
    """What was given, checked.  Raises UsageError with what was expected."""
    from descentry.plot.look import Look
    from descentry.plot.settings import Settings
    from descentry.plot.terminal_size import checked, columns
    from descentry.signal.smooth import smoothing

    out: Path | None = given["out"]
    if out is not None:
        _check_place(out)
    width, height = given["width"], given["height"]
    picture = (width or 10.0, height or 7.0) if out is not None else (10.0, 7.0)
    look = Look(*picture, given["dpi"], given["dark"])
    n_columns, n_rows = checked(width, height) if out is None else (None, None)
    n_columns = n_columns or min(terminal_width(), _WIDEST)
    settings = Settings(
        smoothing(given["smooth"]),
        given["x"],
        given["y"],
        given["series"],
        not given["no_findings"],
        look.n_buckets if out is not None else columns(n_columns),
        given["tokens_per_step"],
        given["params"],
    )
    return Asked(out, settings, look, n_columns, n_rows or _ROWS)


def _check_place(out: Path) -> None:
    if out.suffix.lower() not in FORMATS:
        found = f"{out.suffix!r} is no picture" if out.suffix else "no extension"
        raise UsageError(f"--out {out}: {found}; expected one of {', '.join(FORMATS)}")
    if not out.absolute().parent.is_dir():
        raise UsageError(f"--out {out}: no folder {out.parent}; make it first")


def check_installed(out: Path | None) -> None:
    """Raise UsageError before anything is read where the library that would draw is missing."""
    name, what = ("plotext", "a plot in the terminal") if out is None else ("matplotlib", "a picture")
    if find_spec(name) is None:
        other = "; diagnose draws the loss without it" if out is None else ""
        raise UsageError(f"{what} needs {name}: pip install 'descentry[plot]'{other}")
