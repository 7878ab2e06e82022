"""What a sink is: whoever is told of the runs that are watched."""

from collections.abc import Sequence
from typing import Protocol

from descentry.watch.told import Ended, Note, RunState, Told


class Sink(Protocol):
    """Takes what is told.  No method may wait for the world outside, but `close`, for a bounded time.

    `tell`: a finding opens, changes or closes.  `note`: one line for people that is no finding (a silence, a new
    run, a file that is gone).  `show`: how all runs stand, several times a second; `now` in seconds since the epoch.
    `end`: a run is no longer watched.  `close`: nothing more comes, and what is under way
    may take `most_s` seconds at most.  `problems`: what it could not do, a line each, for
    the others to tell; they are taken away.
    """

    problems: list[str]

    def tell(self, told: Told) -> None: ...

    def note(self, note: Note) -> None: ...

    def show(self, states: Sequence[RunState], now: float) -> None: ...

    def end(self, ended: Ended) -> None: ...

    def close(self, most_s: float) -> None: ...
