"""Series that a log implies but does not print: a loss as the sum of its parts, or as ln(perplexity)."""

from dataclasses import dataclass

import numpy as np

from descentry.record.chunk import Chunk, Column
from descentry.record.event import Event
from descentry.record.roles import Role
from descentry.stream.naming import Naming

_SUMS = ((Role.TRAIN_LOSS, Role.LOSS_PART), (Role.VAL_LOSS, Role.VAL_LOSS_PART))
_LOGARITHMS = ((Role.TRAIN_LOSS, Role.PERPLEXITY), (Role.VAL_LOSS, Role.VAL_PERPLEXITY))


@dataclass(frozen=True)
class Derived:
    """A series to compute: `name` plays `role`; the sum of `parts`, or ln of the one part."""

    name: str
    role: Role
    parts: tuple[str, ...]
    is_logarithm: bool

    def event(self) -> Event:
        how = f"ln({self.parts[0]})" if self.is_logarithm else " + ".join(self.parts)
        return Event("derived", f"no {self.role} is logged; {how} is taken for it", warning=False)

    def column(self, chunk: Chunk) -> Column | None:
        """The values for the rows in which every part is logged, or None."""
        if any(part not in chunk.columns for part in self.parts):
            return None
        rows, total = chunk.columns[self.parts[0]]
        if self.is_logarithm:
            with np.errstate(divide="ignore", invalid="ignore"):
                return Column(rows, np.log(total))
        for part in self.parts[1:]:
            other_rows, other = chunk.columns[part]
            rows, here, there = np.intersect1d(rows, other_rows, assume_unique=True, return_indices=True)
            with np.errstate(invalid="ignore", over="ignore"):
                total = total[here] + other[there]
        return Column(rows, total) if len(rows) else None


def plan(naming: Naming) -> list[Derived]:
    """The series to derive, given the roles that the log's own names play."""
    held = set(naming.roles.values())
    derived = []
    for role, part_role in _SUMS:
        parts = naming.of(part_role)
        if role not in held and len(parts) > 1:
            derived.append(Derived(f"{role} (sum of {len(parts)} parts)", role, tuple(parts), False))
    planned = {item.role for item in derived}
    for role, source in _LOGARITHMS:
        names = naming.of(source)
        if role not in held | planned and names:
            derived.append(Derived(f"ln({names[0]})", role, (names[0],), True))
    return derived
