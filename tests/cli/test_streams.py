"""What really happens at the pipe ends: other encodings, readers that leave, colour."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROWS = "".join(f'{{"step": {step}, "loss": {5 - step / 100}, "näme\\u001b": 1}}\n' for step in range(50))


@pytest.fixture
def log(tmp_path: Path) -> str:
    path = tmp_path / "train.jsonl"
    path.write_text(ROWS, "utf-8")
    return str(path)


def _descentry(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[bytes]":
    kept = {key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "FORCE_COLOR")}
    command = [sys.executable, "-m", "descentry", *arguments]
    return subprocess.run(command, capture_output=True, env={**kept, **environment}, check=False)


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "utf-8"])
@pytest.mark.parametrize("arguments", [["read"], ["--help"], ["explain", "spike"]])
def test_any_encoding(log: str, encoding: str, arguments: list[str]) -> None:
    extra = [log] if arguments == ["read"] else []
    done = _descentry(*arguments, *extra, PYTHONIOENCODING=encoding)
    assert (done.returncode, done.stderr) == (0, b"")
    done.stdout.decode(encoding)
    assert b"\x1b" not in done.stdout


def test_a_reader_that_leaves_is_no_error(log: str) -> None:
    command = (
        f'"{sys.executable}" -m descentry read --format csv "{log}" | head -n 1; exit ${{PIPESTATUS[0]}}'
    )
    done = subprocess.run(["bash", "-c", command], capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout == b"run,series,role,step,value\n"


@pytest.mark.parametrize(
    ("environment", "coloured"),
    [({}, False), ({"FORCE_COLOR": "1"}, True), ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False)],
)
def test_colour_is_for_terminals(log: str, environment: dict[str, str], coloured: bool) -> None:
    assert (b"\x1b[1m" in _descentry("read", log, **environment).stdout) == coloured


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
@pytest.mark.parametrize("format_", ["text", "json", "csv"])
def test_a_full_disk_is_one_line(log: str, format_: str) -> None:
    command = f'"{sys.executable}" -m descentry read --format {format_} "{log}" > /dev/full'
    done = subprocess.run(["bash", "-c", command], capture_output=True, check=False, text=True)
    assert done.returncode == 3
    assert done.stderr.startswith("descentry: stdout: cannot be written")
    assert done.stderr.count("\n") == 1


def test_closed_streams_do_not_crash(log: str) -> None:
    command = f'"{sys.executable}" -m descentry read "{log}" >&- 2>&-'
    assert subprocess.run(["bash", "-c", command], check=False).returncode == 0
