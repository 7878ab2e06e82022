"""When shapes are judged: at counts of points that grow by a fixed share, and in haste; never by arrival."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from descentry.record.chunk import Chunk, Column
from descentry.record.roles import Role
from descentry.stream.haste import Haste

PACE = {
    Role.TRAIN_LOSS: (12, 1.1), Role.VAL_LOSS: (4, 1.1), Role.GRAD_NORM: (12, 1.1), Role.LOSS_SCALE: (12, 1.1),
    Role.REWARD: (12, 1.1),
}  # fmt: skip
"""First count and growth.  A tenth more points is as late as a verdict on a shape can come, and a million
points are judged a hundred and twenty times."""


N_FEW = 64
"""So many validations are looked at one by one, in haste: each of them is a large part of the run."""


@dataclass
class Clock:
    """Counts the points of the roles that set the pace.  `is_asked`: a look is wanted before its hour."""

    counts: dict[Role, int] = field(default_factory=lambda: dict.fromkeys(PACE, 0))
    due: dict[Role, int] = field(default_factory=lambda: {role: first for role, (first, _) in PACE.items()})
    haste: Haste = field(default_factory=Haste)
    is_asked: bool = False

    def rows_to_next(self, piece: Chunk, names: Mapping[Role, str]) -> int:
        """Rows to take before the next judgement; all of them where none falls into the piece.

        `names`: the one curve that plays each role; another with the same role sets no pace.
        """
        stop = piece.n_rows
        for role in PACE:
            column = piece.columns.get(names.get(role, ""))
            if column is not None:
                missing = self.due[role] - self.counts[role]
                if len(column.rows) >= missing:
                    stop = min(stop, int(column.rows[missing - 1]) + 1)
        return stop

    def rows_to_haste(self, piece: Chunk, names: Mapping[Role, str], stop: int) -> int:
        """Rows of the first `stop` to take before a look is wanted in haste; `stop` where none is.

        They are taken note of, so they must be what comes next.
        """
        self.is_asked = False
        held = piece.columns.get(names.get(Role.VAL_LOSS, ""))
        if held is not None and self.counts[Role.VAL_LOSS] < N_FEW and held.rows[0] < stop:
            stop, self.is_asked = int(held.rows[0]) + 1, True
        column = piece.columns.get(names.get(Role.TRAIN_LOSS, ""))
        if column is None:
            return stop
        n = len(column.rows) if stop == piece.n_rows else int(np.searchsorted(column.rows, stop))
        at = self.haste.take(column.values[:n])
        if at is None:
            return stop
        self.is_asked = True
        return int(column.rows[at]) + 1

    def note_one(self, columns: Mapping[str, Column], names: Mapping[Role, str]) -> None:
        """The scalar form of `rows_to_haste`, for the columns of one row, which is counted already."""
        column = columns.get(names.get(Role.TRAIN_LOSS, ""))
        self.is_asked = column is not None and self.haste.push(column.values.item(0))
        if names.get(Role.VAL_LOSS) in columns and self.counts[Role.VAL_LOSS] <= N_FEW:
            self.is_asked = True

    def count(self, piece: Chunk, names: Mapping[Role, str]) -> None:
        """Note the points of a piece."""
        for role in PACE:
            column = piece.columns.get(names.get(role, ""))
            if column is not None:
                self.counts[role] += len(column.values)

    def strike(self) -> list[Role]:
        """The roles whose hour has come; each is wound up for its next one."""
        struck = [role for role in PACE if self.counts[role] >= self.due[role]]
        if struck:
            self._wind(struck)
            self.haste.allow()
        return struck

    def _wind(self, roles: Iterable[Role]) -> None:
        for role in roles:
            count, (_, growth) = self.counts[role], PACE[role]
            self.due[role] = max(count + 1, math.ceil(count * growth))
