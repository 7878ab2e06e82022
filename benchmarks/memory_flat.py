"""Peak memory of a Stream against the number of points: it must stay flat.

`python benchmarks/memory_flat.py [--points N …]`
"""

import argparse
import os
import resource
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from descentry.record.chunk import Chunk

N_ROWS = 4096
N_SERIES = 4


def main() -> None:
    """Prints what each length adds to the memory after the imports, each in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, nargs="+", default=[100_000, 1_000_000, 10_000_000])
    points = parser.parse_args().points
    added = [_in_a_child(n_points) for n_points in points]
    for n_points, kib in zip(points, added, strict=True):
        print(f"{n_points:>12} points: {kib / 1024:7.1f} MiB above the imports")
    growth = added[-1] / max(added[0], 1)
    print(f"the longest against the shortest: {growth:.2f}x, goal 1.5 {'met' if growth <= 1.5 else 'MISSED'}")


def _in_a_child(n_points: int) -> int:
    """KiB that feeding adds to the peak; in a fork, before anything heavy is imported."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, str(_added_kib(n_points)).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as answer:
        text = answer.read()
    os.waitpid(child, 0)
    return int(text)


def _added_kib(n_points: int) -> int:
    from descentry.stream.drive import Stream

    stream = Stream()
    feed = _chunks(n_points // N_SERIES)
    stream.feed(next(feed))
    before = _peak_kib()
    for chunk in feed:
        stream.feed(chunk)
    stream.end()
    return _peak_kib() - before


def _chunks(n_rows: int) -> Iterator["Chunk"]:
    """A noisy descent with a spike now and then, four series in every row, made as it is read."""
    import numpy as np

    from descentry.record.chunk import table

    random = np.random.default_rng(0)
    for start in range(0, n_rows, N_ROWS):
        steps = np.arange(start, min(start + N_ROWS, n_rows), dtype=np.int64)
        loss = 2.2 + 6 * (1 + steps / 50) ** -0.35 + random.normal(0, 0.04, len(steps))
        loss[steps % 50_021 == 40_000] += 3
        norm = np.exp(random.normal(0, 0.15, len(steps)))
        series = {
            "train_loss": loss,
            "lr": np.full(len(steps), 3e-4),
            "grad_norm": norm,
            "accuracy": 1 / loss,
        }
        yield table(steps, series)


def _peak_kib() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak // 1024 if sys.platform == "darwin" else peak


if __name__ == "__main__":
    main()
