"""`--exec`: a program of the user's, run once for each change, never through a shell.

The event (`descentry/event/1`) is its standard input, and stands in its environment as DESCENTRY_EVENT and so on.
"""

import os
import shlex
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from functools import partial
from tempfile import TemporaryFile
from typing import IO

from descentry.record.errors import UsageError
from descentry.report.jsonable import Json, dumps
from descentry.report.text import clipped, escaped
from descentry.watch import events, words
from descentry.watch.sinks.background import MOST_WAITING, Background
from descentry.watch.told import END, Ended, Note, RunState, Told

TIMEOUT_S = 60.0
"""After so long a program is killed, with all that it has started."""
AT_ONCE = 4
"""Programs that run side by side; the others wait their turn."""
_LONGEST = 4096
_TOLD = 200


class Command:
    """Runs `line`, split as a shell would split it.  Its output is shown only where it fails.

    Raises UsageError for a line that cannot be split, or a program that is not there.
    """

    def __init__(self, line: str, timeout_s: float = TIMEOUT_S) -> None:
        self.problems: list[str] = []
        self._words = _split(line)
        self._timeout_s = timeout_s
        self._n_refused = 0
        self._told: set[str] = set()
        self._background = Background(self._broke, AT_ONCE)

    def tell(self, told: Told) -> None:
        """Run the program, for what is told to people, too."""
        if told.is_news:
            self._start(events.event(told), _variables(told))

    def note(self, note: Note) -> None:
        """Nothing: a note is no event."""

    def show(self, states: Sequence[RunState], now: float) -> None:
        """Nothing."""

    def end(self, ended: Ended) -> None:
        """Run the program for the end, too."""
        self._start(events.end(ended), _end_variables(ended))

    def close(self, most_s: float) -> None:
        """Wait for the programs that run, as long as one may take."""
        left = self._background.wait(min(most_s, self._timeout_s + 5.0))
        self._background.drop()
        if left:
            self._fail(f"{left} not done by the end")

    def _start(self, event: Json, variables: Mapping[str, str]) -> None:
        if not self._background.put(partial(self._run, dumps(event), variables)):
            self._n_refused += 1
            self._fail(f"more than {MOST_WAITING} wait for their turn: some are left out")

    def _run(self, event: bytes, variables: Mapping[str, str]) -> None:
        environment = {**os.environ, **variables}
        with TemporaryFile() as output:
            program = subprocess.Popen(
                self._words,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                env=environment,
                start_new_session=True,
            )
            try:
                program.communicate(event, timeout=self._timeout_s)
            except subprocess.TimeoutExpired:
                _kill(program)
                self._fail(f"took longer than {self._timeout_s:g} s and was killed")
                return
            if program.returncode:
                self._fail(f"ended with {program.returncode}{_last_line(output)}")

    def _fail(self, what: str) -> None:
        """Say each kind of failure once."""
        if what not in self._told and len(self._told) < MOST_WAITING:
            self._told.add(what)
            self.problems.append(f"--exec {escaped(self._words[0])}: {what}. The watching goes on")

    def _broke(self, error: Exception) -> None:
        self._fail(f"cannot be run ({clipped(escaped(str(error)), _TOLD)})")


def _split(line: str) -> list[str]:
    try:
        parts = shlex.split(line)
    except ValueError as error:
        raise UsageError(
            f"--exec {line!r}: cannot be split into words ({error}); check its quotes"
        ) from error
    if not parts:
        raise UsageError("--exec: is empty; expected a program and its arguments")
    if shutil.which(parts[0]) is None:
        raise UsageError(f"--exec {parts[0]}: no such program; name one that is in PATH, or by its path")
    return parts


def _variables(told: Told) -> dict[str, str]:
    one, cause = told.finding, told.cause
    remedy = cause.remedies[0].action if cause is not None and cause.remedies else ""
    return _named(
        EVENT=told.event, CHANGE=told.change, RUN=told.run, LOG=told.path, STEP=str(told.step), VERDICT=told.verdict,
        PATTERN=one.pattern, SEVERITY=str(one.severity), CURVE=one.curve, ONSET_STEP=str(one.onset_step),
        STATEMENT=one.statement, MESSAGE=words.headline(told), CAUSE=cause.title if cause is not None else "",
        REMEDY=remedy,
    )  # fmt: skip


def _end_variables(ended: Ended) -> dict[str, str]:
    return _named(
        EVENT=END, RUN=ended.run, LOG=ended.path, STEP=str(ended.step), VERDICT=ended.report.verdict,
        REASON=ended.reason, MESSAGE=ended.report.summary,
    )  # fmt: skip


def _named(**values: str) -> dict[str, str]:
    """For the environment: no control characters, nothing that cannot be encoded, nothing endless."""
    return {f"DESCENTRY_{name}": clipped(escaped(value), _LONGEST) for name, value in values.items()}


def _kill(program: "subprocess.Popen[bytes]") -> None:
    if hasattr(os, "killpg"):
        os.killpg(program.pid, signal.SIGKILL)
    else:
        program.kill()
    program.wait()


def _last_line(output: IO[bytes]) -> str:
    size = output.seek(0, os.SEEK_END)
    output.seek(max(0, size - _LONGEST))
    lines = output.read().decode("utf-8", "replace").strip().splitlines()
    return f": {clipped(escaped(lines[-1]), _TOLD)}" if lines else ""
