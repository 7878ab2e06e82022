"""Hands what was written to the disk itself, beside the loop: for those who fear a power failure."""

import os
from threading import Event, Thread
from weakref import ref

from descentry.log.appender import Appender


class Syncer:
    """A daemon thread that calls fsync at most every `every_s` seconds, while there is something new."""

    def __init__(self, every_s: float) -> None:
        self._every_s = every_s
        self._stop = Event()
        self._thread: Thread | None = None

    def watch(self, appender: Appender) -> None:
        """Starts the thread, unless it runs: it does not come along into a forked child."""
        if self._thread is not None and self._thread.is_alive():
            return
        self._stop = Event()
        self._thread = Thread(
            target=_run, args=(ref(appender), self._stop, self._every_s), name="descentry-log", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Ends the thread, without waiting for a disk that does not answer."""
        self._stop.set()


def _run(appender: "ref[Appender]", stop: Event, every_s: float) -> None:
    size = -1
    while not stop.wait(every_s):
        target = appender()
        if target is None:
            return
        size = synced(target, size)
        del target


def synced(appender: Appender, size: int = -1) -> int:
    """Syncs the file unless it has `size` bytes still; its size, -1 where that cannot be done.

    The lock is not held meanwhile: the loop writes on through a descriptor of its own.
    """
    try:
        with appender.lock:
            if appender.fd < 0:
                return -1
            fd = os.dup(appender.fd)
        try:
            now = os.fstat(fd).st_size
            if now != size:
                os.fsync(fd)
            return now
        finally:
            os.close(fd)
    except OSError as error:
        appender.tell("sync_failed", "the disk does not confirm what was written", error)
        return -1
