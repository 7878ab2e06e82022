"""LOG arguments: a file, a folder, a glob, `-` for stdin, a pipe; each becomes the logs found in it."""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from glob import glob, has_magic
from os.path import lexists
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import TYPE_CHECKING

from descentry.cli.outcome import Outcome
from descentry.cli.output import complain
from descentry.cli.progress import watched
from descentry.cli.spool import is_pipe, spool_pipe, spool_stdin
from descentry.record.errors import UnreadableError, UsageError

if TYPE_CHECKING:
    from descentry.sources.protocol import Log

N_NAMED = 3
"""Skipped files that are told by name."""
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")


class Inputs:
    """The logs that the arguments name; a context, since stdin is spooled to a temporary folder."""

    def __init__(self, arguments: tuple[str, ...], outcome: Outcome) -> None:
        self._arguments = arguments
        self._outcome = outcome
        self._stack = ExitStack()
        self._seen: set[str] = set()

    def __enter__(self) -> "Inputs":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

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
        for path in self._outcome.attempt(argument, partial(self._paths, argument)) or ():
            for log in self._outcome.attempt(str(path), partial(_find, path)) or ():
                yield watched(self._unique(log))

    def _paths(self, argument: str) -> list[Path]:
        if not argument:
            raise UnreadableError("''", "is an empty name", "name a file, a folder, or `-` for stdin")
        if argument == "-":
            return [self._known_as("stdin", spool_stdin(self._folder()))]
        if _ADDRESS.match(argument):
            advice = "copy the log here first, or pipe it in and name `-`"
            raise UnreadableError(argument, "is an address; this version reads local files", advice)
        path = Path(argument)
        if is_pipe(path):
            return [self._known_as(argument, spool_pipe(path, self._folder()))]
        if lexists(path) or not has_magic(argument):
            return [path]
        matches = sorted(glob(argument, recursive=True))
        if not matches:
            raise UnreadableError(argument, "matches no file", "check the pattern")
        return [Path(match) for match in matches]

    def _known_as(self, name: str, path: Path) -> Path:
        self._outcome.aliases[str(path)] = name
        return path

    def _folder(self) -> Path:
        return Path(self._stack.enter_context(TemporaryDirectory(prefix="descentry-")))

    def _unique(self, log: "Log") -> "Log":
        run = first = self._outcome.aliases.get(str(log.path), log.run)
        while run in self._seen:
            run = str(log.path) if run == first else run + "'"
        self._seen.add(run)
        return log if run == log.run else replace(log, run=run)


def _find(path: Path) -> "list[Log]":
    from descentry.sources.find import find

    skipped: list[Path] = []
    logs = find(path, skipped)
    if skipped:
        complain(_about(skipped))
    return logs


def _about(skipped: list[Path]) -> str:
    """One line about files of a folder that look like logs and are none."""
    names = ", ".join(str(path) for path in skipped[:N_NAMED]) + (", …" if len(skipped) > N_NAMED else "")
    what = "1 file that holds" if len(skipped) == 1 else f"{len(skipped)} files that hold"
    return f"skipped {what} no known log: {names}"
