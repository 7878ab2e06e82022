"""Folders with a file for each metric: a poll asks the file system once for each, and misses nothing."""

import os
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import pytest

from descentry.formats.blocks import Growing
from descentry.record.chunk import Chunk
from descentry.record.errors import InputError
from descentry.sources.changes import Changes
from descentry.sources.mlflow import files as mlflow
from descentry.sources.places.find import find
from descentry.sources.protocol import Reader
from descentry.sources.rows import joined
from descentry.sources.trackers import deepspeed_csv, dvclive

WRITERS: dict[str, tuple[Reader, str, str, Callable[[int], str]]] = {
    "mlflow": (mlflow, "metrics/loss/{}", "", lambda step: f"{1700000000000 + step} {step / 4} {step}\n"),
    "dvclive": (dvclive, "plots/metrics/loss/{}.tsv", "step\t{}\n", lambda step: f"{step}\t{step / 4}\n"),
    "deepspeed": (deepspeed_csv, "Train_Samples_{}.csv", "step,{}\n", lambda step: f"{step},{step / 4}\n"),
}


class Run:
    """A run of one of the writers, with metrics that grow."""

    def __init__(self, root: Path, writer: str) -> None:
        self.reader, self._file, self._header, self._line = WRITERS[writer]
        self.root = root

    def add(self, metric: str, steps: range) -> None:
        path = self.root / self._file.format(metric)
        path.parent.mkdir(parents=True, exist_ok=True)
        header = "" if path.exists() else self._header.format(metric)
        with path.open("a") as file:
            file.write(header + "".join(map(self._line, steps)))

    def follow(self) -> Iterator[Chunk]:
        return self.reader.follow(self.root)


def rested(chunks: Iterator[Chunk]) -> Chunk:
    got = []
    for chunk in islice(chunks, 100):
        got.append(chunk)
        if len(got) > 1 and not (chunk.n_rows or got[-2].n_rows or chunk.config):
            return joined(got)
    raise AssertionError("the follower never rests")


@pytest.mark.parametrize("writer", WRITERS)
def test_a_poll_opens_and_reads_only_what_grew(
    tmp_path: Path, writer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Run(tmp_path, writer)
    for metric in "abcde":
        run.add(metric, range(3))
    past = tmp_path.stat().st_mtime - 100
    for path in [tmp_path, *tmp_path.rglob("*")]:
        os.utime(path, (past, past))
    chunks = run.follow()
    assert rested(chunks).n_rows == 3
    read: list[str] = []
    ask = Growing.__next__
    monkeypatch.setattr(Growing, "__next__", lambda source: (read.append(source.path.name), ask(source))[1])
    assert next(chunks).n_rows == 0
    assert read == []
    run.add("c", range(3, 5))
    assert rested(chunks).n_rows == 2
    assert len(set(read)) == 1


@pytest.mark.parametrize("writer", WRITERS)
def test_metrics_that_come_later_are_taken_up(tmp_path: Path, writer: str) -> None:
    run = Run(tmp_path, writer)
    run.add("a", range(3))
    chunks = run.follow()
    rested(chunks)
    run.add("b", range(5))
    assert [name.rpartition("/")[2] for name in rested(chunks).columns] == ["b"]


def test_a_metric_in_a_folder_that_was_empty_is_taken_up(tmp_path: Path) -> None:
    run = Run(tmp_path, "mlflow")
    run.add("a", range(3))
    inner = tmp_path / "metrics" / "val"
    inner.mkdir()
    past = inner.stat().st_mtime - 100
    chunks = run.follow()
    os.utime(tmp_path / "metrics", (past, past))
    rested(chunks)
    (inner / "loss").write_text("1700000000000 0.5 7\n")
    assert list(rested(chunks).columns) == ["val/loss"]


def test_a_deepspeed_table_whose_header_comes_later_is_taken_up(tmp_path: Path) -> None:
    run = Run(tmp_path, "deepspeed")
    run.add("a", range(3))
    late = tmp_path / "Train_Samples_b.csv"
    late.write_text("st")
    past = tmp_path.stat().st_mtime - 100
    os.utime(tmp_path, (past, past))
    chunks = run.follow()
    rested(chunks)
    late.write_text("step,b\n4,0.5\n")
    os.utime(tmp_path, (past, past))
    assert list(rested(chunks).columns) == ["b"]


def test_a_change_right_after_a_look_is_seen_though_time_and_size_are_the_same(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("1")
    changes = Changes()
    assert changes.has_changed(str(path))
    assert changes.has_changed(str(path))
    past = path.stat().st_mtime - 100
    os.utime(path, (past, past))
    assert [changes.has_changed(str(path)) for _ in range(3)] == [True, False, False]
    path.unlink()
    assert not changes.has_changed(str(path))


@pytest.mark.parametrize("stage", ["deleted", "'deleted'"])
def test_a_run_that_mlflow_marks_as_deleted_is_marked(tmp_path: Path, stage: str) -> None:
    run = Run(tmp_path, "mlflow")
    run.add("a", range(3))
    about = tmp_path / "meta.yaml"
    about.write_text(f"artifact_uri: x\nlifecycle_stage: {stage}\nrun_name: deleted\n")
    assert mlflow.hidden(tmp_path) == "is marked as deleted in MLflow"
    for chunks in (run.reader.read(tmp_path), islice(run.follow(), 1)):
        assert [event.kind for event in joined(chunks).events] == ["deleted_run"]
    about.write_text("lifecycle_stage: active\nrun_name: deleted\n")
    assert mlflow.hidden(tmp_path) == ""
    about.unlink()
    assert mlflow.hidden(tmp_path) == ""


def test_a_deleted_run_is_left_out_of_its_store_and_told(tmp_path: Path) -> None:
    for name, stage in (("a", "active"), ("b", "deleted"), ("c", "deleted")):
        run = Run(tmp_path / "mlruns" / "1" / name, "mlflow")
        run.add("loss", range(3))
        (run.root / "meta.yaml").write_text(f"lifecycle_stage: {stage}\n")
    skipped: list[InputError] = []
    assert [log.path.name for log in find(tmp_path, skipped)] == ["a"]
    assert [error.problem for error in skipped] == [
        "left out 2 runs, each of which is marked as deleted in MLflow"
    ]
    assert [log.path.name for log in find(tmp_path / "mlruns" / "1" / "b")] == ["b"]


@pytest.mark.parametrize("writer", ["mlflow", "dvclive"])
def test_folders_without_end_are_left(tmp_path: Path, writer: str) -> None:
    run = Run(tmp_path, writer)
    run.add("a", range(3))
    top = (tmp_path / run._file).parents[1]
    _make_deep(top, 1500)
    assert joined(run.reader.read(tmp_path)).n_rows == 3
    assert rested(run.follow()).n_rows == 3
    _take_down(top)


def _make_deep(top: Path, n_levels: int) -> None:
    """Folders named d in each other below `top`, deeper than a path may be long."""
    here = os.open(top, os.O_RDONLY)
    for _ in range(n_levels):
        os.mkdir("d", dir_fd=here)
        inner = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    os.close(here)


def _take_down(top: Path) -> None:
    """Removes them level by level: what calls itself for each level, as pytest does, comes to no end."""
    while (top / "d" / "d").exists():
        (top / "d" / "d").rename(top / "rest")
        (top / "d").rmdir()
        (top / "rest").rename(top / "d")
