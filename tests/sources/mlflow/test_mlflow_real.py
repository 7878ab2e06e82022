"""MLflow itself beside our readers: its server, its store in PostgreSQL, every value equal."""

import math
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from tests.make_samples.curves import rows
from tests.sources.mlflow.test_mlflow_sql import rested

from descentry.record.errors import InputError
from descentry.record.run import Run
from descentry.sources.collect import collect
from descentry.sources.mlflow import postgres as mlflow_postgres
from descentry.sources.mlflow import rest as mlflow_rest
from descentry.sources.places.find import find
from descentry.sources.protocol import Log
from descentry.sources.rows import joined

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore"),
]
START_MS = 1_700_000_000_000
BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin")) or [
    Path(found).parent for found in [shutil.which("initdb")] if found
]


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")


def client(uri: str) -> Any:
    pytest.importorskip("mlflow")
    return import_module("mlflow.tracking").MlflowClient(tracking_uri=uri)


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def log_run(uri: str) -> dict[str, list[tuple[int, float]]]:
    """A run with NaN and infinities that is taken up at step 16, and what it was given; 1200 steps of another."""
    entities = import_module("mlflow.entities")
    its = client(uri)
    experiment = its.create_experiment("speech")
    run = its.create_run(experiment, run_name="resumed").info.run_id
    its.log_batch(run, params=[entities.Param("lr", "0.5"), entities.Param("model", "tiny")])
    given: dict[str, list[tuple[int, float]]] = {}
    attempts = [*rows(bad=True), *rows(16, 32, shift=0.01, bad=False)]
    for at, (step, row) in enumerate(attempts):
        when = START_MS + 1000 * at
        its.log_batch(run, [entities.Metric(name, value, when, step) for name, value in row.items()])
        for name, value in row.items():
            given.setdefault(name, []).append((step, value))
    other = its.create_run(experiment, run_name="long").info.run_id
    for start in range(0, 1200, 300):
        batch = [entities.Metric("loss", 1.0 / (i + 1), START_MS + i, i) for i in range(start, start + 300)]
        its.log_batch(other, batch)
    return given


def check(logs: list[Log], given: dict[str, list[tuple[int, float]]]) -> None:
    by_name = {log.run: log for log in logs}
    run = collect(by_name["resumed"])
    assert set(run.curves) == set(given)
    assert run.config == {"lr": 0.5, "model": "tiny"}
    for name, points in given.items():
        assert points_of(run, name) == [(step, repr(value)) for step, value in points], name
    assert {event.kind for event in run.events} == {"derived", "overlap"}
    long = collect(by_name["long"])
    assert points_of(long, "loss") == [(i, repr(1.0 / (i + 1))) for i in range(1200)]


def points_of(run: Run, name: str) -> list[tuple[int, str]]:
    curve = run.curves[name]
    return [(s, repr(v)) for s, v in zip(curve.steps.tolist(), curve.values.tolist(), strict=True)]


def check_follow(log: Log, uri: str) -> None:
    """Three more steps, each after the follower has come to rest."""
    its = client(uri)
    run = its.search_runs([its.get_experiment_by_name("speech").experiment_id], "run_name = 'long'")[
        0
    ].info.run_id
    chunks = log.follow()
    got = rested(chunks) + rested(chunks)
    for step in (1200, 1201, 1202):
        its.log_metric(run, "loss", math.nan if step == 1201 else 0.5, START_MS + step, step)
        got += rested(chunks) + rested(chunks)
    whole = joined(got)
    assert whole.steps.tolist() == list(range(1203))
    assert [repr(x) for x in whole.columns["loss"].values[-3:].tolist()] == ["0.5", "nan", "0.5"]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """The address of an MLflow server with a store of its own."""
    pytest.importorskip("mlflow")
    port = free_port()
    command = [
        sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1",
        "--backend-store-uri", f"sqlite:///{tmp_path}/mlflow.db", "--artifacts-destination", str(tmp_path / "a"),
    ]  # fmt: skip
    with (tmp_path / "out").open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, cwd=tmp_path, start_new_session=True)
        try:
            wait_for(port, process)
            yield f"127.0.0.1:{port}"
        finally:
            os.killpg(process.pid, 15)
            process.wait(30)


def wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    """Until the server answers."""
    for _ in range(600):
        assert process.poll() is None, "the server has ended"
        try:
            mlflow_rest.logs(f"mlflow://127.0.0.1:{port}/nothing")
        except InputError as error:
            if "no experiment" in error.problem:
                return
        time.sleep(0.5)
    raise AssertionError("the server does not answer")


def test_a_server_gives_what_was_logged(server: str, tmp_path: Path) -> None:
    given = log_run(f"http://{server}")
    check(mlflow_rest.logs(f"mlflow://{server}/speech"), given)
    (long,) = mlflow_rest.logs(f"mlflow://{server}/speech/long")
    check_follow(long, f"http://{server}")
    stored = {log.run.rpartition("/")[2]: collect(log) for log in find(tmp_path / "mlflow.db")}
    for name, points in given.items():
        assert points_of(stored["resumed"], name) == [(step, repr(value)) for step, value in points], name


@pytest.fixture
def database() -> Iterator[str]:
    """The address of a PostgreSQL server, user `postgres`, on loopback."""
    pytest.importorskip("psycopg")
    if not BINARIES:
        pytest.skip("there is no PostgreSQL here")
    # pytest's own folders are closed to the user postgres.
    folder = Path(tempfile.mkdtemp(prefix="descentry-pg-"))
    port = free_port()
    try:
        if os.getuid() == 0:
            shutil.chown(folder, "postgres")
        pg(folder, "initdb", "-D", "data", "-U", "postgres", "-A", "trust", "--no-sync")
        options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"
        pg(folder, "pg_ctl", "-D", "data", "-w", "-l", "log", "-o", options, "start")
        try:
            yield f"postgres@127.0.0.1:{port}/postgres"
        finally:
            pg(folder, "pg_ctl", "-D", "data", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder)


def pg(folder: Path, program: str, *arguments: str) -> None:
    """Runs one of PostgreSQL's programs, which refuse to run as root."""
    user = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
    command = [*user, str(BINARIES[-1] / program), *arguments]
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def test_postgresql_gives_what_was_logged(database: str) -> None:
    uri = f"postgresql+psycopg://{database}"
    given = log_run(uri)
    logs = mlflow_postgres.logs(f"postgresql://{database}")
    check(logs, given)
    check_follow(next(log for log in logs if log.run == "long"), uri)
    assert [log.run for log in mlflow_postgres.logs(uri)] == ["resumed", "long"]


def test_a_database_that_is_no_store_is_told(database: str) -> None:
    with pytest.raises(InputError, match="no MLflow tracking store"):
        mlflow_postgres.logs(f"postgresql://{database}")
    with pytest.raises(InputError, match="cannot be read"):
        mlflow_postgres.logs(f"postgresql://{database}x")
