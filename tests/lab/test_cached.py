"""The cached set: small, telling, and answered at least this well."""

import random
from pathlib import Path

import pytest
from lab.case import Truth
from lab.cli import CACHED, judged_run
from lab.score.cached import N_EACH, chosen, shows
from lab.score.figures import alarms, by_pattern, causes, macro_f1, micro_f1
from lab.score.judge import Judged
from lab.store import Stored, stored

from descentry.patterns.registry import detectors

MAX_BYTES = 5_000_000
LEAST_MICRO = 0.85
"""Of the sample: the shortest runs are the hardest, and one answer of so few is a hundredth of the score."""
LEAST_WHOLE = 0.90
"""Micro and macro F1 of the whole set."""
LEAST_TOP1, LEAST_TOP3 = 0.80, 0.90
MAX_BENIGN = 0.02


@pytest.fixture(scope="module")
def judged() -> list[Judged]:
    """One of everything from the test split: the whole set takes a minute."""
    return [judged_run(run) for run in chosen([run for run in stored(CACHED) if run.split == "test"], 1)]


def made(folder: Path, name: str, size: int, must: str, split: str = "fit") -> Stored:
    path = folder / f"{name}.jsonl.gz"
    path.write_bytes(b"x" * size)
    return Stored(name, "made", "x", "fault", "mild", 0, split, Truth(frozenset(must.split())), path)


def test_it_is_small() -> None:
    assert 0 < sum(path.stat().st_size for path in CACHED.iterdir()) < MAX_BYTES


def test_both_splits_show_every_pattern() -> None:
    for split in ("fit", "test"):
        shown = {what for run in stored(CACHED) if run.split == split for what in shows(run)}
        told = {pattern for _, kind, pattern in shown if kind == "pattern"}
        # Log overlaps are events of reading and have samples of their own; one shape with two causes counts as one.
        assert {one.id for one in detectors()} - {"log_overlap", "underfit_capacity"} <= told


def test_the_smallest_are_taken_whatever_their_order(tmp_path: Path) -> None:
    runs = [made(tmp_path, f"r{k}", 10 + k, "spike") for k in range(6)]
    runs += [made(tmp_path, "rare", 900, "spike nan"), made(tmp_path, "other", 50, "spike", "test")]
    names = [run.id for run in chosen(runs)]
    assert names == sorted([f"r{k}" for k in range(N_EACH)] + ["rare", "other"])
    random.Random(1).shuffle(runs)
    assert [run.id for run in chosen(runs)] == names


def test_patterns_are_told(judged: list[Judged]) -> None:
    assert micro_f1(by_pattern(judged)) >= LEAST_MICRO


def test_causes_are_told(judged: list[Judged]) -> None:
    told = causes(judged)
    assert told.top1 >= LEAST_TOP1
    assert told.top3 >= LEAST_TOP3


def test_no_healthy_run_is_alarmed(judged: list[Judged]) -> None:
    assert [one.run.id for one in judged if one.run.kind == "healthy" and one.answer.loud & one.falses] == []


@pytest.mark.slow
def test_the_whole_set_is_answered_as_well() -> None:
    whole = [judged_run(run) for run in stored(CACHED)]
    scores = by_pattern(whole)
    assert min(micro_f1(scores), macro_f1(scores)) >= LEAST_WHOLE
    test_causes_are_told(whole)
    test_no_healthy_run_is_alarmed(whole)
    benign = alarms(whole, "benign")
    assert benign.alarmed <= MAX_BENIGN * benign.runs
