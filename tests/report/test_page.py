"""What a page draws: every finding, every extreme, arrays that come back as they were."""

import base64

import numpy as np
import pytest
from tests.report.made import diagnosed

from descentry.record.report import RunReport
from descentry.report.jsonable import Json
from descentry.report.page import known_when, packed, page, run_page
from descentry.testing import curves
from descentry.testing.curves import TRAIN, healthy


def unpacked(text: Json) -> np.ndarray:
    return np.frombuffer(base64.b64decode(str(text["f64"])), "<f8")


def lines_of(made: Json) -> list[dict]:
    return [line for panel in made["panels"] for line in panel["lines"]]


@pytest.fixture(scope="module")
def long() -> RunReport:
    chunk = healthy(40_000, seed=3, sigma=0.02, n_validations=60)
    return diagnosed(curves.spike(chunk, at=25_000, height=4.0))


def test_arrays_come_back_as_they_were() -> None:
    values = np.array([1.5, np.nan, np.inf, -0.0, 1e-320])
    assert unpacked(packed(values)).tobytes() == values.tobytes()
    assert packed(np.empty(0)) == {"f64": ""}


def test_no_extreme_is_lost(long: RunReport) -> None:
    train = next(line for line in lines_of(run_page(long)) if line["role"] == "train_loss")
    sketch = next(one for one in long.sketches if one.name == TRAIN)
    assert len(sketch.steps) < 40_000
    assert unpacked(train["high"]).max() == sketch.high.max()
    assert unpacked(train["low"]).min() == sketch.low.min()


def test_all_arrays_of_a_line_have_one_length(long: RunReport) -> None:
    for line in lines_of(run_page(long)):
        n = len(unpacked(line["steps"]))
        others = [
            line["values"],
            *(one for one in (line["low"], line["high"]) if one),
            *line["smooth"].values(),
        ]
        assert {len(unpacked(one)) for one in others} == {n}


def test_every_finding_has_a_label_and_the_evaluations_have_markers(long: RunReport) -> None:
    made = run_page(long)
    assert long.findings
    assert made["labels"] == [str(i + 1) for i in range(len(long.findings))]
    assert len(made["known"]) == len(long.findings)
    assert [line["is_sparse"] for line in lines_of(made)][:2] == [False, True]
    assert [panel["id"] for panel in made["panels"]].count("loss") == 1


def test_what_was_known_when_is_told_in_steps(long: RunReport) -> None:
    spike = next(one for one in long.findings if one.pattern == "spike")
    assert known_when(spike).startswith("known at step 25\u202f0") or "at once" in known_when(spike)


def test_an_average_stands_in_front_only_where_noise_hides_the_curve() -> None:
    calm = run_page(diagnosed(healthy(3000, seed=1, sigma=0.0, n_validations=10)))
    noisy = run_page(diagnosed(healthy(3000, seed=1, sigma=0.2, n_validations=10)))
    assert calm["smoothing"] == "none"
    assert noisy["smoothing"] == noisy["smoothings"][0]


def test_a_loss_over_decades_suggests_a_log_axis_and_one_below_zero_does_not() -> None:
    chunk = healthy(2000, seed=1)
    wide = curves.with_values(chunk, TRAIN, np.geomspace(10.0, 1e-4, 2000))
    signed = curves.with_values(chunk, TRAIN, np.linspace(10.0, -1e-4, 2000))
    said = [run_page(diagnosed(one))["panels"][0]["suggests_log"] for one in (wide, signed)]
    assert said == [True, False]


def test_a_log_without_a_curve_has_no_panels() -> None:
    made = run_page(RunReport("a", "jsonl", "a", "undetermined", "no curve", (), (), ()))
    assert made["panels"] == []
    assert page([made], "0", "now")["schema"] == "descentry/page/1"
