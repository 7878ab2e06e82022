"""Copies a stream to a file while others read that file."""

import os
from collections.abc import Callable
from pathlib import Path
from threading import Condition, Thread

from descentry.record.errors import InputError
from descentry.sources.places.spool import MAX_BYTES, copied

Read = Callable[[int], bytes]


class Pump:
    """Copies a stream to the file `copy`, in a thread of its own, which ends with the stream or the program.

    `handle`: closed at the end where it is one.
    """

    def __init__(self, read: Read, copy: Path, where: str, handle: int = -1) -> None:
        self.copy = copy
        self.is_done = False
        self._read = read
        self._where = where
        self._handle = handle
        self._problem: InputError | None = None
        self._n_bytes = 0
        self._news = Condition()
        copy.touch()
        Thread(target=self._run, name="descentry-stream", daemon=True).start()

    def more_than(self, n_bytes: int) -> int:
        """How many bytes there are, once there are more than `n_bytes`; no more at the end of the stream."""
        with self._news:
            self._news.wait_for(lambda: self.is_done or self._n_bytes > n_bytes)
            return self._n_bytes

    def end(self) -> None:
        """Waits for the end of the stream."""
        with self._news:
            self._news.wait_for(lambda: self.is_done)

    def check(self) -> None:
        """Raises UnreadableError where the stream could not be copied."""
        if self._problem is not None:
            raise self._problem

    def _run(self) -> None:
        try:
            copied(self._next, self.copy, self._where, MAX_BYTES)
        except InputError as error:
            self._problem = error
        if self._handle >= 0:
            os.close(self._handle)
        with self._news:
            self.is_done = True
            self._news.notify_all()

    def _next(self, n: int) -> bytes:
        """The next bytes; those before them stand in the copy by now."""
        with self._news:
            self._n_bytes = self.copy.stat().st_size
            self._news.notify_all()
        return self._read(n)
