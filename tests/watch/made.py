"""Logs that grow by a script, a clock that only moves when told, a sink that remembers."""

import json
import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from descentry.record.finding import Finding, Severity
from descentry.record.report import Cause, Remedy
from descentry.watch.clock import Clock
from descentry.watch.ends import Ends
from descentry.watch.loop import Watch
from descentry.watch.places import Places
from descentry.watch.settings import Settings
from descentry.watch.sinks.protocol import Sink
from descentry.watch.told import Ended, Note, RunState, Told

START = 1_700_000_000.0


class Script(Clock):
    """Time stands still but in `sleep`, where the next of the steps is done; behind the last comes Ctrl-C."""

    def __init__(self, steps: Sequence[Callable[[], object]] = (), tick_s: float | None = None) -> None:
        self.now = START
        self._tick_s = tick_s
        self._steps = iter(steps)

    def time(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now - START

    def sleep(self, duration_s: float) -> None:
        self.now += duration_s if self._tick_s is None else self._tick_s
        step = next(self._steps, None)
        if step is None:
            raise KeyboardInterrupt
        step()


class Remembers:
    """A sink that keeps all that it is told."""

    def __init__(self) -> None:
        self.problems: list[str] = []
        self.told: list[Told] = []
        self.notes: list[str] = []
        self.alarms: list[str] = []
        self.ends: list[Ended] = []
        self.states: list[RunState] = []
        self.patience_s = 0.0

    def tell(self, told: Told) -> None:
        self.told.append(told)

    def note(self, note: Note) -> None:
        (self.alarms if note.is_alarm else self.notes).append(note.text)

    def show(self, states: Sequence[RunState], now: float) -> None:
        del now
        self.states = list(states)

    def end(self, ended: Ended) -> None:
        self.ends.append(ended)

    def close(self, most_s: float) -> None:
        self.patience_s = most_s

    @property
    def changes(self) -> list[tuple[str, str]]:
        return [(one.change, one.finding.pattern) for one in self.told]


def rows(start: int, stop: int, *, nan_from: int = 1 << 60, leap: range = range(0)) -> str:
    """JSON lines of a healthy descent, with a leap or NaN where asked for."""
    noise = np.random.default_rng(start).normal(0.0, 0.03, stop - start)
    lines = []
    for step in range(start, stop):
        loss = 2.5 + 8 * math.exp(-step / 90) + noise[step - start] + 5.0 * (step in leap)
        loss = math.nan if step >= nan_from else loss
        lines.append(json.dumps({"step": step, "loss": loss}))
    return "".join(f"{line}\n" for line in lines)


def append(path: Path, text: str) -> Callable[[], object]:
    """A step of a script: the text is added to the file."""

    def step() -> None:
        with path.open("a") as file:
            file.write(text)

    return step


def watch_of(
    *paths: Path,
    steps: Sequence[Callable[[], object]] = (),
    tick_s: float | None = None,
    once: bool = False,
    idle_s: float | None = None,
    stop_on: Severity | None = None,
    wait: bool = False,
    run: str | None = None,
    sinks: Sequence[Sink] = (),
) -> tuple[Watch, Remembers]:
    """A watch by script, and what it tells; lines about arguments that cannot be read are notes that begin with `!`."""
    clock, memory = Script(steps, tick_s), Remembers()
    watch = Watch(
        Places([str(path) for path in paths], run=run, wait=wait, once=once, clock=clock),
        Settings(),
        [memory, *sinks],
        Ends(once, idle_s, stop_on),
        attempt=lambda where, call: call(),  # noqa: ARG005
        fail=lambda text: memory.notes.append(f"!{text}"),
        clock=clock,
    )
    return watch, memory


def finding(pattern: str = "spike", severity: Severity = Severity.WARNING, **fields: object) -> Finding:
    """A finding made by hand."""
    given = {
        "onset_step": 100,
        "end_step": None,
        "detected_at_step": 110,
        "statement": "the loss leaps",
        **fields,
    }
    return Finding(pattern=pattern, severity=severity, confidence=0.9, curve="loss", **given)  # type: ignore[arg-type]


def told(change: str = "opened", event: str = "opened", **fields: object) -> Told:
    """A change made by hand."""
    given: dict[str, object] = {
        "finding": finding(),
        "run": "a",
        "path": "runs/a.jsonl",
        "verdict": "warning",
        **fields,
    }
    return Told(event=event, change=change, step=120, time=START, **given)  # type: ignore[arg-type]


def cause(probability: float = 0.7) -> Cause:
    """A cause made by hand."""
    remedies = (Remedy("lower_lr", "Halve the learning rate.", "Smaller steps.", "a guide"),)
    return Cause(
        "lr_too_high", "The rate is too high", probability, (0,), next_test="halve it", remedies=remedies
    )


def files(folder: Path) -> Iterator[str]:
    """The names of all files below a folder."""
    return (path.name for path in sorted(folder.rglob("*")))
