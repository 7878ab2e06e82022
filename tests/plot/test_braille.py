"""The curve: no spike vanishes, gaps show, widths hold, and no input breaks it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as nps
from tests.report.samples import run_report, sketch

from descentry.plot.braille import Mark, draw
from descentry.plot.scale import Scale, compact, scale_of
from descentry.record.report import Sketch
from descentry.record.roles import Role
from descentry.report.text import n_cells

WIDTH, HEIGHT = 80, 10


def _flat(n: int = 5000) -> np.ndarray:
    return np.full(n, 2.0)


def _draw(
    values: np.ndarray, *, marks: tuple[Mark, ...] = (), role: Role | None = Role.TRAIN_LOSS
) -> list[str]:
    return draw([sketch("loss", role, np.arange(len(values)), values)], marks, WIDTH, HEIGHT)


def _top(lines: list[str]) -> str:
    return lines[1].split("┤")[-1].split("│")[-1]


@pytest.mark.parametrize("where", [0, 1, 1234, 2500, 4998, 4999])
def test_a_single_spike_among_many_points_reaches_the_top(where: int) -> None:
    values = _flat()
    values[where] = 9.0
    assert _top(_draw(values)).strip() != ""


def test_a_drop_reaches_the_bottom() -> None:
    values = _flat()
    values[3000] = 0.5
    assert _draw(values)[HEIGHT].split("┤")[-1].strip() != ""


def test_non_finite_stretch_is_marked_and_left_open() -> None:
    values = _flat()
    values[2000:3000] = np.nan
    lines = _draw(values)
    axis = next(line for line in lines if "└" in line)
    assert 12 <= axis.count("×") <= 20
    assert "not a finite number" in lines[0]
    curve = next(line for line in lines[1:] if any("⠀" < char <= "⣿" for char in line))
    gap = curve[axis.index("×") + 1 : axis.rindex("×")]
    assert gap.strip() == ""


def test_validation_is_distinguishable() -> None:
    lines = draw(run_report().sketches, (), WIDTH, HEIGHT)
    assert "• val_loss" in lines[0]
    assert sum(line.count("•") for line in lines[1:]) >= 8


@pytest.mark.parametrize(
    ("low", "high", "log"), [(1.0, 5.0, False), (0.1, 5.0, True), (0.0, 5.0, False), (-1, 50, False)]
)
def test_wide_positive_curves_get_a_log_axis(low: float, high: float, log: bool) -> None:
    lines = _draw(np.linspace(high, low, 100))
    assert ("log scale" in lines[0]) == log


def test_marks_stand_under_their_step() -> None:
    lines = _draw(_flat(1000), marks=(Mark("▲1", 500, 600), Mark("■2", 501, None)))
    axis = next(line for line in lines if "└" in line)
    row = next(line for line in lines if "▲1" in line)
    assert row.index("▲1") == pytest.approx((len(axis) + axis.index("└")) / 2, abs=1.5)
    assert any("■2" in line and "━" in line for line in lines)
    assert not any("▲1" in line and "■2" in line for line in lines)


def test_nothing_to_draw() -> None:
    assert draw([], (), WIDTH, HEIGHT) == []
    assert draw([sketch("a", None, [], [])], (), WIDTH, HEIGHT) == []
    assert _draw(np.full(5, np.nan)) == ["loss: no finite value to draw"]


def test_any_curve_is_drawn_where_no_loss_is() -> None:
    assert "⣿ loss" in _draw(_flat(), role=Role.METRIC)[0]


extreme = st.floats(width=64, allow_nan=True, allow_infinity=True)
any_steps = st.integers(-(2**63), 2**63 - 1)


@settings(max_examples=150, deadline=None)
@given(st.data(), st.integers(1, 30), st.integers(12, 120), st.integers(2, 20))
def test_no_input_breaks_it(data: st.DataObject, n: int, width: int, height: int) -> None:
    steps = data.draw(nps.arrays(np.int64, n, elements=any_steps))
    arrays = [data.draw(nps.arrays(np.float64, n, elements=extreme)) for _ in range(3)]
    role = data.draw(st.sampled_from([None, Role.TRAIN_LOSS, Role.VAL_LOSS]))
    mark = Mark("▲1", data.draw(any_steps), data.draw(st.none() | any_steps))
    lines = draw([Sketch("x", role, steps, *arrays)], [mark], width, height)
    assert all(n_cells(line) <= max(width, 24) for line in lines)


@pytest.mark.parametrize(
    ("step", "short"), [(0, "0"), (500, "500"), (10_000, "10k"), (1_500_000, "1.5M"), (-2000, "-2k")]
)
def test_compact(step: int, short: str) -> None:
    assert compact(step) == short


@pytest.mark.parametrize(
    ("low", "high"), [(0.0, 1.0), (1.9e-300, 3e-300), (-1e308, 1e308), (3.0, 3.0), (2.0, 3e5)]
)
def test_ticks_are_inside_and_rise(low: float, high: float) -> None:
    scale = scale_of([np.array([low, high, np.nan])])
    assert scale is not None
    ticks = scale.ticks(5)
    assert ticks == sorted(ticks)
    assert all(low <= tick <= high for tick in ticks)


def test_scale_of_nothing() -> None:
    assert scale_of([]) is None
    assert scale_of([np.array([np.nan, np.inf])]) is None
    assert Scale(0, 10).fractions(np.array([0.0, 5.0, 10.0])).tolist() == [0.0, 0.5, 1.0]
