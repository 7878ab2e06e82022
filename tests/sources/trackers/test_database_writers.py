"""trackio and optuna themselves, followed while they write: nothing is lost, nothing is left beside their files."""

import contextlib
import math
import time
from importlib import import_module
from pathlib import Path

import pytest
from tests.sources.mlflow.test_mlflow_sql import rested

from descentry.record.errors import InputError
from descentry.sources.collect import collect
from descentry.sources.places.find import find
from descentry.sources.rows import joined

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if ".db" in path.name}


def test_trackio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACKIO_DIR", str(tmp_path))
    pytest.importorskip("trackio")
    trackio = import_module("trackio")
    run = trackio.init(project="live", name="a", config={"lr": 0.5})
    path = tmp_path / "live.db"
    given = [math.inf if step == 7 else math.nan if step == 8 else 4.0 / (step + 1) for step in range(60)]
    run.log({"loss": given[0]}, step=0)
    wait_for(path)
    chunks = find(path)[0].follow()
    got = rested(chunks)
    for step, value in enumerate(given[1:], 1):
        run.log({"loss": value}, step=step)
        if step % 10 == 0:
            time.sleep(0.7)
            got += rested(chunks)
    trackio.finish()
    got += rested(chunks)
    before = names(tmp_path)
    whole = joined(got)
    assert whole.steps.tolist() == list(range(60))
    assert [repr(value) for value in whole.columns["loss"].values.tolist()] == [
        repr(value) for value in given
    ]
    read = collect(find(path)[0])
    assert read.curves["loss"].steps.tolist() == list(range(60))
    assert names(tmp_path) == before


def wait_for(path: Path) -> None:
    """Until the first call was written."""
    for _ in range(200):
        with contextlib.suppress(InputError):
            if any(log.format == "trackio" for log in find(path)):
                return
        time.sleep(0.1)
    raise AssertionError("nothing was written")


def test_optuna(tmp_path: Path) -> None:
    pytest.importorskip("optuna")
    optuna = import_module("optuna")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    path = tmp_path / "study.db"
    study = optuna.create_study(storage=f"sqlite:///{path}", study_name="live")
    chunks = find(path)[0].follow()
    got = rested(chunks)
    given = []
    for number in range(12):
        trial = study.ask({"x": optuna.distributions.FloatDistribution(-1, 1)})
        for step in range(5):
            trial.report(1.0 / (step + number + 1), step)
        given.append(float(number) ** 2)
        study.tell(trial, given[-1])
        got += rested(chunks)
    assert joined(got).columns["objective"].values.tolist() == given
    runs = {log.run.partition("/")[2]: collect(log) for log in find(path)}
    assert set(runs) == {"live", *(f"live/trial-{number}" for number in range(12))}
    reported = runs["live/trial-3"].curves["intermediate_value"].values.tolist()
    assert reported == [1.0 / (step + 4) for step in range(5)]
    assert isinstance(runs["live/trial-3"].config["x"], float)
    assert names(tmp_path) == {"study.db"}
