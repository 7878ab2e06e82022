"""Made curves: a healthy run by a power law, and one function per event to put into it.

Every function returns a new Chunk and leaves its input as it is, so events compose:

    curve = spike(plateau(healthy(2000, seed=3), at=800), at=500, height=2.0)

Steps count from 1.  The series are named `train_loss`, `val_loss`, `lr`, `epoch`.  The same arguments give
the same values on every machine.
"""

from collections.abc import Sequence

import numpy as np

from descentry.record.chunk import Chunk, Column, Floats, Ints
from descentry.testing.noise import Noise, none, white

TRAIN, VAL, RATE, EPOCH = "train_loss", "val_loss", "lr", "epoch"


def healthy(
    n_points: int,
    seed: int = 0,
    noise: Noise = white,
    sigma: float = 0.03,
    first: float = 5.0,
    floor: float = 2.0,
    exponent: float = 0.5,
    n_validations: int = 20,
    peak_rate: float = 3e-4,
) -> Chunk:
    """A power-law descent from `first` towards `floor` with noise of scale `sigma`, n rows.

    The learning rate warms up over a hundredth of the run and then falls as a cosine to a tenth of
    `peak_rate`.  Validation is logged `n_validations` times, evenly, with a quarter of the noise.
    """
    random = np.random.default_rng(seed)
    course = power_law(n_points, first, floor, exponent)
    values = course + sigma * noise(random, n_points)
    rows = np.arange(n_points, dtype=np.int64)
    columns = {TRAIN: Column(rows, values), RATE: Column(rows, peak_rate * cosine(n_points))}
    if n_validations and n_points:
        at = np.unique(np.linspace(0, n_points - 1, n_validations + 1).astype(np.int64)[1:])
        val = course[at] + 0.05 + 0.25 * sigma * noise(random, len(at))
        columns[VAL] = Column(at, val)
    return Chunk(rows + 1, columns)


def exact(n_points: int, **shape: float) -> Chunk:
    """`healthy` without any noise and without validation: what it shows must be found exactly."""
    return healthy(n_points, noise=none, n_validations=0, **shape)  # type: ignore[arg-type]


def power_law(n_points: int, first: float = 5.0, floor: float = 2.0, exponent: float = 0.5) -> Floats:
    """floor + (first - floor) (1 + 200 k / n)^-exponent for k = 0 … n - 1, float64[n]."""
    k = np.arange(n_points) / max(1, n_points)
    return floor + (first - floor) * (1.0 + 200.0 * k) ** -exponent


def cosine(n_points: int, warmup_share: float = 0.01, last: float = 0.1) -> Floats:
    """A learning rate with peak 1: linear warm-up, then a cosine down to `last`, float64[n]."""
    k = (np.arange(n_points) + 1.0) / max(1, n_points)
    down = last + (1.0 - last) * 0.5 * (1.0 + np.cos(np.pi * k))
    return np.where(k < warmup_share, k / warmup_share, down)


def with_values(chunk: Chunk, name: str, values: Floats, rows: Ints | None = None) -> Chunk:
    """The chunk with that series put in or replaced; `rows` as in Column, every row when None."""
    at = np.arange(chunk.n_rows, dtype=np.int64) if rows is None else rows
    columns = {**chunk.columns, name: Column(at, values)}
    return Chunk(chunk.steps, columns, chunk.wall_times, chunk.events, chunk.config)


def without(chunk: Chunk, *names: str) -> Chunk:
    """The chunk without those series."""
    columns = {name: column for name, column in chunk.columns.items() if name not in names}
    return Chunk(chunk.steps, columns, chunk.wall_times, chunk.events, chunk.config)


def _changed(chunk: Chunk, change: Floats, name: str = TRAIN) -> Chunk:
    """The series plus `change`, float64[n] by row."""
    rows, values = chunk.columns[name]
    return with_values(chunk, name, values + change[rows], rows)


def spike(chunk: Chunk, at: int, height: float, n_decay: float = 8.0, name: str = TRAIN) -> Chunk:
    """A leap by `height` at row `at` that decays by a factor e every `n_decay` rows."""
    k = np.arange(chunk.n_rows) - at
    return _changed(chunk, np.where(k >= 0, height * np.exp(-np.maximum(k, 0) / n_decay), 0.0), name)


def nan(
    chunk: Chunk, at: int, n_points: int | None = None, value: float = np.nan, name: str = TRAIN
) -> Chunk:
    """`value` in place of `n_points` values from row `at` on, of all that follow when None."""
    rows, values = chunk.columns[name]
    stop = chunk.n_rows if n_points is None else at + n_points
    return with_values(chunk, name, np.where((rows >= at) & (rows < stop), value, values), rows)


def flat(chunk: Chunk, level: float = 2.3026, seed: int = 0, sigma: float = 0.01) -> Chunk:
    """A training loss that never leaves `level`, and a validation loss beside it."""
    random = np.random.default_rng(seed)
    chunk = with_values(chunk, TRAIN, level + sigma * random.standard_normal(chunk.n_rows))
    if VAL in chunk.columns:
        rows = chunk.columns[VAL].rows
        chunk = with_values(chunk, VAL, level + 0.25 * sigma * random.standard_normal(len(rows)), rows)
    return chunk


def plateau(chunk: Chunk, at: int, until: int | None = None) -> Chunk:
    """The course of `power_law` stands still from row `at` to `until` (the end when None), then falls on.

    The learning rate becomes constant: no schedule explains the stall.
    """
    rows, values = chunk.columns[TRAIN]
    n = len(values)
    stop = n if until is None else until
    course = power_law(n)
    k = np.arange(n)
    moved = np.where(k < at, k, np.where(k < stop, at, k - (stop - at)))
    chunk = with_values(chunk, TRAIN, values - course + course[moved], rows)
    return with_values(chunk, RATE, np.full(n, 3e-4)) if RATE in chunk.columns else chunk


def divergence(chunk: Chunk, at: int, rise: float) -> Chunk:
    """A steady rise from row `at` on that reaches `rise` at the end."""
    k = np.arange(chunk.n_rows)
    change = rise * np.clip((k - at) / max(1, chunk.n_rows - 1 - at), 0.0, 1.0)
    chunk = _changed(chunk, change)
    return _changed(chunk, change, VAL) if VAL in chunk.columns else chunk


def overfit(chunk: Chunk, at: int, rise: float) -> Chunk:
    """Validation turns up at row `at` and stands `rise` higher at the end; training falls on."""
    rows, values = chunk.columns[VAL]
    floor = float(np.interp(at, rows, values))
    share = np.clip((rows - at) / max(1, chunk.n_rows - 1 - at), 0.0, 1.0)
    return with_values(chunk, VAL, np.where(rows >= at, floor + rise * share, values), rows)


def staircase(chunk: Chunk, at: Sequence[int], ratio: float = 0.6, by: str = "") -> Chunk:
    """Lasting drops to `ratio` of the level at each of the rows `at`.

    `by`: "lr" makes the learning rate a constant that falls tenfold at each drop, "epoch" logs an epoch that
    begins there; otherwise nothing explains them.
    """
    n_drops = np.searchsorted(np.array(at), np.arange(chunk.n_rows), side="right")
    rows, values = chunk.columns[TRAIN]
    chunk = with_values(chunk, TRAIN, values * np.power(ratio, n_drops[rows]), rows)
    if by == "lr":
        chunk = with_values(chunk, RATE, np.power(0.1, n_drops + 1).astype(np.float64))
    if by == "epoch":
        chunk = with_values(chunk, EPOCH, n_drops.astype(np.float64))
    return chunk


def sawtooth(chunk: Chunk, sigma: float, seed: int = 0, name: str = TRAIN) -> Chunk:
    """White noise of scale `sigma` on top: the point-to-point jumps hide the progress."""
    return _changed(chunk, sigma * np.random.default_rng(seed).standard_normal(chunk.n_rows), name)


def resumed(chunk: Chunk, at: int, back: int, seed: int = 0, sigma: float = 0.03) -> Chunk:
    """The run stops after row `at` and goes on from `back` rows before: those steps stand there twice.

    What is written again has the same course and other noise; `sigma` 0 makes it a copy.
    """
    rows = np.concatenate([np.arange(at + 1), np.arange(at + 1 - back, chunk.n_rows)])
    again = np.arange(len(rows)) > at
    change = np.where(again, sigma * np.random.default_rng(seed).standard_normal(len(rows)), 0.0)
    columns = {}
    for name, (old_rows, old_values) in chunk.columns.items():
        place = np.searchsorted(old_rows, rows).clip(0, len(old_rows) - 1)
        here = np.flatnonzero(old_rows[place] == rows)
        values = old_values[place[here]]
        columns[name] = Column(here, values + change[here] if name in (TRAIN, VAL) else values)
    return Chunk(chunk.steps[rows], columns, None, chunk.events, chunk.config)
