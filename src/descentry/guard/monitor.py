"""The stream of the run that is being trained, driven beside the training: in a thread of its own, or at once.

The training only puts rows into a queue; the thread takes all that wait, which the stream reads as one chunk (any
chunking says the same), and lays down what stands.  If it dies, it is begun anew a few times and then left alone; if
it hangs, rows are no longer taken.  Either costs the diagnosis and nothing else, and is told once.
"""

import io
import logging
import pickle
import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from descentry.diagnosis.confidence import load as load_calibration
from descentry.record.chunk import Chunk, Column
from descentry.record.finding import Finding
from descentry.stream.drive import Stream
from descentry.stream.leads import explained
from descentry.stream.outcome import Outcome

MAX_WAITING = 100_000
"""Rows that may wait: a monitor so far behind hangs."""
MAX_DEATHS = 3
"""Failures after which it is not begun anew."""
LOOK_S, SLEEP_AFTER = 0.005, 400
"""Seconds between two looks for rows, and looks in vain after which it sleeps until it is woken."""
_SAFE = {
    "builtins": {"set", "frozenset", "slice", "range", "complex", "bytearray"},
    "collections": {"deque", "OrderedDict", "defaultdict", "Counter"},
    "numpy": {"dtype", "ndarray"},
    "numpy._core.multiarray": {"_reconstruct", "scalar"},
    "numpy.core.multiarray": {"_reconstruct", "scalar"},
    "numpy._core.numeric": {"_frombuffer"},
    "numpy.core.numeric": {"_frombuffer"},
}
"""What the state is made of beside Descentry's own types."""
_log = logging.getLogger("descentry.guard")


@dataclass(frozen=True, slots=True)
class Row:
    """The values of one step."""

    step: int
    values: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Mark:
    """`keep`: what is known now is kept under `step`; else what was known at `step` is restored."""

    step: int
    keep: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands after a step: leading findings with calibrated confidence.  `n_points`: rows seen so far.

    `era`: how often the run was rolled back before: what was said of an earlier one no longer holds.
    """

    findings: tuple[Finding, ...] = ()
    step: int = 0
    n_points: int = 0
    era: int = 0


@dataclass
class Monitor:
    """Takes rows, gives `standing`.  `background`: in a thread; else each row is judged before `push` returns."""

    background: bool = True
    options: Mapping[str, Any] = field(default_factory=dict)
    most_kept: int = 64
    standing: Standing = field(default_factory=Standing)
    n_lost: int = 0
    faults: list[str] = field(default_factory=list)
    _waiting: deque[Row | Mark] = field(default_factory=deque)
    _kept: dict[int, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._stream = Stream(**self.options)
        self._n_points = self._era = self._first_step = 0
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        self._is_closed = self._sleeps = self._works = False

    def push(self, item: Row | Mark) -> None:
        """The next row or mark, in order."""
        if self.is_dead or len(self._waiting) >= MAX_WAITING:
            self._lose()
            return
        self._waiting.append(item)
        if not self.background:
            self._guarded()
            return
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="descentry-guard", daemon=True)
            self._thread.start()
        elif self._sleeps:
            self._wake.set()

    @property
    def is_dead(self) -> bool:
        """Whether it failed so often that it was given up."""
        return len(self.faults) > MAX_DEATHS or self._is_closed

    def wait(self, seconds: float) -> bool:
        """Until all rows were taken, at most so long; whether they were."""
        until = time.monotonic() + seconds
        while (self._waiting or self._works) and self._thread is not None and time.monotonic() < until:
            time.sleep(LOOK_S)
        return not (self._waiting or self._works)

    def close(self) -> None:
        """No more rows; the thread ends by itself."""
        self._is_closed = True
        self._wake.set()

    def _work(self) -> None:
        """Looks for rows every few milliseconds, which costs the training nothing; without any for long, sleeps."""
        n_idle = 0
        while not self._is_closed:
            if self._waiting:
                n_idle = 0
                self._guarded()
            elif n_idle < SLEEP_AFTER:
                n_idle += 1
                time.sleep(LOOK_S)
            else:
                self._sleeps = True
                self._wake.wait(1.0)
                self._wake.clear()
                self._sleeps = False

    def _guarded(self) -> None:
        """All that waits is taken; a failure begins the stream anew, and only this wall knows of it."""
        self._works = True
        try:
            while self._waiting:
                self._take()
        except Exception as error:  # the monitor may fail, the training may not
            self.faults.append(f"{type(error).__name__}: {error}")
            _log.warning("the monitor failed and begins anew: %s", self.faults[-1])
            self._stream = Stream(**self.options)
            self.standing = Standing(step=self.standing.step, n_points=self._n_points, era=self._era)
        finally:
            self._works = False

    def _take(self) -> None:
        """One mark, or all rows up to the next one."""
        rows: list[Row] = []
        while self._waiting:
            item = self._waiting.popleft()
            if isinstance(item, Row):
                rows.append(item)
                continue
            self._read(rows)
            rows = []
            self._mark(item)
        self._read(rows)

    def _read(self, rows: list[Row]) -> None:
        if not rows:
            return
        if not self._n_points:
            self._first_step = rows[0].step
        self._n_points += len(rows)
        self._stream.feed(_chunk(rows))
        step = rows[-1].step
        said = self._stream.standing
        if said or self.standing.findings:
            leading = [one for one in explained(said, step, self._first_step) if one.explained_by is None]
            calibration = load_calibration()
            said = tuple(calibration.finding(one) for one in leading)
        self.standing = Standing(said, step, self._n_points, self._era)

    def _mark(self, mark: Mark) -> None:
        if mark.keep:
            self._kept[mark.step] = self.dump()
            while len(self._kept) > self.most_kept:
                del self._kept[min(self._kept)]
            return
        self._era += 1
        self._kept = {step: kept for step, kept in self._kept.items() if step <= mark.step}
        if mark.step in self._kept:
            self.restore(self._kept[mark.step])
        else:
            self._stream, self._n_points = Stream(**self.options), 0
        self.standing = Standing((), mark.step, self._n_points, self._era)

    def ended(self) -> Outcome:
        """What stands at the end of the log; nothing more may be read then."""
        return self._stream.end()

    def dump(self) -> bytes:
        """What is known, for `restore`."""
        return pickle.dumps((self._stream, self._n_points, self._first_step), protocol=5)

    def restore(self, kept: bytes) -> None:
        """What was known then.  Nothing but Descentry's own types and NumPy's is made from these bytes."""
        self._stream, self._n_points, self._first_step = _Loader(io.BytesIO(kept)).load()

    def _lose(self) -> None:
        if not self.n_lost:
            _log.warning("the monitor does not answer; the training goes on without its findings")
        self.n_lost += 1


class _Loader(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        """Only what a stream is made of."""
        if name in _SAFE.get(module, ()):
            return super().find_class(module, name)
        found = super().find_class(module, name) if module.startswith("descentry.") else None
        if not isinstance(found, type):
            raise pickle.UnpicklingError(f"{module}.{name} does not belong to a guard's state")
        return found


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
