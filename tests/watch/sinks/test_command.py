"""`--exec`: real programs, never a shell."""

import json
import os
import select
import sys
from pathlib import Path

import jsonschema
import pytest
from tests.report.samples import EVIL, run_report
from tests.watch.made import START, cause, finding, told

from descentry.record.errors import UsageError
from descentry.report.schemas import schema
from descentry.watch.sinks.command import Command
from descentry.watch.told import Ended, Note

KEEP = """
import json, os, sys
names = {key: value for key, value in os.environ.items() if key.startswith("DESCENTRY_")}
with open(sys.argv[1], "a") as file:
    file.write(json.dumps([sys.argv[1:], names, json.load(sys.stdin)]) + "\\n")
"""


def _command(tmp_path: Path, code: str, *arguments: str, timeout_s: float = 30.0) -> Command:
    script = tmp_path / "program.py"
    script.write_text(code)
    return Command(" ".join([f"'{sys.executable}'", f"'{script}'", *arguments]), timeout_s)


def test_the_event_comes_by_stdin_and_in_the_environment(tmp_path: Path) -> None:
    out = tmp_path / "out"
    sink = _command(tmp_path, KEEP, f"'{out}'", "'$HOME; echo x'", "a\\ b")
    sink.note(Note("nothing"))
    sink.tell(told(cause=cause()))
    sink.close(60.0)
    sink_end = _command(tmp_path, KEEP, f"'{out}'")
    sink_end.end(Ended("a", "a.jsonl", 9, START, "idle", run_report(), 10, 3.5))
    sink_end.close(60.0)
    first, last = [json.loads(line) for line in out.read_text().splitlines()]
    assert first[0][1:] == ["$HOME; echo x", "a b"]
    names = first[1]
    assert (names["DESCENTRY_EVENT"], names["DESCENTRY_PATTERN"], names["DESCENTRY_SEVERITY"]) == (
        "opened", "spike", "warning",
    )  # fmt: skip
    assert (names["DESCENTRY_RUN"], names["DESCENTRY_STEP"]) == ("a", "120")
    assert names["DESCENTRY_REMEDY"] == "Halve the learning rate."
    for document in (first[2], last[2]):
        jsonschema.validate(document, schema("event-1"), cls=jsonschema.Draft202012Validator)
    assert last[1]["DESCENTRY_REASON"] == "idle"
    assert sink.problems == []


def test_hostile_names_reach_the_program_harmless(tmp_path: Path) -> None:
    out = tmp_path / "out"
    sink = _command(tmp_path, KEEP, f"'{out}'")
    sink.tell(told(run=EVIL + "\0", finding=finding(statement="x" * 100_000)))
    sink.close(60.0)
    assert sink.problems == []
    _, names, _ = json.loads(out.read_text())
    assert "\x1b" not in names["DESCENTRY_RUN"]
    assert len(names["DESCENTRY_STATEMENT"]) <= 4096


def test_only_what_is_news_starts_a_program(tmp_path: Path) -> None:
    out = tmp_path / "out"
    sink = _command(tmp_path, KEEP, f"'{out}'")
    sink.tell(told("more", "updated", is_news=False))
    sink.close(60.0)
    assert not out.exists()


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        ("import sys; print('what went wrong'); sys.exit(4)", "ended with 4: what went wrong"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGTERM)", "ended with -15"),
    ],
)
def test_a_failure_is_told_once(tmp_path: Path, code: str, problem: str) -> None:
    sink = _command(tmp_path, code)
    for _ in range(3):
        sink.tell(told())
    sink.close(60.0)
    (line,) = sink.problems
    assert problem in line
    assert line.endswith("The watching goes on")


def test_a_program_that_does_not_end_is_killed_with_its_children(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    ear = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    child = f"import time; pipe = open({str(pipe)!r}, 'wb', 0); pipe.write(b'alive'); time.sleep(60)"
    code = (
        f"import subprocess, sys, time\nsubprocess.Popen([sys.executable, '-c', {child!r}])\ntime.sleep(60)"
    )
    sink = _command(tmp_path, code, timeout_s=3.0)
    sink.tell(told())
    sink.close(60.0)
    (line,) = sink.problems
    assert "took longer than 3 s and was killed" in line
    assert os.read(ear, 100) == b"alive"
    assert select.select([ear], [], [], 30.0)[0], "somebody still holds the pipe"
    assert os.read(ear, 100) == b""
    os.close(ear)


@pytest.mark.parametrize(
    ("line", "said"),
    [("", "is empty"), ("echo 'a", "check its quotes"), ("no-such-program-here -x", "no such program")],
)
def test_a_line_that_cannot_be_run_is_refused(line: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        Command(line)
