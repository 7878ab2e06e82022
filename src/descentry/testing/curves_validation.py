"""Made events of validation and of what is logged beside the loss, to be put into a run of `curves.healthy`.

Every function returns a new Chunk and leaves its input as it is.
"""

import numpy as np

from descentry.record.chunk import Chunk
from descentry.testing.curves import TRAIN, VAL, with_values

ACCURACY, VAL_ACCURACY = "train_accuracy", "val_accuracy"


def grokking(chunk: Chunk, at: int, seed: int = 0, shelf: float = 5.0) -> Chunk:
    """Training is learned by heart within a thirtieth of the run; validation stands at `shelf` up to row `at`, then
    falls to nothing within a tenth of the run."""
    random = np.random.default_rng(seed)
    n = chunk.n_rows
    k = np.arange(n)
    train = 0.002 + 4.0 * np.exp(-120.0 * k / n) * np.exp(0.05 * random.standard_normal(n))
    rows = chunk.columns[VAL].rows
    course = 0.02 + shelf / (1.0 + np.exp((rows - at - n / 25) / (n / 80)))
    val = course * np.exp(0.02 * random.standard_normal(len(rows)))
    return with_values(with_values(chunk, TRAIN, train), VAL, val, rows)


def double_descent(chunk: Chunk, at: int, height: float, width: float = 0.08) -> Chunk:
    """Validation has a hump of that height about row `at`; `width` is its standard deviation as a share of the run."""
    rows, values = chunk.columns[VAL]
    hump = height * np.exp(-0.5 * ((rows - at) / (width * chunk.n_rows)) ** 2)
    return with_values(chunk, VAL, values + hump, rows)


def leakage(chunk: Chunk, share: float, since: int = 0) -> Chunk:
    """Validation lies by `share` below the training course from row `since` on."""
    rows, values = chunk.columns[VAL]
    return with_values(chunk, VAL, np.where(rows >= since, (1.0 - share) * values, values), rows)


def with_test_loss(chunk: Chunk, every: int = 1, name: str = "test_loss") -> Chunk:
    """A test loss beside every `every`-th validation, a hundredth above it."""
    rows, values = chunk.columns[VAL]
    return with_values(chunk, name, 1.01 * values[::every], rows[::every])


def metric(
    chunk: Chunk, at: int | None = None, lost: float = 0.2, name: str = VAL_ACCURACY, seed: int = 0
) -> Chunk:
    """A metric that goes with the validation loss, up to 0.9; from row `at` on it loses `lost` by the end."""
    rows, values = chunk.columns[VAL]
    share = (values - values.min()) / max(float(np.ptp(values)), 1e-300)
    right = 0.9 - 0.8 * share + 0.003 * np.random.default_rng(seed).standard_normal(len(rows))
    if at is not None:
        right = right - lost * np.clip((rows - at) / max(1, chunk.n_rows - at), 0.0, 1.0)
    return with_values(chunk, name, right, rows)
