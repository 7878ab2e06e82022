"""Healthy runs of any length, cheaply made: nothing in them is worth an alarm."""

from collections.abc import Callable, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from descentry.record.chunk import Chunk, Column
from descentry.testing.noise import NOISES
from lab.synthetic.courses import Quadratic, exponential, logarithmic, power
from lab.synthetic.schedules import SCHEDULES

Floats = NDArray[np.float64]
N_USUAL = 1000
"""Points over which the courses of the lab are what they are."""
COURSES: dict[str, Callable[[int], Floats]] = {
    "power": power,
    "exponential": exponential,
    "logarithmic": logarithmic,
}
LONG: dict[str, Callable[[int], Floats]] = {
    "power": lambda n: power(n, exponent=0.25, scale=200.0 * n / N_USUAL),
    "logarithmic": logarithmic,
}
"""Courses of ten usual lengths and more: they begin as fast as short ones and go on falling, as power laws do.  What
halves its distance to the floor would be at its end before, or at its beginning for too long to be healthy."""
SCHEDULED = ("constant", "cosine", "linear", "inverse_sqrt", "warmup", "wsd")
"""Schedules under which a course has no stair, bump or stall of its own."""
N_GRID = 2_000
"""Steps for which the course that answers to its rate is computed; longer runs lie between them."""
FIRST = 9.0
"""First loss of that course: settled at a constant rate it then lies low enough to have converged; from 5 it is a
plateau to any eye."""
N_VALIDATIONS = (12, 25, 60, 200)
SIGMAS = (0.01, 0.02, 0.04)
"""Noise of a point as a share of the whole fall; in long runs the largest would hide what they gain at the end."""
N_CHUNK = 65_536


def healthy_run(n: int, seed: int) -> Chunk:
    """A healthy run of n logged points: training and validation loss, learning rate, gradient norm.

    The seed draws course, schedule, noise model, noise and number of validations.
    """
    random = np.random.default_rng((n, seed))
    schedule = SCHEDULES[str(random.choice(SCHEDULED))]
    known, n_noises = (COURSES, 3) if n < 10 * N_USUAL else (LONG, 2)
    clean = _course(n, known, str(random.choice([*known, "quadratic"])), schedule)
    noise = NOISES[list(NOISES)[seed % len(NOISES)]]
    scale = float(clean[0] - clean.min())
    sigma = float(random.choice(SIGMAS[:n_noises])) * scale
    rows = np.arange(n, dtype=np.int64)
    held = np.unique(
        np.linspace(0, n - 1, min(n, int(random.choice(N_VALIDATIONS))) + 1).astype(np.int64)[1:]
    )
    # Slow noise lives in steps: evaluations that lie far apart share little of it.
    validation = clean[held] + 0.02 * (clean[0] - clean[held]) + 0.2 * sigma * noise(random, n)[held]
    norm = (0.4 + 0.6 * (clean - clean.min()) / scale) * np.exp(0.15 * random.standard_normal(n))
    columns = {
        "train_loss": Column(rows, clean + sigma * noise(random, n)),
        "val_loss": Column(held, validation),
        "lr": Column(rows, 3e-4 * schedule(n)),
        "grad_norm": Column(rows, norm),
    }
    return Chunk(rows + 1, columns)


def chunks(run: Chunk) -> Iterator[Chunk]:
    """The run in pieces, as a reader yields it."""
    for start in range(0, run.n_rows, N_CHUNK):
        yield run.take(start, min(run.n_rows, start + N_CHUNK))


def _course(
    n: int, known: Mapping[str, Callable[[int], Floats]], name: str, schedule: Callable[[int], Floats]
) -> Floats:
    """The expected loss, float64[n]."""
    if name in known:
        return known[name](n)
    m = min(n, N_GRID)
    course = Quadratic(first=FIRST).course(schedule(m), speed=max(1.0, n / N_USUAL) ** 0.5)
    return course if m == n else np.interp(np.arange(n) / n, np.arange(m) / m, course)
