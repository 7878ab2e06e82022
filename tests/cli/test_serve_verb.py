"""`descentry serve` as it is typed: one line on stdout, a clean end, what is refused before it listens."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.web.logs import folder
from tests.web.served import DEADLINE_S, httpx

from descentry.cli import serve
from descentry.cli.main import run


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_one_line_then_answers_then_a_clean_end(tmp_path: Path, number: int) -> None:
    command = [
        sys.executable,
        "-m",
        "descentry",
        "serve",
        "--cache",
        str(tmp_path / "cache"),
        str(folder(tmp_path / "r")),
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        address, token = line.rstrip("\n").split("/?token=")
        assert address.startswith("http://127.0.0.1:")
        assert len(token) == 43
        answer = httpx.get(
            f"{address}/api/runs", headers={"authorization": f"Bearer {token}"}, timeout=DEADLINE_S
        )
        assert answer.status_code == 200
        assert httpx.get(f"{address}/api/runs").status_code == 401
        process.send_signal(number)
        out, err = process.communicate(timeout=DEADLINE_S)
    finally:
        process.kill()
        process.wait()
    assert (process.returncode, out, err) == (130, "", "")


def _refused(words: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    code = run(["serve", *words])
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    return code, err


def test_what_cannot_be_served_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _refused([str(tmp_path / "none")], capsys) == (
        3, f"descentry: {tmp_path / 'none'}: is no folder; name a folder that holds training logs\n"
    )  # fmt: skip
    code, err = _refused(["--host", "0.0.0.0", str(tmp_path)], capsys)
    assert (code, "--allow-remote" in err) == (2, True)
    code, err = _refused(["--host", "0.0.0.0", "--allow-remote", str(tmp_path)], capsys)
    assert (code, "--token-file" in err) == (2, True)


def test_a_port_that_is_taken_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from descentry.web.server import bound

    with bound("127.0.0.1", 0) as taken:
        taken.listen()
        code, err = _refused(["--port", str(taken.getsockname()[1]), str(tmp_path)], capsys)
    assert (code, "cannot listen there" in err) == (2, True)


def test_a_cache_that_cannot_be_used_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    code, err = _refused(["--cache", str(tmp_path / "file"), str(tmp_path)], capsys)
    assert (code, "cannot be used as a cache" in err) == (3, True)


def test_a_missing_extra_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serve, "find_spec", lambda _: None)
    code, err = _refused([str(tmp_path)], capsys)
    assert (code, "pip install 'descentry[serve]'" in err) == (2, True)


def test_the_environment_names_the_cache_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from descentry.web.kept import default_folder

    monkeypatch.setitem(os.environ, "XDG_CACHE_HOME", str(tmp_path))
    assert default_folder() == tmp_path / "descentry"
