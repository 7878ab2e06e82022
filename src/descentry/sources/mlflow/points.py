"""Metrics as MLflow's databases and servers keep them to rows: what the storing changed is undone and told.

MLflow writes NaN as 0 with a flag (a server says "NaN"), an infinity as the largest double, and step 0 where none
was named.  A resumed run logs steps again under the same id; only the timestamps tell which came later.
"""

from collections.abc import Iterator, Mapping
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from descentry.record.chunk import Chunk, Floats, Ints, empty
from descentry.record.errors import InputError
from descentry.sources.merge import Points, merged_by_step, points
from descentry.sources.notes import Notes
from descentry.sources.rows import bounded, is_empty

CLAMPED = float(np.finfo(np.float64).max)
LEAST_STEPLESS = 3
"""Points at step 0 and at no other, from which on the step is taken for one that was not given."""

NONE = points(np.empty(0, np.int64), np.empty(0, np.float64))


class Metrics(Protocol):
    """The metrics of one run in a database or on a server, open for reading."""

    n_restarts: int
    """How often everything came again because the store was rewritten."""

    def config(self) -> Mapping[str, object]:
        """The run's settings."""

    def whole(self, notes: Notes) -> Mapping[str, Points]:
        """Every point by name, ordered by time where the store is."""

    def fresh(self, notes: Notes) -> Mapping[str, Points]:
        """The points that came since the last call, at first all."""

    def close(self) -> None:
        """Lets go of what is open."""


def read_metrics(metrics: Metrics, name: str) -> Iterator[Chunk]:
    """The whole run, merged by step.  Raises InputError."""
    notes = Notes(name)
    try:
        config = metrics.config()
        chunk = Undoing(notes).rows(metrics.whole(notes))
    finally:
        metrics.close()
    yield from bounded(Chunk(chunk.steps, chunk.columns, chunk.wall_times, notes.take(), config))


def follow_metrics(metrics: Metrics, name: str) -> Iterator[Chunk]:
    """The run as it grows.  The newest step waits until a later one comes, or nothing: its metrics may be
    written one after the other.  A store that cannot be read for the moment is asked again.
    Raises InputError at the start."""
    follower = _Follower(metrics, Notes(name))
    try:
        yield from bounded(empty(config=metrics.config()))
        while True:
            chunk = follower.poll()
            yield from bounded(chunk)
            if is_empty(chunk):
                yield empty()
    finally:
        metrics.close()


class _Follower:
    """Asks for what is new, and keeps back what belongs to the newest step."""

    def __init__(self, metrics: Metrics, notes: Notes) -> None:
        self._metrics = metrics
        self._notes = notes
        self._undoing = Undoing(notes)
        self._waiting: dict[str, Points] = {}
        self._has_begun = False
        self._n_restarts = metrics.n_restarts
        self._told = ""

    def poll(self) -> Chunk:
        """What came since the last call."""
        fresh = self._fresh()
        if not any(len(its.steps) for its in fresh.values()):
            ready, self._waiting = self._waiting, {}
        else:
            ready = self._all_but_newest(fresh)
        chunk = self._undoing.rows(ready)
        return Chunk(chunk.steps, chunk.columns, chunk.wall_times, self._notes.take())

    def _fresh(self) -> Mapping[str, Points]:
        try:
            fresh = self._metrics.fresh(self._notes)
        except InputError as error:
            if not self._has_begun:
                raise
            self._tell(f"{error.problem}: asked again until it can be read")
            return {}
        self._has_begun, self._told = True, ""
        if self._metrics.n_restarts != self._n_restarts:
            self._n_restarts = self._metrics.n_restarts
            self._waiting, self._undoing = {}, Undoing(self._notes)
        return fresh

    def _tell(self, message: str) -> None:
        """Tells of a failed visit, once while it fails in the same way."""
        if message != self._told:
            self._notes.add("unreadable", message)
        self._told = message

    def _all_but_newest(self, fresh: Mapping[str, Points]) -> dict[str, Points]:
        names = {**self._waiting, **fresh}
        whole = {
            name: joined_points([self._waiting.get(name, NONE), fresh.get(name, NONE)]) for name in names
        }
        newest = max(int(its.steps.max()) for its in whole.values() if len(its.steps))
        ready = {name: kept(its, its.steps != newest) for name, its in whole.items()}
        self._waiting = {name: kept(its, its.steps == newest) for name, its in whole.items()}
        return ready


class Undoing:
    """Takes back what MLflow did to the values, and tells of it.  Knows what it has seen of each series."""

    def __init__(self, notes: Notes) -> None:
        self._notes = notes
        self._newest: dict[str, int] = {}
        self._n_stepless: dict[str, int] = {}

    def rows(self, series: Mapping[str, Points]) -> Chunk:
        """The points as rows, one a step, in the order of time."""
        known = {name: self._known(name, its) for name, its in series.items() if len(its.steps)}
        again = [self._again(name, its.steps) for name, its in known.items()]
        self._tell_again(np.concatenate(again) if again else NONE.steps)
        return merged_by_step(known)

    def _known(self, name: str, its: Points) -> Points:
        its = in_time(its)
        its = its._replace(values=self._unclamped(name, its))
        return self._numbered(name, its)

    def _unclamped(self, name: str, its: Points) -> Floats:
        is_clamped = np.abs(its.values) == CLAMPED
        if not is_clamped.any():
            return its.values
        message = f"`{name}` is the largest double, as MLflow keeps an infinity: taken as infinite"
        step = int(its.steps[is_clamped.argmax()])
        self._notes.add("derived", message, step=step, count=int(is_clamped.sum()))
        return np.where(is_clamped, np.copysign(np.inf, its.values), its.values)

    def _numbered(self, name: str, its: Points) -> Points:
        """Points that all stand at step 0 get numbers."""
        seen = self._n_stepless.get(name, 0)
        if seen < 0 or its.steps.any():
            self._n_stepless[name] = -1
            return its
        n = self._n_stepless[name] = seen + len(its.steps)
        if n < LEAST_STEPLESS:
            return its
        message = (
            f"`{name}` was logged without a step (all are 0): its points are numbered in the order of time"
        )
        self._notes.add("missing_step", message, count=len(its.steps))
        return its._replace(steps=np.arange(seen, n, dtype=np.int64))

    def _again(self, name: str, steps: Ints) -> Ints:
        """The steps that the series has had already, or that come after a later one."""
        newest = self._newest.get(name, int(steps[0]) - 1)
        before = np.maximum.accumulate(np.concatenate(([newest], steps[:-1])))
        self._newest[name] = max(newest, int(steps.max()))
        return steps[steps <= before]

    def _tell_again(self, steps: Ints) -> None:
        if len(steps):
            message = "steps were logged again or after later ones: all kept, ordered by their timestamps"
            self._notes.add("overlap", message, step=int(steps.min()), count=len(steps))


def tell_flagged(notes: Notes, n: int) -> None:
    """Tells of NaN that were stored as a flag."""
    if n:
        notes.add("derived", "NaN is stored as 0 with a flag: undone", warning=False, count=n)


def in_time(its: Points) -> Points:
    """The points in the order of their times, those of one time as they stood."""
    if np.isnan(its.walls).any() or (np.diff(its.walls) >= 0).all():
        return its
    return kept(its, np.argsort(its.walls, kind="stable"))


def kept(its: Points, which: NDArray[np.bool_] | NDArray[np.intp]) -> Points:
    """The points at some indices, or where a mask is true."""
    return Points(its.steps[which], its.values[which], its.walls[which])


def joined_points(pieces: list[Points]) -> Points:
    """Pieces of one series as one."""
    if len(pieces) == 1:
        return pieces[0]
    return Points(*(np.concatenate(parts) for parts in zip(*pieces, strict=True)))
