"""Forks, kills and the end of the interpreter."""

import os
import signal
from pathlib import Path

import pytest
from tests.log.troubled import Disk, python, steps
from tests.log.written import telling

import descentry


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    return Disk(monkeypatch)


def test_warnings_as_errors_do_not_reach_the_loop(tmp_path: Path) -> None:
    code = """
        import sys, descentry
        log = descentry.Log(sys.argv[1])
        log.write(1, loss="x")
        log.write(2, loss=1.0)
        print("done")
    """
    done = python(code, tmp_path, "-W", "error")
    assert done.stdout == "done\n"
    assert done.stderr.count("LogWarning") == 1
    assert steps(tmp_path) == [2]


def test_the_end_of_the_interpreter_writes_what_waits(tmp_path: Path) -> None:
    code = """
        import os, sys, descentry
        from descentry.log import appender, place
        log = descentry.Log(sys.argv[1], fsync_s=5)
        def full(fd, data): raise OSError(28, "No space left on device")
        appender.write = full
        for step in range(5): log.write(step, loss=1.0)
        appender.write = os.write
    """
    assert python(code, tmp_path).returncode == 0
    assert steps(tmp_path) == list(range(5))


def test_a_log_alone_loads_no_numpy(tmp_path: Path) -> None:
    code = """
        import sys, descentry
        with descentry.Log(sys.argv[1]) as log: log.write(1, loss=float("nan"))
        print("numpy" in sys.modules)
    """
    assert python(code, tmp_path).stdout == "False\n"


def test_a_forked_child_doubles_nothing(tmp_path: Path, disk: Disk) -> None:
    with telling("cannot be written"):
        log = descentry.Log(tmp_path, fsync_s=0.01)
        log.write(0, loss=0.0)
        disk.room = 0
        log.write(1, loss=1.0)
        child = os.fork()
        if child == 0:
            disk.room = 1 << 40
            log.close()
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        disk.room = 1 << 40
        log.close()
    assert steps(tmp_path) == [0, 1]
    assert [path.name for path in tmp_path.iterdir()] == ["metrics.jsonl"]


def test_a_forked_child_that_writes_has_a_file_of_its_own(tmp_path: Path) -> None:
    log = descentry.Log(tmp_path)
    log.write(0, loss=0.0)
    child = os.fork()
    if child == 0:
        code = 1
        try:
            with telling("the parent: this one writes metrics.2.jsonl"):
                log.write(1, loss=10.0)
                log.write(2, loss=20.0)
            code = 0
        finally:
            os._exit(code)
    assert os.waitpid(child, 0)[1] == 0
    log.write(1, loss=1.0)
    log.close()
    assert steps(tmp_path / "metrics.jsonl") == [0, 1]
    assert steps(tmp_path / "metrics.2.jsonl") == [1, 2]


def test_a_killed_writer_lets_the_file_go(tmp_path: Path) -> None:
    child = os.fork()
    if child == 0:
        descentry.Log(tmp_path).write(1, loss=1.0)
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    with telling(), descentry.Log(tmp_path) as log:
        log.write(2, loss=1.0)
    assert steps(tmp_path) == [1, 2]
