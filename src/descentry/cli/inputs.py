"""LOG arguments: a file, a folder, a glob, an archive, `-` for stdin, a pipe, an address; each becomes its logs."""

import sys
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from descentry.cli.outcome import Outcome
from descentry.cli.output import complain
from descentry.cli.progress import watched
from descentry.record.errors import InputError, UsageError

if TYPE_CHECKING:
    from descentry.sources.protocol import Log

N_NAMED = 3
"""Skipped files that are told by name."""
N_PROBLEMS = 5
"""Different problems of skipped files that are told."""


class Inputs:
    """The logs that the arguments name."""

    def __init__(self, arguments: tuple[str, ...], outcome: Outcome) -> None:
        self._arguments = arguments
        self._outcome = outcome
        self._seen: set[str] = set()

    def logs(self, run: str | None = None) -> Iterator["Log"]:
        """Every log, with ids unique over all arguments; only the one called `run`, if given.

        An argument that cannot be used costs one line on stderr and no more.
        Raises UsageError where no run is called `run`.
        """
        known: list[str] = []
        n_yielded = 0
        for argument in self._arguments:
            for log in self._found(argument):
                known.append(log.run)
                if run is None or log.run == run:
                    n_yielded += 1
                    yield log
        if run is not None and known and not n_yielded:
            some = ", ".join(known[:8]) + (", …" if len(known) > 8 else "")
            raise UsageError(f"no run {run!r}; expected one of: {some}")

    def _found(self, argument: str) -> Iterator["Log"]:
        from descentry.sources.places.targets import expand, unique

        for target in self._outcome.attempt(argument, partial(expand, argument)) or ():
            logs = self._outcome.attempt(target, partial(_logs_at, target)) or []
            yield from map(watched, unique(logs, self._seen))


def _logs_at(target: str) -> "list[Log]":
    from descentry.sources.places.targets import STDIN, logs_at

    if target == STDIN and sys.stdin is not None and sys.stdin.isatty():
        complain("reading the log from the terminal; end it with Ctrl-D")
    skipped: list[InputError] = []
    logs = logs_at(target, skipped)
    for line in about(skipped):
        complain(line)
    return logs


def about(skipped: "list[InputError]") -> Iterator[str]:
    """One line for each thing that is wrong with what a folder holds beside its logs."""
    from descentry.sources.places.find import NO_LOG

    alike: dict[tuple[str, str], list[str]] = {}
    for error in skipped:
        alike.setdefault((error.problem, error.advice), []).append(error.where)
    for (problem, advice), places in list(alike.items())[:N_PROBLEMS]:
        names = ", ".join(places[:N_NAMED]) + (", …" if len(places) > N_NAMED else "")
        if (problem, advice) == (NO_LOG, ""):
            what = "1 file that holds" if len(places) == 1 else f"{len(places)} files that hold"
            yield f"skipped {what} no known log: {names}"
        else:
            count = "" if len(places) == 1 else f"{len(places)} logs: "
            yield f"skipped {count}{names}: {problem}" + (f"; {advice}" if advice else "")
    if len(alike) > N_PROBLEMS:
        n = sum(map(len, list(alike.values())[N_PROBLEMS:]))
        yield f"skipped {n} more that cannot be read"
