"""Microseconds a step of `Stream.feed` when a live run hands over one row at a time.

`python benchmarks/live_points.py [--steps N] [--runs N]`
"""

import argparse
import statistics
import time
from collections.abc import Iterator

import numpy as np
import orjson
from made_rows import values
from measured import told

from descentry.record.chunk import Chunk, Column
from descentry.stream.drive import Stream

ROW = np.zeros(1, np.int64)
BLOCK = 1000


def rows(n_steps: int) -> Iterator[dict[str, float]]:
    """train_loss, lr, grad_norm, loss_scale each step; val_loss at every hundredth."""
    for step, (loss, lr, norm, _) in enumerate(values(n_steps)):
        row = {"train_loss": loss, "lr": lr, "grad_norm": norm, "loss_scale": 65536.0}
        yield {**row, "val_loss": loss + 0.1} if step % 100 == 99 else row


def chunk(step: int, row: dict[str, float]) -> Chunk:
    """One row as a follower hands it over."""
    columns = {name: Column(ROW, np.array([value])) for name, value in row.items()}
    return Chunk(np.array([step], np.int64), columns)


def costs_us(n_steps: int) -> tuple[list[float], float]:
    """Microseconds a step of feeding, block by block, and of spelling the same rows as JSON."""
    stream, fed, spelled_s = Stream(), [], 0.0
    pending: list[tuple[int, dict[str, float]]] = []
    for step, row in enumerate(rows(n_steps)):
        pending.append((step, row))
        if len(pending) == BLOCK:
            fed.append(_fed_s(stream, [chunk(*one) for one in pending]) / BLOCK * 1e6)
            spelled_s += _spelled_s(pending)
            pending.clear()
    return fed, spelled_s / n_steps * 1e6


def _fed_s(stream: Stream, chunks: list[Chunk]) -> float:
    start = time.process_time()
    for one in chunks:
        stream.feed(one)
    return time.process_time() - start


def _spelled_s(pending: list[tuple[int, dict[str, float]]]) -> float:
    start = time.process_time()
    for step, row in pending:
        orjson.dumps({"step": step, **row})
    return time.process_time() - start


def main() -> None:
    """Prints the mean of each run's steps, medians over the runs, and how it grows along the run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    measured = [costs_us(options.steps) for _ in range(options.runs)]
    n_tenth = max(1, options.steps // BLOCK // 10)
    print(f"{options.steps} steps, 4 signals and val_loss at every hundredth, {options.runs} runs")
    print(
        told("Stream.feed a step", statistics.median(statistics.mean(fed) for fed, _ in measured), "us", 30)
    )
    growth = statistics.median(
        statistics.mean(fed[-n_tenth:]) / statistics.mean(fed[:n_tenth]) for fed, _ in measured
    )
    print(told("last tenth against the first", growth, "x", 1.5))
    against = statistics.median(statistics.mean(fed) / spelled for fed, spelled in measured)
    print(f"against orjson.dumps of the same rows: {against:.0f}x")
    print(f"slowest {BLOCK} steps: {max(max(fed) for fed, _ in measured):.0f} us a step")


if __name__ == "__main__":
    main()
