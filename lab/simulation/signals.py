"""What else a healthy run may log: norms with a drift, logits, dead units, domains, a metric, a reward."""

from collections.abc import Iterator

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from descentry.record.chunk import Chunk, Column
from descentry.testing.noise import NOISES, Noise, student, white
from lab.simulation.healthy import N_VALIDATIONS, healthy_run

Floats = NDArray[np.float64]
LOG_NOISE = (0.1, 0.2, 0.4)
"""Noise of the logarithm of a norm or a logit: twice as much or half as much is a common sight at the last."""
SHARE_NOISE = (0.002, 0.01, 0.03)
DRIFTS = (0.4, 1.0, 1.5, 3.0)
"""By which factor a healthy norm may go, evenly, from the beginning of a run to its end."""
HELD_NOISE = (0.005, 0.02, 0.05)


def with_signals(n: int, seed: int) -> Chunk:
    """A healthy run of n points with every signal beside its losses that a judge reads; the seed draws them."""
    run = healthy_run(n, seed)
    random = np.random.default_rng((n, seed, 1))
    noise = NOISES[list(NOISES)[seed // len(NOISES) % len(NOISES)]]
    rows = np.arange(n, dtype=np.int64)
    columns = dict(run.columns)
    for name, values in (
        *_inside(random, noise, n),
        *_objectives(random, noise, run),
        *_policy(random, noise, n),
    ):
        columns[name] = Column(rows, values)
    held = np.unique(np.linspace(0, n - 1, int(random.choice(N_VALIDATIONS)) + 1).astype(np.int64)[1:])
    for name, values in _held_out(random, noise, held / n):
        columns[name] = Column(held, values)
    return Chunk(run.steps, columns)


def _inside(random: Generator, noise: Noise, n: int) -> Iterator[tuple[str, Floats]]:
    """Norms, logits that level off, entropy that sinks to a third, shares that stay where they are."""
    t = np.arange(n) / n
    # The exponential of Student's t has no mean: no norm is like it.
    noise = white if noise is student else noise
    drift = float(random.choice(DRIFTS))
    norm = (1.0 + 2.0 * np.exp(-20.0 * t)) * drift**t
    yield "grad_norm", 0.5 * norm * np.exp(float(random.choice(LOG_NOISE)) * noise(random, n))
    grown = 4.0 + 40.0 * (1.0 - np.exp(-t * float(random.choice([3.0, 8.0]))))
    yield "attention/max_logit", grown * np.exp(0.5 * float(random.choice(LOG_NOISE)) * noise(random, n))
    spread_out = 3.0 - 2.0 * (1.0 - np.exp(-4.0 * t))
    yield "attention_entropy", spread_out * np.exp(0.5 * float(random.choice(LOG_NOISE)) * noise(random, n))
    for k, level in enumerate((0.05, 0.15, 0.55)):
        share = level + 0.1 * t + float(random.choice(SHARE_NOISE)) * noise(random, n)
        yield f"dead_fraction/layers.{k}", np.clip(share, 0.0, 1.0)
    share = 0.3 + 0.1 * t + float(random.choice(SHARE_NOISE)) * noise(random, n)
    yield "saturation/layers.0", np.clip(share, 0.0, 1.0)


def _objectives(random: Generator, noise: Noise, run: Chunk) -> Iterator[tuple[str, Floats]]:
    """Three domains whose losses fall as the whole one does, each with its own noise, floor and speed."""
    loss = run.columns["train_loss"].values
    n, first, last = len(loss), float(loss[0]), float(loss.min())
    t = np.arange(n) / n
    for name in ("en", "fr", "de"):
        speed = float(random.uniform(1.0, 6.0))
        course = last + (first - last) * np.exp(-speed * t)
        yield f"loss/{name}", course + float(random.choice([0.01, 0.03])) * (first - last) * noise(random, n)


def _policy(random: Generator, noise: Noise, n: int) -> Iterator[tuple[str, Floats]]:
    """A reward that climbs and a KL that grows with it, evenly or ever slower."""
    t = np.arange(n) / n
    heavy = noise
    noise = white if noise is student else noise
    spread = float(random.choice([0.05, 0.2, 0.5]))
    yield "reward", 2.0 * (1.0 - np.exp(-3.0 * t)) + spread * heavy(random, n)
    bend, height = float(random.choice([0.5, 1.0])), float(random.choice([3.0, 15.0, 40.0]))
    yield "kl", np.abs(height * t**bend * np.exp(float(random.choice(LOG_NOISE)) * noise(random, n)))


def _held_out(random: Generator, noise: Noise, t: Floats) -> Iterator[tuple[str, Floats]]:
    """A preference and an accuracy that rise and level off; of some policies no judge ever thinks better."""
    speed, gain = float(random.choice([1.0, 3.0, 10.0])), float(random.choice([0.0, 0.25]))
    scatter = float(random.choice(HELD_NOISE))
    yield "eval_preference", 0.5 + gain * (1.0 - np.exp(-speed * t)) + scatter * noise(random, len(t))
    scatter = float(random.choice(HELD_NOISE))
    yield "val_accuracy", 0.8 * (1.0 - np.exp(-speed * t)) + scatter * noise(random, len(t))
