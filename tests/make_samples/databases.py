"""Databases of experiment trackers: MLflow's SQLite store, a trackio project, optuna studies."""

import contextlib
import os
import sqlite3
import tempfile
from pathlib import Path

import mlflow
import optuna
from mlflow.entities import Metric, Param
from mlflow.tracking import MlflowClient
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from tests.make_samples.clock import START
from tests.make_samples.curves import rows
from tests.make_samples.truth import Truth


def make(folder: Path) -> None:
    """Writes every sample of this file below `folder`."""
    for name in ("mlflow", "trackio", "optuna"):
        (folder / name).mkdir(parents=True)
    mlflow_store(folder / "mlflow" / "mlflow.db")
    trackio_project(folder / "trackio" / "project.db")
    optuna_study(folder / "optuna" / "study.db")
    optuna_journal(folder / "optuna" / "journal.log")
    optuna_trial(folder / "optuna" / "reported.db")


def packed(source: Path, target: Path) -> None:
    """Puts a database into its place with small pages and no write-ahead log, so that it takes little room."""
    database = sqlite3.connect(source)
    for command in ("PRAGMA journal_mode = DELETE", "PRAGMA page_size = 512", "VACUUM"):
        database.execute(command)
    database.close()
    target.write_bytes(source.read_bytes())


def mlflow_store(path: Path) -> None:
    """Steps 0…23 with NaN and infinities, then the same run taken up at step 16 and led on to 31."""
    told = ("derived", "derived", "overlap")
    truth = Truth(f"mlflow {mlflow.__version__}, SQLite store", events=told)
    with tempfile.TemporaryDirectory() as work:
        store = Path(work) / "mlflow.db"
        client = MlflowClient(tracking_uri=f"sqlite:///{store}")
        experiment = client.create_experiment("sample", artifact_location="artifacts")
        run = client.create_run(experiment, start_time=int(START * 1000), run_name="resumed").info.run_id
        client.log_batch(run, params=[Param("learning_rate", "0.0003"), Param("model", "tiny")])
        attempts = (rows(bad=True), rows(16, 32, shift=0.01, bad=False))
        for at, (step, row) in enumerate(pair for attempt in attempts for pair in attempt):
            when = int(START * 1000) + 1000 * at
            client.log_batch(run, [Metric(name, value, when, step) for name, value in row.items()])
            truth.put(step, row)
        client.set_terminated(run, end_time=int(START * 1000) + 60_000)
        with contextlib.closing(sqlite3.connect(store, isolation_level=None)) as database:
            _trim(database)
        packed(store, path)
    truth.write(path)


def _trim(database: sqlite3.Connection) -> None:
    """Leaves out where the store lay, and the sixty empty tables for other things than runs."""
    database.execute("UPDATE experiments SET artifact_location = 'artifacts'")
    database.execute("UPDATE runs SET artifact_uri = 'artifacts'")
    kept = {"alembic_version", "experiments", "runs", "metrics", "latest_metrics", "params", "tags"}
    for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
        if name not in kept:
            database.execute(f'DROP TABLE "{name}"')


def trackio_project(path: Path) -> None:
    """One run with NaN and infinities, taken up at step 16."""
    with tempfile.TemporaryDirectory() as work:
        os.environ["TRACKIO_DIR"] = work
        import trackio

        truth = Truth(f"trackio {trackio.__version__}")
        for start, stop in ((0, 24), (16, 32)):
            run = trackio.init(project="sample", name="resumed", resume="allow", config={"batch_size": 32})
            for step, row in rows(start, stop, bad=start == 0):
                run.log(row, step=step)
                truth.put(step, row)
            trackio.finish()
        packed(Path(work) / "sample.db", path)
    truth.write(path)


def optuna_study(path: Path) -> None:
    """Two named objectives; the trials with numbers 3 and 7 fail."""
    truth = Truth(f"optuna {optuna.__version__}", events=("failed_trial",))
    with tempfile.TemporaryDirectory() as work:
        store = Path(work) / "study.db"
        _studied(f"sqlite:///{store}", truth)
        packed(store, path)
    truth.write(path)


def optuna_journal(path: Path) -> None:
    """The same study in a journal."""
    truth = Truth(f"optuna {optuna.__version__}, journal", events=("failed_trial",))
    _studied(JournalStorage(JournalFileBackend(str(path))), truth)
    truth.write(path)


def _studied(storage: str | JournalStorage, truth: Truth) -> None:
    study = optuna.create_study(storage=storage, study_name="sample", directions=["minimize", "maximize"])
    study.set_metric_names(["loss", "speed"])
    for number, row in rows(0, 12, bad=True):
        trial = study.ask({"lr": optuna.distributions.FloatDistribution(1e-5, 1e-1, log=True)})
        if number in (3, 7):
            study.tell(trial, state=optuna.trial.TrialState.FAIL)
            continue
        values = {"loss": float("inf") if number == 5 else row["train/loss"], "speed": row["grad_norm"]}
        if number == 11:
            values["loss"] = 2.5
        study.tell(trial, list(values.values()))
        truth.put(number, values)


def optuna_trial(path: Path) -> None:
    """One trial that reports NaN and infinities on its way and is pruned: its last value becomes the objective."""
    with tempfile.TemporaryDirectory() as work:
        store = Path(work) / "study.db"
        study = optuna.create_study(storage=f"sqlite:///{store}", study_name="sample")
        trial = study.ask()
        for step, row in rows(bad=True):
            trial.report(row["train/loss"], step)
        study.tell(trial, state=optuna.trial.TrialState.PRUNED)
        packed(store, path)
