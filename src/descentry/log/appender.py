"""A file that lines are appended to, one write(2) each; what cannot be written waits in memory.

A line that write(2) took is in the kernel: no end of the process can lose it.  A line that it refused (full
disk, lost mount, no folder) is held, in order, up to `MAX_HELD` bytes, and tried again every second and at each
flush.  Once a second the file is looked at: when it was deleted, its content is written to a new one.
"""

import errno
import os
from collections import deque
from collections.abc import Callable
from itertools import islice
from os import write
from threading import RLock
from time import monotonic
from typing import NamedTuple, Protocol

from descentry.log.descriptors import written_again
from descentry.log.wall import Told

MAX_HELD = 16 << 20
"""Bytes of lines that wait in memory: some 100,000 rows.  The oldest go first when there are more."""
LOOK_S = 1.0
BATCH = 4096
_KEEPS_FILE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
"""Errors after which the same open file is tried again."""


class Opened(NamedTuple):
    """A file that was opened to append, and what is to be written before anything else."""

    fd: int
    first: tuple[bytes, ...]


class Watcher(Protocol):
    """Told of each file that was opened."""

    def watch(self, appender: "Appender") -> None: ...


class Appender:
    """See the module.  `held`: the lines that wait; `has_dropped`: whether some were lost, ever.

    `open_file` raises OSError while it cannot; `notice` makes a line about the file itself.
    """

    def __init__(
        self,
        open_file: Callable[[], Opened],
        notice: Callable[[str, str], bytes],
        told: Told,
        watcher: Watcher | None = None,
    ) -> None:
        self._open_file = open_file
        self._notice = notice
        self._told = told
        self._watcher = watcher
        self._reset()

    def _reset(self) -> None:
        self.lock = RLock()
        self.fd = -1
        self._identity = (0, 0)
        self._first: tuple[bytes, ...] = ()
        self.held: deque[bytes] = deque()
        self._n_bytes = 0
        self._n_done = 0
        self._n_kept = 0
        self._n_waited = 0
        self._n_dropped = 0
        self.has_dropped = False
        self._problem = ""
        self._look_at = 0.0

    def append(self, line: bytes) -> None:
        """Writes the line, or holds it.  Never raises OSError."""
        with self.lock:
            now = monotonic()
            if now >= self._look_at:
                self._look(now)
            if self.held or self.fd < 0:
                self._hold(line)
                return
            try:
                n = write(self.fd, line)
            except OSError as error:
                n = self._refused(error)
            if n < len(line):
                self._hold(line)
                self._n_done = n
                if n:
                    self._drain()

    def open(self) -> None:
        """Opens the file now, to be told of trouble early; nothing is written before the first line."""
        with self.lock:
            self._reopen(-1)

    def flush(self) -> bool:
        """Writes what waits; True when nothing waits any more."""
        with self.lock:
            if self.held:
                self._look(monotonic())
            return not self.held

    def tell(self, kind: str, what: str, error: OSError) -> None:
        """Warns of an error."""
        self._told(kind, f"{what} ({error.strerror or error})")

    def close(self) -> bool:
        """Flushes and lets the file go; True when nothing was lost."""
        with self.lock:
            is_done = self.flush()
            self._let_go()
            self.held.clear()
            return is_done

    def forget(self) -> None:
        """In a forked child: what waits belongs to the parent, as the file does."""
        fd = self.fd
        self._reset()
        if fd >= 0:
            os.close(fd)

    def _look(self, now: float) -> None:
        """Opens the file where it is not open, or not there any more, and writes what waits."""
        self._look_at = now + LOOK_S
        lost = self.fd if self._is_lost() else -1
        if lost >= 0:
            self.fd = -1
        if self.fd < 0:
            self._reopen(lost)
        if self.fd < 0:
            return
        self.held.extendleft(reversed(self._first))
        self._n_bytes += sum(map(len, self._first))
        self._n_kept += len(self._first)
        self._first = ()
        if self.held:
            self._drain()

    def _is_lost(self) -> bool:
        """Whether the open file has no name any more."""
        if self.fd < 0:
            return False
        try:
            status = os.fstat(self.fd)
        except OSError:
            self._let_go()
            return False
        if (status.st_dev, status.st_ino) != self._identity:
            self.fd = -1
            return False
        return status.st_nlink == 0

    def _reopen(self, lost: int) -> None:
        try:
            self.fd, self._first = self._open_file()
            status = os.fstat(self.fd)
        except OSError as error:
            self._failed(error, "cannot be opened")
            self._let_go()
            self.fd = lost
            return
        self._identity = (status.st_dev, status.st_ino)
        if self._watcher is not None:
            self._watcher.watch(self)
        if lost >= 0:
            self._restore(lost)
        self._n_done = 0

    def _restore(self, lost: int) -> None:
        """What stood in a file that was deleted goes first into the new one."""
        said, is_whole = written_again(lost, self.fd)
        self.has_dropped |= not is_whole
        self._told("vanished", said)
        self._first = (*self._first, self._notice("vanished", said))

    def _written(self, data: bytes) -> int:
        """How many bytes the file took."""
        try:
            return write(self.fd, data)
        except OSError as error:
            return self._refused(error)

    def _refused(self, error: OSError) -> int:
        """Tells of an error of write(2); 0, for no byte was taken."""
        self._failed(error, "cannot be written")
        if error.errno not in _KEEPS_FILE:
            self._let_go()
        return 0

    def _failed(self, error: OSError, what: str) -> None:
        self._problem = error.strerror or str(error)
        self._told(
            "write_failed",
            f"{what} ({self._problem}); rows wait in memory, {MAX_HELD >> 20} MiB at most, and are written "
            "once that is possible",
        )

    def _let_go(self) -> None:
        fd, self.fd = self.fd, -1
        if fd < 0:
            return
        try:
            os.close(fd)
        except OSError as error:
            self._problem = error.strerror or str(error)

    def _hold(self, line: bytes) -> None:
        self.held.append(line)
        self._n_bytes += len(line)
        self._n_waited += 1
        at = max(self._n_kept, 1 if self._n_done else 0)
        while self._n_bytes > MAX_HELD and len(self.held) > at + 1:
            self._n_bytes -= len(self.held[at])
            del self.held[at]
            self._n_dropped += 1
        if self._n_dropped:
            self.has_dropped = True
            self._told(
                "dropped", f"more than {MAX_HELD >> 20} MiB wait in memory; the oldest rows are dropped"
            )

    def _drain(self) -> None:
        """Writes what waits, many lines at a time, and tells of it in the log."""
        while self.held:
            block = b"".join(islice(self.held, BATCH))[self._n_done :]
            n = self._written(block)
            self._took(n)
            if not n:
                return
        if self._n_waited:
            said = f"{self._n_waited} lines waited in memory ({self._problem})"
            lost = f"; {self._n_dropped} of them, the oldest, were dropped" if self._n_dropped else ""
            kind = "lost" if self._n_dropped else "held"
            self._n_waited = self._n_dropped = 0
            self.append(self._notice(kind, said + lost))

    def _took(self, n: int) -> None:
        """Forgets the first n bytes that wait."""
        n += self._n_done
        while self.held and n >= len(self.held[0]):
            size = len(self.held.popleft())
            self._n_bytes -= size
            self._n_kept = max(0, self._n_kept - 1)
            n -= size
        self._n_done = n
