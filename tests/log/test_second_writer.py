"""Two writers of one folder, and files that are no logs: each writer has a file of its own."""

import os
from pathlib import Path

import pytest
from tests.log.troubled import steps
from tests.log.written import kinds, telling

import descentry
from descentry.log import place

HEAD = b'{"log":"descentry/log/1"}\n'


def test_a_second_writer_takes_a_file_of_its_own(tmp_path: Path) -> None:
    with telling(), descentry.Log(tmp_path) as first:
        with telling("this one writes metrics.2.jsonl", "metrics.3.jsonl"):
            second = descentry.Log(tmp_path)
            third = descentry.Log(tmp_path)
        for step in range(3):
            first.write(step, loss=1.0)
            second.write(step, loss=2.0)
        second.close()
        third.close()
    runs = {run.run: run for run in descentry.runs(tmp_path)}
    assert len(runs) == 2
    values = sorted(run.curves["loss"].values.tolist() for run in runs.values())
    assert values == [[1.0] * 3, [2.0] * 3]


def test_without_locks_a_torn_tail_is_ended_not_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(place, "locked", lambda _fd: None)
    path = tmp_path / "metrics.jsonl"
    torn = HEAD + b'{"step":0,"loss":1.0}\n{"step":1,"lo'
    path.write_bytes(torn)
    with (
        telling(*["was ended by a newline"] * 2),
        descentry.Log(tmp_path) as log,
        descentry.Log(tmp_path) as other,
    ):
        log.write(2, loss=1.0)
        other.write(3, loss=1.0)
        log.write(4, loss=1.0)
    assert path.read_bytes().startswith(torn + b"\n")
    assert steps(tmp_path) == [0, 2, 3, 4]
    assert {"bad_line", "repair"} <= set(kinds(tmp_path))


@pytest.fixture(params=["foreign.jsonl", "fifo", "/dev/full"])
def occupied(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    target = tmp_path / "metrics.jsonl"
    if request.param == "fifo":
        os.mkfifo(target)
    elif request.param == "/dev/full":
        target.symlink_to("/dev/full")
    else:
        target.write_bytes(b'{"step": 1, "loss": 2.0}\n{"step": 2, "lo')
    return tmp_path


def test_what_is_no_log_of_ours_is_left_alone(occupied: Path) -> None:
    target = occupied / "metrics.jsonl"
    before = target.read_bytes() if target.is_file() else b""
    with telling("metrics.jsonl is no"):
        log = descentry.Log(occupied)
        log.write(1, loss=1.0)
        log.close()
    assert steps(occupied / "metrics.2.jsonl") == [1]
    assert before == (target.read_bytes() if target.is_file() else b"")
