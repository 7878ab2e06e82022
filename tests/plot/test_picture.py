"""Pictures by matplotlib: not blank, every finding in words, names taken literally, the same bytes again."""

import io
import re
import subprocess
import sys
from html import unescape

import numpy as np
import pytest
from tests.plot.made import descent, drawn, finding, made, report

from descentry.pictures import drawing
from descentry.plot.look import Look
from descentry.plot.settings import Settings
from descentry.record.errors import UsageError
from descentry.record.finding import Severity
from descentry.signal.smooth import smoothing

pytest.importorskip("matplotlib")

from matplotlib.image import imread

from descentry.plot.drawing import Drawing
from descentry.plot.picture import picture, saved

SMALL = Look(6, 4, 60)


def _pixels(plan: Drawing, look: Look = SMALL) -> np.ndarray:
    pixels = imread(io.BytesIO(saved(picture(plan, look), "png")))
    return (255 * pixels[..., :3]).astype(int)


def _words(plan: Drawing, look: Look | None = None) -> str:
    """All text of the SVG, in its order."""
    svg = saved(picture(plan, look or Look()), "svg").decode()
    return unescape(" | ".join(re.findall(r"<text[^>]*>([^<]*)</text>", svg)))


def _full() -> Drawing:
    steps, loss = descent(3000)
    loss[1500], loss[2000:2100] = 9.0, np.nan
    run = made({"loss": (steps, loss), "val_loss": (steps[::200], loss[::200]), "lr": (steps, 1e-4 + 0 * steps),
                "grad_norm": (steps, np.abs(loss))})  # fmt: skip
    found = (
        finding("spike", 1500, 1500),
        finding("nan", 2000, 2099, severity=Severity.CRITICAL),
        finding("flat", 2500, None),
    )
    return drawn(run, *found)


@pytest.mark.parametrize("dark", [False, True])
def test_a_picture_is_not_blank_and_has_its_ground(dark: bool) -> None:
    pixels = _pixels(_full(), Look(6, 4, 60, dark))
    assert pixels.shape == (240, 360, 3)
    ground = pixels[1, 1]
    assert bool(ground.mean() < 60) is dark
    assert 0.02 < np.mean(np.abs(pixels - ground).sum(axis=2) > 60) < 0.5


def test_every_word_is_in_the_picture() -> None:
    words = _words(_full())
    for word in ("run-a", "something is told", "▲1 spike", "■2 nan", "▲3 flat", "■2 critical nan: nan is told", "lr",
                 "loss, as logged", "loss, ema 0.9", "val_loss", "NaN or infinite", "step", "grad norm"):  # fmt: skip
        assert word in words, word


def test_every_finding_has_its_band_in_every_panel() -> None:
    plan = _full()
    figure = picture(plan)
    for axes in figure.axes:
        onsets = [float(line.get_xdata()[0]) for line in axes.lines if len(line.get_xdata()) == 2]
        assert all(pin.first in onsets for pin in plan.pins)


def test_the_same_drawing_makes_the_same_bytes() -> None:
    plan = _full()
    for format_ in ("png", "svg", "pdf"):
        assert saved(picture(plan, SMALL), format_) == saved(picture(plan, SMALL), format_)


@pytest.mark.parametrize(
    "name",
    [
        "a$x_1$b",
        r"\frac{1}{2}$",
        "_hidden",
        "x" * 300,
        "שלום עולם",
        "界" * 50,
        "a\x1b[31m\nb",
        "<b>&amp;",
        "%s {0}",
    ],
)
def test_names_of_strangers_are_taken_literally(name: str) -> None:
    steps, loss = descent(50)
    run = made({"val_loss": (steps, loss), name: (steps, loss)}, name)
    plan = drawn(run, finding("spike", 25, 25), series=(name,))
    words = _words(plan)
    assert plan.title in words
    assert plan.panels[0].lines[0].name in words
    assert _pixels(plan).std() > 1


@pytest.mark.parametrize("y", ["linear", "log", "log-log", "auto"])
@pytest.mark.parametrize(
    "values",
    [[2.0], [np.nan] * 3, [1e308, -1e308, 3], [0.0, 0.0], [-1.0, -2.0], [3.0, 3.0, np.inf], [1e-300, 1e300]],
)
def test_odd_curves_are_drawn(values: list[float], y: str) -> None:
    plan = drawn(made({"loss": (range(len(values)), values)}), finding("nan", 0, None), y=y)
    words = _words(plan, SMALL)
    assert "math" not in words
    assert ("no finite value to draw" in words) is not any(
        np.isfinite(line.y).any() for line in plan.panels[0].lines
    )
    assert _pixels(plan).std() > 1


def test_many_runs_and_findings_keep_to_the_page() -> None:
    runs = [made({"loss": descent(300)}, f"run number {i} with a long name") for i in range(26)]
    told = [finding("exploding_gradient", 10 * i, 10 * i + 5) for i in range(20)]
    plan = drawing([(run, report(run, *told)) for run in runs], Settings())
    look = Look(8, 6, 50)
    figure = picture(plan, look)
    figure.canvas.draw()
    for text in figure.texts:
        box = text.get_window_extent()
        assert box.x0 >= 0
        assert box.y0 >= -1
        assert box.y1 <= 6 * 50 + 1


def test_long_names_keep_to_their_panel() -> None:
    steps, loss = descent(50)
    names = ("x" * 80, "界" * 80, "loss")
    figure = picture(drawn(made(dict.fromkeys(names, (steps, loss))), series=names), Look(8, 5, 60))
    saved(figure, "png")
    for axes in figure.axes:
        assert axes.yaxis.label.get_window_extent().height <= axes.get_window_extent().height * 1.1


@pytest.mark.parametrize("size", [(2, 2), (2.5, 6), (20, 3)])
def test_any_size_is_drawn(size: tuple[float, float]) -> None:
    assert _pixels(_full(), Look(*size, 40)).std() > 1


def test_a_spike_of_one_point_among_a_million_is_seen() -> None:
    steps, loss = descent(1_000_000)
    before = _pixels(drawn(made({"loss": (steps, loss)}), smoothing=smoothing("ema:1000"), n_buckets=300))
    loss[700_000] = 9.5
    after = _pixels(drawn(made({"loss": (steps, loss)}), smoothing=smoothing("ema:1000"), n_buckets=300))
    changed = np.abs(after - before).sum(axis=2) > 30
    assert np.flatnonzero(changed.any(axis=1)).size > 60  # a needle as high as the curve's own fall


@pytest.mark.parametrize(
    "size", [{"width": 0}, {"height": 1000}, {"dpi": 1e6}, {"dpi": float("nan")}, {"width": float("nan")}]
)
def test_sizes_that_no_picture_has_are_refused(size: dict[str, float]) -> None:
    with pytest.raises(UsageError, match="expected"):
        Look(**size)


def test_pyplot_is_never_loaded() -> None:
    code = (
        "import sys, descentry; from pathlib import Path; from descentry.assets.demo import demo_log\n"
        "with demo_log() as path: f = descentry.read(path).plot(); f._repr_png_()\n"
        "print('matplotlib.pyplot' in sys.modules, len(f.axes), type(f).__mro__[1].__name__)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "3", "Figure"]
