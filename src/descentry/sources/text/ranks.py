"""Lines of several processes in one log: each process's lines are a log of their own.

torchrun `[rank0]: ` and `[default0]:`, mpirun `[1,0]<stdout>:`, srun `0: `, `[0]: `, `[GPU0]`, and `rank=0`
or `Rank 0` near a line's front.  A bare number is a rank only before lines that count by themselves, and only
where such numbers come again: one that always grows counts the lines.
"""

import re
from collections.abc import Callable
from typing import NamedTuple

MAX_RANKS = 256
MAX_HELD = 64
"""Lines that wait for the first rank's first row, when another rank's came before it."""
PAUSED = 8
"""So many waiting lines are enough when nothing more comes for now."""
WITHIN = 160

_NAMED = re.compile(
    r"\[\s?(?:rank|default|trainer|worker|gpu|cuda|proc(?:ess)?)\s?[:=_#]?\s?([0-9]{1,5})\]\s?:?[ \t]?"
    r"|\[[0-9]{1,5},([0-9]{1,5})\]<std(?:out|err)>\s?: ?"
    r"|\(?rank\s?[:=_#]?\s?([0-9]{1,5})\s?(?:\)|[:|>-])(?=\s)\s?",
    re.IGNORECASE,
)
_BARE = re.compile(r"\s{0,5}(?:\[([0-9]{1,5})\]|([0-9]{1,5})): ?(?![0-9\t])")
_INNER = re.compile(
    r"(?<![a-z_])(?:global_|local_)?rank[ :=]{1,2}([0-9]{1,5})(?![0-9.])|[\[(]rank([0-9]{1,5})[\])]",
    re.IGNORECASE,
)


class Ranked(NamedTuple):
    """A line of a process: its rank and its text.  `is_cut`: the rank stood before it and is cut off;
    `is_bare`: as a number alone."""

    rank: int
    text: str
    is_cut: bool
    is_bare: bool = False


class Ranks:
    """Tells the lines of ranks apart.  `counts`: whether a text is a counted row.  `home`: whose names are plain."""

    def __init__(self, counts: Callable[[str], bool]) -> None:
        self.home: int | None = None
        self._counts = counts
        self._are_bare: bool | None = None
        self._last_bare = -1
        self._held: list[tuple[str, int]] = []

    @property
    def n_held(self) -> int:
        """How many lines wait until it is known whose they are, and which rank goes first."""
        return len(self._held)

    @property
    def is_ready(self) -> bool:
        """Whether that is known now, or enough lines have waited."""
        is_known = self.home is not None and (self._are_bare is not None or self._last_bare < 0)
        return bool(self._held) and (is_known or len(self._held) >= MAX_HELD)

    @property
    def is_enough(self) -> bool:
        """Whether so many lines wait that a pause lets them go, unless they may be of ranks or not."""
        return len(self._held) >= PAUSED and (self._are_bare is not None or self._last_bare < 0)

    def of(self, line: str) -> Ranked | None:
        """The line as one of a rank, or None."""
        start = line[:1]
        if start == "[" or start in "(rR":
            found = _NAMED.match(line)
            if found is not None:
                return Ranked(int(found[1] or found[2] or found[3]), line[found.end() :], is_cut=True)
        if start == "[" or start.isdigit():
            found = _BARE.match(line) if self._are_bare is not False else None
            if found is not None and (self._are_bare or self._counts(line[found.end() :])):
                return Ranked(int(found[1] or found[2]), line[found.end() :], is_cut=True, is_bare=True)
        if "ank" in line or "ANK" in line:
            found = _INNER.search(line, 0, WITHIN)
            if found is not None:
                return Ranked(int(found[1] or found[2]), line, is_cut=False)
        return None

    def waits(self, line: str, number: int, ranked: Ranked | None) -> bool:
        """Keeps the line, where it waits until a row of rank 0 has come, which has the plain names."""
        is_unsure = ranked is not None and ranked.is_bare and self._is_unsure(ranked.rank)
        is_first = ranked is None or ranked.rank == 0
        if not self._held and not is_unsure and (self.home is not None or ranked is None):
            return False
        is_row = self._counts(line if ranked is None else ranked.text)
        if self.home is None and is_first and is_row and not is_unsure:
            self.home = 0
        if not self._held and not is_unsure and (is_first or not is_row):
            return False
        self._held.append((line, number))
        return True

    def _is_unsure(self, bare: int) -> bool:
        """Whether the bare numbers so far may count lines."""
        if self._are_bare is None and bare <= self._last_bare:
            self._are_bare = True
        self._last_bare = bare
        return self._are_bare is None

    def release(self) -> list[tuple[str, int]]:
        """The lines that waited.  The first row of the rank with the plain names (where rank 0 has none, of the
        lowest) goes first, and keeps the names."""
        held, self._held = self._held, []
        if self._are_bare is None and self._last_bare >= 0:
            self._are_bare = False
        rows = [row for i, (line, _) in enumerate(held) if (row := self._row(line, i))]
        if self.home is None:
            self.home = min((rank for rank, _ in rows), default=None)
        first = next((i for rank, i in rows if rank == self.home), 0)
        held.insert(0, held.pop(first))
        return held

    def _row(self, line: str, i: int) -> tuple[int, int] | None:
        """The rank of a line that is a row, and its index; that of no rank is of the first."""
        ranked = self.of(line)
        is_row = self._counts(line if ranked is None else ranked.text)
        return (0 if ranked is None else ranked.rank, i) if is_row else None
