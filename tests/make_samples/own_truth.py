"""Truths of samples that have a test of their own: several runs in a place, or a library needed to read them."""

from pathlib import Path

from tests.make_samples.truth import ENDING, Truth

POINTS = ".points.json"


def write_points(truth: Truth, log: Path) -> None:
    """Writes `<log>.points.json`, laid out as other truths are."""
    truth.write(log)
    log.with_name(log.name + ENDING).rename(log.with_name(log.name + POINTS))
