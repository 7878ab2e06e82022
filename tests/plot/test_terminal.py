"""The plot in the terminal: eighty columns hold it, no spike vanishes, marks are numbered, colour carries nothing."""

import re

import numpy as np
import pytest
from tests.plot.made import descent, drawn, finding, made, report

from descentry.pictures import drawing
from descentry.plot.settings import Settings
from descentry.record.legible import n_cells
from descentry.signal.smooth import NONE

pytest.importorskip("plotext")

from descentry.plot.terminal import text
from descentry.plot.terminal_size import columns


def _rows(shown: str) -> list[str]:
    """The rows of the leading panel."""
    return [re.split("[│┤]", line, maxsplit=1)[1] for line in shown.splitlines() if re.search("[│┤]", line)][
        :18
    ]


@pytest.mark.parametrize("width", [40, 80, 133])
def test_no_line_is_wider_than_asked(width: int) -> None:
    run = made({"loss": descent(), "lr": descent()}, "界" * 100)
    plan = drawn(run, *(finding("spike", i * 50, i * 50 + 9) for i in range(30)), n_buckets=columns(width))
    for line in text(plan, width).splitlines():
        assert n_cells(line) <= width


@pytest.mark.parametrize("high", [1.0, 12.345678, 987654.3, 1e-9])
def test_values_of_any_length_leave_the_width(high: float) -> None:
    steps, loss = descent(300)
    run = made({"loss": (steps, loss), "lr": (steps, high * loss), "grad_norm": (steps, high / loss)})
    assert max(map(n_cells, text(drawn(run), 60).splitlines())) <= 60


@pytest.mark.parametrize("at", [0, 1234, 49_999])
@pytest.mark.parametrize("y", ["linear", "log"])
def test_a_single_spike_reaches_the_top(at: int, y: str) -> None:
    loss = np.full(50_000, 2.0)
    loss[at] = 9.0
    shown = text(drawn(made({"loss": (range(50_000), loss)}), y=y, n_buckets=columns(80)))
    assert any("⠀" < char <= "⣿" for char in _rows(shown)[0])


def test_findings_are_marked_with_their_numbers_and_told() -> None:
    shown = text(drawn(made({"loss": descent()}), finding("spike", 600, 700), finding("flat", 650, None)))
    marks = shown[shown.index("└") :]
    assert re.search("▲1━+", marks)
    assert re.search("▲2━+", marks)
    assert "▲2 warning flat: flat is told" in shown
    assert "┊" in shown


def test_all_findings_are_marked_however_many() -> None:
    told = [finding("spike", 500, 900) for _ in range(40)]
    shown = text(drawn(made({"loss": descent()}), *told))
    assert all(re.search(f"▲{i + 1}(?!\\d)━*", shown[shown.index("└") :]) for i in range(40))


def test_several_runs_carry_their_letters() -> None:
    runs = [made({"loss": descent()}, name) for name in ("x", "y")]
    shown = text(drawing([(run, report(run)) for run in runs], Settings(n_buckets=columns(80))))
    assert "A x" in shown
    assert any("B" in row for row in _rows(shown))


def test_validation_and_gaps_are_told_apart() -> None:
    steps, loss = descent()
    loss[400:500] = np.nan
    shown = text(drawn(made({"loss": (steps, loss), "val_loss": (steps[::100], loss[::100] + 1)})))
    assert "• val_loss" in shown
    assert any("•" in row for row in _rows(shown))
    axis = next(line for line in shown.splitlines() if "└" in line)
    assert 5 <= axis.count("×") <= 10


def test_colour_only_adds() -> None:
    plan = drawn(made({"loss": descent(), "lr": descent()}), finding())
    plain, coloured = text(plan), text(plan, colour=True)
    assert "\x1b" not in plain
    assert "\x1b" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured).split() == plain.split()


@pytest.mark.parametrize("y", ["linear", "log", "log-log"])
@pytest.mark.parametrize(
    "values", [[2.0], [np.nan] * 3, [1e308, -1e308, 3], [0.0, 0.0], [-1.0, -2.0], [1e-300, 1e300]]
)
def test_odd_curves_are_drawn(values: list[float], y: str) -> None:
    plan = drawn(made({"loss": (range(len(values)), values)}), finding("nan", 0, None), y=y, smoothing=NONE)
    shown = text(plan)
    assert ("no finite value" in shown) is not any(np.isfinite(line.y).any() for line in plan.panels[0].lines)


def test_a_curve_of_gaps_is_drawn_in_bounded_pieces() -> None:
    values = np.where(np.arange(2000) % 2, np.nan, 2.0)
    assert "└" in text(drawn(made({"loss": (range(2000), values)}), n_buckets=columns(80)))
