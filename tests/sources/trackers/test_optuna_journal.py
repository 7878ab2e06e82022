"""Optuna's journal: what the database of the same studies gives."""

import json
import math
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from descentry.record.chunk import Chunk
from descentry.record.errors import InputError
from descentry.record.run import Run
from descentry.sources.collect import collect
from descentry.sources.places.find import find
from descentry.sources.rows import joined
from descentry.sources.trackers import optuna_journal

SAMPLES = Path(__file__).parents[2] / "samples" / "optuna"
STUDY = {"op_code": 0, "study_name": "s", "directions": [1]}
CREATED = {"op_code": 4, "study_id": 0}


def written(path: Path, operations: list[dict[str, object]]) -> Path:
    lines = [json.dumps({**one, "worker_id": "w"}, separators=(",", ":")) for one in operations]
    path.write_text("".join(line + "\n" for line in lines))
    return path


def ended(trial: int, value: object, state: int = 1) -> dict[str, object]:
    return {"op_code": 6, "trial_id": trial, "state": state, "values": [value]}


def reported(trial: int, step: int, value: object) -> dict[str, object]:
    return {"op_code": 7, "trial_id": trial, "step": step, "intermediate_value": value}


def runs(path: Path) -> dict[str, Run]:
    logs = find(path)
    assert {log.format for log in logs} == {"optuna_journal"}
    return {log.run.partition("/")[2]: collect(log) for log in logs}


def test_the_journal_is_the_database() -> None:
    (journal,), (database,) = (find(SAMPLES / name) for name in ("journal.log", "study.db"))
    one, other = collect(journal), collect(database)
    assert one.config == other.config
    assert {name: curve.steps.tolist() for name, curve in one.curves.items()} == {
        name: curve.steps.tolist() for name, curve in other.curves.items()
    }
    for name, curve in one.curves.items():
        assert list(map(repr, curve.values.tolist())) == list(map(repr, other.curves[name].values.tolist()))
    assert [(event.kind, event.count) for event in one.events] == [("failed_trial", 2)]


def test_trials_have_what_they_reported_and_their_parameters(tmp_path: Path) -> None:
    choices = json.dumps({"name": "CategoricalDistribution", "attributes": {"choices": ["sgd", "adam"]}})
    param = {
        "op_code": 5,
        "trial_id": 1,
        "param_name": "o",
        "param_value_internal": 1,
        "distribution": choices,
    }
    steps = [reported(1, 0, 2.5), reported(1, 2, math.nan), reported(1, 5, math.inf)]
    found = runs(written(tmp_path / "a.log", [STUDY, CREATED, CREATED, param, *steps, ended(1, 0.5)]))
    assert list(found) == ["s", "s/trial-1"]
    curve = found["s/trial-1"].curves["intermediate_value"]
    assert curve.steps.tolist() == [0, 2, 5]
    assert list(map(repr, curve.values.tolist())) == ["2.5", "nan", "inf"]
    assert found["s/trial-1"].config == {"o": "adam"}
    assert found["s"].curves["objective"].steps.tolist() == [1]


def test_studies_are_told_apart_and_deleted_ones_left(tmp_path: Path) -> None:
    other = {**STUDY, "study_name": "t"}
    moved = {"op_code": 4, "study_id": 1}
    path = written(
        tmp_path / "a.log",
        [STUDY, STUDY, other, CREATED, moved, ended(0, 1.0), ended(1, 2.0), {"op_code": 1, "study_id": 0}],
    )
    (run,) = [collect(log) for log in find(path)]
    assert run.curves["objective"].values.tolist() == [2.0]


def rested(chunks: Iterator[Chunk]) -> Chunk:
    got: list[Chunk] = []
    for chunk in islice(chunks, 1000):
        if not (chunk.n_rows or chunk.events or chunk.config):
            return joined(got)
        got.append(chunk)
    raise AssertionError("the follower never rests")


def test_a_study_is_followed_in_the_order_of_its_trials(tmp_path: Path) -> None:
    path = written(tmp_path / "a.log", [STUDY, CREATED, CREATED, CREATED, ended(0, 4.0)])
    chunks = find(path)[0].follow()
    assert rested(chunks).steps.tolist() == [0]
    lines = path.read_text()
    written(path, [ended(2, 2.0)])
    path.write_text(lines + path.read_text())
    assert rested(chunks).steps.tolist() == []
    lines = path.read_text()
    written(path, [ended(1, 3.0)])
    path.write_text(lines + path.read_text()[:-9])
    assert rested(chunks).steps.tolist() == []
    path.write_text(lines + written(tmp_path / "b.log", [ended(1, 3.0)]).read_text())
    got = rested(chunks)
    assert (got.steps.tolist(), got.events) == ([1, 2], ())


def test_a_journal_cut_at_any_byte_is_a_beginning(tmp_path: Path) -> None:
    data = (SAMPLES / "journal.log").read_bytes()
    (log,) = find(SAMPLES / "journal.log")
    whole = collect(log).curves["loss"].values.tolist()
    for cut in range(0, len(data), 17):
        path = tmp_path / "a.log"
        path.write_bytes(data[:cut])
        try:
            (one,) = find(path)
        except InputError:
            continue
        curves = collect(one).curves
        values = curves["loss"].values.tolist() if "loss" in curves else []
        assert list(map(repr, values)) == list(map(repr, whole[: len(values)]))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)
FIELDS = (
    "study_id",
    "trial_id",
    "study_name",
    "directions",
    "values",
    "value",
    "state",
    "step",
    "intermediate_value",
)
FIELDS += ("intermediate_values", "param_name", "param_value_internal", "distribution", "system_attr")


@settings(max_examples=150, deadline=None)
@given(
    operations=st.lists(
        st.fixed_dictionaries(
            {"op_code": st.integers(0, 9) | JSON}, optional=dict.fromkeys(FIELDS, st.just(0) | JSON)
        ),
        max_size=12,
    )
)
def test_no_operation_breaks_it(
    tmp_path_factory: pytest.TempPathFactory, operations: list[dict[str, object]]
) -> None:
    path = written(tmp_path_factory.mktemp("odd") / "a.log", [STUDY, CREATED, *operations])
    for _, run in optuna_journal.runs(path):
        chunk = joined(run.read(path))
        assert all(len(rows) == len(values) <= chunk.n_rows for rows, values in chunk.columns.values())
