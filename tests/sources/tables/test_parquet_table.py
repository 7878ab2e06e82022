"""Parquet and Arrow tables: exact, wide and long, several runs, damaged, hostile.  Needs pyarrow."""

import gzip
import math
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.sources.own_truth import SAMPLES, assert_same, truth_of
from tests.sources.test_samples import SAMPLES as SHARED
from tests.sources.test_samples import points_of, same, truth

from descentry.record.errors import UnknownFormatError, UsageError
from descentry.record.run import Run
from descentry.sources.collect import collect
from descentry.sources.merge import merged_by_step, points
from descentry.sources.places.find import find
from descentry.sources.tables import parquet_table
from descentry.sources.tables.table_long import _rising

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")
pytestmark = pytest.mark.slow

Write = Callable[[Any, Path], None]


def as_parquet(table: Any, path: Path) -> None:
    pq.write_table(table, path, row_group_size=7)


def as_file(table: Any, path: Path) -> None:
    with pa.ipc.new_file(path, table.schema) as file:
        file.write_table(table, max_chunksize=7)


def as_stream(table: Any, path: Path) -> None:
    with pa.ipc.new_stream(path, table.schema) as file:
        file.write_table(table, max_chunksize=7)


FORMS: dict[str, Write] = {"a.parquet": as_parquet, "a.arrow": as_file, "a.arrows": as_stream}


def one(path: Path) -> Run:
    (log,) = find(path)
    return collect(log)


def table_run(tmp_path: Path, columns: dict[str, Any], form: str = "a.parquet") -> Run:
    FORMS[form](pa.table(columns), tmp_path / form)
    return one(tmp_path / form)


SINGLE = ["parquet/wide.parquet", "parquet/pandas.parquet", "parquet/wandb-history.parquet", "parquet/neptune",
          "arrow/wide.arrow", "arrow/wide.arrows", "arrow/wide.feather"]  # fmt: skip


@pytest.mark.parametrize("name", SINGLE)
def test_every_value_of_the_samples_is_read(name: str, tmp_path: Path) -> None:
    path = SAMPLES / name
    run = one(path)
    assert_same(run, truth_of(path))
    assert [event.kind for event in run.events] == (["empty_or_nan"] if "pandas" in name else [])
    if path.is_file():
        packed = tmp_path / f"{path.name}.gz"
        packed.write_bytes(gzip.compress(path.read_bytes()))
        assert_same(one(packed), truth_of(path))


def test_the_runs_of_a_long_table_are_told_apart() -> None:
    path = SAMPLES / "parquet" / "long.parquet"
    logs = find(path)
    assert [log.run[-2:] for log in logs] == ["/a", "/b"]
    for log in logs:
        assert_same(collect(log), truth_of(path.with_name(f"long.parquet.{log.run[-1]}")))
    with pytest.raises(UsageError):
        parquet_table.read(path)


def test_the_parts_of_a_neptune_run_are_one() -> None:
    path = SAMPLES / "parquet" / "neptune"
    (log,) = find(path)
    run = collect(log)
    assert log.format == "neptune"
    assert run.config["config/lr"] == 3e-4
    assert run.config["sys/name"] == "tiny"
    part = one(path / "tiny-0123_part_1.parquet")
    assert len(part.curves["lr"]) < len(run.curves["lr"])


@pytest.mark.skipif(not SHARED.is_dir(), reason="no ../shared/samples here")
def test_every_value_of_the_exporter_is_read() -> None:
    logs = find(SHARED / "neptune-export" / "data")
    assert [log.run[-5:] for log in logs] == ["run_a", "run_b"]
    for log in logs:
        run = collect(log)
        expected = truth(SHARED / "neptune-export" / "truth.csv", log.run[-5:])
        assert set(run.curves) == set(expected)
        for series, its in expected.items():
            assert same(points_of(run)[series], its), series


@pytest.mark.parametrize("form", FORMS)
def test_null_is_not_logged_and_nan_is_nan(tmp_path: Path, form: str) -> None:
    run = table_run(tmp_path, {"step": list(range(20)), "loss": [1.5, None, math.nan, math.inf] * 5}, form)
    assert run.curves["loss"].steps.tolist() == [i for i in range(20) if i % 4 != 1]
    assert str(run.curves["loss"].values[:3].tolist()) == "[1.5, nan, inf]"


@pytest.mark.parametrize("kind", ["int8", "uint64", "float16", "float32", "decimal128(12, 3)", "int64"])
def test_every_type_of_number_is_read(tmp_path: Path, kind: str) -> None:
    its = pa.decimal128(12, 3) if kind.startswith("decimal") else getattr(pa, kind)()
    cells = [Decimal(x) if kind.startswith("decimal") else x for x in (0, 1, 100)]
    values = pa.array(np.array(cells, np.float16) if kind == "float16" else cells, its)
    run = table_run(tmp_path, {"step": pa.array([0, 1, 2]), "loss": values})
    assert run.curves["loss"].values.tolist() == [0.0, 1.0, 100.0]


def test_steps_are_exact(tmp_path: Path) -> None:
    large = [2**53 + 1, 2**60 + 1]
    assert table_run(tmp_path, {"step": large, "loss": [1.0, 2.0]}).curves["loss"].steps.tolist() == large


@pytest.mark.parametrize(
    ("steps", "expected", "kind"),
    [
        ([0.0, 1.0, None, 3.0], [0, 1, 1, 3], "missing_step"),
        ([None, 1.0, 2.0, 3.0], [0, 1, 2, 3], "missing_step"),
        ([0.0, 1.0, math.inf, 3.0], [0, 1, 1, 3], "bad_step"),
        ([0.1, 0.2, 0.3, 0.4], [0, 1, 2, 3], "missing_step"),
        ([*map(float, range(20)), 20.5], [*range(21)], "bad_step"),
        ([Decimal("1.000000"), Decimal("2.000000")], [1, 2], None),
        ([10, 20, 15], [10, 20, 15], None),
    ],
)
def test_steps_that_are_none_are_told(
    tmp_path: Path, steps: list[Any], expected: list[int], kind: str | None
) -> None:
    run = table_run(tmp_path, {"step": steps, "loss": [1.0] * len(steps)})
    assert run.curves["loss"].steps.tolist() == expected
    assert [event.kind for event in run.events] == ([kind] if kind else [])


def test_a_table_without_steps_is_counted(tmp_path: Path) -> None:
    run = table_run(tmp_path, {"loss": [float(i) for i in range(100_000)]})
    assert run.curves["loss"].steps.tolist() == list(range(100_000))


def test_times_and_texts_and_structs(tmp_path: Path) -> None:
    when = pa.array([1700000000_000, None], pa.timestamp("ms", tz="Europe/Berlin"))
    run = table_run(tmp_path, {
        "step": [0, 1], "time": when, "note": ["a", "b"], "ok": [True, False],
        "train": [{"loss": 1.5, "deep": {"lr": 0.1}}, None],
    })  # fmt: skip
    assert set(run.curves) == {"train/loss", "train/deep/lr"}
    walls = run.curves["train/loss"].wall_times
    assert walls is not None
    assert walls.tolist() == [1.7e9]
    assert run.config["ignored"] == ["note", "ok"]


@pytest.mark.parametrize(("first", "is_time"), [(1.7e9, True), (0.25, False)])
def test_a_duration_is_a_series(tmp_path: Path, first: float, is_time: bool) -> None:
    run = table_run(tmp_path, {"step": [0, 1], "time": [first, first + 1], "loss": [1.0, 2.0]})
    assert set(run.curves) == ({"loss"} if is_time else {"loss", "time"})
    assert (run.curves["loss"].wall_times is not None) == is_time


def test_runs_of_a_wide_table(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    ids = pa.array(["x", "y", None] * 10).dictionary_encode()
    as_parquet(
        pa.table({"step": list(range(30)), "run_id": ids, "loss": [float(i) for i in range(30)]}), path
    )
    found = {log.run.rpartition("/")[2]: collect(log).curves["loss"].values.tolist() for log in find(path)}
    assert found == {name: [float(i) for i in range(at, 30, 3)] for at, name in enumerate(("x", "y", ""))}


def test_runs_that_are_numbered(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    as_parquet(pa.table({"step": [0, 1, 0], "run": [7, 7, 12], "loss": [1.0, 2.0, 3.0]}), path)
    assert [(log.run[-2:], collect(log).curves["loss"].values.tolist()) for log in find(path)] == [
        ("/7", [1.0, 2.0]), ("12", [3.0]),
    ]  # fmt: skip


def test_a_series_that_goes_back_is_a_resumed_one(tmp_path: Path) -> None:
    run = table_run(tmp_path, {"metric": ["loss"] * 5, "step": [0, 1, 2, 1, 2], "value": [1.0, 2, 3, 4, 5]})
    assert run.curves["loss"].steps.tolist() == [0, 1, 2, 1, 2]


def test_the_fast_merge_is_the_slow_one() -> None:
    random = np.random.default_rng(0)
    for _ in range(50):
        series = {}
        for name in "abc":
            steps = np.unique(random.integers(0, 30, random.integers(1, 20)))
            walls = 1e9 + steps + random.random(len(steps))
            series[name] = points(steps, random.normal(size=len(steps)), walls)
        fast, slow = _rising(series), merged_by_step(series)
        assert fast is not None
        assert fast.steps.tolist() == slow.steps.tolist()
        assert np.array_equal(fast.wall_times, slow.wall_times)  # type: ignore[arg-type]
        for name in series:
            assert fast.columns[name].rows.tolist() == slow.columns[name].rows.tolist()
            assert fast.columns[name].values.tolist() == slow.columns[name].values.tolist()


def test_a_table_without_numbers_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    as_parquet(pa.table({"text": ["a", "b"]}), path)
    with pytest.raises(UnknownFormatError, match="without a series of numbers"):
        find(path)


@pytest.mark.parametrize("form", ["a.parquet", "a.arrow"])
def test_a_step_that_starts_anew_gives_way_to_one_that_goes_on(tmp_path: Path, form: str) -> None:
    n = 60
    columns = {
        "epoch": [i // 20 for i in range(n)],
        "step": [i % 20 for i in range(n)],
        "global_step": list(range(n)),
        "loss": [1 / (i + 1) for i in range(n)],
    }
    run = table_run(tmp_path, columns, form)
    assert run.curves["loss"].steps.tolist() == list(range(n))
    assert [event.kind for event in run.events if "goes on" in event.message] == ["derived"]


def test_a_step_that_rises_stays_the_step(tmp_path: Path) -> None:
    columns = {"step": [0, 5, 10], "global_step": [0, 1, 2], "loss": [3.0, 2.0, 1.0]}
    run = table_run(tmp_path, columns)
    assert run.curves["loss"].steps.tolist() == [0, 5, 10]
    assert not any(event.kind == "derived" for event in run.events)


def test_a_number_of_the_batch_is_the_step_where_there_is_none(tmp_path: Path) -> None:
    columns = {
        "epoch": [0, 0, 0, 1, 1, 1],
        "batch": [0, 1, 2, 0, 1, 2],
        "loss": [6.0, 5.0, 4.0, 3.0, 2.0, 1.0],
    }
    run = table_run(tmp_path, columns)
    assert run.curves["loss"].steps.tolist() == list(range(6))
