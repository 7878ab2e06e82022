"""What `Guard.observe` with five signals costs the loop: median, 99th percentile, share of a 50 ms step.

`python benchmarks/guard.py [--steps N] [--tight N] [--runs N]`

Two loops: one whose steps work 50 ms in C (a hash of a MiB), as a training does, and one that does nothing else, in
which the judging thread and the loop compete for the interpreter.  On a busy machine the least of several runs says
what the guard costs, the median what it costs beside others; both are printed.
"""

import argparse
import hashlib
import json
import statistics
import time
from collections.abc import Callable

import numpy as np
from made_rows import values
from measured import told

from descentry.guard.guard import Guard

STEP_S = 0.05
Rows = list[dict[str, float]]


def rows(n_steps: int) -> Rows:
    """loss, lr, grad_norm, loss_scale, throughput of a healthy run with a spike now and then."""
    return [
        {"loss": loss, "lr": lr, "grad_norm": norm, "loss_scale": 65536.0, "throughput": 1e5}
        for loss, lr, norm, _ in values(n_steps)
    ]


def costs_us(told_of: Rows, works: Callable[[], object]) -> tuple[np.ndarray, float]:
    """Microseconds of each `observe` after `works`, and the median of spelling each row as JSON in the same place."""
    guard, took, spelled = Guard("acting"), np.empty(len(told_of)), []
    for step, row in enumerate(told_of):
        works()
        start = time.perf_counter()
        guard.observe(step, **row)
        took[step] = time.perf_counter() - start
        if step % 10 == 5:
            works()
            start = time.perf_counter()
            json.dumps(row)
            spelled.append(time.perf_counter() - start)
    if guard.faults or guard.monitor.n_lost:
        raise SystemExit(f"the guard failed: {guard.faults}, {guard.monitor.n_lost} rows lost")
    guard.close()
    return took * 1e6, statistics.median(spelled) * 1e6


def step_in_c(seconds: float = STEP_S) -> Callable[[], object]:
    """Work of so many seconds that lets other threads run and fills the caches, as a training's kernels do."""
    block = np.random.default_rng(0).bytes(1 << 20)

    def works() -> None:
        until = time.perf_counter() + seconds
        while time.perf_counter() < until:
            hashlib.sha256(block)

    return works


def tell(name: str, measured: list[tuple[np.ndarray, float]]) -> None:
    """Three lines against their goals, each for the best run and for the median one."""
    runs = [took for took, _ in measured]
    figures: dict[str, tuple[Callable[[np.ndarray], float], str, float]] = {
        "median": (lambda took: float(np.median(took)), "us", 30),
        "99th percentile": (lambda took: float(np.quantile(took, 0.99)), "us", 200),
        "share of a 50 ms step": (lambda took: float(took.mean()) / STEP_S / 1e4, "%", 0.1),
    }
    for figure, (of, unit, goal) in figures.items():
        found = [of(took) for took in runs]
        print(told(f"{name}: {figure}, best run", min(found), unit, goal))
        print(told(f"{name}: {figure}, median of runs", statistics.median(found), unit, goal))
    spelled = statistics.median(spelled for _, spelled in measured)
    print(
        f"{name}: slowest {max(took.max() for took in runs):.0f} us; json.dumps of a row there: {spelled:.1f} us"
    )


def main() -> None:
    """Prints both loops."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--tight", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    print(
        f"{options.runs} runs of {options.steps} steps of 50 ms, and of {options.tight} that do nothing else"
    )
    tight = rows(options.tight)
    tell("tight loop", [costs_us(tight, lambda: None) for _ in range(options.runs)])
    usual = rows(options.steps)
    tell("50 ms steps", [costs_us(usual, step_in_c()) for _ in range(options.runs)])


if __name__ == "__main__":
    main()
