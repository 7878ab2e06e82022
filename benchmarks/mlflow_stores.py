"""MLflow's stores: our reader against MLflow's own client, CPU of the reading alone, paired.

`python benchmarks/mlflow_stores.py [--points N] [--runs N]`, in an environment with mlflow.
"""

import argparse
import os
import sqlite3
import statistics
import tempfile
import time
from pathlib import Path

NAMES = ("train_loss", "lr", "grad_norm")
START_MS = 1_700_000_000_000
GOAL = 20.0


def main() -> None:
    """Prints both ratios against their goal."""
    options = _options()
    os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"
    with tempfile.TemporaryDirectory() as folder:
        for made in (sqlite_store, file_store):
            path, uri, run = made(Path(folder), options.points // len(NAMES))
            own(path)
            ratio = statistics.median(_ratio(path, uri, run) for _ in range(options.runs))
            word = "met" if ratio >= GOAL else "MISSED"
            print(f"{made.__name__:<14} {options.points} points: {ratio:6.1f} x goal {GOAL:g} {word}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=300_000)
    parser.add_argument("--runs", type=int, default=3)
    return parser.parse_args()


def _ratio(path: Path, uri: str, run: str) -> float:
    start = time.process_time()
    n_client = client(uri, run)
    between = time.process_time()
    n_own = own(path)
    if n_own != n_client:
        raise SystemExit(f"{path}: the client read {n_client} points, we {n_own}")
    return (between - start) / (time.process_time() - between)


def client(uri: str, run: str) -> int:
    """The number of points that MLflow's client gives."""
    from mlflow.tracking import MlflowClient

    its = MlflowClient(tracking_uri=uri)
    return sum(len(its.get_metric_history(run, name)) for name in NAMES)


def own(path: Path) -> int:
    """The number of points that our reader gives."""
    from descentry.sources.places.find import find

    (log,) = find(path)
    return sum(len(column.values) for chunk in log.chunks() for column in chunk.columns.values())


def sqlite_store(folder: Path, n_steps: int) -> tuple[Path, str, str]:
    """A store that MLflow made, its metrics filled in by SQL."""
    from mlflow.tracking import MlflowClient

    path = folder / "mlflow.db"
    uri = f"sqlite:///{path}"
    its = MlflowClient(tracking_uri=uri)
    run = its.create_run(its.create_experiment("a")).info.run_id
    rows = ((name, 1.0 / (i + 1), START_MS + 100 * i, run, i, 0) for i in range(n_steps) for name in NAMES)
    with sqlite3.connect(path) as database:
        database.executemany(
            "INSERT INTO metrics (key, value, timestamp, run_uuid, step, is_nan) VALUES (?, ?, ?, ?, ?, ?)",
            rows,
        )
    return path, uri, run


def file_store(folder: Path, n_steps: int) -> tuple[Path, str, str]:
    """A store that MLflow made, its metric files filled in its own lines."""
    from mlflow.tracking import MlflowClient

    path = folder / "mlruns"
    its = MlflowClient(tracking_uri=path.as_uri())
    run = its.create_run("0").info.run_id
    its.log_metric(run, NAMES[0], 1.0)
    metrics = next(path.glob(f"*/{run}/metrics"))
    for name in NAMES:
        lines = (f"{START_MS + 100 * i} {1.0 / (i + 1)!r} {i}\n" for i in range(n_steps))
        (metrics / name).write_text("".join(lines))
    return path, path.as_uri(), run


if __name__ == "__main__":
    main()
