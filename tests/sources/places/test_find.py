"""Finding logs: folders, ids, checkpoints, and the words for what is no log."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from tests.sources import made_logs

from descentry.record.errors import InputError, UnknownFormatError, UnreadableError, UsageError
from descentry.sources import registry
from descentry.sources.places.find import find


def put(root: Path, name: str, format: str = "csv") -> Path:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(made_logs.FILES[format][1](made_logs.ROWS))
    return path


def ids(root: Path) -> list[tuple[str, str]]:
    return [(log.run, log.format) for log in find(root)]


def test_a_folder_is_walked_in_order_and_ids_say_what_differs(tmp_path: Path) -> None:
    put(tmp_path, "b/metrics.csv")
    put(tmp_path, "a/trainer_state.json", "trainer_state")
    put(tmp_path, "c.jsonl", "jsonl")
    put(tmp_path, "d/x/events.out.tfevents.1.h", "tensorboard")
    made_logs.mlflow(tmp_path / "e" / "123")
    (tmp_path / "notes.txt").write_text("nothing here\n")
    (tmp_path / ".hidden").mkdir()
    put(tmp_path, ".hidden/metrics.csv")
    assert ids(tmp_path) == [
        ("c", "jsonl"),
        ("a", "trainer_state"),
        ("b", "csv"),
        ("d/x", "tensorboard"),
        ("e/123", "mlflow"),
    ]


def test_ids_are_unique(tmp_path: Path) -> None:
    put(tmp_path, "a/metrics.csv")
    put(tmp_path, "a/results.csv")
    put(tmp_path, "a.csv")
    found = [run for run, _ in ids(tmp_path)]
    assert len(set(found)) == 3


@pytest.mark.parametrize(
    ("name", "expected"), [("run7.csv", "run7"), ("exp/metrics.csv", "exp"), ("exp/b.jsonl.gz", "b")]
)
def test_the_id_of_a_file(tmp_path: Path, name: str, expected: str) -> None:
    (log,) = find(put(tmp_path, name, "jsonl" if "jsonl" in name else "csv"))
    assert log.run == expected


def test_the_newest_checkpoint_speaks_for_all(tmp_path: Path) -> None:
    for step in (90, 1000, 200):
        put(tmp_path, f"out/checkpoint-{step}/trainer_state.json", "trainer_state")
    (log,) = find(tmp_path)
    assert log.path.parent.name == "checkpoint-1000"
    put(tmp_path, "out/trainer_state.json", "trainer_state")
    (log,) = find(tmp_path)
    assert log.path.parent.name == "out"


def test_links_are_not_followed(tmp_path: Path) -> None:
    put(tmp_path, "a/metrics.csv")
    (tmp_path / "a" / "loop").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "a" / "latest.csv").symlink_to(tmp_path / "a" / "metrics.csv")
    assert ids(tmp_path) == [("a", "csv")]


def test_what_is_unreadable_inside_a_folder_is_skipped(tmp_path: Path) -> None:
    put(tmp_path, "metrics.csv")
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "noise.log").write_bytes(bytes(range(256)))
    (tmp_path / "empty.csv").write_bytes(b"")
    assert len(find(tmp_path)) == 1


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (bytes(99), "binary"),
        (b"step 1 los", "no whole line yet"),
        (b'{"step": 1, "lo', "no whole line yet"),
        ("step 1 los".encode("utf-16"), "no whole line yet"),
        (b'{"a": 1}', "JSON"),
        (b"Dear all,\n", "text"),
    ],
)
def test_an_unknown_file_says_what_it_is(tmp_path: Path, content: bytes, word: str) -> None:
    path = tmp_path / "a.dat"
    path.write_bytes(content)
    with pytest.raises(UnknownFormatError, match=word):
        find(path)


def test_a_folder_without_logs_says_what_it_saw(tmp_path: Path) -> None:
    with pytest.raises(UnknownFormatError, match="no files"):
        find(tmp_path)
    (tmp_path / "a.dat").write_text("hello")
    with pytest.raises(UnknownFormatError, match=r"1 file looked at: a\.dat"):
        find(tmp_path)


@pytest.mark.parametrize("name", ["absent", "a\0b", "x" * 300])
def test_a_path_that_is_none(tmp_path: Path, name: str) -> None:
    with pytest.raises(UnreadableError) as error:
        find(tmp_path / name)
    assert isinstance(error.value, InputError)
    assert "\n" not in str(error.value)


def test_every_built_in_reader_loads() -> None:
    words = [reader.format for reader in registry.readers()]
    assert len(words) == len(set(words))
    assert words[-1] == "text"


@pytest.mark.parametrize(
    "name", ["descentry.absent", "descentry.sources.tables.csv:absent", "descentry.sources.rows"]
)
def test_a_broken_reader_is_named(name: str) -> None:
    with pytest.raises(UsageError, match="reader"):
        registry.loaded(name)


def test_files_that_look_like_logs_and_are_none_are_named(tmp_path: Path) -> None:
    put(tmp_path, "metrics.csv")
    (tmp_path / "bars.log").write_text("nothing to see\n")
    (tmp_path / "prose.txt").write_text("the loss went down\n")
    (tmp_path / "requirements.txt").write_text("numpy\n")
    (tmp_path / "empty.log").write_text("")
    skipped: list[InputError] = []
    assert [log.format for log in find(tmp_path, skipped)] == ["csv"]
    assert [Path(error.where).name for error in skipped] == ["bars.log", "prose.txt"]


def test_settings_are_no_logs_and_are_not_told(tmp_path: Path) -> None:
    put(tmp_path, "metrics.csv")
    for name in ("config.json", "training_args.json", "params.json", "hparams.json", "tokenizer_config.json"):
        (tmp_path / name).write_text('{"num_train_epochs": 3, "loss": "ce", "steps": [1, 2]}')
    skipped: list[InputError] = []
    assert [log.format for log in find(tmp_path, skipped)] == ["csv"]
    assert not skipped


def test_a_database_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    put(tmp_path, "metrics.csv")
    with closing(sqlite3.connect(tmp_path / "other.db")) as database:
        database.execute("create table files (name text)")
        database.commit()
    skipped: list[InputError] = []
    assert [log.format for log in find(tmp_path, skipped)] == ["csv"]
    (error,) = skipped
    assert error.where == str(tmp_path / "other.db")
    assert "files" in error.problem
    with pytest.raises(InputError) as alone:
        find(tmp_path / "other.db")
    assert (alone.value.problem, alone.value.advice) == (error.problem, error.advice)


def test_a_locked_database_is_told(tmp_path: Path) -> None:
    put(tmp_path, "metrics.csv")
    with closing(sqlite3.connect(tmp_path / "runs.db", isolation_level=None)) as database:
        database.execute("create table metrics (key text)")
        database.execute("begin exclusive")
        skipped: list[InputError] = []
        assert [log.format for log in find(tmp_path, skipped)] == ["csv"]
        assert [Path(error.where).name for error in skipped] == ["runs.db"]
        with pytest.raises(InputError, match="lock"):
            find(tmp_path / "runs.db")


def test_tables_of_a_training_are_found_in_a_folder(tmp_path: Path) -> None:
    arrow = pytest.importorskip("pyarrow", reason="needs the extra `parquet`")
    parquet = pytest.importorskip("pyarrow.parquet")
    columns = {
        "run.parquet": {"step": [1, 2, 3], "accuracy": [0.25, 0.5, 0.75]},
        "loss.parquet": {"train_loss": [3.0, 2.5, 2.0]},
        "data.parquet": {"pixel": [1, 2, 3], "index": [1, 2, 3], "text": ["a", "b", "c"]},
    }
    for name, table in columns.items():
        parquet.write_table(arrow.table(table), tmp_path / name)
    skipped: list[InputError] = []
    assert [log.run for log in find(tmp_path, skipped)] == ["loss", "run"]
    assert not skipped
    (tmp_path / "loss.parquet").write_bytes(b"PAR1 and no more")
    assert [log.run for log in find(tmp_path, skipped)] == ["run"]
    assert [Path(error.where).name for error in skipped] == ["loss.parquet"]


def test_a_folder_of_data_alone_holds_no_log(tmp_path: Path) -> None:
    arrow = pytest.importorskip("pyarrow", reason="needs the extra `parquet`")
    pytest.importorskip("pyarrow.parquet").write_table(arrow.table({"pixel": [1, 2]}), tmp_path / "a.parquet")
    with pytest.raises(UnknownFormatError, match="no known training log"):
        find(tmp_path)
