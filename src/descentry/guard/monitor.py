"""The stream of the run that is being trained, driven beside the training: in a thread of its own, or at once.

The training only puts rows into a queue; the thread takes all that wait, which the stream reads as one chunk (any
chunking says the same), and lays down what stands.  If it fails or dies, it is begun anew a few times and then left
alone; if it hangs, rows are no longer taken.  Either costs the diagnosis and nothing else, and is told once.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import numpy as np

from descentry.diagnosis.confidence import load as load_calibration
from descentry.diagnosis.diagnose import report as report_of
from descentry.guard.kept import dumps, loads
from descentry.guard.wall import Wall, tell
from descentry.record.chunk import Chunk, Column
from descentry.record.finding import Finding
from descentry.record.report import RunReport
from descentry.stream.drive import Stream
from descentry.stream.leads import explained

MAX_WAITING = 1_000_000
"""Values that may wait: a monitor so far behind hangs, or judges more than it can."""
MAX_DEATHS = 4
"""Failures after which it is not begun anew."""
MOST_AT_ONCE = 1000
"""Rows that are read in one piece."""
MAX_KEPT, MAX_KEPT_BYTES = 64, 1 << 26
"""States that are kept for roll backs, and their size together; the oldest are forgotten."""
LOOK_S, IDLE_LOOKS = 0.02, 100
"""Seconds between two looks for rows, and looks in vain after which the thread ends; the next row begins another."""


class Row(NamedTuple):
    """The values of one step."""

    step: int
    values: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Mark:
    """`keep`: what is known now is kept under `step`; `drop`: it need not be any more; `back`: what was known at
    `step` holds again, and the run is in its `era`."""

    step: int
    what: Literal["keep", "drop", "back"]
    era: int = 0


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands after a step: leading findings with calibrated confidence, and the likeliest cause by pattern.

    `n_points`: rows seen so far.  `era`: how often the run was rolled back before: what was said of an earlier one no
    longer holds.
    """

    findings: tuple[Finding, ...] = ()
    step: int = 0
    n_points: int = 0
    era: int = 0
    causes: Mapping[str, str] = field(default_factory=dict)


class Monitor:
    """Takes rows, gives `standing`.

    `background`: in a thread; else each row is judged before `push` returns.  `options`: the stream's.
    `asks_causes`: whether causes are ranked when findings change.  `n_lost`: rows that were not taken.
    `also`: done in the thread where rows have come, before they are read.
    """

    def __init__(
        self, background: bool = True, options: Mapping[str, Any] | None = None, asks_causes: bool = False
    ) -> None:
        self.background, self.options, self.asks_causes = background, dict(options or {}), asks_causes
        self.standing = Standing()
        self.n_lost = 0
        self.wall = Wall("the monitor", MAX_DEATHS)
        self.also: Callable[[], None] = lambda: None
        self._waiting: deque[Row | Mark] = deque()
        self._n_put = self._n_taken = 0
        self._kept: dict[int, bytes] = {}
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._is_closed = self._runs = self._has_ended = False
        self._hung_at: int | None = None
        self._era = 0
        self._begin()

    def push(self, item: Row | Mark) -> None:
        """The next row or mark, in order."""
        is_row = type(item) is Row
        is_dead = self._is_closed or len(self.wall.faults) >= self.wall.most
        if is_dead or (is_row and self._n_put - self._n_taken > MAX_WAITING):
            self._lose()
            return
        if is_row:
            self._n_put += 1 + len(item.values)  # type: ignore[union-attr]
        self._waiting.append(item)
        if not self.background:
            self._drain()
        elif not self._runs:
            self.wall.call(self._start, None)

    @property
    def is_dead(self) -> bool:
        """Whether it failed so often that it was given up, or was closed."""
        return self._is_closed or not self.wall.is_open

    @property
    def faults(self) -> list[str]:
        """What failed, one line each."""
        return self.wall.faults

    def wait(self, seconds: float) -> bool:
        """Until all rows were taken, at most so long; whether they were.  Once in vain: not again, until it moves."""
        until = time.monotonic() + seconds
        while (self._waiting or self._lock.locked()) and not self.is_dead:
            if time.monotonic() >= until or self._hung_at == self._n_taken:
                self._hung_at = self._n_taken
                return False
            if self.background and not self._runs:
                self.wall.call(self._start, None)
            time.sleep(0.001)
        return not self.is_dead

    def close(self) -> None:
        """No more rows; the thread ends by itself."""
        self._is_closed = True

    def dump(self, seconds: float = 2.0) -> bytes:
        """What is known, for `restore`.  RuntimeError: the monitor hangs."""
        with self._alone(seconds):
            return dumps((self._stream, self._n_points, self._first_step))

    def restore(self, kept: bytes, seconds: float = 2.0) -> None:
        """What was known then.  UsageError: these bytes hold something else; RuntimeError: the monitor hangs."""
        stream, n_points, first_step = loads(kept)
        if not isinstance(stream, Stream):
            raise TypeError(f"a monitor's state begins with a stream, not with {type(stream).__name__}")
        with self._alone(seconds):
            self._stream, self._n_points, self._first_step = stream, int(n_points), int(first_step)

    def report(self) -> RunReport:
        """The diagnosis of the run so far, made on a copy: judging its end would change what a growing one is told."""
        twin = Monitor(background=False)
        twin.restore(self.dump())
        return report_of(twin._stream.end(), "guard", "live", "")

    def begin(self, era: int) -> None:
        """The era of the rows to come."""
        self._era = era
        self.standing = Standing(step=self.standing.step, n_points=self._n_points, era=era)

    def _begin(self) -> None:
        self._stream = Stream(**self.options)
        self._n_points = self._first_step = 0

    def _start(self) -> None:
        """Another thread; one that has not ended by itself has died, which is a failure."""
        if self._thread is not None and not self._has_ended:
            self.wall.note(RuntimeError("its thread died"))
        self._has_ended = False
        self._thread = threading.Thread(target=self._work, name="descentry-guard", daemon=True)
        self._runs = True
        try:
            self._thread.start()
        except (RuntimeError, MemoryError):
            self._runs = False
            raise

    @contextmanager
    def _alone(self, seconds: float) -> Iterator[None]:
        """No row is read meanwhile."""
        if not self._lock.acquire(timeout=seconds):
            raise RuntimeError(f"the monitor has not answered for {seconds:g} s")
        try:
            yield
        finally:
            self._lock.release()

    def _work(self) -> None:
        """Looks for rows every now and then, which costs the training nothing: no one is woken by a row."""
        n_idle = 0
        try:
            while not self.is_dead and n_idle < IDLE_LOOKS:
                n_idle = 0 if self._waiting else n_idle + 1
                self.wall.call(self._drain, None)
                time.sleep(LOOK_S)
            self._has_ended = True
        except SystemExit:  # it would end this thread alone; the next row sees that it died
            return
        finally:
            self._runs = False

    def _drain(self) -> None:
        """All that waits is taken; after a failure the stream begins anew."""
        while self._waiting and not self.is_dead:
            if self.background:
                self.wall.call(self.also, None)
            if not self.wall.call(self._take, False):
                self.standing = Standing(step=self.standing.step, n_points=self._n_points, era=self._era)
                self.wall.call(self._begin, None)

    def _take(self) -> bool:
        """The rows up to the next mark, or that mark."""
        with self._lock:
            rows: list[Row] = []
            while self._waiting and len(rows) < MOST_AT_ONCE and isinstance(self._waiting[0], Row):
                rows.append(self._waiting.popleft())  # type: ignore[arg-type]
            self._n_taken += sum(1 + len(row.values) for row in rows)
            if rows:
                self._read(rows)
            elif self._waiting:
                self._mark(self._waiting.popleft())  # type: ignore[arg-type]
        return True

    def _read(self, rows: list[Row]) -> None:
        if not self._n_points:
            self._first_step = rows[0].step
        self._n_points += len(rows)
        self._stream.feed(_chunk(rows))
        step, before = rows[-1].step, self.standing
        said = self._stream.standing
        causes: Mapping[str, str] = {}
        if said:
            leading = [one for one in explained(said, step, self._first_step) if one.explained_by is None]
            calibration = load_calibration()
            said = tuple(calibration.finding(one) for one in leading)
            causes = self._causes(said, before) if self.asks_causes else {}
        self.standing = Standing(said, step, self._n_points, self._era, causes)

    def _causes(self, said: tuple[Finding, ...], before: Standing) -> Mapping[str, str]:
        """The likeliest cause of each pattern; ranked anew only where other findings stand."""
        if [(one.pattern, one.curve) for one in said] == [
            (one.pattern, one.curve) for one in before.findings
        ]:
            return before.causes
        report = report_of(self._stream.so_far(), "guard", "live", "")
        causes: dict[str, str] = {}
        for cause in report.causes:
            for i in cause.findings:
                causes.setdefault(report.findings[i].pattern, cause.cause)
        return causes

    def _mark(self, mark: Mark) -> None:
        if mark.what == "keep":
            self._kept.pop(mark.step, None)
            self._kept[mark.step] = dumps((self._stream, self._n_points, self._first_step))
            while len(self._kept) > MAX_KEPT or sum(map(len, self._kept.values())) > MAX_KEPT_BYTES:
                del self._kept[min(self._kept)]
        elif mark.what == "drop":
            self._kept.pop(mark.step, None)
        else:
            self._back(mark)

    def _back(self, mark: Mark) -> None:
        self.begin(mark.era)
        self._kept = {step: kept for step, kept in self._kept.items() if step <= mark.step}
        if mark.step in self._kept:
            self._stream, self._n_points, self._first_step = loads(self._kept[mark.step])
        else:
            self._begin()
        self.standing = Standing((), mark.step, self._n_points, self._era)

    def _lose(self) -> None:
        if self.is_dead:
            self._waiting.clear()
        if not self.n_lost and not self._is_closed:
            why = "failed too often" if not self.wall.is_open else "does not answer, or not keep up"
            tell("the monitor %s; the training goes on without its findings", why)
        self.n_lost += 1


def _chunk(rows: list[Row]) -> Chunk:
    """Rows as the stream reads them."""
    places: dict[str, list[int]] = {}
    values: dict[str, list[float]] = {}
    for i, row in enumerate(rows):
        for name, value in row.values.items():
            places.setdefault(name, []).append(i)
            values.setdefault(name, []).append(value)
    columns = {
        name: Column(np.array(at, np.int64), np.array(values[name], np.float64))
        for name, at in places.items()
    }
    return Chunk(np.array([row.step for row in rows], np.int64), columns)
