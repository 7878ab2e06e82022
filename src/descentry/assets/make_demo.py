"""Writes the log of the demo: a small language model that spikes once and then overfits.

    python -m descentry.assets.make_demo > src/descentry/assets/demo.jsonl

Made up, with a fixed seed: 900 rows of training, one in 20 steps, and a validation every 400 steps.
The gradient norm rises for 160 steps before the loss leaps at step 6 200; validation turns up near 11 000.
"""

import json
import math
import random
import sys
from collections.abc import Iterator

N_STEPS = 18_000
LOG_EVERY = 20
EVALUATE_EVERY = 400
_SPIKE_AT = 6_200
_RISE_FROM = _SPIKE_AT - 160
_TURN_AT = 11_000
_WARMUP = 600
_PEAK_LR = 6e-4


def rows(seed: int = 7) -> Iterator[dict[str, float]]:
    """The rows of the log, in order; the same for the same seed."""
    chance = random.Random(seed)
    for step in range(0, N_STEPS, LOG_EVERY):
        yield {
            "step": step,
            "train_loss": round(_trend(step) + _spike(step) + chance.gauss(0, 0.035), 3),
            "lr": float(f"{_learning_rate(step):.3g}"),
            "grad_norm": round(_gradient_norm(step) * math.exp(chance.gauss(0, 0.12)), 3),
        }
        if step and step % EVALUATE_EVERY == 0:
            yield {"step": step, "val_loss": round(_validation(step) + chance.gauss(0, 0.012), 3)}


def _trend(step: int) -> float:
    """From ln(50 257) down a power law, then a little faster where the data starts to be known by heart."""
    memorised = 1.15 * max(0.0, (step - 8_000) / 10_000) ** 1.3
    return float(2.55 + 8.27 / (1 + step / 420) ** 0.9 - memorised)


def _spike(step: int) -> float:
    return 0.0 if step < _SPIKE_AT else 4.9 * math.exp(-(step - _SPIKE_AT) / 90)


def _validation(step: int) -> float:
    before = 2.66 + 8.27 / (1 + min(step, _TURN_AT) / 420) ** 0.9
    bump = 0.12 * _spike(step)
    return float(before + bump + 1.35 * max(0.0, (step - _TURN_AT) / 7_000) ** 1.2)


def _learning_rate(step: int) -> float:
    if step < _WARMUP:
        return _PEAK_LR * step / _WARMUP
    return _PEAK_LR * (0.1 + 0.45 * (1 + math.cos(math.pi * (step - _WARMUP) / (N_STEPS - _WARMUP))))


def _gradient_norm(step: int) -> float:
    level = 0.42 + 2.2 * math.exp(-step / 500)
    if step < _RISE_FROM:
        return level
    if step < _SPIKE_AT:
        return level * math.exp(3.2 * (step - _RISE_FROM) / (_SPIKE_AT - _RISE_FROM))
    return level * (1 + 22 * math.exp(-(step - _SPIKE_AT) / 80))


def text() -> str:
    """The whole log as JSON lines."""
    return "".join(json.dumps(row, separators=(",", ":")) + "\n" for row in rows())


if __name__ == "__main__":
    sys.stdout.write(text())
