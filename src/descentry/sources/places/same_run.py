"""One run that several writers logged at once (Ray Tune, Lightning, Keras, the Trainer) is one run.

A log is left aside only where another one of a different format, in the same folder or in one of the `LOG_FOLDERS`
that writers make in it, holds every curve of it, point for point: the same values (to the digits that are written)
at the same steps.  The log that stays tells which others were left aside.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from descentry.record.chunk import Chunk
from descentry.record.errors import DescentryError
from descentry.record.event import Event
from descentry.record.roles import Role
from descentry.record.run import Curve, Run
from descentry.sources.collect import collect
from descentry.sources.protocol import Log, OneRun
from descentry.sources.rows import with_events

LOG_FOLDERS = frozenset({
    "runs", "logs", "log", "tensorboard", "tb", "tb_logs", "lightning_logs", "csv_logs", "wandb", "metrics",
})  # fmt: skip
"""Folders of logs inside that of a run; what they hold may lie deeper, by dates and versions."""
MAX_LEVELS = 3
MAX_NEAR = 8
"""Where more logs lie together, they are runs, not copies: none is compared."""
MAX_BYTES = 64 << 20
"""Files larger than this are not read twice."""
LEAST_POINTS = 5
"""Points of curves that move, in all, before two logs are one run."""
DIGITS = 1e-4
"""Logs write float32, or five digits, where another writes all."""
RAY = "ray/tune/"
"""Tune's event files count steps of the environment where its other files count iterations."""


@dataclass(frozen=True, slots=True)
class Beside:
    """A reader that first tells what was left aside."""

    inner: OneRun
    event: Event

    @property
    def can_verify(self) -> bool:
        """Whether the reader can check every checksum."""
        return bool(getattr(self.inner, "can_verify", False))

    def read(self, path: Path, **options: bool) -> Iterator[Chunk]:
        """The reader's own chunks."""
        return self._told(self.inner.read(path, **options))

    def follow(self, path: Path) -> Iterator[Chunk]:
        """The reader's own."""
        return self._told(self.inner.follow(path))

    def _told(self, chunks: Iterator[Chunk]) -> Iterator[Chunk]:
        for first in chunks:
            yield with_events(first, [self.event])
            break
        yield from chunks


def without_copies(logs: Sequence[Log]) -> list[Log]:
    """The logs without those that only repeat another one, which tells so."""
    aside: dict[int, list[int]] = {}
    gone: set[int] = set()
    runs: dict[int, Run | None] = {}
    for a, b in _near(logs):
        if a in gone or b in gone:
            continue
        pair = [_run_of(logs[index], runs, index) for index in (a, b)]
        kept = _richer(pair[0], pair[1])
        if kept is not None:
            keeper, other = (a, b) if kept == 0 else (b, a)
            gone.add(other)
            aside.setdefault(keeper, []).extend([other, *aside.pop(other, [])])
    return [
        _telling(log, [logs[other] for other in aside[index]]) if index in aside else log
        for index, log in enumerate(logs)
        if index not in gone
    ]


def _telling(log: Log, others: Sequence[Log]) -> Log:
    names = ", ".join(sorted({other.path.name + "/" * other.path.is_dir() for other in others}))
    message = f"the same run is logged in {names}, too: left aside"
    return replace(log, reader=Beside(log.reader, Event("left_aside", message, log.path.name)))


def _near(logs: Sequence[Log]) -> list[tuple[int, int]]:
    """Pairs of logs of different formats that lie near each other, the nearest first."""
    if len({log.format for log in logs}) < 2:
        return []
    homes: dict[Path, list[int]] = {}
    for index, log in enumerate(logs):
        homes.setdefault(_home(log), []).append(index)
    below: dict[Path, list[int]] = {}
    for home, mine in homes.items():
        below.setdefault(home, []).extend(mine)
        for inner, outer in list(pairwise((home, *home.parents)))[:MAX_LEVELS]:
            if inner.name.lower() in LOG_FOLDERS:
                below.setdefault(outer, []).extend(mine)
    pairs = [
        (len(_home(logs[b]).parts) - len(home.parts), a, b)
        for home, mine in homes.items()
        if len(below[home]) <= MAX_NEAR
        for a in mine
        for b in below[home]
        if logs[a].format != logs[b].format and (b not in mine or a < b)
    ]
    return [(a, b) for _, a, b in sorted(pairs)]


def _home(log: Log) -> Path:
    """The folder that a log stands for."""
    if log.path.is_dir():
        return log.path
    is_checkpoint = log.path.parent.name.startswith("checkpoint-")
    return log.path.parent.parent if is_checkpoint else log.path.parent


def _run_of(log: Log, runs: dict[int, Run | None], index: int) -> Run | None:
    """The whole run, read once; None where it cannot be read, or is too large to be read for this."""
    if index not in runs:
        try:
            files = [log.path] if log.path.is_file() else list(log.path.glob("*"))
            is_small = sum(path.stat().st_size for path in files) <= MAX_BYTES
            runs[index] = collect(log) if is_small else None
        except (DescentryError, OSError):
            runs[index] = None
    return runs[index]


def _richer(a: Run | None, b: Run | None) -> int | None:
    """Which of two logs (0 or 1) holds all of the other one; None where neither does."""
    if a is None or b is None:
        return None
    held = [_holds(a, b), _holds(b, a)]
    if not any(held):
        return None
    if all(held):
        return int(_size(b) > _size(a))
    return 0 if held[0] else 1


def _size(run: Run) -> tuple[int, int, int]:
    """How much a log says: points of curves that move, times, series."""
    curves = run.curves.values()
    n_points = sum(len(curve) for curve in curves if _moves(curve))
    return n_points, sum(curve.wall_times is not None for curve in curves), len(curves)


def _holds(rich: Run, poor: Run) -> bool:
    """Whether every curve of `poor` that moves is the beginning of one of `rich`."""
    moving = [curve for curve in poor.curves.values() if _moves(curve)]
    if sum(map(len, moving)) < LEAST_POINTS:
        return False
    return all(any(_begins(curve, other) for other in rich.curves.values()) for curve in moving)


def _moves(curve: Curve) -> bool:
    """Whether a curve says more than one number, and more than the step does."""
    if curve.role is Role.EPOCH:
        return False
    values = curve.values[np.isfinite(curve.values)]
    if len(values) < 2 or (values == values[0]).all():
        return False
    return not (values == np.trunc(values)).all() or len(values) > LEAST_POINTS


def _begins(curve: Curve, other: Curve) -> bool:
    """Whether `curve` is a beginning of `other`, its steps counted from 0 or from 1."""
    n = len(curve)
    if n > len(other):
        return False
    shift = int(other.steps[0]) - int(curve.steps[0])
    is_same = abs(shift) <= 1 and np.array_equal(other.steps[:n] - shift, curve.steps)
    if not is_same and not (curve.name.startswith(RAY) or other.name.startswith(RAY)):
        return False
    return bool(np.isclose(other.values[:n], curve.values, rtol=DIGITS, atol=0, equal_nan=True).all())
