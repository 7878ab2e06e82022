"""Databases with the tables of experiment trackers, as few columns as reading needs."""

import json
import sqlite3
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path

MLFLOW = """
CREATE TABLE runs (run_uuid VARCHAR(32) PRIMARY KEY, name VARCHAR(250), lifecycle_stage VARCHAR(20), start_time BIGINT);
CREATE TABLE params ("key" VARCHAR(250), value VARCHAR(8000), run_uuid VARCHAR(32));
CREATE TABLE "metrics" (
    "key" VARCHAR(250) NOT NULL, value FLOAT NOT NULL, timestamp BIGINT NOT NULL, run_uuid VARCHAR(32) NOT NULL,
    step BIGINT DEFAULT '0' NOT NULL, is_nan BOOLEAN DEFAULT '0' NOT NULL,
    CONSTRAINT metric_pk PRIMARY KEY ("key", timestamp, step, run_uuid, value, is_nan)
);
CREATE INDEX index_metrics_run_uuid ON metrics (run_uuid);
"""
TRACKIO = """
CREATE TABLE metrics (
    id INTEGER PRIMARY KEY AUTOINCREMENT, run_id TEXT NOT NULL, timestamp TEXT NOT NULL, run_name TEXT NOT NULL,
    step INTEGER NOT NULL, metrics TEXT NOT NULL
);
CREATE TABLE configs (id INTEGER PRIMARY KEY, run_id TEXT NOT NULL, run_name TEXT NOT NULL, config TEXT NOT NULL);
"""
START_MS = 1_700_000_000_000

Point = tuple[str, float, int, str, int, int]
"""key, value, timestamp, run, step, is_nan"""


def change(path: Path, *commands: str) -> None:
    """Runs commands in a database and leaves nothing open."""
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        for command in commands:
            database.execute(command)


def mlflow(path: Path, points: Iterable[Point], runs: Iterable[str] = ("a",), tables: str = MLFLOW) -> Path:
    """An MLflow store; the runs are named like their ids."""
    with closing(sqlite3.connect(path)) as database:
        database.executescript(tables)
        database.executemany(
            "INSERT INTO runs VALUES (?, ?, 'active', ?)", [(run, run, i) for i, run in enumerate(runs)]
        )
        database.executemany("INSERT INTO params VALUES ('lr', '0.5', ?)", [(run,) for run in runs])
        _insert(database, points)
    return path


def add(path: Path, points: Iterable[Point]) -> None:
    """More points for a store."""
    with closing(sqlite3.connect(path)) as database:
        _insert(database, points)


def _insert(database: sqlite3.Connection, points: Iterable[Point]) -> None:
    rows = list(points)
    if rows:
        database.executemany("INSERT INTO metrics VALUES (?, ?, ?, ?, ?, ?)", rows)
    database.commit()


def points(
    n: int, start: int = 0, run: str = "a", loss: Callable[[int], float] = lambda step: 4.0 / (step + 1)
) -> list[Point]:
    """Loss and learning rate of `n` steps, a second a step."""
    return [
        (name, value, START_MS + 1000 * step, run, step, 0)
        for step in range(start, start + n)
        for name, value in (("train_loss", loss(step)), ("lr", 1e-3 * step))
    ]


def trackio(path: Path, calls: Iterable[tuple[str, int, object]], tables: str = TRACKIO) -> Path:
    """A trackio project of (run, step, metrics) as JSON; a text stands as it is."""
    with closing(sqlite3.connect(path)) as database:
        database.executescript(tables)
        for run, step, metrics in calls:
            content = metrics if isinstance(metrics, str) else json.dumps(metrics)
            when = f"2026-11-22T00:{step % 60:02}:00+00:00"
            database.execute(
                "INSERT INTO metrics (run_id, timestamp, run_name, step, metrics) VALUES (?, ?, ?, ?, ?)",
                (f"id-{run}", when, run, step, content.encode()),
            )
        database.commit()
    return path
