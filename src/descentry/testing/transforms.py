"""What must not change a verdict: the same log in other pieces, other units, other strides, logged thinner."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from descentry.record.chunk import Chunk, Column
from descentry.record.roles import LOSS_ROLES
from descentry.record.run import Curve, Run
from descentry.sources.roles import resolve

LOSSES = frozenset(LOSS_ROLES)


def pieces(chunk: Chunk, cuts: Iterable[int]) -> Iterator[Chunk]:
    """The chunk cut before each of the rows `cuts`, in order; cuts outside the chunk are no cuts."""
    inside = sorted({cut for cut in cuts if 0 < cut < chunk.n_rows})
    for start, stop in zip([0, *inside], [*inside, chunk.n_rows], strict=True):
        yield chunk.take(start, stop)


def singles(chunk: Chunk) -> Iterator[Chunk]:
    """The chunk row by row."""
    return pieces(chunk, range(chunk.n_rows))


def random_cuts(n_rows: int, n_cuts: int, seed: int) -> list[int]:
    """Sorted cuts, of which some lie close together: int in 1 … n_rows - 1."""
    if n_rows < 2:
        return []
    random = np.random.default_rng(seed)
    first = random.integers(1, n_rows, n_cuts)
    near = first[: n_cuts // 2] + random.integers(1, 6, n_cuts // 2)
    return sorted({int(cut) for cut in (*first, *near) if cut < n_rows})


def scaled(chunk: Chunk, factor: float) -> Chunk:
    """All losses times `factor`; learning rates and the like stay as they are."""
    roles = resolve(list(chunk.columns))
    columns = {
        name: Column(column.rows, column.values * factor) if roles[name] in LOSSES else column
        for name, column in chunk.columns.items()
    }
    return replace(chunk, columns=columns)


def strided(chunk: Chunk, factor: int) -> Chunk:
    """All steps times `factor`, the epoch's length with them."""
    lengths = {
        key: chunk.config[key] for key in ("batches_per_epoch", "steps_per_epoch") if key in chunk.config
    }
    longer = {key: length * factor for key, length in lengths.items() if isinstance(length, int | float)}
    return replace(chunk, steps=chunk.steps * factor, config={**chunk.config, **longer})


def thinned(chunk: Chunk, every: int, keep: Sequence[str] = ("val_loss",)) -> Chunk:
    """Every `every`-th value of each series; the series in `keep`, which are logged seldom, are left whole."""
    columns = {
        name: column if name in keep else Column(column.rows[::every], column.values[::every])
        for name, column in chunk.columns.items()
    }
    used = np.unique(np.concatenate([column.rows for column in columns.values()]))
    moved = {name: Column(np.searchsorted(used, rows), values) for name, (rows, values) in columns.items()}
    return replace(chunk, steps=chunk.steps[used], columns=moved)


def as_run(chunk: Chunk, run: str = "made") -> Run:
    """The chunk as a run with whole curves and the roles that their names suggest."""
    roles = resolve(list(chunk.columns))
    curves = {
        name: Curve(name, roles[name], chunk.steps[rows], values.copy())
        for name, (rows, values) in chunk.columns.items()
    }
    return Run(run, "made", "", curves, chunk.config, chunk.events)
