"""When shapes are judged: at counts of points that grow by a fixed share, never by arrival."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from descentry.record.chunk import Chunk
from descentry.record.roles import Role

PACE = {
    Role.TRAIN_LOSS: (12, 1.1), Role.VAL_LOSS: (4, 1.1), Role.GRAD_NORM: (12, 1.1), Role.LOSS_SCALE: (12, 1.1),
    Role.REWARD: (12, 1.1),
}  # fmt: skip
"""First count and growth.  A tenth more points is as late as a verdict on a shape can come, and a million
points are judged a hundred and twenty times."""


@dataclass
class Clock:
    """Counts the points of the roles that set the pace."""

    counts: dict[Role, int] = field(default_factory=lambda: dict.fromkeys(PACE, 0))
    due: dict[Role, int] = field(default_factory=lambda: {role: first for role, (first, _) in PACE.items()})

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

    def count(self, piece: Chunk, names: Mapping[Role, str]) -> None:
        """Note the points of a piece."""
        for role in PACE:
            column = piece.columns.get(names.get(role, ""))
            if column is not None:
                self.counts[role] += len(column.values)

    def strike(self) -> list[Role]:
        """The roles whose hour has come; each is wound up for its next one."""
        struck = [role for role in PACE if self.counts[role] >= self.due[role]]
        self._wind(struck)
        return struck

    def _wind(self, roles: Iterable[Role]) -> None:
        for role in roles:
            count, (_, growth) = self.counts[role], PACE[role]
            self.due[role] = max(count + 1, math.ceil(count * growth))
