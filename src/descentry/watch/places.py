"""What is watched: the logs that the arguments name, those that come later, and those that are waited for."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from os.path import isdir, lexists
from pathlib import Path

from descentry.record.errors import InputError, UsageError
from descentry.sources.places.addresses import ADDRESS
from descentry.sources.places.targets import STDIN, unique
from descentry.sources.protocol import Log
from descentry.watch.clock import Clock
from descentry.watch.target import Target

MOST_RUNS = 200
"""Runs that are followed at once: each holds a file open.  Those that were written last come first."""
MOST_SKIPPED = 1000
"""What cannot be read is told once each, up to so many."""


@dataclass
class Places:
    """The arguments, and which of their logs are known.

    `run`: only the run with this id.  `wait`: an argument that names no log yet is looked at again.
    `once`: nothing is followed, so streams are read to their end.  `problems`: lines for people, to be taken away.
    `skipped`: what lies beside the logs and cannot be read, to be taken away, each once.
    `n_left`: runs that are too many to be followed, to be taken away.
    """

    arguments: Sequence[str]
    run: str | None = None
    wait: bool = False
    once: bool = False
    clock: Clock = field(default_factory=Clock)
    problems: list[str] = field(default_factory=list)
    skipped: list[InputError] = field(default_factory=list)
    n_left: int = 0
    _targets: list[Target] | None = None
    _taken: set[str] = field(default_factory=set)
    _known: dict[Path, list[Log]] = field(default_factory=dict)
    _n_known: int = 0
    _told: set[str] = field(default_factory=set)
    _others: list[str] = field(default_factory=list)

    def look(self) -> list[Log]:
        """The logs that are new since the last look.  Raises UsageError where no run has the id asked for."""
        is_first = self._targets is None
        if self._targets is None:
            self._targets = [Target(argument, self.clock) for argument in self.arguments]
        fresh = [log for target in self._targets for log in self._found(target)]
        if is_first and self.run is not None and not fresh and self._others and not self.wait:
            raise UsageError(f"no run {self.run!r}; expected one of: {', '.join(self._others[:8])}")
        return fresh

    @property
    def is_done(self) -> bool:
        """Whether no look can ever find another log."""
        return self._targets is not None and all(target.is_done for target in self._targets)

    @property
    def waits_for(self) -> list[str]:
        """The arguments that name no log yet."""
        return [
            target.argument for target in self._targets or () if not target.is_found and not target.is_done
        ]

    def _found(self, target: Target) -> Iterator[Log]:
        try:
            beside: list[InputError] = []
            logs = target.look(beside, live=not self.once)
            self._skip(beside)
        except InputError as error:
            if target.is_found:
                return
            if not self.wait or self.once:
                target.is_done = True
                self.problems.append(str(error) + _advice(target.argument, self.once))
            return
        logs = [log for log in logs if not self._is_known(log)]
        if self._n_known + len(logs) > MOST_RUNS:
            logs.sort(key=_age)
        for log in logs:
            self._known.setdefault(log.path, []).append(log)
            if self.run is not None and log.run != self.run:
                self._others.append(log.run)
            elif self._n_known >= MOST_RUNS:
                self.n_left += 1
            else:
                self._n_known += 1
                yield unique([log], self._taken)[0]

    def _skip(self, errors: Sequence[InputError]) -> None:
        for error in errors:
            if str(error) not in self._told and len(self._told) < MOST_SKIPPED:
                self._told.add(str(error))
                self.skipped.append(error)

    def _is_known(self, log: Log) -> bool:
        """Whether the log is one that was found before, maybe under another id: ids grow as runs join."""
        last = log.run.rpartition("/")[2]
        return any(
            old.run == log.run or old.reader == log.reader or old.run.rpartition("/")[2] == last
            for old in self._known.get(log.path, ())
        )


def _age(log: Log) -> float:
    """For sorting: what was written last comes first."""
    try:
        return -os.stat(log.path).st_mtime
    except (OSError, ValueError):
        return 0.0


def _advice(argument: str, once: bool) -> str:
    """What else can be done where an argument names no log."""
    is_path = argument != STDIN and not ADDRESS.match(argument)
    may_come = is_path and (not lexists(argument) or isdir(argument))
    return "; or wait for it: --wait" if may_come and not once else ""
