"""Room: the smaller of what the machine and the container have left, and no bound where neither says."""

import math
from pathlib import Path

import pytest

from descentry.integrations.room import memory_left


@pytest.mark.parametrize(
    ("meminfo", "most", "used", "left"),
    [
        ("MemTotal: 9 kB\nMemAvailable:   4 kB\n", None, None, 4096.0),
        ("MemAvailable:   4 kB\n", "3000", "1000", 2000.0),
        ("MemAvailable:   4 kB\n", "max\n", "1000\n", 4096.0),
        ("MemAvailable:   4 kB\n", "3000", "5000", 0.0),
        ("MemAvailable: x\n", None, None, math.inf),
        (None, None, None, math.inf),
    ],
)
def test_the_smaller_counts(
    meminfo: str | None, most: str | None, used: str | None, left: float, tmp_path: Path
) -> None:
    for name, text in (("meminfo", meminfo), ("memory.max", most), ("memory.current", used)):
        if text is not None:
            (tmp_path / name).write_text(text)
    assert memory_left(tmp_path / "meminfo", tmp_path) == left


def test_this_machine_has_some_left() -> None:
    assert memory_left() > 0.0
