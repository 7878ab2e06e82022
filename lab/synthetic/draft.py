"""A run under construction: events change it and add to its truth."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from descentry.testing.noise import NOISES
from lab.case import Made, Series, Truth
from lab.synthetic.courses import Quadratic, exponential, logarithmic, power
from lab.synthetic.schedules import SCHEDULES

Floats = NDArray[np.float64]


@dataclass(slots=True)
class Draft:
    """Values by step, float64[n] each; validation at the rows `val_at`; other series under `more`.

    `before_resume`: the row at which the run was taken up again, and the training losses that had been logged from
    there on before it was stopped.
    """

    random: np.random.Generator
    train: Floats
    val_at: NDArray[np.int64]
    val: Floats
    rate: Floats
    norm: Floats
    sigma: float
    more: dict[str, Series] = field(default_factory=dict)
    config: dict[str, object] = field(default_factory=dict)
    logs: frozenset[str] = frozenset({"val_loss", "lr", "grad_norm"})
    stride: int = 1
    before_resume: tuple[int, Floats] | None = None
    must: set[str] = field(default_factory=set)
    may: set[str] = field(default_factory=set)
    onset: dict[str, tuple[int, ...]] = field(default_factory=dict)
    causes: tuple[str, ...] = ()
    look_alikes: frozenset[str] = frozenset()

    @property
    def n(self) -> int:
        return len(self.train)

    def step(self, row: int) -> int:
        """The step that is logged for a row."""
        return (row + 1) * self.stride

    def says(self, pattern: str, *rows: int) -> None:
        """The curve shows this for certain, from those rows on."""
        self.must.add(pattern)
        if rows:
            self.onset[pattern] = tuple(self.step(row) for row in rows)

    def beside(self, name: str, values: Floats) -> None:
        """One more series with a value at every step."""
        self.more[name] = (self.steps(), values)

    def steps(self) -> NDArray[np.int64]:
        """The logged steps, int64[n]."""
        return (np.arange(self.n, dtype=np.int64) + 1) * self.stride

    def _logged(self, steps: NDArray[np.int64], values: Floats) -> Series:
        """The values in log order: what was logged before the stop, then again from the checkpoint on."""
        if self.before_resume is None:
            return steps, values
        at, lost = self.before_resume
        first = lost if values is self.train else values[at : at + len(lost)]
        again = np.concatenate([values[:at], first, values[at:]])
        return np.concatenate([steps[: at + len(lost)], steps[at:]]), again

    def made(self) -> Made:
        """The run as it is logged, with its truth."""
        steps = self.steps()
        series: dict[str, Series] = {"train_loss": self._logged(steps, self.train)}
        if "val_loss" in self.logs and len(self.val_at):
            series["val_loss"] = (steps[self.val_at], self.val)
        if "lr" in self.logs:
            series["lr"] = self._logged(steps, self.rate)
        if "grad_norm" in self.logs:
            series["grad_norm"] = self._logged(steps, self.norm)
        series.update(self.more)
        if _noise_shows(self.train):
            self.may.add("sawtooth")
        truth = Truth(
            frozenset(self.must), frozenset(self.may - self.must), self.onset, self.causes, self.look_alikes
        )
        return Made(series, truth, self.config)


def _noise_shows(values: Floats) -> bool:
    """Whether the noise of a point is a tenth and more of what the run gains after its first fifth."""
    known = values[np.isfinite(values)]
    if len(known) < 20:
        return False
    noise = float(np.median(np.abs(np.diff(known)))) / 0.954
    k = max(1, len(known) // 20)
    start = len(known) // 5
    return noise > 0.1 * float(np.median(known[start - k : start + k]) - np.median(known[-2 * k :]))


def _settles(clean: Floats) -> bool:
    """Whether the expected loss gains less than a hundredth of its whole fall in the last third of the run.

    Gradient descent at a constant rate ends at the noise that the rate keeps up: a healthy run that an expert may
    well call stalled.
    """
    return bool(clean[int(0.67 * len(clean))] - clean[-1] < 0.01 * (clean[0] - clean.min()))


COURSES: dict[str, Callable[[int], Floats]] = {
    "power": power,
    "exponential": exponential,
    "logarithmic": logarithmic,
}


def draft(seed: int, n: int | None = None, course: str | None = None, schedule: str | None = None,
          noise: str | None = None, sigma: float | None = None, peak_rate: float = 3e-4) -> Draft:  # fmt: skip
    """A healthy run: what is not given is drawn by the seed.

    `course`: power, exponential, logarithmic, or quadratic, which answers to the schedule.  `sigma`: the noise
    of a point as a share of the whole fall.
    """
    random = np.random.default_rng(seed)
    n = n or int(random.choice([400, 1000, 3000, 8000]))
    course = course or str(random.choice(["power", "exponential", "logarithmic", "quadratic"]))
    schedule = schedule or str(
        random.choice(["constant", "cosine", "linear", "wsd", "warmup", "inverse_sqrt"])
    )
    rates = SCHEDULES[schedule](n)
    clean = Quadratic().course(rates) if course == "quadratic" else COURSES[course](n)
    scale = float(clean[0] - clean.min())
    sigma = (float(random.choice([0.01, 0.02, 0.04])) if sigma is None else sigma) * scale
    model = NOISES[noise or str(random.choice(["white", "white", "laplace", "skewed", "autoregressive"]))]
    n_val = int(random.choice([12, 25, 60]))
    val_at = np.unique(np.linspace(0, n - 1, n_val + 1).astype(np.int64)[1:])
    gap = 0.02 * (float(clean[0]) - clean[val_at])
    norm = (0.4 + 0.6 * (clean - clean.min()) / scale) * np.exp(0.15 * random.standard_normal(n))
    return Draft(
        random, clean + sigma * model(random, n), val_at,
        clean[val_at] + gap + 0.2 * sigma * model(random, len(val_at)), peak_rate * rates, norm, sigma,
        stride=int(random.choice([1, 1, 10, 50])), may={"plateau"} if _settles(clean) else set(),
    )  # fmt: skip
