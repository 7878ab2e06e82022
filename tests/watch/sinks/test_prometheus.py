"""The endpoint, scraped for real."""

import math
from dataclasses import replace
from urllib.request import urlopen

import pytest
from tests.report.samples import EVIL

from descentry.record.errors import UsageError
from descentry.record.finding import Severity
from descentry.watch.sinks.prometheus import LOOPBACK, Prometheus, address
from descentry.watch.told import RunState

parser = pytest.importorskip("prometheus_client.parser")

STATE = RunState(
    "a", 12_400, "loss", 3.2, 3.124, "falling", "critical", 1240, 12.0, 1000.0,
    (("nan", Severity.CRITICAL), ("spike", Severity.WARNING)),
)  # fmt: skip

LABELS = ("run", "pattern", "verdict", "severity")


def scraped(sink: Prometheus) -> dict[tuple[str, tuple[str, ...]], float]:
    with urlopen(sink.where) as answer:
        text = answer.read().decode()
    return {
        (sample.name, tuple(sample.labels[key] for key in LABELS if key in sample.labels)): sample.value
        for family in parser.text_string_to_metric_families(text)
        for sample in family.samples
    }


@pytest.fixture
def sink():
    one = Prometheus(LOOPBACK, 0)
    yield one
    one.close(60.0)


def test_the_state_of_a_run_is_served(sink: Prometheus) -> None:
    sink.show([STATE], 0.0)
    values = scraped(sink)
    assert values["descentry_step", ("a",)] == 12_400
    assert values["descentry_loss", ("a",)] == 3.2
    assert values["descentry_loss_smoothed", ("a",)] == 3.124
    assert values["descentry_points_read_total", ("a",)] == 1240
    assert values["descentry_verdict", ("a", "critical")] == 1
    assert values["descentry_verdict", ("a", "healthy")] == 0
    assert values["descentry_findings_open", ("a", "nan", "critical")] == 1
    assert values["descentry_findings_open", ("a", "spike", "warning")] == 1
    assert values["descentry_last_point_age_seconds", ("a",)] > 1e6
    assert values["descentry_run_over", ("a",)] == 0


def test_nothing_is_made_up(sink: Prometheus) -> None:
    assert scraped(sink) == {}
    sink.show([replace(STATE, curve="", last_time=None, open=())], 0.0)
    names = {name for name, _ in scraped(sink)}
    assert not names & {"descentry_loss", "descentry_last_point_age_seconds", "descentry_findings_open"}


def test_nan_and_hostile_names_are_escaped(sink: Prometheus) -> None:
    name = EVIL + '"} 1\n# HELP x\\'
    sink.show([replace(STATE, run=name, loss=math.nan)], 0.0)
    values = scraped(sink)
    (label,) = {labels[0] for _, labels in values if labels}
    assert "\n" not in label
    assert math.isnan(values["descentry_loss", (label,)])


def test_a_port_that_is_taken_is_bad_usage(sink: Prometheus) -> None:
    with pytest.raises(UsageError, match=r"cannot listen .*name another port"):
        Prometheus(LOOPBACK, sink.port)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("9464", (LOOPBACK, 9464)),
        (":9464", (LOOPBACK, 9464)),
        ("0.0.0.0:1", ("0.0.0.0", 1)),
        ("[::1]:5", ("::1", 5)),
    ],
)
def test_an_address_is_loopback_unless_it_says_otherwise(text: str, expected: tuple[str, int]) -> None:
    assert address(text) == expected


@pytest.mark.parametrize("text", ["", "host", "host:", "1:99999", "-1", "host:٣"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"expected \[HOST:\]PORT"):
        address(text)
