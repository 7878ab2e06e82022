"""Looks through the folders again and again: which runs there are, which have changed, and has those read."""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from threading import Event, Thread

from descentry.record.errors import InputError
from descentry.report.jsonable import Json
from descentry.sources.places.find import find
from descentry.sources.places.targets import unique
from descentry.sources.protocol import Log
from descentry.web.entries import Entries
from descentry.web.hub import Hub
from descentry.web.kept import Kept
from descentry.web.places import Place, Recogniser, check_inside, state_of
from descentry.web.workers import Workers

PAUSE_S = 1.0
"""Between two looks, at least."""
COST = 10.0
"""And no sooner than this many times as long as the last look, or the last reading of that run, took."""
MOST_FILES = 1_000_000
"""Files below the roots whose coming and going is seen."""
_BEGUN = 1 << 16
TELL_S = 0.5
"""How often the progress of a scan is told."""


class Index:
    """The runs below `roots` (real paths).  `tell` takes a line for people; `is_followed` says of an id that its row is
    made elsewhere."""

    def __init__(
        self,
        roots: Sequence[str],
        kept: Kept,
        hub: Hub,
        tell: Callable[[str], None],
        is_followed: Callable[[str], bool] = lambda _: False,
        n_workers: int = 2,
    ) -> None:
        self.roots = tuple(roots)
        self.entries = Entries(kept.secret(), hub)
        self.is_listed = False
        self.n_skipped = 0
        self._kept = kept
        self._hub = hub
        self._tell = tell
        self._is_followed = is_followed
        self._workers = Workers(self.roots, n_workers)
        self._recogniser = Recogniser()
        self._seen: dict[str, object] = {}
        self._found: dict[str, list[Place]] = {}
        self._due: dict[str, float] = {}
        self._waiting: list[tuple[Place, str]] = []
        self._stop = Event()
        self._thread = Thread(target=self._run, name="descentry-index", daemon=True)
        self._told_at = 0.0

    def start(self) -> None:
        """List what is known from the last time, and begin to look."""
        self.restore()
        self._thread.start()

    def close(self) -> None:
        """End the looking."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(5.0)
        self._workers.close()
        self._kept.close()

    def progress(self) -> Json:
        """How far the reading is: `is_listed` once the folders were looked through for the first time."""
        rows = [entry.row["verdict"] for entry in self.entries.all()]
        n_unread = rows.count("unread")
        return {
            "is_listed": self.is_listed, "n_runs": len(rows), "n_read": len(rows) - n_unread,
            "n_waiting": len(self._waiting), "n_skipped": self.n_skipped,
        }  # fmt: skip

    def restore(self) -> None:
        """The rows of the last time, for logs that are still there and below the same roots."""
        for place, (state, row) in self._kept.rows().items():
            if place.root in self.roots and os.path.lexists(place.path):
                self.entries.put(place, state, row, is_quiet=True)

    def _run(self) -> None:
        while not self._stop.is_set():
            began = time.monotonic()
            try:
                self.look()
            except Exception as error:  # the wall: the list stays as it is, and is looked through again
                self._tell(f"the folders could not be looked through: {type(error).__name__}: {error}")
            took = time.monotonic() - began
            until = time.monotonic() + max(PAUSE_S, COST * min(took, 1.0))
            while not self._stop.is_set() and (rest := until - time.monotonic()) > 0:
                if not self._read_on(min(rest, 0.2)) and not self._waiting:
                    self._stop.wait(min(rest, 0.2))

    def look(self) -> None:
        """One look: list what there is, and queue what has changed."""
        for root in self.roots:
            seen = frozenset(_files(root))
            if self._seen.get(root) != seen:
                self._found[root] = list(self._places(root))
                self._seen[root] = seen
        self.entries.take(place for found in self._found.values() for place in found)
        self.is_listed = True
        self._queue()

    def _places(self, root: str) -> Iterator[Place]:
        skipped: list[InputError] = []
        try:
            logs = unique(find(Path(root), skipped, look=self._recogniser))
        except InputError:
            logs = []
        for log in logs:
            try:
                check_inside(str(log.path), self.roots)
            except InputError as error:
                skipped.append(error)
            else:
                yield _place(log, root)
        self.n_skipped = len(skipped)

    def _queue(self) -> None:
        """What differs from its row, the newest first; a run that grows is not read over and over."""
        now, queued = time.monotonic(), {place for place, _ in self._waiting}
        fresh: list[tuple[float, Place, str]] = []
        for entry in self.entries.all():
            place = entry.place
            if place in queued or self._due.get(entry.id, 0.0) > now or self._is_followed(entry.id):
                continue
            state = state_of(place.path)
            if state and state != entry.state and not self._workers.is_busy_with(place):
                fresh.append((_changed(place.path), place, state))
        fresh.sort(key=lambda one: one[0], reverse=True)
        self._waiting = [*((place, state) for _, place, state in fresh), *self._waiting]

    def _read_on(self, timeout_s: float) -> int:
        """Have the next logs read; how many became ready."""
        while self._waiting and self._workers.has_room and not self._stop.is_set():
            self._workers.start(*self._waiting.pop(0), self._done)
        n_ready = self._workers.collect(self._done, timeout_s)
        now = time.monotonic()
        if n_ready and (now - self._told_at > TELL_S or not self._waiting):
            self._told_at = now
            self._hub.tell("progress", self.progress())
        return n_ready

    def _done(self, place: Place, state: str, row: Json) -> None:
        took = row.pop("took_s")
        assert isinstance(took, float)
        key = self.entries.id_of(place)
        self._due[key] = time.monotonic() + COST * took
        if self._is_followed(key) or self.entries.get(key) is None:
            return
        self.entries.put(place, state, row)
        self._kept.add(place, state, row)


def _place(log: Log, root: str) -> Place:
    return Place(str(log.path), log.run, log.format, root)


def _changed(path: str) -> float:
    try:
        return os.stat(path).st_mtime
    except (OSError, ValueError):
        return 0.0


def _files(root: str) -> Iterator[tuple[str, int, int]]:
    """Every file with numbers that change while it grows from nothing, or is replaced; a database's always."""
    pending, n_files = [root], 0
    while pending and n_files < MOST_FILES:
        try:
            with os.scandir(pending.pop()) as entries:
                for entry in entries:
                    n_files += 1
                    if entry.is_dir(follow_symlinks=False):
                        pending.append(entry.path)
                    elif entry.is_file(follow_symlinks=False):
                        yield entry.path, entry.inode(), _version(entry)
                    else:
                        yield entry.path, entry.inode(), -1
        except OSError:
            continue


def _version(entry: "os.DirEntry[str]") -> int:
    status = entry.stat(follow_symlinks=False)
    if entry.name.lower().endswith((".db", ".sqlite", ".sqlite3")):
        return status.st_mtime_ns
    return min(status.st_size, _BEGUN).bit_length()
