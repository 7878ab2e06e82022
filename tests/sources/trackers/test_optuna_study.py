"""Optuna's storage: a study by its trials, a trial by the values that it reported."""

import json
import math
import shutil
from pathlib import Path

import pytest
from tests.make_samples.curves import rows
from tests.sources import made_databases as made
from tests.sources.mlflow.test_mlflow_sql import rested

from descentry.record.errors import InputError
from descentry.record.run import Run
from descentry.sources.collect import collect
from descentry.sources.places.find import find
from descentry.sources.rows import joined

SAMPLES = Path(__file__).parents[2] / "samples" / "optuna"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return Path(shutil.copy(SAMPLES / "reported.db", tmp_path / "study.db"))


def runs(path: Path) -> dict[str, Run]:
    logs = find(path)
    assert {log.format for log in logs} == {"optuna"}
    return {log.run.partition("/")[2]: collect(log) for log in logs}


def test_reported_values_are_those_of_the_trial(path: Path) -> None:
    curve = runs(path)["sample/trial-0"].curves["intermediate_value"]
    expected = [row["train/loss"] for _, row in rows(bad=True)]
    assert curve.steps.tolist() == list(range(24))
    assert [repr(value) for value in curve.values.tolist()] == [repr(value) for value in expected]


def test_a_study_has_its_objective_and_direction(path: Path) -> None:
    run = runs(path)["sample"]
    assert run.curves["objective"].steps.tolist() == [0]
    assert run.config == {"direction": "minimize"}
    assert [event.kind for event in run.events] == []


def test_a_study_tells_which_trials_have_no_objective() -> None:
    (log,) = find(SAMPLES / "study.db")
    run = collect(log)
    assert run.config == {"direction": ["minimize", "maximize"]}
    assert [(event.kind, event.count, event.warning) for event in run.events] == [("failed_trial", 2, False)]
    assert math.isinf(run.curves["loss"].values[4])


def trial(path: Path, number: int, state: str, value: float | None = None) -> None:
    made.change(path, f"INSERT INTO trials (number, study_id, state) VALUES ({number}, 1, '{state}')")
    if value is not None:
        made.change(
            path,
            "INSERT INTO trial_values (trial_id, objective, value, value_type) "
            f"SELECT max(trial_id), 0, {value}, 'FINITE' FROM trials WHERE number = {number}",
        )


def test_parameters_of_a_trial_are_its_config(path: Path) -> None:
    choices = json.dumps({"name": "CategoricalDistribution", "attributes": {"choices": ["sgd", "adam"]}})
    for name, value, content in (("optimizer", 1.0, choices), ("lr", 0.25, "{}"), ("odd", 7.0, "[broken")):
        made.change(
            path,
            "INSERT INTO trial_params (trial_id, param_name, param_value, distribution_json) "
            f"VALUES (1, '{name}', {value}, '{content}')",
        )
    assert runs(path)["sample/trial-0"].config == {"optimizer": "adam", "lr": 0.25, "odd": 7.0}


def test_steps_of_a_study_rise_though_trials_end_out_of_order(path: Path) -> None:
    for number in (3, 1, 2):
        trial(path, number, "COMPLETE", number / 2)
    assert runs(path)["sample"].curves["objective"].steps.tolist() == [0, 1, 2, 3]


def test_a_study_is_followed_and_waits_for_trials_that_still_run(path: Path) -> None:
    chunks = find(path)[0].follow()
    got = rested(chunks)
    trial(path, 1, "RUNNING")
    trial(path, 2, "COMPLETE", 0.5)
    assert rested(chunks) == []
    made.change(path, "UPDATE trials SET state = 'FAIL' WHERE number = 1")
    got += rested(chunks)
    assert joined(got).steps.tolist() == [0, 2]


def test_a_trial_whose_process_died_holds_the_others_back_for_a_while_only(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made.change(
        path,
        "UPDATE trials SET datetime_start = '2026-11-22 00:00:00', datetime_complete = '2026-11-22 00:01:40'",
    )
    now = [0.0]
    monkeypatch.setattr("descentry.sources.trackers.optuna_tables.time.monotonic", lambda: now[0])
    chunks = find(path)[0].follow()
    got = rested(chunks)
    trial(path, 1, "RUNNING")
    trial(path, 2, "COMPLETE", 0.5)
    assert rested(chunks) == []
    now[0] = 299.0
    assert rested(chunks) == []
    now[0] = 301.0
    got += rested(chunks)
    assert joined(got).steps.tolist() == [0, 2]
    trial(path, 3, "COMPLETE", 0.25)
    assert joined(rested(chunks)).steps.tolist() == [3]
    made.change(path, "UPDATE trials SET state = 'COMPLETE' WHERE number = 1")
    made.change(
        path,
        "INSERT INTO trial_values (trial_id, objective, value, value_type) "
        "SELECT trial_id, 0, 0.125, 'FINITE' FROM trials WHERE number = 1",
    )
    late = joined(rested(chunks))
    assert late.steps.tolist() == [1]
    assert [(event.kind, event.step) for event in late.events] == [("late_trial", 1)]


def test_a_study_that_is_begun_anew_is_told_and_read_again(path: Path) -> None:
    for number in (1, 2, 3):
        trial(path, number, "COMPLETE", number / 2)
    chunks = find(path)[0].follow()
    rested(chunks)
    made.change(path, "DELETE FROM trial_values", "DELETE FROM trials")
    trial(path, 0, "COMPLETE", 7.5)
    again = joined(rested(chunks))
    assert again.columns["objective"].values.tolist() == [7.5]
    assert [event.kind for event in again.events] == ["restart"]


def test_a_trial_is_followed(path: Path) -> None:
    log = next(log for log in find(path) if log.run.endswith("trial-0"))
    chunks = log.follow()
    got = rested(chunks)
    made.change(
        path,
        "INSERT INTO trial_intermediate_values (trial_id, step, intermediate_value, intermediate_value_type) "
        "VALUES (1, 24, NULL, 'INF_NEG')",
    )
    got += rested(chunks)
    assert rested(chunks) == []
    whole = joined(got)
    assert whole.steps.tolist() == list(range(25))
    assert whole.columns["intermediate_value"].values[-1] == -math.inf


def test_values_that_are_no_numbers_are_told(path: Path) -> None:
    made.change(path, "UPDATE trial_intermediate_values SET intermediate_value = 'x' WHERE step = 3")
    run = runs(path)["sample/trial-0"]
    assert len(run.curves["intermediate_value"]) == 23
    assert [event.kind for event in run.events] == ["bad_value"]


def test_tables_of_another_version_are_refused(path: Path) -> None:
    made.change(path, "ALTER TABLE trials RENAME COLUMN number TO counter")
    with pytest.raises(InputError, match=r"trials\.number"):
        find(path)


@pytest.mark.parametrize("cut", range(0, 20_480, 512))
def test_a_cut_file_gives_a_part_or_a_refusal(path: Path, cut: int) -> None:
    whole = {name: run.curves for name, run in runs(path).items()}
    path.write_bytes(path.read_bytes()[:cut])
    found, problem = read_or_problem(path)
    assert problem is None or ("\n" not in str(problem) and problem.advice)
    for name, run in found.items():
        for series, curve in run.curves.items():
            n = len(curve)
            assert curve.steps.tolist() == whole[name][series].steps[:n].tolist()
            assert n == len(whole[name][series]) or "torn_tail" in {event.kind for event in run.events}


def read_or_problem(path: Path) -> tuple[dict[str, Run], InputError | None]:
    try:
        return runs(path), None
    except InputError as error:
        return {}, error
