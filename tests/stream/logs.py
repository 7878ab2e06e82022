"""Odd logs for property tests: resumes, NaN, names that come late, losses in parts."""

import numpy as np
from hypothesis import strategies as st

from descentry.record.chunk import Chunk, Column
from descentry.testing.transforms import pieces

PART_NAMES = ("box_loss", "cls_loss", "dfl_loss")
OTHERS = ("val_loss", "lr", "grad_norm", "accuracy", "perplexity", "val_accuracy", "epoch", "loss", "train/loss",
          "eval/loss", "aux_loss", "my_metric", *PART_NAMES)  # fmt: skip
ODD = (np.nan, np.inf, -np.inf, 0.0, -1.0, 1e30)


def _steps(random: np.random.Generator, n_rows: int, n_resumes: int) -> np.ndarray:
    """Steps that mostly go on by one, sometimes stand still, and go back `n_resumes` times."""
    moves = np.where(random.random(n_rows) < 0.05, 0, 1)
    for at in random.integers(1, n_rows, n_resumes):
        moves[at] = -int(random.integers(1, at + 1))
    steps: np.ndarray = np.cumsum(moves)
    return steps.astype(np.int64)


def _values(random: np.random.Generator, rows: np.ndarray, n_rows: int) -> np.ndarray:
    """A descent with an event of some kind, and odd values here and there."""
    values = 2.0 + 3.0 * (1.0 + rows / 20.0) ** -0.5 + 0.05 * random.standard_normal(len(rows))
    kind = random.integers(0, 7)
    after = rows > random.integers(0, n_rows)
    if kind == 1:
        values[after] = np.nan
    elif kind == 2:
        values = values + after * 2.0
    elif kind == 3:
        values = np.where(after, 0.0, values)
    elif kind == 4:
        values = np.where(after, values * 0.5, values)
    elif kind == 5:
        values = values + 3.0 * np.exp(-np.abs(rows - rows[len(rows) // 2]) / 3.0)
    for at in random.integers(0, len(rows), int(random.integers(0, 3))):
        values[at] = random.choice(ODD)
    return values


@st.composite
def logs(draw: st.DrawFn, max_rows: int = 700) -> Chunk:
    """A log of up to `max_rows` rows in one chunk, with one to six series."""
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1), label="seed"))
    n_rows = draw(st.integers(2, max_rows), label="rows")
    names = draw(st.lists(st.sampled_from(OTHERS), max_size=5, unique=True), label="names")
    if draw(st.booleans(), label="has a train loss"):
        names.append("train_loss")
    if draw(st.booleans(), label="in parts"):
        names = [*dict.fromkeys([*names, *PART_NAMES])]
    columns = {}
    for name in names:
        first = draw(st.sampled_from([0, 0, 0, n_rows // 3, 300]), label=f"{name} from row")
        every = draw(st.sampled_from([1, 1, 1, 7, 50]), label=f"{name} every")
        rows = np.arange(min(first, n_rows - 1), n_rows, every, dtype=np.int64)
        columns[name] = Column(rows, _values(random, rows, n_rows))
    return Chunk(_steps(random, n_rows, draw(st.integers(0, 3), label="resumes")), columns)


cuts = st.one_of(
    st.lists(st.integers(1, 700), min_size=1, max_size=12),
    st.integers(1, 50),
)
"""Rows to cut before, or the length of every piece."""


def cut(log: Chunk, at: list[int] | int) -> list[Chunk]:
    """The log in pieces, cut at rows or into pieces of one length."""
    return list(pieces(log, range(at, log.n_rows, at) if isinstance(at, int) else at))
