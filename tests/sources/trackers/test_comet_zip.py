"""Comet's offline archives: exact, joined where resumed, bounded."""

import json
import shutil
import zipfile
from collections import Counter
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from tests.sources.own_truth import SAMPLES, assert_same, truth_of
from tests.sources.test_samples import SAMPLES as SHARED
from tests.sources.test_samples import points_of, same, truth

from descentry.record.errors import InputError, UsageError
from descentry.record.run import Run
from descentry.sources.collect import collect
from descentry.sources.places.find import find
from descentry.sources.rows import joined
from descentry.sources.trackers import comet_zip

KEY = "k" * 32
RESUMED = SAMPLES / "comet" / "resumed"


def metric(name: str, value: object, step: object = 0, **more: object) -> dict[str, Any]:
    its = {"metricName": name, "metricValue": value, "step": step, "epoch": None}
    return {"type": "metric_msg", "payload": {"metric": its, "local_timestamp": 1700000000000, **more}}


def archive(path: Path, messages: list[Any], start: int = 0, key: str = KEY) -> Path:
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("experiment.json", json.dumps({"offline_id": key, "start_time": start}))
        file.writestr("messages.json", "".join(json.dumps(message) + "\n" for message in messages))
    return path


def one(path: Path) -> Run:
    (log,) = find(path)
    assert log.format == "comet"
    return collect(log)


@pytest.mark.skipif(not SHARED.is_dir(), reason="no ../shared/samples here")
def test_every_value_of_the_sample_is_read() -> None:
    logs = find(SHARED / "comet")
    assert [log.run[-1] for log in logs if log.format == "comet"] == ["a", "b"]
    for log, name in zip(logs, ("run_a", "run_b"), strict=False):
        run = collect(log)
        expected = truth(SHARED / "comet" / "truth.csv", name)
        assert set(run.curves) == set(expected)
        for series, points in expected.items():
            assert same(points_of(run)[series], points), (name, series)
    resumes = [event for event in collect(logs[0]).events if event.kind == "resume"]
    assert [event.step for event in resumes] == [40]


def test_the_archives_of_a_resumed_experiment_are_one_run() -> None:
    run = one(RESUMED)
    assert_same(run, truth_of(RESUMED))
    assert run.config["batch_size"] == 32
    assert [event.step for event in run.events if event.kind == "resume"] == [11]


def test_an_archive_that_is_named_itself_is_read_alone() -> None:
    first, second = sorted(RESUMED.glob("*.zip"), key=lambda path: len(path.name))
    assert len(one(first).curves["train/loss"]) == 7
    assert len(one(second).curves["train/loss"]) == 5
    assert "resume" not in {event.kind for event in one(second).events}


def test_an_archive_that_is_lost_is_told(tmp_path: Path) -> None:
    shutil.copytree(RESUMED, tmp_path / "runs")
    first, second = sorted((tmp_path / "runs").glob("*.zip"), key=lambda path: len(path.name))
    second.write_bytes(second.read_bytes()[:-30])
    run = one(tmp_path / "runs")
    assert len(run.curves["train/loss"]) == 7
    (event,) = [event for event in run.events if event.kind == "torn_tail"]
    assert event.where == second.name
    first.write_bytes(b"PK\x03\x04")
    assert problem_with(tmp_path / "runs") is not None


def test_a_folder_of_experiments_has_no_single_run(tmp_path: Path) -> None:
    for key in ("a" * 32, "b" * 32):
        archive(tmp_path / f"{key}.zip", [metric("loss", 1.0)], key=key)
    assert [log.run for log in find(tmp_path)] == [f"{tmp_path.name}/{key}" for key in ("a" * 32, "b" * 32)]
    with pytest.raises(UsageError):
        comet_zip.read(tmp_path)


def test_what_is_odd_is_told(tmp_path: Path) -> None:
    messages = [
        metric("loss", 2.5, None), metric("loss", "NaN", None), metric("loss", "-Infinity", 7, context="train"),
        metric("acc", "True", 7), metric("acc", "0.5", 7.5), metric("", 1.0), {"type": "metric_msg"}, 7,
        metric("process duration", 3, 7), {"type": "log_other", "payload": {"key": "Name", "value": "n"}},
    ]  # fmt: skip
    run = one(archive(tmp_path / f"{KEY}.zip", messages))
    assert run.curves["loss"].steps.tolist() == [0, 1]
    assert str(run.curves["train_loss"].values[0]) == "-inf"
    assert run.curves["acc"].steps.tolist() == [7]
    assert set(run.curves) == {"loss", "train_loss", "acc"}
    told = Counter(event.kind for event in run.events for _ in range(event.count))
    assert told == {
        "missing_step": 2,
        "spelled_value": 2,
        "bad_value": 1,
        "bad_step": 1,
        "bad_line": 3,
        "derived": 1,
    }
    assert run.config["Name"] == "n"


def test_a_torn_last_line_is_told(tmp_path: Path) -> None:
    path = tmp_path / f"{KEY}.zip"
    first, second = (json.dumps(metric("loss", 1.5, step)) for step in (1, 2))
    text = first + "\n" + second
    for cut in range(len(text)):
        with zipfile.ZipFile(path, "w") as file:
            file.writestr("experiment.json", "not json")
            file.writestr("messages.json", text[:cut])
        chunk = joined(comet_zip.read(path))
        assert chunk.steps.tolist() == ([1] if cut >= len(first) else [])
        is_torn = cut not in (0, len(first), len(first) + 1)
        assert [event.kind for event in chunk.events] == ["torn_tail"] * is_torn


def test_a_followed_archive_that_grows_gives_its_new_rows(tmp_path: Path) -> None:
    archive(tmp_path / f"{KEY}.zip", [metric("loss", 1.5, 1)])
    chunks = find(tmp_path)[0].follow()
    assert joined(islice(chunks, 2)).steps.tolist() == [1]
    archive(tmp_path / f"{KEY}-abc.zip", [metric("loss", 1.25, 2)], start=9)
    assert joined(islice(chunks, 3)).steps.tolist() == [2]
    archive(tmp_path / f"{KEY}.zip", [metric("loss", 1.75, 5)])
    again = joined(islice(chunks, 2))
    assert again.steps.tolist() == [5, 2]
    assert again.events[0].kind == "restart"
    (tmp_path / f"{KEY}.zip").write_bytes(b"torn")
    assert joined(islice(chunks, 3)).n_rows == 0


@pytest.mark.parametrize("name", [f"{KEY}.zip", "renamed.zip"])
def test_an_archive_that_is_followed_goes_on_in_those_that_come_later(tmp_path: Path, name: str) -> None:
    first = archive(tmp_path / name, [metric("loss", 1.5, 1)])
    archive(tmp_path / f"{KEY}-old.zip", [metric("loss", 9.0, 9)], start=5)
    archive(tmp_path / f"{'j' * 32}.zip", [metric("loss", 9.0, 9)], key="j" * 32)
    chunks = find(first)[0].follow()
    assert joined(islice(chunks, 2)).steps.tolist() == [1]
    archive(tmp_path / f"{KEY}-new.zip", [metric("loss", 1.25, 2)], start=7)
    assert joined(islice(chunks, 3)).steps.tolist() == [2]


def test_an_idle_poll_opens_no_archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for i in range(5):
        archive(tmp_path / f"{KEY}-{i}.zip", [metric("loss", 1.5, i)], start=i)
    chunks = find(tmp_path)[0].follow()
    assert joined(islice(chunks, 14)).n_rows == 5
    monkeypatch.setattr(comet_zip, "Archive", None)
    assert joined(islice(chunks, 3)).n_rows == 0


def problem_with(path: Path) -> InputError | None:
    try:
        for log in find(path):
            collect(log)
    except InputError as error:
        return error
    return None


HOSTILE = {
    "blank": b"\n" * 500_000,
    "no json": b"x\n" * 300_000,
    "deep": b"[" * 100_000 + b"\n",
    "arrays": b"[1]\n" * 1000,
    "odd": b'{"type": "metric_msg", "payload": {"metric": [], "context": {}}}\n' * 10,
    "types": b'{"type": [], "payload": {"metric": {"metricName": 5}}}\n{"type": "parameter_msg", "payload": {}}\n',
    "bytes": bytes(range(256)) * 50,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_no_message_breaks_the_reader(tmp_path: Path, name: str) -> None:
    path = tmp_path / f"{KEY}.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("experiment.json", b"[[[")
        file.writestr("messages.json", HOSTILE[name])
    run = one(path)
    assert run.curves == {}
    assert name in ("blank", "types") or run.events


def test_an_archive_of_lines_that_say_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("descentry.sources.trackers.archive_log.MAX_EMPTY", 1000)
    path = tmp_path / f"{KEY}.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("experiment.json", b"{}")
        point = json.dumps(metric("loss", 1.5, 1)).encode() + b"\n"
        file.writestr("messages.json", point + b"1\n" * 2_000_000 + point)
    run = one(path)
    assert len(run.curves["loss"]) == 1
    assert any("the rest was left out" in event.message for event in run.events)


def test_a_zip_of_something_else_is_not_ours(tmp_path: Path) -> None:
    path = tmp_path / f"{KEY}.zip"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("messages.json", b"")
    assert not comet_zip.matches(path, path.read_bytes())
    assert not comet_zip.matches(tmp_path, b"")
    with pytest.raises(InputError, match=r"experiment\.json"):
        comet_zip.runs(path)
