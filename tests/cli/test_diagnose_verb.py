"""Exit codes, streams and inputs of `diagnose`, with reports made by hand."""

import io
import json
import os
import sys
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest
from tests.report.samples import EVIL, healthy, run_report, spike

from descentry.cli import diagnose
from descentry.cli.main import run
from descentry.record.errors import DamagedError
from descentry.report.schemas import schema

ROWS = "".join(f'{{"step": {step}, "loss": {5 - step / 100}}}\n' for step in range(50))


@pytest.fixture
def log(tmp_path: Path) -> str:
    path = tmp_path / "mine.jsonl"
    path.write_text(ROWS)
    return str(path)


@pytest.fixture(autouse=True)
def _by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    def report(log, roles, vocab_size, loss_function, alarm_rate):  # noqa: ARG001
        base = healthy() if "healthy" in log.run else run_report()
        return replace(base, run=log.run, path=log.place)

    monkeypatch.setattr(diagnose, "_report", report)


def test_text_goes_to_stdout_alone(log: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["diagnose", log]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("CRITICAL: ")
    assert "⣿ train_loss" in out
    assert err == ""


def test_no_curve(log: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["diagnose", log, "--no-curve"]) == 0
    assert "⣿" not in capsys.readouterr().out


@pytest.mark.parametrize("flags", [["--json"], ["--format", "json"]])
def test_json_goes_to_stdout_alone(log: str, flags: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["diagnose", log, *flags]) == 0
    out, err = capsys.readouterr()
    document = json.loads(out)
    jsonschema.validate(document, schema("report-1"))
    assert document["runs"][0]["path"] == log
    assert err == ""


@pytest.mark.parametrize(("level", "code"), [("critical", 1), ("warning", 1), ("info", 1), ("never", 0)])
def test_fail_on_a_critical_run(log: str, level: str, code: int) -> None:
    assert run(["diagnose", log, "--fail-on", level]) == code


@pytest.mark.parametrize(("level", "code"), [("critical", 0), ("warning", 1), ("info", 1)])
def test_fail_on_a_warning(log: str, level: str, code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diagnose, "_report", lambda *_: run_report(findings=(spike(),)))
    assert run(["diagnose", log, "--fail-on", level]) == code


def test_healthy_never_fails(tmp_path: Path) -> None:
    (tmp_path / "healthy.jsonl").write_text(ROWS)
    assert run(["diagnose", str(tmp_path / "healthy.jsonl"), "--fail-on", "info"]) == 0


def test_one_bad_log_does_not_keep_the_others_back(log: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["diagnose", "no/such\x1b[31m.csv", log, "--json", "--fail-on", "critical"]) == 3
    out, err = capsys.readouterr()
    assert len(json.loads(out)["runs"]) == 1
    assert err.count("\n") == 1
    assert "no/such\\x1b[31m.csv" in err


def test_an_empty_name_is_not_the_current_folder(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["diagnose", ""]) == 3
    assert "is empty or holds a NUL" in capsys.readouterr().err


def test_nothing_on_stdout_without_an_answer(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["diagnose", "no/such.csv", "--json"]) == 3
    assert capsys.readouterr().out == ""


def test_damage_found_late_is_told_in_one_line(
    log: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise DamagedError("a.jsonl", "is\ndamaged\x07", "copy it again")

    monkeypatch.setattr(diagnose, "_report", refuse)
    assert run(["diagnose", log]) == 3
    assert capsys.readouterr().err == "descentry: a.jsonl: is\\ndamaged\\x07; copy it again\n"


def test_unforeseen_errors_become_one_line(
    log: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(diagnose, "_report", lambda *_: [][1])
    assert run(["diagnose", log]) == 3
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert "mine.jsonl: IndexError" in err
    assert "DESCENTRY_TRACEBACK" in err
    monkeypatch.setenv("DESCENTRY_TRACEBACK", "1")
    assert run(["diagnose", log]) == 3
    assert "Traceback" in capsys.readouterr().err


def test_interrupt_is_130(log: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(diagnose, "_report", interrupt)
    assert run(["diagnose", log]) == 130


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["diagnose"], "LOG"),
        (["diagnose", "x", "--fail-on", "bad"], "bad"),
        (["diagnose", "x", "--role", "train=loss"], "did you mean train_loss"),
        (["diagnose", "x", "--role", "train_loss"], "R=NAME"),
        (["diagnose", "x", "--vocab-size", "1"], "--vocab-size"),
        (["diagnose", "x", "--nonsense\x1b"], "nonsense\\x1b"),
        (["diagnos", "x"], "diagnos"),
    ],
)
def test_bad_usage_is_one_line_and_2(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert said in err
    assert "--help" in err


def test_role_of_an_unknown_series(log: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["diagnose", log, "--role", "val_loss=train_los"]) == 2
    assert "did you mean train_loss?" in capsys.readouterr().err


def test_a_quoted_glob_is_expanded(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("b", "a"):
        (tmp_path / f"{name}.jsonl").write_text(ROWS)
    assert run(["diagnose", str(tmp_path / "*.jsonl"), "--json"]) == 0
    assert [entry["run"] for entry in json.loads(capsys.readouterr().out)["runs"]] == ["a", "b"]


def test_ids_are_unique_over_all_arguments(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("x", "y"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "loss.jsonl").write_text(ROWS)
    logs = [str(tmp_path / name / "loss.jsonl") for name in ("x", "y", "y")]
    assert run(["diagnose", "--json", *logs]) == 0
    assert len({entry["run"] for entry in json.loads(capsys.readouterr().out)["runs"]}) == 3


def test_several_runs_end_in_a_list(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a", "healthy"):
        (tmp_path / f"{name}.jsonl").write_text(ROWS)
    assert run(["diagnose", str(tmp_path)]) == 0
    assert capsys.readouterr().out.endswith("2 runs\n  critical     a\n  healthy      healthy\n")


def test_run_picks_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.jsonl").write_text(ROWS)
    assert run(["diagnose", str(tmp_path), "--run", "b", "--json"]) == 0
    assert [entry["run"] for entry in json.loads(capsys.readouterr().out)["runs"]] == ["b"]
    assert run(["diagnose", str(tmp_path), "--run", "c"]) == 2
    assert "'c'; expected one of: a, b" in capsys.readouterr().err


class _Stdin(io.TextIOWrapper):
    def __init__(self, data: bytes) -> None:
        super().__init__(io.BytesIO(data))


def test_stdin_is_read_and_named(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", _Stdin(ROWS.encode()))
    assert run(["diagnose", "-", "--json"]) == 0
    entry = json.loads(capsys.readouterr().out)["runs"][0]
    assert (entry["run"], entry["path"]) == ("stdin", "stdin")


def test_empty_stdin_is_told(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", _Stdin(b""))
    assert run(["diagnose", "-"]) == 3
    assert capsys.readouterr().err.startswith("descentry: stdin: is empty")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_that_nobody_writes_to_does_not_hang(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert run(["diagnose", str(tmp_path / "pipe")]) == 3
    assert "pipe: is empty" in capsys.readouterr().err


def test_addresses_of_no_known_kind_are_refused_with_advice(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["diagnose", "gopher://bucket/train.jsonl"]) == 3
    assert "expected one of s3://" in capsys.readouterr().err


HOSTILE = {
    "empty": b"",
    "binary": b"\0\1\2" * 99,
    "bad utf-16": b"\xff\xfe\xfa",
    "controls": EVIL.encode("utf-8", "surrogatepass"),
    "deep": b"[" * 100_000,
    "huge": b'{"loss": 1e999, "step": 9' + b"9" * 400 + b"}",
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("verb", ["diagnose", "read"])
def test_hostile_files_end_in_one_line(
    verb: str, content: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "evil"
    path.write_bytes(content)
    assert run([verb, str(path)]) in (0, 3)
    err = capsys.readouterr().err
    assert "Traceback" not in err
    assert "failed on" not in err
    assert err.count("\n") <= 1
