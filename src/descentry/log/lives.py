"""The logs that are open: closed at the interpreter's end, renewed in a forked child."""

import atexit
import os
from typing import Protocol
from weakref import WeakSet


class Living(Protocol):
    """What is told of the end and of forks."""

    def close(self) -> None: ...

    def forked(self) -> None: ...


_alive: "WeakSet[Living]" = WeakSet()


def keep(log: Living) -> None:
    """Remembers a log for as long as somebody else does."""
    _alive.add(log)


def _end() -> None:
    for log in list(_alive):
        log.close()


def _forked() -> None:
    for log in list(_alive):
        log.forked()


atexit.register(_end)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)
