"""When shapes are judged: at counts of points that grow by a fixed share, never by arrival."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from descentry.record.chunk import Chunk
from descentry.record.roles import Role

PACE = {Role.TRAIN_LOSS: (12, 1.1), Role.VAL_LOSS: (4, 1.1)}
"""First count and growth.  A tenth more points is as late as a verdict on a shape can come, and a million
points are judged a hundred and twenty times."""


@dataclass
class Clock:
    """Counts the points of the roles that set the pace."""

    counts: dict[Role, int] = field(default_factory=lambda: dict.fromkeys(PACE, 0))
    due: dict[Role, int] = field(default_factory=lambda: {role: first for role, (first, _) in PACE.items()})

    def rows_to_next(self, piece: Chunk, roles: Mapping[str, Role | None]) -> int:
        """Rows to take before the next judgement; all of them where none falls into the piece."""
        stop = piece.n_rows
        for name, (rows, _values) in piece.columns.items():
            role = roles.get(name)
            if role in PACE and role is not None:
                missing = self.due[role] - self.counts[role]
                if len(rows) >= missing:
                    stop = min(stop, int(rows[missing - 1]) + 1)
        return stop

    def count(self, role: Role, n_points: int) -> None:
        self.counts[role] += n_points

    def strike(self) -> list[Role]:
        """The roles whose hour has come; each is wound up for its next one."""
        struck = [role for role in PACE if self.counts[role] >= self.due[role]]
        self._wind(struck)
        return struck

    def _wind(self, roles: Iterable[Role]) -> None:
        for role in roles:
            count, (_, growth) = self.counts[role], PACE[role]
            self.due[role] = max(count + 1, math.ceil(count * growth))
