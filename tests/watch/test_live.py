"""The live line fits, whatever it has to say."""

import math
from dataclasses import replace

import pytest

from descentry.report.text import n_cells
from descentry.watch.live import line
from descentry.watch.told import RunState

STATE = RunState("a", 12_400, "loss", 3.2, 3.124, "falling", "healthy", 1240, 12.0, 1000.0)


def test_one_run() -> None:
    expected = "step 12 400 · loss 3.124 falling · HEALTHY · 12 points/s · 2 s ago"
    assert line([STATE], 1002.0, 80) == expected


def test_several_runs_show_the_newest_and_count_the_others() -> None:
    states = [STATE, replace(STATE, run="b", last_time=999.0, verdict="critical")]
    text = line(states, 1000.0, 120)
    assert text.startswith("a · step 12 400")
    assert text.endswith("+1 runs (1 critical)")


@pytest.mark.parametrize("width", [10, 20, 40, 60, 80, 200])
@pytest.mark.parametrize("name", ["a", "界" * 40, "\x1b[2J"])
def test_it_is_cut_by_its_parts(width: int, name: str) -> None:
    text = line([replace(STATE, run=name), replace(STATE, last_time=1.0)], 2000.0, width)
    assert "\x1b" not in text
    assert n_cells(text) <= width


@pytest.mark.parametrize(
    ("fields", "part"),
    [
        ({"n_points": 0}, "no point yet"),
        ({"curve": ""}, "no loss seen"),
        ({"loss": math.nan}, "loss 3.124 falling, now nan"),
        ({"level": math.nan, "loss": math.nan}, "loss nan"),
        ({"per_s": 0.05}, "3 points/min"),
        ({"per_s": 0.001}, "3.6 points/h"),
        ({"is_caught_up": False}, "reading: 1 240 points"),
    ],
)
def test_what_is_odd_is_said(fields: dict, part: str) -> None:
    assert part in line([replace(STATE, **fields)], 1000.0, 200)


def test_without_a_run_it_waits() -> None:
    assert line([], 0.0, 80) == "waiting"
