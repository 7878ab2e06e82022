"""`descentry watch` as it is typed: exit codes, streams, JSON lines, a terminal, a reader that leaves."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest
from tests.watch.made import rows

from descentry.cli.main import run
from descentry.report.schemas import schema


@pytest.fixture(autouse=True)
def _same_handler() -> Iterator[None]:
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.fixture
def log(tmp_path: Path) -> str:
    path = tmp_path / "mine.jsonl"
    path.write_text(rows(0, 300, leap=range(150, 152), nan_from=290))
    return str(path)


def _events(out: str) -> list[dict]:
    events = [json.loads(line) for line in out.splitlines()]
    for event in events:
        jsonschema.validate(event, schema("event-1"), cls=jsonschema.Draft202012Validator)
    return events


def test_once_tells_what_stands_and_the_end(log: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["watch", "--once", log]) == 0
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert "critical nan: the loss turns NaN at step 290" in lines[0]
    assert "mine: watched for" in out
    assert "all that was there is read" in out
    assert out.rstrip().endswith(f"More: descentry diagnose {log}")
    assert (err, "\x1b" in out) == ("", False)


def test_json_lines_are_valid_and_alone_on_stdout(log: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["watch", "--once", "--json", log]) == 0
    events = _events(capsys.readouterr().out)
    assert [event["event"] for event in events][-1] == "end"
    assert events[0]["finding"]["pattern"] == "nan"
    assert events[0]["cause"]["remedies"]
    assert events[-1]["end"]["n_points"] == 300


def test_the_end_says_what_diagnose_says(log: str, capsys: pytest.CaptureFixture[str]) -> None:
    run(["watch", "--once", "--json", log])
    end = _events(capsys.readouterr().out)[-1]
    run(["diagnose", "--json", log])
    (report,) = json.loads(capsys.readouterr().out)["runs"]
    assert end["end"]["findings"] == report["findings"]
    assert (end["verdict"], end["end"]["summary"]) == (report["verdict"], report["summary"])


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--once", "--fail-on", "critical"], 1),
        (["--stop-on", "critical"], 1),
        (["--idle-timeout", "0.2s", "--poll", "0.05s"], 0),
        (["--once", "--stop-on", "never"], 0),
    ],
)
def test_exit_codes(log: str, options: list[str], code: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["watch", *options, log]) == code
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["watch", "nowhere.jsonl"], 3, "no such file; check the path; or wait for it: --wait"),
        (["watch", "--once", "nowhere.jsonl"], 3, "no such file; check the path"),
        (["watch", "--idle-timeout", "soon", "x"], 2, "no span of time 'soon'"),
        (["watch", "--exec", "no-such-program-here", "x"], 2, "no such program"),
        (["watch", "--prometheus", "here", "x"], 2, "expected [HOST:]PORT"),
        (["watch", "--alarm-rate", "2", "x"], 2, "no alarm rate"),
        (["watch"], 2, "Missing argument"),
    ],
)
def test_what_cannot_be_watched_is_one_line(
    arguments: list[str], code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == code
    err = capsys.readouterr().err
    assert said in err
    assert err.count("\n") == 1


def test_a_program_is_run_for_each_event(log: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    code = f"import os; open({str(out)!r}, 'a').write(os.environ['DESCENTRY_EVENT'] + '\\n')"
    script = tmp_path / "note.py"
    script.write_text(code)
    assert run(["watch", "--once", "--exec", f"'{sys.executable}' '{script}'", log]) == 0
    words = out.read_text().split()
    assert words.count("end") == 1
    assert words.count("opened") >= 1


DESCENTRY = (
    sys.executable,
    "-c",
    "import runpy, signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    "runpy.run_module('descentry', run_name='__main__', alter_sys=True)",
)
"""`python -m descentry` as a shell starts it in front; tests that run behind one inherit that SIGINT is ignored."""


def _start(*arguments: str, **pipes: int) -> "subprocess.Popen[str]":
    command = [*DESCENTRY, "watch", "--poll", "0.05s", *arguments]
    return subprocess.Popen(command, text=True, **pipes)  # type: ignore[call-overload,no-any-return]


def test_stdin_is_watched_to_its_end() -> None:
    with _start(
        "--json", "-", stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as watch:
        out, err = watch.communicate(rows(0, 200, nan_from=190), timeout=60)
    events = _events(out)
    assert events[-1]["end"]["reason"] == "input_end"
    assert events[-1]["end"]["n_points"] == 200
    assert watch.returncode == 0
    assert "Traceback" not in err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_tells_the_end_and_is_130(log: str, number: signal.Signals) -> None:
    with _start("--json", log, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as watch:
        assert watch.stdout is not None
        assert json.loads(watch.stdout.readline())["event"] == "opened"
        watch.send_signal(number)
        out, err = watch.communicate(timeout=60)
    assert _events(out)[-1]["end"]["reason"] == "interrupted"
    assert watch.returncode == 130
    assert "Traceback" not in err


def test_it_ends_when_its_reader_leaves(log: str) -> None:
    with _start(log, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as watch:
        assert watch.stdout is not None
        assert watch.stderr is not None
        watch.stdout.readline()
        watch.stdout.close()
        assert watch.wait(timeout=60) == 0
        assert watch.stderr.read() == ""


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="no terminals here")
@pytest.mark.parametrize("no_colour", [False, True])
def test_on_a_terminal_a_live_line_stands_below_and_is_gone_at_the_end(log: str, no_colour: bool) -> None:
    ours, theirs = os.openpty()
    kept = {
        key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "FORCE_COLOR", "COLUMNS")
    }
    environment = {**kept, "TERM": "xterm", **({"NO_COLOR": "1"} if no_colour else {})}
    command = [*DESCENTRY, "watch", log]
    with subprocess.Popen(command, stdout=theirs, stderr=theirs, env=environment) as watch:
        os.close(theirs)
        seen = b""
        while b"ago" not in seen.rpartition(b"\r\x1b[K")[2]:
            seen += os.read(ours, 65536)
        watch.send_signal(signal.SIGINT)
        while True:
            try:
                seen += os.read(ours, 65536)
            except OSError:
                break
    os.close(ours)
    text = seen.decode()
    assert "CRITICAL" in text.rpartition("points up to")[2]
    assert ("\x1b[1;31m" in text) != no_colour
    last = [line.rpartition("\r\x1b[K")[2].rstrip("\r") for line in text.split("\n")]
    assert all(len(line.encode().decode()) <= 160 for line in last)
    assert not any(line.startswith("step ") for line in last)
    assert watch.returncode == 130


def test_help_of_watch_is_quick(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["watch", "--help"]) == 0
    assert "descentry watch --json runs/" in capsys.readouterr().out
    code = (
        "import sys; from descentry.cli.main import run; run(['watch', '--help']); "
        "print({'numpy', 'orjson', 'apprise', 'prometheus_client'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "set()"
