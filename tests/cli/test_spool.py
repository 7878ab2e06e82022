"""Standard input and pipes: copied whole, bounded, refused in one line."""

import io
import os
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

from descentry.cli import spool
from descentry.record.errors import UnreadableError


def _stdin(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    stdin = SimpleNamespace(buffer=io.BytesIO(data), isatty=lambda: False)
    monkeypatch.setattr(spool, "sys", SimpleNamespace(stdin=stdin))


def test_stdin_is_copied_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = bytes(range(256)) * 9000
    _stdin(monkeypatch, data)
    assert spool.spool_stdin(tmp_path).read_bytes() == data


def test_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _stdin(monkeypatch, b"x" * 100)
    with pytest.raises(UnreadableError, match="more than 99 bytes; save it to a file"):
        spool.spool_stdin(tmp_path, max_bytes=99)


def test_no_room_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _stdin(monkeypatch, b"x")
    with pytest.raises(UnreadableError, match="cannot be copied"):
        spool.spool_stdin(tmp_path / "missing")


def test_closed_stdin_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool, "sys", SimpleNamespace(stdin=None))
    with pytest.raises(UnreadableError, match="is closed"):
        spool.spool_stdin(tmp_path)


@pytest.mark.skipif(not Path("/dev/fd").exists(), reason="no /dev/fd here")
def test_a_pipe_is_copied_as_it_comes(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    data = b"a" * 200_000
    with os.fdopen(reading, "rb"), os.fdopen(writing, "wb") as sink:
        writer = threading.Thread(target=lambda: (sink.write(data), sink.close()))
        writer.start()
        pipe = Path(f"/dev/fd/{reading}")
        assert spool.is_pipe(pipe)
        assert spool.spool_pipe(pipe, tmp_path).read_bytes() == data
        writer.join()
