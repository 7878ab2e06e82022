"""ClearML's offline sessions: exact, zeros in place of NaN told, live files followed."""

import json
import shutil
import zipfile
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from tests.sources.own_truth import SAMPLES
from tests.sources.test_samples import SAMPLES as SHARED
from tests.sources.test_samples import points_of, same, truth
from tests.sources.trackers.test_comet_zip import problem_with

from descentry.record.errors import DamagedError, UsageError
from descentry.record.run import Run
from descentry.sources.collect import collect
from descentry.sources.places.find import find
from descentry.sources.rows import joined
from descentry.sources.suspect_zeros import SuspectZeros
from descentry.sources.trackers import clearml_zip
from descentry.sources.trackers.clearml_events import ClearmlEvents

SAMPLE = next((SAMPLES / "clearml").glob("*.zip"))


def metrics() -> bytes:
    with zipfile.ZipFile(SAMPLE) as archive:
        return archive.read("metrics.jsonl")


def line(name: str, values: list[float], start: int = 0) -> bytes:
    return json.dumps([
        {"type": "training_stats_scalar", "metric": name, "variant": name, "iter": start + i, "value": value,
         "timestamp": 1700000000000}
        for i, value in enumerate(values)
    ]).encode() + b"\n"  # fmt: skip


def one(path: Path) -> Run:
    (log,) = find(path)
    assert log.format == "clearml"
    return collect(log)


def test_settings_that_would_fill_the_memory_are_left_out_and_told(tmp_path: Path) -> None:
    path = tmp_path / f"offline-{'a' * 32}.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("metrics.jsonl", line("loss", [1.5, 1.25]))
        file.writestr("task.json", b"[" + b"[]," * 500_000 + b"1]")
    run = one(path)
    assert run.curves["loss"].values.tolist() == [1.5, 1.25]
    assert [event.kind for event in run.events] == ["bad_config"]


def test_a_session_of_empty_lists_is_left(tmp_path: Path) -> None:
    path = tmp_path / f"offline-{'a' * 32}.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("metrics.jsonl", line("loss", [1.5]) + b"[]\n" * 2_000_000)
        file.writestr("task.json", b"{}")
    run = one(path)
    assert run.curves["loss"].values.tolist() == [1.5]
    assert any("the rest was left out" in event.message for event in run.events)


@pytest.mark.skipif(not SHARED.is_dir(), reason="no ../shared/samples here")
def test_every_value_of_the_sample_is_read_and_lost_ones_are_told() -> None:
    logs = find(SHARED / "clearml" / "offline")
    assert len(logs) == 3
    for log in logs:
        run = collect(log)
        name, _, segment = str(run.config["name"]).partition("_seg")
        expected = truth(SHARED / "clearml" / "truth.csv", name, segment)
        lost = {}
        for series, points in expected.items():
            stored = [(step, value if np.isfinite(value) else 0.0) for step, value in points]
            assert same(points_of(run)[series], stored), (name, series)
            n_lost = sum(not np.isfinite(value) for _, value in points)
            lost |= {series: n_lost} if n_lost else {}
        told = {event.message.split("`")[1]: event.count for event in run.events}
        assert told == lost


def test_the_sample_tells_its_zeros() -> None:
    (event,) = one(SAMPLE).events
    assert (event.kind, event.count, event.step) == ("suspect_zero", 3, 11)


@pytest.mark.parametrize(
    ("values", "n_odd"),
    [
        ([5.0 + 0.1 * (i % 3) for i in range(12)] + [0.0], 1),
        ([5.0 + 0.1 * (i % 3) for i in range(12)] + [0.0] * 40, 40),
        ([-5.0 - 0.1 * (i % 3) for i in range(12)] + [0.0], 1),
        ([1e-3 * (12 - i) for i in range(13)], 0),
        ([3e-4] * 20 + [0.0], 0),
        ([0.0, 1.0] * 20, 0),
        ([0.0] * 20, 0),
        ([0.0, 0.5, 0.51, 0.52, 0.5, 0.51], 0),
        ([(-1.0) ** i * (1 + 0.1 * (i % 3)) for i in range(30)] + [0.0], 0),
        ([float("nan")] * 3 + [5.0 + 0.1 * (i % 3) for i in range(12)] + [0.0], 1),
    ],
)
def test_a_zero_is_odd_amid_values_far_from_it(values: list[float], n_odd: int) -> None:
    zeros = SuspectZeros("It")
    for step, value in enumerate(values):
        zeros.see("x", step, value)
    assert sum(event.count for event in zeros.events("w")) == n_odd


def test_a_live_session_is_followed(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    whole = line("loss", [3.0, 2.0]) + line("lr", [0.1, 0.2])
    path.write_bytes(whole[:-20])
    (log,) = find(path)
    assert log.format == "clearml"
    chunks = log.follow()
    assert joined(islice(chunks, 2)).steps.tolist() == [0, 1]
    with path.open("ab") as file:
        file.write(whole[-20:])
    assert list(joined(islice(chunks, 2)).columns) == ["lr"]


def test_any_split_gives_the_same_rows() -> None:
    data = metrics()
    whole = joined([(decoder := ClearmlEvents("m")).feed(data), decoder.end()])
    for size in (1, 7, 1000):
        decoder = ClearmlEvents("m")
        pieces = [decoder.feed(data[i : i + size]) for i in range(0, len(data), size)]
        split = joined([*pieces, decoder.end()])
        assert split.steps.tolist() == whole.steps.tolist()
        assert split.columns.keys() == whole.columns.keys()
    assert whole.n_rows >= 24


def test_a_cut_live_file_gives_a_beginning(tmp_path: Path) -> None:
    data = line("loss", [3.0, 2.0]) + line("loss", [1.0], 2)
    path = tmp_path / "metrics.jsonl"
    for cut in range(len(data)):
        path.write_bytes(data[:cut])
        chunk = joined(clearml_zip.Session(path).read(path))
        assert chunk.steps.tolist() in ([], [0, 1], [0, 1, 2])


def test_a_session_beside_its_archive_is_read_once(tmp_path: Path) -> None:
    shutil.copy(SAMPLE, tmp_path)
    session = tmp_path / SAMPLE.stem
    session.mkdir()
    (session / "metrics.jsonl").write_bytes(metrics())
    assert [log.path for log in find(tmp_path)] == [session / "metrics.jsonl"]


def test_what_is_no_scalar_is_told(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    good = json.loads(line("loss", [1.0]))[0]
    odd = [
        {**good, "value": None},
        {**good, "iter": "x"},
        {**good, "metric": 7, "variant": ""},
        5,
        {"type": "log"},
    ]
    path.write_bytes(json.dumps([good, *odd]).encode() + b"\n7\nno json\n")
    run = one(path)
    assert run.curves["loss"].values.tolist() == [1.0]
    assert sum(event.count for event in run.events) == 6


def test_several_sessions_are_several_runs(tmp_path: Path) -> None:
    for digit in "ab":
        shutil.copy(SAMPLE, tmp_path / f"offline-{digit * 32}.zip")
    assert len(find(tmp_path)) == 2
    with pytest.raises(UsageError):
        clearml_zip.read(tmp_path)


def test_an_archive_of_something_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / f"offline-{'d' * 32}.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("task.json", b"{}")
    with pytest.raises(DamagedError, match=r"metrics\.jsonl"):
        joined(clearml_zip.Session(path).read(path))


def test_a_cut_archive_is_refused(tmp_path: Path) -> None:
    path = tmp_path / SAMPLE.name
    data = SAMPLE.read_bytes()
    for cut in range(0, len(data), 11):
        path.write_bytes(data[:cut])
        assert problem_with(path) is not None


def test_the_task_beside_its_metrics_is_no_run(tmp_path: Path) -> None:
    event = {"type": "training_stats_scalar", "metric": "loss", "variant": "train", "iter": 0, "value": 1.5}
    (tmp_path / "metrics.jsonl").write_text(json.dumps([{**event, "timestamp": 1_700_000_000_000}]) + "\n")
    (tmp_path / "task.json").write_text('{"step": 0, "last_metrics": {"loss": 1.5}}\n')
    (log,) = find(tmp_path)
    assert log.format == "clearml"
