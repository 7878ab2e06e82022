"""What `descentry.Log` costs a training loop: microseconds of CPU of the loop's thread for each flushed call.

`python benchmarks/log_writer.py [--steps N] [--runs N]`

Beside it, in turn: an orjson line with one write(2), and Python's json with a flushed file.  Five scalars a step.
"""

import argparse
import gc
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import orjson
from measured import told

from descentry import Log

Values = dict[str, float]
Write = Callable[[int, Values], object]
NAMES = ("train/loss", "train/lr", "train/grad_norm", "scale", "tok_s")


def ours(folder: Path) -> tuple[Write, Callable[[], object]]:
    """`write` and `flush`."""
    log = Log(folder / "log")

    def write(step: int, values: Values) -> None:
        log.write(step, **values)
        log.flush()

    return write, log.close


def mirrored(folder: Path) -> tuple[Write, Callable[[], object]]:
    """The same, with event files beside it."""
    log = Log(folder / "mirrored", mirror_tensorboard=True)

    def write(step: int, values: Values) -> None:
        log.write(step, **values)
        log.flush()

    return write, log.close


def orjson_line(folder: Path) -> tuple[Write, Callable[[], object]]:
    """A line by orjson and one write(2): what cannot be had for less."""
    fd = os.open(folder / "orjson.jsonl", os.O_CREAT | os.O_WRONLY | os.O_APPEND)

    def write(step: int, values: Values) -> None:
        os.write(fd, orjson.dumps({"step": step, **values}, option=orjson.OPT_APPEND_NEWLINE))

    return write, lambda: os.close(fd)


def json_line(folder: Path) -> tuple[Write, Callable[[], object]]:
    """A line by Python's json, flushed."""
    file = (folder / "json.jsonl").open("w")

    def write(step: int, values: Values) -> None:
        file.write(json.dumps({"step": step, **values}) + "\n")
        file.flush()

    return write, file.close


WRITERS = {"log": ours, "log, mirrored": mirrored, "orjson": orjson_line, "json": json_line}


def measured_us(
    make: Callable[[Path], tuple[Write, Callable[[], object]]], n_steps: int
) -> tuple[float, float]:
    """CPU of the thread a call, and the 99th percentile of the wall time of a call."""
    rows = [
        dict(zip(NAMES, (2.3 + i * 1e-5, 3e-4, 0.71234, 65536.0, 123456.7), strict=True))
        for i in range(n_steps)
    ]
    with tempfile.TemporaryDirectory() as folder:
        write, close = make(Path(folder))
        for step, row in enumerate(rows[:200]):
            write(step, row)
        gc.collect()
        start = time.thread_time()
        for step, row in enumerate(rows):
            write(step, row)
        cpu_s = time.thread_time() - start
        waits = []
        for step, row in enumerate(rows):
            at = time.perf_counter()
            write(step, row)
            waits.append(time.perf_counter() - at)
        close()
    return cpu_s / n_steps * 1e6, float(np.percentile(waits, 99)) * 1e6


def main() -> None:
    """Prints the medians of the runs, which take turns."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=50_000)
    parser.add_argument("--runs", type=int, default=7)
    options = parser.parse_args()
    figures: dict[str, list[tuple[float, float]]] = {name: [] for name in WRITERS}
    for _ in range(options.runs):
        for name, make in WRITERS.items():
            figures[name].append(measured_us(make, options.steps))
    for name, runs in figures.items():
        cpu, wait = (statistics.median(values) for values in zip(*runs, strict=True))
        print(f"{name}: {cpu:.2f} us of loop-thread CPU a flushed call of 5 scalars, p99 {wait:.1f} us")
    cpus = {name: [cpu for cpu, _ in runs] for name, runs in figures.items()}
    ratios = [own / base for own, base in zip(cpus["log"], cpus["orjson"], strict=True)]
    print(told("loop-thread CPU a flushed call", statistics.median(cpus["log"]), "us", 5.0))
    print(f"against an orjson line: {statistics.median(ratios):.2f}x")


if __name__ == "__main__":
    main()
