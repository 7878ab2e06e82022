"""Databases that no reader of a tracker can take: each is told for what it is, in one line, and soon."""

import random
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from tests.sources import made_databases as made

from descentry.record.errors import InputError
from descentry.sources.places.find import find
from descentry.sources.trackers import sqlite_other


def problem_of(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        find(path)
    assert "\n" not in str(caught.value)
    assert caught.value.advice
    return caught.value.problem


@pytest.mark.parametrize("at", ["a.db", "."])
def test_a_database_that_is_locked_is_told(tmp_path: Path, at: str) -> None:
    path = made.mlflow(tmp_path / "a.db", made.points(3))
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("BEGIN EXCLUSIVE")
        assert problem_of(tmp_path / at) == "is a database that another process keeps locked"
    assert [log.format for log in find(tmp_path / at)] == ["mlflow_sql"]


def test_a_locked_database_does_not_hide_the_logs_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("descentry.formats.sqlite_file.BUSY_S", 0.05)
    path = made.mlflow(tmp_path / "a.db", made.points(3))
    made.mlflow(tmp_path / "b.db", made.points(3))
    skipped: list[InputError] = []
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("BEGIN EXCLUSIVE")
        (log,) = find(tmp_path, skipped)
    assert (log.path.name, [error.where for error in skipped]) == ("b.db", [str(path)])


def test_a_lock_that_ends_between_two_looks_is_told_as_one(tmp_path: Path) -> None:
    path = made.mlflow(tmp_path / "a.db", made.points(3))
    with pytest.raises(InputError, match="was locked by another process a moment ago; try again"):
        sqlite_other.runs(path)


def test_tables_of_other_programs_are_named(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    made.change(path, *(f"CREATE TABLE t{i} (a)" for i in range(7)), 'CREATE TABLE "0\n" (a)')
    assert problem_of(path).startswith("is a database of no known tracker (tables: 0")
    assert problem_of(path).endswith("t0, t1, t2, t3, …)")


def test_a_database_that_was_copied_without_its_log_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("PRAGMA journal_mode = WAL")
        writer.execute("CREATE TABLE metrics (a)")
        copy = tmp_path / "copy.db"
        copy.write_bytes(path.read_bytes())
    assert "write-ahead log is not beside it" in problem_of(copy)


def test_a_database_without_tables_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    made.change(path, "PRAGMA user_version = 1")
    assert problem_of(path) == "is a database without tables"


@pytest.mark.parametrize("ending", [".db", ".SQLITE3"])
def test_random_bytes_that_are_named_a_database_are_called_encrypted(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"a{ending}"
    path.write_bytes(random.Random(1).randbytes(8192))
    assert problem_of(path) == "is an encrypted database, or none: its bytes are random"
    other = tmp_path / "a.model"
    other.write_bytes(path.read_bytes())
    assert not sqlite_other.matches(other, path.read_bytes())


def test_a_file_that_is_cut_off_is_a_damaged_database(tmp_path: Path) -> None:
    whole = made.mlflow(tmp_path / "a.db", made.points(30)).read_bytes()
    path = tmp_path / "cut.db"
    for n in (16, 17, 99, 100, 101, 512, 4095, 4096, 4097):
        path.write_bytes(whole[:n])
        assert problem_of(path).startswith(("is a damaged database (", "is a database that was cut off ("))


def test_nothing_is_left_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    made.change(path, "PRAGMA journal_mode = WAL", "CREATE TABLE a (b)")
    problem_of(path)
    assert [file.name for file in tmp_path.iterdir()] == ["a.db"]
