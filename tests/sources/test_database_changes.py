"""Databases that are replaced, taken away, locked or spoilt while they are followed: told once, and nothing is lost."""

import shutil
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tests.sources import made_databases as made
from tests.sources.mlflow.test_mlflow_sql import rested

from descentry.formats import sqlite_file
from descentry.formats.sqlite_file import Database
from descentry.record.errors import UnreadableError
from descentry.sources.mlflow import table
from descentry.sources.places.find import find
from descentry.sources.rows import joined
from descentry.sources.trackers import optuna_tables, trackio_db

Loss = Callable[[int], float]
Made = Callable[[Path, int, Loss], Path]

STUDY = Path(__file__).parents[1] / "samples" / "optuna" / "reported.db"
N = 9


def falling(step: int) -> float:
    return 4.0 / (step + 1)


def other(step: int) -> float:
    """Another loss, but at the last step."""
    return falling(step) if step == N - 1 else 7.0 + step


def mlflow(path: Path, n: int, loss: Loss) -> Path:
    return made.mlflow(path, made.points(n, loss=loss))


def trackio(path: Path, n: int, loss: Loss) -> Path:
    return made.trackio(path, [("a", step, {"loss": loss(step)}) for step in range(n)])


def study(path: Path, n: int, loss: Loss) -> Path:
    return _optuna(
        path,
        "INSERT INTO trials (trial_id, number, study_id, state) VALUES (? + 1, ?, 1, 'COMPLETE')",
        "INSERT INTO trial_values (trial_id, objective, value, value_type) VALUES (? + 1, 0, ?, 'FINITE')",
        [(step, step) for step in range(n)],
        [(step, loss(step)) for step in range(n)],
    )


def trial(path: Path, n: int, loss: Loss) -> Path:
    return _optuna(
        path,
        "INSERT INTO trials (trial_id, number, study_id, state) VALUES (? + 1, ?, 1, 'COMPLETE')",
        "INSERT INTO trial_intermediate_values (trial_id, step, intermediate_value, intermediate_value_type) "
        "VALUES (1, ?, ?, 'FINITE')",
        [(0, 0)],
        [(step, loss(step)) for step in range(n)],
    )


def _optuna(path: Path, trials: str, values: str, numbers: list[tuple[int, int]], rows: object) -> Path:
    shutil.copy(STUDY, path)
    with closing(sqlite3.connect(path)) as database:
        for name in ("trial_intermediate_values", "trial_values", "trials"):
            database.execute(f"DELETE FROM {name}")
        database.executemany(trials, numbers)
        database.executemany(values, rows)  # type: ignore[arg-type]
        database.commit()
    return path


STORES = {"mlflow": mlflow, "trackio": trackio, "study": study, "trial": trial}


class Followed:
    """A store of nine steps that has been read to its end."""

    def __init__(self, folder: Path, make: Made) -> None:
        self.make = make
        self.path = make(folder / "a.db", N, falling)
        self.chunks = find(self.path)[-1 if make is trial else 0].follow()
        assert self.news() == (list(range(N)), [])

    def news(self) -> tuple[list[int], list[str]]:
        """Steps and kinds of events since the last call."""
        time.sleep(0.06)
        got = joined(rested(self.chunks))
        return got.steps.tolist(), [event.kind for event in got.events]


@pytest.fixture(params=STORES)
def followed(request: pytest.FixtureRequest, tmp_path: Path) -> Followed:
    return Followed(tmp_path, STORES[request.param])


def replaced(path: Path, fresh: Path) -> None:
    fresh.replace(path)


def written_over(path: Path, fresh: Path) -> None:
    shutil.copyfile(fresh, path)


@pytest.mark.parametrize(("how", "n"), [(replaced, N), (written_over, N + 3)])
def test_another_database_with_the_same_row_is_told(
    followed: Followed, tmp_path: Path, how: Callable[[Path, Path], None], n: int
) -> None:
    how(followed.path, followed.make(tmp_path / "b.db", n, other))
    assert followed.news() == (list(range(n)), ["restart"])
    assert followed.news() == ([], [])


def garbage(path: Path) -> None:
    path.write_bytes(bytes(range(256)) * 40)


def nothing(path: Path) -> None:
    path.write_bytes(b"")


def of_another_program(path: Path) -> None:
    path.unlink()
    made.change(path, "CREATE TABLE files (name TEXT)")


def of_another_tracker(path: Path) -> None:
    path.unlink()
    made.change(path, "CREATE TABLE metrics (name)", "CREATE TABLE runs (id)", "CREATE TABLE trials (id)")


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:1500])


def gone(path: Path) -> None:
    path.unlink()


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize(
    "spoil", [garbage, nothing, of_another_program, of_another_tracker, cut, gone, folder]
)
def test_what_is_no_store_for_a_while_is_told_once_and_goes_on(
    followed: Followed, spoil: Callable[[Path], None]
) -> None:
    whole = followed.path.read_bytes()
    spoil(followed.path)
    assert followed.news() == ([], ["unreadable"])
    assert followed.news() == ([], [])
    if followed.path.is_dir():
        followed.path.rmdir()
    followed.path.write_bytes(whole)
    assert followed.news() == ([], [])


def test_a_store_that_comes_back_longer_goes_on(followed: Followed) -> None:
    followed.path.unlink()
    assert followed.news() == ([], ["unreadable"])
    followed.make(followed.path, N + 3, falling)
    assert followed.news() == ([N, N + 1, N + 2], [])


def test_a_store_that_shrinks_is_read_anew(followed: Followed) -> None:
    followed.path.unlink()
    followed.make(followed.path, 4, falling)
    assert followed.news() == ([0, 1, 2, 3], ["restart"])


def test_a_log_that_is_taken_up_and_pages_that_are_moved_change_nothing(followed: Followed) -> None:
    with closing(sqlite3.connect(followed.path, isolation_level=None)) as database:
        for command in (
            "PRAGMA journal_mode = WAL",
            "CREATE TABLE beside (a)",
            "INSERT INTO beside VALUES (1)",
            "PRAGMA wal_checkpoint(TRUNCATE)",
            "INSERT INTO beside VALUES (2)",
        ):
            database.execute(command).fetchall()
            assert followed.news() == ([], [])
    made.change(followed.path, "PRAGMA journal_mode = DELETE", "VACUUM")
    assert followed.news() == ([], [])


def test_a_lock_is_told_once(followed: Followed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_file, "BUSY_S", 0.01)
    with closing(sqlite3.connect(followed.path, isolation_level=None)) as database:
        database.execute("BEGIN EXCLUSIVE")
        database.execute("CREATE TABLE beside (a)")
        followed.path.touch()
        assert followed.news() == ([], ["unreadable"])
        assert followed.news() == ([], [])
        database.execute("COMMIT")
    assert followed.news() == ([], [])


@pytest.mark.parametrize("nth", [1, 8, 14])
def test_a_visit_that_ends_in_its_middle_loses_nothing(
    followed: Followed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nth: int
) -> None:
    for module, name in ((table, "PAGE_END"), (optuna_tables, "OBJECTIVES"), (optuna_tables, "REPORTED")):
        monkeypatch.setattr(module, name, getattr(module, name).replace("LIMIT 4096", "LIMIT 2"))
    for reader in (table, trackio_db):
        monkeypatch.setattr(reader, "PAGE", 2)
    followed.make(tmp_path / "b.db", N + 9, falling).replace(followed.path)
    n_asked = fail_once(monkeypatch, nth)
    steps, told = followed.news()
    assert steps == list(range(N, N + 9))
    assert set(told) <= {"unreadable"}
    assert len(n_asked) >= nth


def fail_once(monkeypatch: pytest.MonkeyPatch, nth: int) -> list[int]:
    """Lets the query of that number fail, as if a writer had taken the lock; grows by one for each query."""
    asked = Database._asked
    n_asked: list[int] = []

    def ask(self: Database, *args: Any) -> object:
        n_asked.append(1)
        if len(n_asked) == nth:
            raise UnreadableError(str(self.path), "is locked", "wait")
        return asked(self, *args)

    monkeypatch.setattr(Database, "_asked", ask)
    return n_asked


@pytest.mark.parametrize("n", [33, 100, 5000])
def test_many_rows_are_known_by_a_few(tmp_path: Path, n: int) -> None:
    path = trackio(tmp_path / "a.db", n, falling)
    chunks = find(path)[0].follow()
    assert joined(rested(chunks)).n_rows == n
    trackio(tmp_path / "b.db", n, lambda step: 9.0 if step < n // 2 else falling(step)).replace(path)
    again = joined(rested(chunks))
    assert (again.n_rows, [event.kind for event in again.events]) == (n, ["restart"])
