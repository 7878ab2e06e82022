"""A folder that is deleted, moved, read-only or cannot be made, and descriptors that others close."""

import os
import shutil
from pathlib import Path

import pytest
from tests.log.troubled import steps
from tests.log.written import kinds, telling

import descentry
from descentry.log import appender


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


def test_a_file_that_others_put_in_its_place_is_gone_on_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = descentry.Log(tmp_path)
    log.write(1, loss=1.0)
    path = tmp_path / "metrics.jsonl"
    (tmp_path / "copy").write_bytes(path.read_bytes())
    log.write(2, loss=1.0)
    (tmp_path / "copy").replace(path)
    now = appender.monotonic()
    monkeypatch.setattr(appender, "monotonic", lambda: now + 1.5)
    with telling("another stood in its place"):
        log.write(3, loss=1.0)
        assert not log.flush()
        log.close()
    assert steps(tmp_path) == [1, 3]
    assert "vanished" in kinds(tmp_path)
