"""Which logs are found, and when one looks for more."""

import os
import threading
from pathlib import Path

import pytest
from tests.watch.made import Script, rows

from descentry.watch import places as places_module
from descentry.watch.arrivals import seen
from descentry.watch.places import Places


def places(*paths: Path, **options) -> Places:
    return Places([str(path) for path in paths], clock=Script(), **options)


def later(these: Places, duration_s: float) -> None:
    these.clock.now += duration_s


def test_a_file_is_found_once_and_nothing_more_is_looked_for(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(rows(0, 30))
    these = places(path)
    assert [log.run for log in these.look()] == ["a"]
    assert these.look() == []
    assert these.is_done


def test_a_folder_is_looked_through_again_but_not_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(rows(0, 30))
    these = places(tmp_path)
    assert [log.run for log in these.look()] == ["a"]
    (tmp_path / "b.jsonl").write_text(rows(0, 30))
    assert these.look() == []
    later(these, 100.0)
    assert [log.run for log in these.look()] == ["b"]
    assert not these.is_done


def test_ids_that_grow_longer_make_no_new_run(tmp_path: Path) -> None:
    for name in ("x", "y"):
        (tmp_path / name).mkdir()
    (tmp_path / "x" / "train.jsonl").write_text(rows(0, 30))
    these = places(tmp_path)
    assert len(these.look()) == 1
    (tmp_path / "x" / "train.csv").write_text("step,loss\n1,2.0\n2,1.9\n3,1.8\n")
    later(these, 100.0)
    fresh = these.look()
    assert [log.path.name for log in fresh] == ["train.csv"]


def test_runs_that_are_too_many_are_counted_and_the_newest_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places_module, "MOST_RUNS", 2)
    for age, name in enumerate("abcd"):
        (tmp_path / f"{name}.jsonl").write_text(rows(age, 30 + age))
        os.utime(tmp_path / f"{name}.jsonl", (1e9 - age, 1e9 - age))
    these = places(tmp_path)
    assert sorted(log.run for log in these.look()) == ["a", "b"]
    assert these.n_left == 2
    (tmp_path / "e.jsonl").write_text(rows(9, 30))
    later(these, 100.0)
    assert these.look() == []
    assert these.n_left == 3


def test_what_cannot_be_read_beside_the_logs_is_told_once(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(rows(0, 30))
    (tmp_path / "b.log").write_text("loss is a word here\n" * 5)
    these = places(tmp_path)
    these.look()
    assert [error.where for error in these.skipped] == [str(tmp_path / "b.log")]
    these.skipped.clear()
    (tmp_path / "c.jsonl").write_text(rows(1, 31))
    later(these, 100.0)
    assert [log.run for log in these.look()] == ["c"]
    assert these.skipped == []


def test_a_pipe_is_opened_without_waiting_for_its_writer(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    these = places(pipe)
    assert these.look() == []
    assert these.waits_for == [str(pipe)]

    def write() -> None:
        pipe.write_text(rows(0, 50))

    writer = threading.Thread(target=write)
    writer.start()
    writer.join()
    found = []
    while not found and not these.is_done:
        found = these.look()
    (log,) = found
    assert sum(chunk.n_rows for chunk in log.follow()) == 50


def test_a_glob_is_looked_at_again(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(rows(0, 30))
    these = places(tmp_path / "*.jsonl")
    assert [log.run for log in these.look()] == ["a"]
    (tmp_path / "b.jsonl").write_text(rows(1, 30))
    later(these, 100.0)
    assert [log.run for log in these.look()] == ["b"]


def test_growing_logs_alone_are_no_reason_to_look_again(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(rows(0, 3000))
    before = seen(str(tmp_path))
    with path.open("a") as file:
        file.write(rows(3000, 3010))
    assert seen(str(tmp_path)) == before
    (tmp_path / "b.jsonl").touch()
    assert seen(str(tmp_path)) != before
    assert seen("-") is None
    assert seen("s3://bucket/a") is None
