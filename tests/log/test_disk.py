"""A disk that is full, broken, limited or does not confirm: rows wait in memory and are written once possible."""

import errno
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.log.troubled import Disk, python, steps
from tests.log.written import kinds, telling

import descentry
from descentry.log import appender


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    return Disk(monkeypatch)


@pytest.mark.parametrize("room", [0, 1, 30, 70, 100])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.ESTALE])
def test_a_full_disk_loses_nothing(tmp_path: Path, disk: Disk, room: int, code: int) -> None:
    disk.code = code
    words = ["cannot be written"]
    if code in (errno.EIO, errno.ESTALE) and room not in (0,):
        words.append("torn tail")
    log = descentry.Log(tmp_path)
    log.write(0, loss=0.0)
    with telling(*words):
        disk.room = room
        for step in range(1, 20):
            log.write(step, loss=float(step))
        assert not log.flush()
        disk.room = 1 << 40
        assert log.flush()
        log.write(20, loss=20.0)
        log.close()
    assert steps(tmp_path) == list(range(21))
    assert "held" in kinds(tmp_path)


@given(turns=st.lists(st.tuples(st.integers(0, 5), st.integers(0, 400), st.booleans()), max_size=12))
def test_a_disk_that_comes_and_goes_neither_doubles_nor_reorders(
    tmp_path_factory: pytest.TempPathFactory, turns: list[tuple[int, int, bool]]
) -> None:
    folder = tmp_path_factory.mktemp("disk")
    with pytest.MonkeyPatch.context() as patch:
        disk = Disk(patch)
        log = descentry.Log(folder)
        n = 0
        for n_rows, room, flushed in turns:
            disk.room = room
            for _ in range(n_rows):
                log.write(n, loss=float(n))
                n += 1
            if flushed and log.flush() and n:
                assert steps(folder) == list(range(n))
        disk.room = 1 << 40
        log.close()
    assert not n or steps(folder) == list(range(n))


def test_a_retry_comes_by_itself(tmp_path: Path, disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    log = descentry.Log(tmp_path)
    with telling("cannot be written"):
        disk.room = 0
        log.write(1, loss=1.0)
        disk.room = 1 << 40
        log.write(2, loss=1.0)
        assert log._appender.held
        now = appender.monotonic()
        monkeypatch.setattr(appender, "monotonic", lambda: now + 1.5)
        log.write(3, loss=1.0)
        assert not log._appender.held
    log.close()
    assert steps(tmp_path) == [1, 2, 3]


@pytest.mark.parametrize("room", [0, 10, 120])
def test_memory_is_bounded_and_what_is_dropped_is_told(
    tmp_path: Path, disk: Disk, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    monkeypatch.setattr(appender, "MAX_HELD", 2000)
    log = descentry.Log(tmp_path)
    with telling("cannot be written", "the oldest rows are dropped"):
        disk.room = room
        for step in range(500):
            log.write(step, loss=1.0)
        assert sum(map(len, log._appender.held)) <= 2000
        disk.room = 1 << 40
        assert not log.flush()
        assert not log._appender.held
    log.close()
    found = steps(tmp_path)
    assert 20 < len(found) < 60
    assert found in ([*range(500 - len(found), 500)], [0, *range(501 - len(found), 500)])
    assert "lost" in kinds(tmp_path)


def test_what_is_lost_at_the_end_is_told(tmp_path: Path, disk: Disk) -> None:
    log = descentry.Log(tmp_path)
    with telling("cannot be written", "3 lines could not be written before the end"):
        disk.room = 0
        log.write(1, loss=1.0)
        log.write(2, loss=1.0)
        log.close()


def test_a_limit_of_the_system_is_survived(tmp_path: Path) -> None:
    code = """
        import resource, sys, warnings, descentry
        log = descentry.Log(sys.argv[1])
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
        for step in range(100): log.write(step, loss=1.0)
        assert not log.flush()
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        assert log.flush()
    """
    done = python(code, tmp_path)
    assert done.returncode == 0
    assert done.stderr.count("LogWarning") == 1
    assert steps(tmp_path) == list(range(100))


def test_a_disk_that_does_not_confirm_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_fd: int) -> None:
        raise OSError(errno.EIO, "broken")

    log = descentry.Log(tmp_path, fsync_s=0)
    log.write(1, loss=1.0)
    assert log.flush()
    monkeypatch.setattr(os, "fsync", fails)
    log.write(2, loss=1.0)
    with telling("does not confirm"):
        assert not log.flush()
        log.close()


@pytest.mark.parametrize("call", ["open", "fstat", "lseek", "read", "ftruncate", "write"])
@pytest.mark.parametrize("for_ever", [False, True])
def test_the_nth_failing_call_ends_no_loop(tmp_path: Path, call: str, for_ever: bool) -> None:
    for n in range(8):
        folder = tmp_path / f"{n}"
        folder.mkdir()
        (folder / "metrics.jsonl").write_bytes(
            b'{"log":"descentry/log/1"}\n{"step":0,"loss":1.0}\n{"step":1,"'
        )
        with pytest.MonkeyPatch.context() as patch:
            failing(patch, call, n, for_ever)
            log = descentry.Log(folder)
            for step in range(1, 30):
                log.write(step, loss=1.0)
            log.flush()
        log.write(30, loss=1.0)
        log.close()
        assert steps(folder) == list(range(31)), n


def failing(patch: pytest.MonkeyPatch, call: str, n: int, for_ever: bool) -> None:
    home = appender if call == "write" else os
    real = getattr(home, call)
    count = 0

    def fails(*args: object) -> object:
        nonlocal count
        count += 1
        if count == n + 1 or (for_ever and count > n):
            raise OSError(errno.EIO, "broken")
        return real(*args)

    patch.setattr(home, call, fails)
