"""What `descentry read` writes is read again: every point of every run."""

from pathlib import Path

import numpy as np
import pytest

from descentry.record.errors import InputError, UsageError
from descentry.record.event import Event
from descentry.record.run import Curve, Run
from descentry.report.export import csv_blocks, jsonl_blocks
from descentry.report.jsonable import dumps, read
from descentry.sources.collect import collect
from descentry.sources.json import own_export
from descentry.sources.places.find import find

VALUES = [3.0, float("nan"), float("inf"), -float("inf"), 0.1]


def a_run(name: str, scale: float) -> Run:
    steps = np.array([0, 1, 2, 1, 2], np.int64)
    curves = {
        series: Curve(series, None, steps.copy(), scale * np.array(VALUES)) for series in ("train/loss", "lr")
    }
    return Run(name, "csv", "a.csv", curves, {}, (Event("bad_value", "was odd", "a.csv:3", 2),))


RUNS = [a_run("logs/train", 1.0), a_run("logs/val", 2.0)]


def written(path: Path, runs: list[Run]) -> Path:
    if path.suffix == ".json":
        path.write_bytes(dumps(read(runs)))
    elif path.suffix == ".csv":
        path.write_bytes(b"".join(b for i, run in enumerate(runs) for b in csv_blocks(run, header=i == 0)))
    else:
        path.write_bytes(b"".join(block for run in runs for block in jsonl_blocks(run)))
    return path


@pytest.mark.parametrize("name", ["a.json", "a.csv", "a.jsonl"])
@pytest.mark.parametrize("n", [1, 2])
def test_every_run_comes_back(tmp_path: Path, name: str, n: int) -> None:
    logs = find(written(tmp_path / name, RUNS[:n]))
    assert [log.run for log in logs] == (["a"] if n == 1 else ["a/logs/train", "a/logs/val"])
    for log, run in zip(logs, RUNS, strict=False):
        found = collect(log)
        assert set(found.curves) == set(run.curves)
        for series, curve in found.curves.items():
            assert curve.steps.tolist() == run.curves[series].steps.tolist()
            assert repr(curve.values.tolist()) == repr(run.curves[series].values.tolist())


def test_the_warnings_are_told_again(tmp_path: Path) -> None:
    (log,) = find(written(tmp_path / "a.json", RUNS[:1]))
    assert collect(log).events == RUNS[0].events
    with pytest.raises(UsageError):
        own_export.read(written(tmp_path / "b.json", RUNS))


@pytest.mark.parametrize(
    "rest",
    ["", "}", ', "runs": 3}', ', "runs": [3]}', ', "runs": [{}', ', "runs": []}'],
)
def test_a_damaged_document_is_refused(tmp_path: Path, rest: str) -> None:
    path = tmp_path / "a.json"
    path.write_text('{"schema": "descentry/read/1"' + rest)
    with pytest.raises(InputError):
        find(path)


@pytest.mark.parametrize(
    "series",
    ["3", '{"steps": [1], "values": []}', '{"steps": [1.5], "values": [1]}', '{"steps": [1], "values": [[]]}',
     '{"steps": [true], "values": [1]}', '{"steps": [1e300], "values": [1]}', "{}"],
)  # fmt: skip
def test_an_odd_series_is_told(tmp_path: Path, series: str) -> None:
    path = tmp_path / "a.json"
    good = '"lr": {"steps": [1], "values": ["nan"]}'
    path.write_text(f'{{"schema": "descentry/read/1", "runs": [{{"series": {{"loss": {series}, {good}}}}}]}}')
    run = collect(find(path)[0])
    assert set(run.curves) == {"lr"}
    assert [event.kind for event in run.events] == ["bad_value"]


def test_a_cut_document_gives_nothing_or_all(tmp_path: Path) -> None:
    path = written(tmp_path / "a.json", RUNS)
    data = path.read_bytes()
    for cut in range(len(data) - 1):
        path.write_bytes(data[:cut])
        with pytest.raises(InputError):
            find(path)
