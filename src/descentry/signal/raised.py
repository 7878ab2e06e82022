"""Whether a level is higher from a known place on: means of what follows against means of what went before.

The place is known, so nothing is searched but the length of what follows: 8, 16, 32, … values.  A falling course makes
the mean before higher than the level at the border, which hides small changes and invents none; a rising one is taken
off.  Single strays are brought in to three times the noise on either side alike, so that lopsided noise does not
differ between a long mean and a short one.
"""

from dataclasses import dataclass

import numpy as np

from descentry.record.chunk import Floats
from descentry.signal.robust import median, spread

N_NOISE = 240
"""Values before the place that tell noise and its likeness: fewer do not know slow noise."""
N_LEAST = 60
"""The least of them: so many are taken whatever the course did before."""
N_BEFORE = 30
"""Least values before the place that give its level, as far as there are so many."""
N_FIRST = 8
"""The shortest stretch after the place: fewer values are a spike."""
CLIP = 3.0
"""Noise units beyond which a value counts as lying there."""
MOST_LIKE = 0.95
"""Largest likeness of neighbours that so few values can tell."""
NOTHING: Floats = np.empty(0)


@dataclass(frozen=True, slots=True)
class Raised:
    """How much higher the first `n` values after the place lie, in the values' unit and in its standard error."""

    before: float
    size: float
    score: float
    n: int


@dataclass(frozen=True, slots=True)
class Calm:
    """Values about their line: noise of one, that of a mean of many times its root, and the slope per value."""

    noise: float
    shared: float
    slope: float


def raised(before: Floats, after: Floats, longest: int, held: Floats = NOTHING) -> Raised | None:
    """The clearest of the stretches of up to `longest` values after the place; None where there are too few.

    `before` float64[n], `after` float64[k]: the values on both sides, in order, finite.  `held` float64[j]: what else
    was once said of the places of `after`; no more of it is used than of `after` itself, which falls as it does.
    """
    if len(before) < N_FIRST or len(after) < N_FIRST:
        return None
    calm = calmed(before)
    lengths = [N_FIRST]
    while 2 * lengths[-1] <= min(longest, len(after)):
        lengths.append(2 * lengths[-1])
    found = (_raised(np.concatenate([before, held[:n]]), after[:n], calm) for n in lengths)
    return max(found, key=lambda one: one.score)


def calmed(before: Floats) -> Calm:
    """Noise of the last values of float64[n], n > 2, about a line, and that of means: of a first-order autoregression.

    Its likeness is raised by what a line takes from it, (1 + 3 r) / n (Kendall, 1954, Biometrika 41:403).
    """
    # The steep start bends.
    y = before[-min(N_NOISE, max(N_LEAST, len(before) // 2)) :]
    n = len(y)
    t = np.arange(n) - (n - 1) / 2
    slope = float(t @ y) / float(t @ t)
    rest = y - slope * t
    middle, most = median(rest), 4.0 * spread(rest)
    rest = np.clip(rest, middle - most, middle + most)
    rest = rest - rest.mean()
    rest = rest - float(t @ rest) / float(t @ t) * t
    power = float(rest @ rest)
    if power <= 0:
        return Calm(0.0, 0.0, slope)
    noise = float(np.sqrt(power / max(1, n - 2)))
    likeness = float(rest[1:] @ rest[:-1]) / power
    likeness = min(max(0.0, likeness + (1.0 + 3.0 * max(likeness, 0.0)) / n), MOST_LIKE)
    return Calm(noise, noise * float(np.sqrt((1.0 + likeness) / (1.0 - likeness))), slope)


def _raised(before: Floats, after: Floats, calm: Calm) -> Raised:
    part = before[-max(N_BEFORE, len(after)) :]
    rise = max(0.0, calm.slope) * (len(part) + len(after)) / 2
    level = _mean(part, calm.noise) + rise
    size = _mean(after, calm.noise) - level
    error = calm.shared * np.sqrt(1 / len(part) + 1 / len(after))
    score = size / error if error > 0 else float(np.copysign(np.inf, size)) if size else 0.0
    return Raised(level, size, float(score), len(after))


def _mean(y: Floats, noise: float) -> float:
    middle = median(y)
    return float(np.clip(y, middle - CLIP * noise, middle + CLIP * noise).mean())
