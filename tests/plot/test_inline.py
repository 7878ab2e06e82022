"""The inline SVG: well formed, small, every finding in it, every string escaped."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest
from tests.plot.made import descent, drawn, finding, made, report

from descentry.pictures import drawing
from descentry.plot.inline import N_BUCKETS, svg
from descentry.plot.settings import Settings
from descentry.record.legible import escaped

SVG = "{http://www.w3.org/2000/svg}"


def _numbers(path: str) -> np.ndarray:
    return np.array(re.findall(r"-?\d+\.\d", path), float).reshape(-1, 2)


@pytest.mark.parametrize("n", [1, 2, 300, 1_000_000])
def test_it_is_well_formed_and_small_whatever_the_length(n: int) -> None:
    text = svg(
        drawn(made({"loss": descent(n), "val_loss": descent(min(n, 50))}), finding(), n_buckets=N_BUCKETS)
    )
    ElementTree.fromstring(text)
    assert len(text) < 30_000
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "")


def test_every_finding_tells_its_words() -> None:
    told = [finding("spike", 10 * i, 10 * i + 5) for i in range(60)]
    root = ElementTree.fromstring(svg(drawn(made({"loss": descent()}), *told)))
    titles = [element.text for element in root.iter(f"{SVG}title")]
    assert all(f"▲{i + 1} warning spike: spike is told" in titles for i in range(60))


def test_a_spike_reaches_the_top() -> None:
    steps, loss = descent(100_000)
    loss[70_000] = 99.0
    root = ElementTree.fromstring(svg(drawn(made({"loss": (steps, loss)}), n_buckets=N_BUCKETS)))
    shapes = [
        element.get("d", "") for element in root.iter(f"{SVG}path") if element.get("fill", "none") != "none"
    ]
    assert min(_numbers(shape)[:, 1].min() for shape in shapes) == 26.0


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", '"><img src=x>', "a&b;\x00", "\u202e界"])
def test_names_are_escaped(name: str) -> None:
    run = made({name: descent(20)}, name)
    text = svg(drawn(run, finding(), series=(name,)))
    root = ElementTree.fromstring(text)
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= {
        "svg",
        "title",
        "g",
        "rect",
        "path",
        "text",
        "circle",
    }
    assert escaped(name)[:20] in "".join(root.itertext())


@pytest.mark.parametrize("y", ["linear", "log", "log-log", "auto"])
@pytest.mark.parametrize(
    "values", [[2.0], [np.nan] * 3, [1e308, -1e308, 3], [0.0, 0.0], [-1.0, -2.0], [1e-300, 1e300]]
)
def test_odd_curves_are_drawn(values: list[float], y: str) -> None:
    text = svg(drawn(made({"loss": (range(len(values)), values)}), finding("nan", 0, None), y=y))
    ElementTree.fromstring(text)
    assert "nan" not in re.sub(r"<title>.*?</title>|<text.*?</text>", "", text)


def test_several_runs_share_the_picture() -> None:
    runs = [made({"loss": descent(100)}, f"name{i}") for i in range(12)]
    text = svg(drawing([(run, report(run)) for run in runs], Settings(n_buckets=N_BUCKETS)))
    assert "A name0" in text
    assert text.count('fill="none"') >= 12
