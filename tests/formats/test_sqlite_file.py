"""An SQLite file is read without a trace beside it, whatever state its writer left it in."""

import gzip
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from descentry.formats.sqlite_file import Database
from descentry.formats.sqlite_look import holds_tables
from descentry.formats.sqlite_place import SqlitePlace
from descentry.record.errors import DamagedError, InputError, UnreadableError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return filled(tmp_path / "a folder?#%" / "a.db")


def filled(path: Path, journal: str = "DELETE", n: int = 100) -> Path:
    path.parent.mkdir(exist_ok=True)
    with closing(sqlite3.connect(path)) as database:
        database.execute(f"PRAGMA journal_mode = {journal}")
        database.execute("CREATE TABLE metrics (step INTEGER, value REAL)")
        database.executemany("INSERT INTO metrics VALUES (?, ?)", ((i, i / 8) for i in range(n)))
        database.commit()
    return path


def steps(path: Path, place: SqlitePlace | None = None) -> list[object]:
    with Database(path, place) as database:
        return [step for (step,) in database.rows("SELECT step FROM metrics ORDER BY rowid LIMIT 100000")]


def state(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()}


@pytest.mark.parametrize("journal", ["DELETE", "WAL", "PERSIST", "TRUNCATE"])
def test_a_database_at_rest_is_read_without_a_trace(tmp_path: Path, journal: str) -> None:
    path = filled(tmp_path / "a" / "a.db", journal)
    before = state(path.parent)
    assert steps(path) == list(range(100))
    assert state(path.parent) == before


def test_what_a_writer_has_in_its_log_is_read_without_a_trace(path: Path) -> None:
    with closing(sqlite3.connect(path)) as writer:
        writer.execute("PRAGMA journal_mode = WAL")
        writer.execute("INSERT INTO metrics VALUES (100, 1.5)")
        writer.commit()
        before = state(path.parent)
        assert set(before) == {"a.db", "a.db-wal", "a.db-shm"}
        assert steps(path) == list(range(101))
        assert state(path.parent) == before


def test_a_log_without_its_index_is_read_without_a_trace(path: Path, tmp_path: Path) -> None:
    """As after a crash, or where someone copied the file and its log."""
    copy = tmp_path / "copy" / "b.db"
    copy.parent.mkdir()
    with closing(sqlite3.connect(path)) as writer:
        writer.execute("PRAGMA journal_mode = WAL")
        writer.execute("INSERT INTO metrics VALUES (100, 1.5)")
        writer.commit()
        copy.write_bytes(path.read_bytes())
        copy.with_name("b.db-wal").write_bytes(path.with_name("a.db-wal").read_bytes())
    before = state(copy.parent)
    assert steps(copy) == list(range(101))
    assert state(copy.parent) == before


def test_the_transaction_of_a_dead_writer_is_rolled_back_in_a_copy(tmp_path: Path) -> None:
    path = filled(tmp_path / "a" / "a.db", n=5000)
    copy = tmp_path / "copy" / "b.db"
    copy.parent.mkdir()
    at_rest = path.read_bytes()
    with closing(sqlite3.connect(path)) as writer:
        writer.execute("PRAGMA cache_size = 1")
        writer.execute("BEGIN EXCLUSIVE")
        writer.execute("UPDATE metrics SET step = step + 1000")
        writer.executemany("INSERT INTO metrics VALUES (?, 1.5)", ((i,) for i in range(5000)))
        journal = path.with_name("a.db-journal").read_bytes()
        copy.write_bytes(path.read_bytes())
        copy.with_name("b.db-journal").write_bytes(journal)
        writer.rollback()
    assert copy.read_bytes()[: len(at_rest)] != at_rest
    before = state(copy.parent)
    assert steps(copy) == list(range(5000))
    assert state(copy.parent) == before


def test_a_writer_is_never_kept_waiting_by_an_open_reader(path: Path) -> None:
    with Database(path) as database, closing(sqlite3.connect(path, timeout=0)) as writer:
        database.rows("SELECT step FROM metrics LIMIT 10")
        writer.execute("INSERT INTO metrics VALUES (100, 1.5)")
        writer.commit()
        assert len(database.rows("SELECT step FROM metrics")) == 101


def test_a_file_that_stays_locked_is_told(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("descentry.formats.sqlite_file.BUSY_S", 0.05)
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("BEGIN EXCLUSIVE")
        with pytest.raises(UnreadableError, match="another process keeps locked"):
            steps(path)


def test_a_file_that_changes_while_it_is_read_without_locks_is_read_anew(tmp_path: Path) -> None:
    path = filled(tmp_path / "a.db", "WAL")
    with Database(path) as database:
        assert len(database.rows("SELECT step FROM metrics")) == 100
        with closing(sqlite3.connect(path)) as writer:
            writer.execute("INSERT INTO metrics VALUES (100, 1.5)")
            writer.commit()
        assert len(database.rows("SELECT step FROM metrics")) == 101


def test_a_place_copies_only_what_changed(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copied: list[str] = []
    from descentry.formats import sqlite_place

    original = sqlite_place._copy_file
    monkeypatch.setattr(
        sqlite_place,
        "_copy_file",
        lambda source, target: (copied.append(source.name), original(source, target)),
    )
    place = SqlitePlace(path)
    with closing(sqlite3.connect(path)) as writer:
        writer.execute("PRAGMA journal_mode = WAL")
        for step in (100, 101, 102):
            writer.execute("INSERT INTO metrics VALUES (?, 1.5)", (step,))
            writer.commit()
            assert steps(path, place) == list(range(step + 1))
    place.close()
    assert copied.count("a.db") == 1
    assert copied.count("a.db-wal") == 3


def test_a_copy_that_would_not_fit_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("descentry.formats.sqlite_place.MAX_COPY", 4096)
    with closing(sqlite3.connect(path)) as writer:
        writer.execute("PRAGMA journal_mode = WAL")
        writer.execute("INSERT INTO metrics VALUES (100, 1.5)")
        writer.commit()
        with pytest.raises(UnreadableError, match="too many to copy"):
            steps(path)


def test_copies_are_removed(path: Path) -> None:
    with closing(sqlite3.connect(path)) as writer:
        writer.execute("PRAGMA journal_mode = WAL")
        writer.execute("INSERT INTO metrics VALUES (100, 1.5)")
        writer.commit()
        place = SqlitePlace(path)
        steps(path, place)
        folder = Path(place.uri().removeprefix("file:").partition("?")[0]).parent
        assert folder.is_dir()
        place.close()
        assert not folder.exists()


def test_a_temporary_folder_that_is_missing_is_told(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packed = path.with_name("a.db.gz")
    packed.write_bytes(gzip.compress(path.read_bytes()))
    monkeypatch.setattr(tempfile, "tempdir", str(path.parent / "nowhere"))
    with pytest.raises(UnreadableError, match="temporary folder"):
        steps(packed)


def test_a_packed_database_is_read_and_a_bomb_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packed = path.with_name("a.db.gz")
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert steps(packed) == list(range(100))
    monkeypatch.setattr("descentry.formats.sqlite_place.MAX_INFLATED", 4096)
    with pytest.raises(DamagedError, match="unpack it yourself"):
        steps(packed)
    packed.write_bytes(gzip.compress(b"text"))
    with pytest.raises(DamagedError, match="no database"):
        steps(packed)


HOSTILE = {
    "a view": ["CREATE VIEW metrics AS SELECT 1 AS step, 2.0 AS value"],
    "endless view": [
        "CREATE VIEW metrics AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
        "SELECT i AS step, 1.0 AS value FROM n"
    ],
    "view of itself": ["CREATE VIEW metrics AS SELECT * FROM metrics"],
    "virtual table": ["CREATE VIRTUAL TABLE metrics USING fts5(step, value)"],
}


@pytest.mark.parametrize("name", HOSTILE)
def test_only_plain_tables_are_told_of(tmp_path: Path, name: str) -> None:
    path = tmp_path / "a.db"
    with closing(sqlite3.connect(path)) as database:
        for command in HOSTILE[name]:
            database.execute(command)
        database.commit()
    with Database(path) as database_:
        assert "metrics" not in database_.tables()
    assert not holds_tables(path, b"", frozenset({"metrics"}))
    assert not holds_tables(path, path.read_bytes()[: 1 << 16], frozenset({"metrics", "runs"}))


def test_an_endless_query_ends(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("descentry.formats.sqlite_file.MAX_CPU_S", 0.2)
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"
    begun = time.thread_time()
    with Database(path) as database, pytest.raises(UnreadableError, match=r"more than 0\.2 s"):
        database.rows(endless)
    assert time.thread_time() - begun < 2


def test_a_long_text_is_refused(path: Path) -> None:
    with Database(path) as database, pytest.raises(DamagedError, match="too big"):
        database.rows("SELECT zeroblob(100000000)")


def test_nothing_can_be_written(path: Path) -> None:
    before = path.read_bytes()
    for command in ("DELETE FROM metrics", "PRAGMA user_version = 7", "ATTACH 'x' AS y"):
        with Database(path) as database, pytest.raises(InputError):
            database.rows(command)
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == ["a.db"]


def damaged(path: Path) -> Iterator[bytes]:
    data = path.read_bytes()
    for cut in range(0, len(data), 509):
        yield data[:cut]
        yield data[:cut] + b"\xff" * 300 + data[cut + 300 :]


def test_a_damaged_file_gives_a_clear_refusal_or_rows_that_stood_in_it(tmp_path: Path) -> None:
    whole = set(range(2000))
    path = filled(tmp_path / "a.db", n=2000)
    for data in damaged(path):
        path.write_bytes(data)
        found, problem = steps_or_problem(path)
        assert problem is None or ("\n" not in str(problem) and problem.advice)
        assert len(set(found) - whole) <= 60
        assert len(found) <= 4000


@pytest.mark.parametrize("value", [b"\0", b"\1", b"\x7f", b"\xff", b"\xff" * 8])
def test_no_header_breaks_the_reader(path: Path, value: bytes) -> None:
    """Among them page sizes and cache sizes for which SQLite asks for more memory than there is."""
    data = path.read_bytes()
    for at in range(16, 120):
        path.write_bytes(data[:at] + value + data[at + len(value) :])
        _, problem = steps_or_problem(path)
        assert problem is None or ("\n" not in str(problem) and problem.advice), at


def steps_or_problem(path: Path) -> tuple[list[object], InputError | None]:
    try:
        return steps(path), None
    except InputError as error:
        return [], error
