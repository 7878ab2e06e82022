"""Whole curves from a log: every chunk read, concatenated by series."""

from collections.abc import Mapping

import numpy as np

from descentry.record.chunk import Chunk
from descentry.record.event import merged
from descentry.record.roles import Role
from descentry.record.run import Curve, Run
from descentry.sources.protocol import Log
from descentry.sources.roles import resolve
from descentry.sources.rows import joined


def collect(log: Log, roles: Mapping[str, Role] | None = None, *, verify: bool = False) -> Run:
    """The run that `log` holds, with the whole curves in the log's own order and their roles.

    `roles` overrule those that the names suggest; `verify` checks every checksum of the format.
    Raises InputError when the log cannot be read.
    """
    whole = joined(log.chunks(verify=verify))
    resolved = resolve(list(whole.columns), roles)
    curves = {name: _curve(whole, name, resolved[name]) for name in whole.columns}
    return Run(log.run, log.format, log.place, curves, whole.config, tuple(merged(whole.events)))


def _curve(whole: Chunk, name: str, role: Role | None) -> Curve:
    rows, values = whole.columns[name]
    walls = None if whole.wall_times is None else whole.wall_times[rows]
    if walls is not None and np.isnan(walls).all():
        walls = None
    return Curve(name, role, whole.steps[rows], values, walls)
