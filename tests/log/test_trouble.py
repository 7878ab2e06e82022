"""Whatever befalls the disk, the folder or the process: the loop goes on, and rows are written once possible."""

import errno
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.log.written import kinds, rows, telling

import descentry
from descentry.log import appender, place

HEAD = b'{"log":"descentry/log/1"}\n'


class Disk:
    """Stands for write(2) on a disk that has room for so many bytes."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, code: int = errno.ENOSPC) -> None:
        self.room = 1 << 40
        self.code = code
        monkeypatch.setattr(appender, "write", self)

    def __call__(self, fd: int, data: bytes) -> int:
        if not self.room:
            raise OSError(self.code, os.strerror(self.code))
        n = os.write(fd, data[: self.room])
        self.room -= n
        return n


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    return Disk(monkeypatch)


def steps(path: Path) -> list[int]:
    return [step for step, _ in rows(path)]


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
        assert log.flush()
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


def python(code: str, folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    lines = [line[8:] for line in code.splitlines()]
    command = [sys.executable, *options, "-c", "\n".join(lines), str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


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


@pytest.mark.parametrize("is_made_again", [False, True])
def test_a_vanished_folder_is_written_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_made_again: bool
) -> None:
    folder = tmp_path / "deep" / "a"
    log = descentry.Log(folder)
    for step in range(5):
        log.write(step, loss=1.0)
    shutil.rmtree(tmp_path / "deep")
    if is_made_again:
        folder.mkdir(parents=True)
    log.write(5, loss=1.0)
    now = appender.monotonic()
    monkeypatch.setattr(appender, "monotonic", lambda: now + 1.5)
    with telling("was deleted while it was written"):
        log.write(6, loss=1.0)
        log.close()
    assert steps(folder) == list(range(7))
    assert "vanished" in kinds(folder)


def test_a_moved_folder_is_written_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = descentry.Log(tmp_path / "a")
    log.write(1, loss=1.0)
    (tmp_path / "a").rename(tmp_path / "b")
    now = appender.monotonic()
    monkeypatch.setattr(appender, "monotonic", lambda: now + 1.5)
    with telling():
        log.write(2, loss=1.0)
        log.close()
    assert steps(tmp_path / "b") == [1, 2]
    assert not (tmp_path / "a").exists()


def test_a_descriptor_that_was_closed_by_others_is_opened_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = descentry.Log(tmp_path)
    log.write(1, loss=1.0)
    os.close(log._appender.fd)
    with telling("cannot be written"):
        log.write(2, loss=1.0)
        assert log.flush()
        log.close()
    assert steps(tmp_path) == [1, 2]
    log = descentry.Log(tmp_path)
    os.close(log._appender.fd)
    other = os.open(tmp_path / "other", os.O_CREAT | os.O_WRONLY)
    assert other == log._appender.fd
    now = appender.monotonic()
    monkeypatch.setattr(appender, "monotonic", lambda: now + 1.5)
    with telling():
        log.write(3, loss=1.0)
        log.close()
    os.close(other)
    assert (tmp_path / "other").read_bytes() == b""
    assert steps(tmp_path / "metrics.jsonl") == [1, 2, 3]


def test_a_folder_that_cannot_be_made_is_waited_for(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with telling("cannot be opened"):
        log = descentry.Log(tmp_path / "file" / "a", resume=False)
        log.write(1, loss=1.0)
        (tmp_path / "file").unlink()
        assert log.flush()
        log.close()
    assert steps(tmp_path) == [1]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder_is_waited_for(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with telling("cannot be opened"):
        log = descentry.Log(tmp_path / "a")
        log.write(1, loss=1.0)
        tmp_path.chmod(0o700)
        log.close()
    assert steps(tmp_path) == [1]


def test_a_second_writer_takes_a_file_of_its_own(tmp_path: Path) -> None:
    with telling(), descentry.Log(tmp_path) as first:
        with telling("this one writes metrics.2.jsonl", "metrics.3.jsonl"):
            second = descentry.Log(tmp_path)
            third = descentry.Log(tmp_path)
        for step in range(3):
            first.write(step, loss=1.0)
            second.write(step, loss=2.0)
        second.close()
        third.close()
    runs = {run.run: run for run in descentry.runs(tmp_path)}
    assert len(runs) == 2
    values = sorted(run.curves["loss"].values.tolist() for run in runs.values())
    assert values == [[1.0] * 3, [2.0] * 3]


def test_without_locks_a_torn_tail_is_ended_not_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(place, "locked", lambda _fd: None)
    path = tmp_path / "metrics.jsonl"
    torn = HEAD + b'{"step":0,"loss":1.0}\n{"step":1,"lo'
    path.write_bytes(torn)
    with (
        telling(*["was ended by a newline"] * 2),
        descentry.Log(tmp_path) as log,
        descentry.Log(tmp_path) as other,
    ):
        log.write(2, loss=1.0)
        other.write(3, loss=1.0)
        log.write(4, loss=1.0)
    assert path.read_bytes().startswith(torn + b"\n")
    assert steps(tmp_path) == [0, 2, 3, 4]
    assert {"bad_line", "repair"} <= set(kinds(tmp_path))


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


@pytest.fixture(params=["foreign.jsonl", "fifo", "/dev/full"])
def occupied(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    target = tmp_path / "metrics.jsonl"
    if request.param == "fifo":
        os.mkfifo(target)
    elif request.param == "/dev/full":
        target.symlink_to("/dev/full")
    else:
        target.write_bytes(b'{"step": 1, "loss": 2.0}\n{"step": 2, "lo')
    return tmp_path


def test_what_is_no_log_of_ours_is_left_alone(occupied: Path) -> None:
    target = occupied / "metrics.jsonl"
    before = target.read_bytes() if target.is_file() else b""
    with telling("metrics.jsonl is no"):
        log = descentry.Log(occupied)
        log.write(1, loss=1.0)
        log.close()
    assert steps(occupied / "metrics.2.jsonl") == [1]
    assert before == (target.read_bytes() if target.is_file() else b"")


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
