"""Whole curves from a log: every chunk read, concatenated by series."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

from descentry.record.chunk import Chunk, Column, Floats, Ints
from descentry.record.event import Event, merged
from descentry.record.roles import Role
from descentry.record.run import Curve, Run
from descentry.sources.protocol import Log
from descentry.sources.roles import resolve

Array = TypeVar("Array", Ints, Floats)


def collect(log: Log, roles: Mapping[str, Role] | None = None, *, verify: bool = False) -> Run:
    """The run that `log` holds, with the whole curves in the log's own order and their roles.

    `roles` overrule those that the names suggest; `verify` checks every checksum of the format.  No more than the
    curves and one copy of the longest stand in memory.
    Raises InputError when the log cannot be read.
    """
    gathered: dict[str, _Gathered] = {}
    events: list[Event] = []
    config: dict[str, object] = {}
    for chunk in log.chunks(verify=verify):
        events += chunk.events
        config.update(chunk.config)
        for name, column in chunk.columns.items():
            gathered.setdefault(name, _Gathered()).add(chunk, column)
    resolved = resolve(list(gathered), roles)
    curves = {name: gathered[name].curve(name, resolved[name]) for name in gathered}
    return Run(log.run, log.format, log.place, curves, config, tuple(merged(events)))


@dataclass(slots=True)
class _Gathered:
    """The pieces of one series."""

    steps: list[Ints] = field(default_factory=list)
    values: list[Floats] = field(default_factory=list)
    walls: list[Floats | None] = field(default_factory=list)

    def add(self, chunk: Chunk, column: Column) -> None:
        is_whole = len(column.rows) == chunk.n_rows
        self.steps.append(chunk.steps if is_whole else chunk.steps[column.rows])
        self.values.append(column.values)
        walls = chunk.wall_times
        self.walls.append(None if walls is None else walls if is_whole else walls[column.rows])

    def curve(self, name: str, role: Role | None) -> Curve:
        """The whole series; its pieces are let go of."""
        walls = self._whole_walls()
        return Curve(name, role, _whole(self.steps), _whole(self.values), walls)

    def _whole_walls(self) -> Floats | None:
        """The times by point, NaN where one has none; None when none has any."""
        if all(part is None or np.isnan(part).all() for part in self.walls):
            return None
        pairs = zip(self.walls, self.values, strict=True)
        known = [np.full(len(values), np.nan) if part is None else part for part, values in pairs]
        self.walls.clear()
        return _whole(known)


def _whole(pieces: list[Array]) -> Array:
    """The pieces as one array of its own; the list is emptied."""
    whole = np.concatenate(pieces)
    pieces.clear()
    return whole
