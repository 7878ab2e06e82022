"""Lines of several processes in one log: each process's lines are a log of their own.

torchrun `[rank0]: ` and `[default0]:`, mpirun `[1,0]<stdout>:`, srun `0: `, `[0]: `, `[GPU0]`, and `rank=0`
or `Rank 0` near a line's front.  A bare number is a rank only before lines that count by themselves.
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
    """A line of a process: its rank and its text.  `is_cut`: the rank stood before it and is cut off."""

    rank: int
    text: str
    is_cut: bool


class Ranks:
    """Tells the lines of ranks apart.  `counts`: whether a text is a counted row."""

    def __init__(self, counts: Callable[[str], bool]) -> None:
        self.home: int | None = None
        self._counts = counts
        self._is_bare = False
        self._held: list[tuple[str, int]] = []

    @property
    def n_held(self) -> int:
        """How many lines wait until it is known which rank goes first."""
        return len(self._held)

    def of(self, line: str) -> Ranked | None:
        """The line as one of a rank, or None."""
        start = line[:1]
        if start == "[" or start in "(rR":
            found = _NAMED.match(line)
            if found is not None:
                return Ranked(int(found[1] or found[2] or found[3]), line[found.end() :], is_cut=True)
        if start == "[" or start.isdigit():
            found = _BARE.match(line)
            if found is not None and self._is_rank(line[found.end() :]):
                return Ranked(int(found[1] or found[2]), line[found.end() :], is_cut=True)
        if "ank" in line or "ANK" in line:
            found = _INNER.search(line, 0, WITHIN)
            if found is not None:
                return Ranked(int(found[1] or found[2]), line, is_cut=False)
        return None

    def _is_rank(self, rest: str) -> bool:
        self._is_bare = self._is_bare or self._counts(rest)
        return self._is_bare

    def waits(self, line: str, number: int, ranked: Ranked | None) -> bool:
        """Whether the line waits until a row of rank 0 has come, which has the plain names."""
        if self.home is not None or not (self._held or (ranked is not None and ranked.rank)):
            return False
        is_row = self._counts(line if ranked is None else ranked.text)
        if is_row and (ranked is None or ranked.rank == 0):
            self.home = 0
            return False
        if not (is_row or self._held):
            return False
        self._held.append((line, number))
        return True

    def release(self) -> list[tuple[str, int]]:
        """The lines that waited.  Where rank 0 has no row, that of the lowest rank goes first, and keeps the names."""
        held, self._held = self._held, []
        if self.home is None:
            rows = [(ranked.rank, i) for i, (line, _) in enumerate(held) if (ranked := self._row(line))]
            self.home, first = min(rows, default=(None, 0))
            held.insert(0, held.pop(first))
        return held

    def _row(self, line: str) -> Ranked | None:
        ranked = self.of(line)
        return ranked if ranked is not None and self._counts(ranked.text) else None
