"""What is drawn: panels, lines, findings, axes, and what is said about them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.plot.made import descent, drawn, finding, made, report

from descentry.pictures import drawing
from descentry.plot.drawing import Drawing
from descentry.plot.settings import Settings
from descentry.record.errors import UsageError
from descentry.record.finding import Severity
from descentry.signal.smooth import NONE, smoothing


def _described(plan: Drawing) -> list[str]:
    """A drawing in short lines."""
    axes = [f"{plan.title} by {plan.x_label}{' (log)' if plan.x_log else ''}"]
    for panel in plan.panels:
        axes.append(f"panel {panel.title}{' (log)' if panel.log else ''}")
        for line in panel.lines:
            shape = " with envelope" if line.low is not None else ""
            good = np.isfinite(line.y)
            ends = f"{line.y[good][0]:.3g} to {line.y[good][-1]:.3g}"
            axes.append(f"  {line.kind} {line.name}: {good.sum()} points, {ends}{shape}")
        axes += [f"  not finite at {x:g}" for x in panel.non_finite]
    axes += [f"{pin.label} {pin.severity} {pin.pattern} {pin.first:g}-{pin.last:g}" for pin in plan.pins]
    return axes + [f"{one.kind} {one.label} at {one.x:g}" for one in plan.verticals]


def test_a_run_is_described_whole() -> None:
    steps, loss = descent(noise=0.0)
    loss[300] = np.nan
    rate = np.where(steps < 500, 1e-3, 1e-4)
    run = made({"loss": (steps, loss), "val_loss": (steps[::100], loss[::100] + 0.1), "lr": (steps, rate),
                "grad_norm": (steps, np.ones(1000)), "data": ([0, 400, 800], [1, 2, 2])})  # fmt: skip
    plan = drawn(
        run, finding(), finding("nan", 300, 300, severity=Severity.CRITICAL), finding("flat", 700, None)
    )
    assert _described(plan) == [
        "run-a by step",
        "panel loss",
        "  raw loss: 999 points, 10 to 2.02",
        "  smoothed loss: 999 points, 10 to 2.02",
        "  validation val_loss: 9 points, 10.1 to 2.14",
        "  not finite at 300",
        "panel lr",
        "  sole lr: 1000 points, 0.001 to 0.0001",
        "panel grad norm",
        "  raw grad_norm: 1000 points, 1 to 1",
        "  smoothed grad_norm: 1000 points, 1 to 1",
        "▲1 warning spike 600-600",
        "■2 critical nan 300-300",
        "▲3 warning flat 700-999",
        "lr lr ×0.1 at 500",
        "data data 2 at 400",
    ]
    assert plan.smoothing == "ema 0.9"
    assert plan.summary == "WARNING: something is told"


def test_several_runs_are_told_apart_by_letters() -> None:
    runs = [made({"loss": descent()}, name) for name in ("x", "y")]
    plan = drawing([(run, report(run, finding())) for run in runs], Settings())
    assert plan.runs == ("A x", "B y")
    assert [pin.label for pin in plan.pins] == ["A▲1", "B▲1"]
    assert {line.run for line in plan.panels[0].lines} == {0, 1}
    assert plan.title == "2 runs"


@given(st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 500)), max_size=30))
def test_every_finding_is_in_the_drawing(places: list[tuple[int, int]]) -> None:
    findings = [finding("spike", onset, onset + n) for onset, n in places]
    plan = drawn(made({"loss": descent(200)}), *findings)
    assert [(pin.first, pin.last) for pin in plan.pins] == [(a, a + n) for a, n in places]
    assert drawn(made({"loss": descent(200)}), *findings, findings=False).pins == ()


@pytest.mark.parametrize("n", [100, 5_000, 1_000_000])
@pytest.mark.parametrize("how", ["ema:0.9", "none", "lowess:0.1"])
def test_no_extreme_is_lost_and_points_stay_few(n: int, how: str) -> None:
    steps, loss = descent(n)
    loss[n // 3], loss[n // 2] = 77.0, 0.5
    plan = drawn(made({"loss": (steps, loss)}), smoothing=smoothing(how), n_buckets=500)
    (raw, *_) = plan.panels[0].lines
    low, high = (raw.y, raw.y) if raw.low is None or raw.high is None else (raw.low, raw.high)
    assert (np.nanmin(low), np.nanmax(high)) == (0.5, 77.0)
    assert plan.n_points <= 3 * 500


def test_ten_thousand_goings_back_stay_bounded() -> None:
    steps = np.tile([5, 6, 7, 0], 10_000)
    plan = drawn(made({"loss": (steps, steps + 1.0)}), n_buckets=300)
    assert plan.n_points < 2000
    assert len(plan.verticals) == 1


def test_after_going_back_the_line_is_the_last_word() -> None:
    steps = np.r_[0:100, 50:150]
    values = np.r_[np.full(100, 3.0), np.full(100, 2.0)]
    plan = drawn(made({"loss": (steps, values)}), smoothing=smoothing("mean:3"))
    raw, smoothed = plan.panels[0].lines
    assert (np.diff(smoothed.x) > 0).all()
    assert np.nanmax(smoothed.y[smoothed.x > 55]) == pytest.approx(2.0)
    assert np.isnan(raw.x).sum() == 1  # no stroke from right to left
    assert [one.label for one in plan.verticals] == ["resume"]


@pytest.mark.parametrize(("last", "told"), [(0.5, True), (5.0, False), (-0.5, False)])
def test_a_logarithmic_axis_is_suggested_where_it_helps(last: float, told: bool) -> None:
    run = made({"loss": (range(1000), np.linspace(10, last, 1000))})
    plan = drawn(run)
    assert any("decades: --y log shows more" in note for note in plan.notes) is told
    assert not plan.panels[0].log
    assert drawn(run, y="auto").panels[0].log is told


def test_what_a_logarithmic_axis_cannot_hold_is_told() -> None:
    values = np.r_[3.0, 0.0, -1.0, 2.0]
    plan = drawn(made({"loss": (range(4), values)}), y="log", smoothing=NONE)
    assert plan.panels[0].log
    assert plan.notes == ("2 points at or below 0 have no place on a logarithmic axis",)
    assert np.isfinite(plan.panels[0].lines[0].y).sum() == 2
    below = drawn(made({"loss": (range(4), -values - 5)}), y="log-log")
    assert not below.panels[0].log
    assert "no value is above 0: the y axis is linear" in below.notes


def test_log_log_bends_both_axes_and_keeps_extremes() -> None:
    steps, loss = descent(50_000)
    loss[40_000] = 99.0
    plan = drawn(made({"loss": (steps, loss)}), y="log-log", n_buckets=400)
    assert plan.x_log
    (raw, _) = plan.panels[0].lines
    assert raw.high is not None
    assert np.nanmax(raw.high) == 99.0
    assert np.nanmin(raw.x) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("how", "shows"),
    [("ema:0.9", "ema:0.6"), ("mean:25", "mean:3"), ("median:25", "none"), ("ema:0.3", None)],
)
def test_smoothing_that_hides_a_spike_is_told_with_what_shows_it(how: str, shows: str | None) -> None:
    steps, loss = descent(2000)
    loss[1200] += 5
    plan = drawn(
        made({"loss": (steps, loss)}), finding("spike", 1200, 1200, steps=(1200,)), smoothing=smoothing(how)
    )
    notes = [note for note in plan.notes if "hides" in note]
    assert bool(notes) is (shows is not None)
    assert not notes or (
        notes[0].startswith(f"{how} hides ▲1 spike at step 1 200 (")
        and notes[0].endswith(f"--smooth {shows} shows it")
    )


def test_a_finding_that_is_no_peak_is_not_called_hidden() -> None:
    told = (
        finding("overfit", 500, None),
        finding("nan", 100, 200),
        finding("flat", 0, None),
        finding("x", 5000, 6000),
    )
    assert drawn(made({"loss": descent()}), *told, smoothing=smoothing("ema:20")).notes == ()


def test_an_average_that_joins_nothing_is_told() -> None:
    run = made({"loss": descent(300, stride=50)})
    (note,) = drawn(run, smoothing=smoothing("ema:0.9")).notes
    assert note == (
        "ema:0.9 reaches 10 steps back and the points lie 50 apart: nothing is smoothed; --smooth ema:1500 does"
    )
    assert drawn(run, smoothing=smoothing("ema:1500")).notes == ()


STRIDES = [(1, "ema 0.9"), (15, "ema 0.9"), (16, "ema over 160 steps"), (1000, "ema over 10 000 steps")]


@pytest.mark.parametrize(("stride", "words"), STRIDES)
def test_by_itself_it_smooths_whatever_the_stride(stride: int, words: str) -> None:
    plan = drawn(made({"loss": descent(300, stride=stride)}))
    assert plan.smoothing == words
    assert plan.notes == ()


def test_a_lasting_drop_is_not_called_hidden() -> None:
    steps = np.arange(400)
    loss = np.where(steps < 200, 3.0, 2.0) + np.random.default_rng(0).normal(0, 0.01, 400)
    told = finding("staircase", 200, 200, steps=(200,))
    assert drawn(made({"loss": (steps, loss)}), told).notes == ()


def test_named_series_stand_alone_and_losses_together() -> None:
    steps, loss = descent()
    run = made({"loss": (steps, loss), "val_loss": (steps, loss), "acc": (steps, loss), "lr": (steps, loss)})
    plan = drawn(run, series=("acc", "val_loss", "loss"))
    assert [(panel.title, len(panel.lines)) for panel in plan.panels] == [("acc", 2), ("loss", 3)]
    with pytest.raises(
        UsageError, match="no series 'nope' with a point in it; series: acc, loss, lr, val_loss"
    ):
        drawn(run, series=("nope",))
    many = made({f"m{i}": (steps, loss) for i in range(20)})
    with pytest.raises(UsageError, match="20 panels are more than fit"):
        drawn(many, series=tuple(many.curves))


@pytest.mark.parametrize(
    "values", [[], [2.0], [np.nan] * 5, [np.inf, -np.inf, np.nan], [1e308, -1e308, 1.0], [0.0] * 9]
)
@pytest.mark.parametrize("y", ["linear", "log", "log-log", "auto"])
def test_odd_curves_are_drawn_or_refused_in_words(values: list[float], y: str) -> None:
    run = made({"loss": (range(len(values)), values)})
    if not values:
        with pytest.raises(UsageError, match="run-a: no loss to draw"):
            drawn(run, y=y)
        return
    plan = drawn(run, finding(), y=y)
    assert len(plan.panels[0].non_finite) == (~np.isfinite(values)).sum() or plan.x_log
    assert all(np.abs(line.y[np.isfinite(line.y)]).max(initial=0) <= 1e300 for line in plan.panels[0].lines)


def test_without_a_loss_the_first_series_is_drawn_or_it_is_asked_for() -> None:
    assert drawn(made({"acc": descent()})).panels[0].title == "acc"
    with pytest.raises(UsageError, match="--series NAME"):
        drawn(made({}))
    with pytest.raises(UsageError, match="27 runs"):
        drawing([(made({"loss": descent(9)}), None)] * 27, Settings())


def test_names_of_strangers_are_made_legible() -> None:
    run = made({"loss": descent(9)}, "a\x1b[31m\n\u202e" + "x" * 200)
    plan = drawn(run)
    assert plan.title.isprintable()
    assert plan.title.startswith(r"a\x1b[31m\n\u202e")
    assert len(plan.title) <= 60


@pytest.mark.parametrize(("word", "value"), [("x", "parsec"), ("y", "sqrt")])
def test_unknown_words_are_told(word: str, value: str) -> None:
    with pytest.raises(UsageError, match=f"no {word} '{value}'; expected one of"):
        Settings(**{word: value})  # type: ignore[arg-type]
