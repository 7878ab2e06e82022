"""Rows of a healthy run with a few spikes, the same every time, without numpy."""

import json
import math
import random
from collections.abc import Iterator
from pathlib import Path

FIELDS = ("loss", "lr", "grad_norm", "accuracy")


def values(n_rows: int, seed: int = 0) -> Iterator[tuple[float, float, float, float]]:
    """loss, lr, grad_norm, accuracy of each step: warm-up and cosine; every 200,003rd loss leaps."""
    noise = random.Random(seed).gauss
    for step in range(n_rows):
        at = step / n_rows
        loss = 2.2 + 6.0 * (1 + step / 50) ** -0.35 + noise(0.0, 0.04) + 3.0 * (step % 200_003 == 150_000)
        lr = 3e-4 * min(1.0, (step + 1) / 1000) * (0.55 + 0.45 * math.cos(math.pi * at))
        yield loss, lr, math.exp(noise(0.0, 0.15)), 0.6 - 0.5 * (1 + step / 50) ** -0.35


def write_jsonl(path: Path, n_rows: int) -> None:
    """One object a row, with its step."""
    with path.open("w") as lines:
        for step, row in enumerate(values(n_rows)):
            lines.write(json.dumps({"step": step, **dict(zip(FIELDS, row, strict=True))}) + "\n")


def write_csv(path: Path, n_rows: int) -> None:
    """A header and one line a row, with its step."""
    with path.open("w") as lines:
        lines.write(",".join(("step", *FIELDS)) + "\n")
        for step, row in enumerate(values(n_rows)):
            lines.write(",".join(map(repr, (step, *row))) + "\n")
