"""Which files and folders have changed since they were last looked at: one question to the file system each."""

import os
import time

SETTLED_NS = 50_000_000
"""What was changed less than this ago may change again without its time telling."""


class Changes:
    """Remembers the state of each path from one look to the next."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[int, int, int]] = {}

    def has_changed(self, path: str) -> bool:
        """Whether a path differs from what it was at the last look; true at the first.  One that is gone, maybe
        for the moment, has not changed."""
        try:
            status = os.stat(path)
        except (OSError, ValueError):
            return False
        state = status.st_mtime_ns, status.st_size, status.st_ino
        if self._known.get(path) == state:
            return False
        if abs(time.time_ns() - status.st_mtime_ns) > SETTLED_NS:
            self._known[path] = state
        return True
