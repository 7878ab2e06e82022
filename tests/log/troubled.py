"""A disk that refuses, and programs of their own, for the tests of the writer's troubles."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.log.written import rows

from descentry.log import appender


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


def steps(path: Path) -> list[int]:
    return [step for step, _ in rows(path)]


def python(code: str, folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    lines = [line[8:] for line in code.splitlines()]
    command = [sys.executable, *options, "-c", "\n".join(lines), str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
