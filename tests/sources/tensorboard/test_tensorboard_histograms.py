"""Histograms as series of quantiles: against the values that real libraries were given."""

import json
import struct
from pathlib import Path

import numpy as np
import pytest
from tests.sources.made_logs import VERSION, event, simple, sized, tensor, varint

from descentry.record.run import Run
from descentry.sources.collect import collect
from descentry.sources.places.find import find

SAMPLES = Path(__file__).parents[2] / "samples"
NAME = "events.out.tfevents.1700000000.host.1.0"
PERCENTS = (0, 5, 25, 50, 75, 95, 100)


@pytest.mark.parametrize("name", ["torch", "tf2"])
def test_quantiles_are_near_those_of_the_values(name: str) -> None:
    truth = json.loads((SAMPLES / name / "histograms.quantiles.json").read_text("utf-8"))
    (log,) = find(SAMPLES / name / "histograms")
    run = collect(log)
    assert set(run.curves) == {f"{tag}/p{percent}" for tag in truth["tags"] for percent in PERCENTS}
    spread = np.array(truth["quantiles"]["100"]) - np.array(truth["quantiles"]["0"])
    for tag in truth["tags"]:
        bucket = spread / (60 if tag == "fine" else 30)
        for percent in PERCENTS:
            curve = run.curves[f"{tag}/p{percent}"]
            expected = np.array(truth["quantiles"][str(percent)])
            allowed = bucket if percent not in (0, 100) else np.full(4, 1e-8)
            assert curve.steps.tolist() == truth["steps"]
            assert (np.abs(curve.values - expected) <= allowed).all(), (tag, percent)
    assert not run.events


def histogram(tag: str, low: float, high: float, edges: list[float], counts: list[float]) -> bytes:
    body = b"\x09" + struct.pack("<d", low) + b"\x11" + struct.pack("<d", high)
    body += sized(6, struct.pack(f"<{len(edges)}d", *edges)) + sized(
        7, struct.pack(f"<{len(counts)}d", *counts)
    )
    return sized(5, sized(1, sized(1, tag.encode()) + sized(5, body)))


def table(rows: list[list[float]]) -> bytes:
    shape = sized(2, sized(2, b"\x08" + varint(len(rows))) + sized(2, b"\x08\x03"))
    return b"\x08\x02" + shape + sized(4, np.array(rows).tobytes())


def run_of(folder: Path, *events: bytes) -> Run:
    (folder / NAME).write_bytes(VERSION + b"".join(events))
    (log,) = find(folder / NAME)
    return collect(log)


def test_quantiles_stand_in_the_row_of_their_step(tmp_path: Path) -> None:
    found = run_of(
        tmp_path, event(3, simple("loss", 2.5)), event(3, histogram("w", 0, 4, [1, 2, 3, 4], [1, 1, 1, 1]))
    )
    assert found.curves["w/p50"].values.tolist() == [2.0]
    assert found.curves["w/p25"].values.tolist() == [1.0]
    assert found.curves["w/p100"].steps.tolist() == found.curves["loss"].steps.tolist() == [3]


def test_a_plugin_that_is_named_once_holds_for_later_values(tmp_path: Path) -> None:
    rows = [[0.0, 1.0, 4.0]]
    found = run_of(
        tmp_path,
        event(1, tensor("w", table(rows), "histograms")),
        event(2, tensor("w", table(rows), None)),
        event(3, tensor("other", table(rows), None)),
    )
    assert found.curves["w/p50"].steps.tolist() == [1, 2]
    assert set(found.curves) == {f"w/p{percent}" for percent in PERCENTS}
    assert [(told.kind, told.count, told.warning) for told in found.events] == [("passed_over", 1, False)]


def test_a_histogram_that_is_none_is_told_and_costs_nothing_else(tmp_path: Path) -> None:
    broken = histogram("w", 0, 1, [1.0], [1, 2])[2:]
    both = sized(5, broken + simple("loss", 2.5)[2:])
    found = run_of(tmp_path, event(1, both), event(2, histogram("w", 0, 1, [1.0], [3])))
    assert found.curves["loss"].values.tolist() == [2.5]
    assert found.curves["w/p50"].steps.tolist() == [2]
    (told,) = found.events
    assert (told.kind, told.warning) == ("bad_value", True)
    assert "1 edges for 2 counts" in told.message
    assert told.where == f"{NAME}@byte {len(VERSION)}"


def test_an_empty_histogram_says_nothing(tmp_path: Path) -> None:
    found = run_of(tmp_path, event(1, histogram("w", 0, 0, [], [])), event(1, simple("loss", 1)))
    assert list(found.curves) == ["loss"]
    assert [told.kind for told in found.events] == ["passed_over"]
