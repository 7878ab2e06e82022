"""`read` tells where a log goes back as `diagnose` does, and what a folder holds beside its logs."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from tests.sources import made_logs

from descentry.cli.main import run

UNABLE = ("megatron_golden",)
"""Formats that keep one value a step."""
REST = {"train_loss": 0.0, "lr": 0.1, "grad_norm": 1.5}
ROWS = [*range(20), *range(10, 30)]


def warnings(verb: str, path: Path, capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    assert run([verb, "--json", str(path)]) == 0
    (told,) = json.loads(capsys.readouterr().out)["runs"]
    return [told for told in told["warnings"] if told["kind"] == "resume"]


@pytest.mark.parametrize("format", sorted(made_logs.FILES))
def test_both_verbs_tell_the_same_in_every_format(
    tmp_path: Path, format: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = made_logs.written(
        tmp_path, format, [(step, {**REST, "train_loss": 3 / (1 + step)}) for step in ROWS]
    )
    told = warnings("read", path, capsys)
    assert told == warnings("diagnose", path, capsys)
    assert [one["where"] for one in told] == ([] if format in UNABLE else ["step 10"])


def test_each_going_back_counts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    steps = [*range(9), *range(5, 9), *range(2, 12)]
    path = tmp_path / "a.csv"
    path.write_text("step,loss\n" + "".join(f"{step},{3 - step / 9}\n" for step in steps))
    assert [told["count"] for told in warnings("read", path, capsys)] == [2]
    assert run(["read", str(path)]) == 0
    assert "step 5: the log goes back here" in " ".join(capsys.readouterr().out.split())


def test_a_log_that_never_goes_back_has_no_such_warning(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.csv"
    path.write_text("step,loss\n1,2\n1,3\n2,2\n")
    assert warnings("read", path, capsys) == []


def test_what_a_folder_holds_beside_its_logs_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.csv").write_text("step,loss\n1,2\n2,1\n")
    for name in ("b.log", "c.log", "d.log", "e.log"):
        (tmp_path / name).write_text("nothing to see\n")
    with closing(sqlite3.connect(tmp_path / "other.db")) as database:
        database.execute("create table files (name text)")
        database.commit()
    assert run(["read", str(tmp_path)]) == 0
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("descentry: skipped 4 files that hold no known log: ")
    assert lines[0].endswith(", …")
    assert lines[1].startswith(f"descentry: skipped {tmp_path / 'other.db'}: is a database")
    assert run(["read", str(tmp_path / "other.db")]) == 3


def test_the_same_problem_of_many_files_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("pyarrow", reason="needs the extra `parquet`")
    (tmp_path / "a.csv").write_text("step,loss\n1,2\n2,1\n")
    for n in range(9):
        (tmp_path / f"{n}.parquet").write_bytes(b"PAR1" + bytes(20))
    assert run(["read", str(tmp_path)]) == 0
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("descentry: skipped 9 logs: ")
