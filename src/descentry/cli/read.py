"""`descentry read LOG…`: what was read, as a table, JSON, CSV, JSON lines or Parquet."""

import sys
from functools import partial
from typing import TYPE_CHECKING, Protocol

import click

from descentry.cli import options
from descentry.cli.inputs import Inputs
from descentry.cli.outcome import Outcome
from descentry.cli.output import complain, say, say_bytes, style, width
from descentry.cli.screens import JsonRuns
from descentry.record.errors import UsageError
from descentry.record.roles import LOSS_ROLES

if TYPE_CHECKING:
    from descentry.record.roles import Role
    from descentry.record.run import Run
    from descentry.sources.protocol import Log


@click.command(name="read", short_help="Show or export what a log holds.")
@options.logs
@options.formats("text", "json", "csv", "jsonl", "parquet")
@options.roles
@options.run
@click.option("--verify", is_flag=True, help="Check every checksum that the format has (event files).")
def command(
    logs: tuple[str, ...],
    format_: str,
    as_json: bool,
    roles: "dict[str, Role]",
    run: str | None,
    verify: bool,
) -> int:
    """Show what is in LOG: series, their roles, points, warnings; or export every point.

    \b
    Examples:
      descentry read train.jsonl
      descentry read --json runs/a > points.json
      descentry read --format csv trainer_state.json > points.csv
      descentry read --format parquet logs/ > points.parquet
    """
    outcome = Outcome()
    view = _view("json" if as_json else format_)
    seen: set[str] = set()
    for log in Inputs(logs, outcome).logs(run):
        collected = outcome.attempt(log.place, partial(_collect, log, roles, verify))
        if collected is not None:
            seen.update(collected.curves)
            view.add(collected)
            _tell_without_loss(collected)
    view.close()
    options.check_used(roles, seen)
    return outcome.code()


def _collect(log: "Log", roles: "dict[str, Role]", verify: bool) -> "Run":
    from descentry.stream.goings_back import collected

    return collected(log, roles or None, verify=verify)


def _tell_without_loss(run: "Run") -> None:
    from descentry.report.listing import no_loss

    if not any(curve.role in LOSS_ROLES for curve in run.curves.values()):
        complain(no_loss(run))


class _View(Protocol):
    def add(self, run: "Run") -> None: ...

    def close(self) -> None: ...


def _view(format_: str) -> _View:
    if format_ == "parquet":
        return _Parquet()
    return _Json() if format_ == "json" else _Tables() if format_ == "text" else _Points(format_)


class _Json:
    """The document of `read/1`."""

    def __init__(self) -> None:
        from descentry.report.jsonable import READ_SCHEMA

        self._runs = JsonRuns(schema=READ_SCHEMA)

    def add(self, run: "Run") -> None:
        """Print one run."""
        from descentry.report.jsonable import read_run

        self._runs.add_entry(read_run(run))

    def close(self) -> None:
        """End the document."""
        self._runs.close()


class _Tables:
    """One table per run."""

    def __init__(self) -> None:
        self._gap = ""

    def add(self, run: "Run") -> None:
        """Print one table."""
        from descentry.report.listing import render

        say(self._gap + render(run, width=max(width(), 40), style=style()))
        self._gap = "\n"

    def close(self) -> None:
        """Nothing is left to print."""


class _Points:
    """Every point, as `csv` or `jsonl`."""

    def __init__(self, format_: str) -> None:
        self._format = format_
        self._header = True

    def add(self, run: "Run") -> None:
        """Print the points of one run."""
        from descentry.report.export import csv_blocks, jsonl_blocks

        is_csv = self._format == "csv"
        for block in csv_blocks(run, header=self._header) if is_csv else jsonl_blocks(run):
            say_bytes(block)
        self._header = False

    def close(self) -> None:
        """Nothing is left to print."""


class _Parquet:
    """Every point, as one Parquet file."""

    def __init__(self) -> None:
        from descentry.report.parquet import ParquetPoints

        if sys.stdout is not None and sys.stdout.isatty():
            raise UsageError("Parquet is no text for a terminal; add: > points.parquet")
        self._points = ParquetPoints()

    def add(self, run: "Run") -> None:
        """Write the points of one run."""
        say_bytes(self._points.add(run))

    def close(self) -> None:
        """End the file."""
        say_bytes(self._points.end())
