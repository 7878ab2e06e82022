"""MLflow's SQLite store: every value, what MLflow did to it undone, whatever state the file is in."""

import gzip
import math
import shutil
import sqlite3
from contextlib import closing
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.sources import made_databases as made
from tests.sources.test_samples import SAMPLES as SHARED
from tests.sources.test_samples import points_of, same, truth

from descentry.record.chunk import Chunk
from descentry.record.errors import InputError, UsageError
from descentry.record.run import Run
from descentry.sources.collect import collect
from descentry.sources.mlflow import sql as mlflow_sql
from descentry.sources.places.find import find
from descentry.sources.rows import joined

SAMPLE = Path(__file__).parents[2] / "samples" / "mlflow" / "mlflow.db"
MAX = float(np.finfo(np.float64).max)


def one(path: Path) -> Run:
    (log,) = find(path)
    assert log.format == "mlflow_sql"
    return collect(log)


def rested(chunks: object) -> list[Chunk]:
    """What a follower gives until it rests."""
    got = []
    for chunk in islice(chunks, 10_000):  # type: ignore[call-overload]
        if not (chunk.n_rows or chunk.events or chunk.config):
            return got
        got.append(chunk)
    raise AssertionError("the follower never rests")


@pytest.mark.skipif(not SHARED.exists(), reason="the samples are not here")
def test_the_store_of_the_samples_is_read_value_by_value(tmp_path: Path) -> None:
    packed = SHARED / "mlflow-sqlite" / "mlflow.db.gz"
    plain = tmp_path / "mlflow.db"
    with gzip.open(packed) as source, plain.open("wb") as target:
        shutil.copyfileobj(source, target)
    for path in (packed, plain):
        runs = {log.run.rpartition("/")[2]: collect(log) for log in find(path)}
        assert set(runs) == {"run_a", "run_b"}
        for name, run in runs.items():
            found = points_of(run)
            for metric, expected in truth(SHARED / "mlflow-sqlite" / "truth.csv", name).items():
                assert same(found[metric], expected), (path, name, metric)


def test_the_attempts_of_a_resumed_run_stand_in_the_order_of_time() -> None:
    run = one(SAMPLE)
    assert run.curves["lr"].steps.tolist() == [*range(24), *range(16, 32)]
    (told,) = (event for event in run.events if event.kind == "overlap")
    assert (told.step, told.count) == (16, 26)
    walls = run.curves["lr"].wall_times
    assert walls is not None
    assert walls.tolist() == [1.7e9 + i for i in range(40)]


def test_parameters_are_the_config() -> None:
    assert one(SAMPLE).config == {"learning_rate": 0.0003, "model": "tiny"}


def test_flag_and_clamp_are_undone_and_told(tmp_path: Path) -> None:
    points = [
        ("loss", value, made.START_MS + i, "a", i, flag)
        for i, (value, flag) in enumerate([(1.5, 0), (0.0, 1), (0.0, 0), (MAX, 0), (-MAX, 0)])
    ]
    run = one(made.mlflow(tmp_path / "a.db", points))
    values = run.curves["loss"].values.tolist()
    assert math.isnan(values[1])
    assert values[:1] + values[2:] == [1.5, 0.0, math.inf, -math.inf]
    told = {event.message: (event.count, event.warning, event.step) for event in run.events}
    assert sorted(told.values(), key=str) == [(1, False, None), (2, True, 3)]


@pytest.mark.parametrize("n", [1, 4095, 4096, 4097, 9000])
@pytest.mark.parametrize("others", [0, 9])
def test_pages_lose_and_double_nothing(tmp_path: Path, n: int, others: int) -> None:
    """A run alone in its store is read series by series, one of many row by row."""
    points = [point for run in range(others) for point in made.points(n, run=f"other{run}")]
    path = made.mlflow(
        tmp_path / "a.db", points + made.points(n), ["a", *(f"other{i}" for i in range(others))]
    )
    logs = {log.run.rpartition("/")[2]: log for log in find(path)}
    run = collect(logs["a" if others else "db"] if others else next(iter(logs.values())))
    assert run.curves["train_loss"].steps.tolist() == list(range(n))
    assert run.curves["train_loss"].values.tolist() == [4.0 / (i + 1) for i in range(n)]
    assert run.curves["lr"].values.tolist() == [1e-3 * i for i in range(n)]


def test_many_points_of_one_time_are_all_read(tmp_path: Path) -> None:
    points = [("loss", float(i), made.START_MS, "a", i, 0) for i in range(10_000)]
    run = one(made.mlflow(tmp_path / "a.db", points))
    assert run.curves["loss"].values.tolist() == [float(i) for i in range(10_000)]
    assert run.events == ()


def test_points_without_a_step_are_numbered_and_told(tmp_path: Path) -> None:
    points = [("loss", 1.0 / (i + 1), made.START_MS + i, "a", 0, 0) for i in range(50)]
    points.append(("test_acc", 0.5, made.START_MS, "a", 0, 0))
    run = one(made.mlflow(tmp_path / "a.db", points))
    assert run.curves["loss"].steps.tolist() == list(range(50))
    assert run.curves["test_acc"].steps.tolist() == [0]
    assert [(event.kind, event.count) for event in run.events] == [("missing_step", 50)]


def test_runs_have_names_that_tell_them_apart(tmp_path: Path) -> None:
    path = made.mlflow(tmp_path / "a.db", made.points(2, run="aaaaaaaaaaaa") + made.points(2, run="b"), [])
    made.change(
        path,
        "INSERT INTO runs VALUES ('b', 'same', 'active', 1), ('aaaaaaaaaaaa', 'same', NULL, 2), "
        "('gone', 'gone', 'deleted', 0), ('waits', 'waits', 'active', 0)",
    )
    assert [name for name, _ in mlflow_sql.runs(path)] == ["same-b", "same-aaaaaaaa"]


def test_a_store_without_metrics_still_has_its_runs(tmp_path: Path) -> None:
    path = made.mlflow(tmp_path / "a.db", [], ["a", "b"])
    assert [name for name, _ in mlflow_sql.runs(path)] == ["a", "b"]
    assert mlflow_sql.runs(made.mlflow(tmp_path / "b.db", [], [])) == []


def test_several_runs_are_not_read_as_one(tmp_path: Path) -> None:
    path = made.mlflow(tmp_path / "a.db", made.points(2) + made.points(2, run="b"), ["a", "b"])
    with pytest.raises(UsageError, match="2 runs"):
        mlflow_sql.read(path)
    with pytest.raises(InputError, match="no run yet"):
        mlflow_sql.read(made.mlflow(tmp_path / "b.db", [], []))


def test_an_old_store_without_a_flag_is_read(tmp_path: Path) -> None:
    tables = made.MLFLOW.replace(", is_nan BOOLEAN DEFAULT '0' NOT NULL", "").replace(", is_nan)", ")")
    path = made.mlflow(tmp_path / "a.db", [], tables=tables)
    made.change(path, "INSERT INTO metrics VALUES ('loss', 1.5, 1700000000000, 'a', 3)")
    assert one(path).curves["loss"].values.tolist() == [1.5]


@pytest.mark.parametrize("journal", ["DELETE", "WAL"])
def test_a_run_is_followed(tmp_path: Path, journal: str) -> None:
    path = made.mlflow(tmp_path / "a.db", made.points(3))
    made.change(path, f"PRAGMA journal_mode = {journal}")
    chunks = find(path)[0].follow()
    got = rested(chunks)
    assert joined(got).steps.tolist() == [0, 1, 2]
    for start in (3, 4, 10):
        made.add(path, made.points(7 if start == 10 else 1, start))
        got += rested(chunks) + rested(chunks)
    assert rested(chunks) == []
    whole = joined(got)
    assert whole.steps.tolist() == [0, 1, 2, 3, 4, *range(10, 17)]
    assert len(whole.columns["lr"].values) == len(whole.columns["train_loss"].values) == 12
    assert whole.config == {"lr": 0.5}


def test_metrics_of_one_step_that_come_one_after_the_other_make_one_row(tmp_path: Path) -> None:
    points = made.points(3)
    path = made.mlflow(tmp_path / "a.db", points[:-1])
    chunks = find(path)[0].follow()
    first = next(chunk for chunk in chunks if chunk.n_rows)
    assert first.steps.tolist() == [0, 1]
    made.add(path, points[-1:])
    (rest,) = rested(chunks) + rested(chunks)
    assert rest.steps.tolist() == [2]
    assert sorted(rest.columns) == ["lr", "train_loss"]


def test_polling_reads_only_what_is_new(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = made.mlflow(tmp_path / "a.db", made.points(5000))
    chunks = find(path)[0].follow()
    rested(chunks)
    asked: list[int] = []
    table = mlflow_sql.Database.table

    def counted(database: mlflow_sql.Database, *question: object) -> object:
        found = table(database, *question)  # type: ignore[arg-type]
        asked.append(0 if found is None else len(found))
        return found

    monkeypatch.setattr(mlflow_sql.Database, "table", counted)
    made.add(path, made.points(2, 5000))
    rested(chunks)
    rested(chunks)
    assert sum(asked) == 4


def test_a_rewritten_store_is_told_and_read_again(tmp_path: Path) -> None:
    path = made.mlflow(tmp_path / "a.db", made.points(30))
    chunks = find(path)[0].follow()
    rested(chunks)
    made.change(path, "DELETE FROM metrics WHERE step > 3", "VACUUM")
    again = joined(rested(chunks))
    assert again.steps.tolist() == [0, 1, 2, 3]
    assert "restart" in {event.kind for event in again.events}


def test_a_store_that_is_replaced_by_one_of_as_many_rows_is_told_and_read_again(tmp_path: Path) -> None:
    path = made.mlflow(tmp_path / "a.db", made.points(30))
    chunks = find(path)[0].follow()
    rested(chunks)
    made.mlflow(
        tmp_path / "b.db", [(name, 2 * value, *rest) for name, value, *rest in made.points(30)]
    ).replace(path)
    again = joined(rested(chunks) + rested(chunks))
    assert again.steps.tolist() == list(range(30))
    assert again.columns["train_loss"].values.tolist() == [8.0 / (i + 1) for i in range(30)]
    assert [event.kind for event in again.events] == ["restart"]


@pytest.mark.parametrize("commands", [["VACUUM"], []])
def test_a_store_that_is_copied_anew_with_more_rows_goes_on(tmp_path: Path, commands: list[str]) -> None:
    path = made.mlflow(tmp_path / "a.db", made.points(30))
    chunks = find(path)[0].follow()
    rested(chunks)
    rested(chunks)
    copy = Path(shutil.copy(path, tmp_path / "b.db"))
    made.add(copy, made.points(5, 30))
    made.change(copy, *commands)
    copy.replace(path)
    more = joined(rested(chunks) + rested(chunks))
    assert more.steps.tolist() == list(range(30, 35))
    assert more.events == ()


def test_deleted_runs_are_counted_by_the_first_of_the_others(tmp_path: Path) -> None:
    path = made.mlflow(tmp_path / "a.db", made.points(3) + made.points(3, run="b"), ["a", "b"])
    made.change(path, "INSERT INTO runs VALUES ('gone', 'gone', 'deleted', 0), ('too', 'too', 'deleted', 0)")
    told = [
        [event.count for event in collect(log).events if event.kind == "deleted_run"] for log in find(path)
    ]
    assert told == [[2], []]
    made.change(path, "UPDATE runs SET lifecycle_stage = 'deleted'")
    with pytest.raises(
        InputError, match=r"marked as deleted \(4\); bring one back with `mlflow runs restore"
    ):
        find(path)


def test_a_locked_store_is_asked_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("descentry.formats.sqlite_file.BUSY_S", 0.05)
    path = made.mlflow(tmp_path / "a.db", made.points(3))
    chunks = find(path)[0].follow()
    rested(chunks)
    made.add(path, made.points(1, 3))
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("BEGIN EXCLUSIVE")
        (told,) = rested(chunks)
        assert [event.kind for event in told.events] == ["unreadable"]
        assert rested(chunks) == []
    assert joined(rested(chunks) + rested(chunks)).steps.tolist() == [3]


HOSTILE = {
    "a view as metrics": (
        "DROP TABLE metrics",
        "CREATE VIEW metrics AS SELECT 'loss' AS key, 1.0 AS value, 0 AS timestamp, 'a' AS run_uuid, 0 AS step",
    ),
    "no column step": ("DROP TABLE metrics", "CREATE TABLE metrics (key, value, timestamp, run_uuid)"),
    "no rowid": (
        "DROP TABLE metrics",
        "CREATE TABLE metrics (key, value, timestamp, run_uuid, step, is_nan, PRIMARY KEY (key)) WITHOUT ROWID",
    ),
    "texts": ("INSERT INTO metrics VALUES ('loss', 'n/a', 'late', 'a', 'three', 0)",),
    "fractions": ("INSERT INTO metrics VALUES ('loss', 2.5, 1.5, 'a', 1.5, 0)",),
    "blobs": ("INSERT INTO metrics VALUES (x'00ff', x'00ff', x'00ff', 'a', x'00ff', 0)",),
    "huge step": ("INSERT INTO metrics VALUES ('loss', 2.5, 1, 'a', 9223372036854775807, 0)",),
    "least step": ("INSERT INTO metrics VALUES ('loss', 2.5, 1, 'a', -9223372036854775808, 0)",),
    "least time": ("INSERT INTO metrics VALUES ('loss', 2.5, -9223372036854775808, 'a', 1, 0)",),
    "names": (
        "INSERT INTO metrics VALUES (CAST(x'6cff00' AS TEXT), 2.5, 1, 'a', 1, 0)",
        "INSERT INTO metrics VALUES ('a' || char(10) || 'b', 2.5, 1, 'a', 1, 0)",
        "INSERT INTO metrics VALUES ('', 2.5, 1, 'a', 1, 0)",
    ),
    "long name": ("INSERT INTO metrics VALUES (replace(hex(zeroblob(400000)), '0', 'x'), 2.5, 1, 'a', 1, 0)",),
    "run": (
        "UPDATE runs SET run_uuid = CAST(x'ff00' AS TEXT) WHERE run_uuid = 'a'",
        "UPDATE metrics SET run_uuid = CAST(x'ff00' AS TEXT) WHERE run_uuid = 'a'",
    ),
    "odd flags": ("INSERT INTO metrics VALUES ('loss', 2.5, 1, 'a', 1, 7), ('loss', 2.5, 1, 'a', 1, 'x')",),
    "triggers": ("CREATE TRIGGER t AFTER INSERT ON metrics BEGIN DELETE FROM metrics; END",),
    "generated": ("ALTER TABLE params ADD COLUMN more AS (hex(zeroblob(1000000000)))",),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("others", [0, 9])
def test_no_content_breaks_the_reader(tmp_path: Path, name: str, others: int) -> None:
    runs = ["a", *(f"other{i}" for i in range(others))]
    points = [point for run in runs for point in made.points(3, run=run)]
    path = made.mlflow(tmp_path / "a.db", points, runs)
    made.change(path, *HOSTILE[name])
    values, problem = read_or_problem(path)
    assert problem is None or ("\n" not in str(problem) and problem.advice)
    assert problem is not None or {4.0, 2.0} <= set(values)
    assert not problem or name in ("a view as metrics", "no column step", "no rowid", "long name")


def read_or_problem(path: Path) -> tuple[list[float], InputError | None]:
    try:
        runs = [collect(log) for log in find(path)]
        followed = [joined(rested(log.follow())) for log in find(path)]
        assert len(runs) == len(followed)
    except InputError as error:
        return [], error
    return [value for run in runs for curve in run.curves.values() for value in curve.values.tolist()], None


def test_what_is_no_number_is_told(tmp_path: Path) -> None:
    path = made.mlflow(tmp_path / "a.db", made.points(3))
    made.change(path, *HOSTILE["texts"])
    run = one(path)
    assert len(run.curves["train_loss"]) == 3
    (told,) = (event for event in run.events if event.kind == "bad_value")
    assert '"three"' in told.message


def damaged(data: bytes) -> list[bytes]:
    """The file cut off at sampled pages and inside them, and with pages overwritten."""
    cuts = [data[:cut] for cut in range(0, len(data), 7000)]
    holes = [data[:at] + bytes(4096) + data[at + 4096 :] for at in range(4096, len(data) - 4096, 16384)]
    return cuts + holes


@pytest.mark.parametrize("others", [0, 2])
def test_a_damaged_store_gives_points_that_stood_in_it_or_a_refusal(tmp_path: Path, others: int) -> None:
    runs = ["a", *(f"other{i}" for i in range(others))]
    path = made.mlflow(
        tmp_path / "a.db", [point for run in runs for point in made.points(800, run=run)], runs
    )
    whole = {4.0 / (i + 1) for i in range(800)} | {1e-3 * i for i in range(800)}
    outcomes = set()
    for data in damaged(path.read_bytes()):
        path.write_bytes(data)
        values, problem = read_or_problem_whole(path)
        assert problem is None or ("\n" not in str(problem) and problem.advice)
        assert set(values) <= whole
        outcomes.add("refused" if problem else "part" if len(values) < 1600 * len(runs) else "whole")
    assert outcomes == {"refused", "part", "whole"}


def read_or_problem_whole(path: Path) -> tuple[list[float], InputError | None]:
    try:
        runs = [collect(log) for log in find(path)]
    except InputError as error:
        return [], error
    values = [value for run in runs for curve in run.curves.values() for value in curve.values.tolist()]
    told = any(event.kind == "bad_record" for run in runs for event in run.events)
    assert told or len(values) == 1600 * len(runs)
    return values, None


@settings(max_examples=40, deadline=None)
@given(
    edits=st.lists(
        st.tuples(st.integers(0, 60_000), st.binary(min_size=1, max_size=8)), min_size=1, max_size=9
    )
)
def test_mutated_stores_never_break_the_reader(
    tmp_path_factory: pytest.TempPathFactory, edits: list[tuple[int, bytes]]
) -> None:
    path = made.mlflow(tmp_path_factory.mktemp("mutated") / "a.db", made.points(200))
    data = bytearray(path.read_bytes())
    for at, piece in edits:
        data[at % len(data) : at % len(data) + len(piece)] = piece
    path.write_bytes(data)
    _, problem = read_or_problem(path)
    assert problem is None or "\n" not in str(problem)
