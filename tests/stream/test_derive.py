"""Series that a log implies: the sum of its parts, the logarithm of its perplexity."""

import warnings

import numpy as np

from descentry.record.chunk import Chunk, Column, table
from descentry.record.roles import Role
from descentry.stream.drive import run
from descentry.testing import curves

PARTS = ("train/box_loss", "train/cls_loss", "train/dfl_loss")
STEPS = np.arange(1, 301, dtype=np.int64)


def test_a_loss_in_parts_is_their_sum() -> None:
    loss = curves.healthy(300, seed=1).columns[curves.TRAIN].values
    outcome = run([table(STEPS, dict.fromkeys(PARTS, loss / 3.0))])
    name = outcome.names[Role.TRAIN_LOSS]
    np.testing.assert_allclose(outcome.shapes[name].levels, loss)
    assert [event.kind for event in outcome.events] == ["derived"]


def test_a_nan_in_one_part_is_a_nan_in_the_sum() -> None:
    series = {name: np.ones(300) for name in PARTS}
    series[PARTS[1]][200:] = np.nan
    findings = run([table(STEPS, series)]).findings
    assert {one.onset_step for one in findings if one.pattern == "nan"} == {201}


def test_infinities_of_both_signs_make_no_warning() -> None:
    series = {name: np.ones(300) for name in PARTS}
    series[PARTS[0]][100], series[PARTS[1]][100] = np.inf, -np.inf
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert run([table(STEPS, series)]).findings


def test_the_sum_has_the_rows_in_which_every_part_is_logged() -> None:
    rows = np.arange(300, dtype=np.int64)
    columns = {name: Column(rows[:: i + 1], np.ones(len(rows[:: i + 1]))) for i, name in enumerate(PARTS)}
    outcome = run([Chunk(STEPS, columns)])
    assert outcome.shapes[outcome.names[Role.TRAIN_LOSS]].n_points == 50


def test_perplexity_alone_gives_the_loss() -> None:
    loss = curves.healthy(300, seed=1).columns[curves.TRAIN].values
    outcome = run([table(STEPS, {"ppl": np.exp(loss)})])
    np.testing.assert_allclose(outcome.shapes[outcome.names[Role.TRAIN_LOSS]].levels, loss)


def test_a_perplexity_of_zero_or_less_is_no_crash() -> None:
    values = np.exp(curves.healthy(300).columns[curves.TRAIN].values)
    values[100], values[200] = 0.0, -1.0
    assert "nan" in {one.pattern for one in run([table(STEPS, {"ppl": values})]).findings}


def test_a_logged_loss_needs_no_sum() -> None:
    series = {name: np.ones(300) for name in (*PARTS, "train/loss")}
    outcome = run([table(STEPS, series)])
    assert outcome.names[Role.TRAIN_LOSS] == "train/loss"
    assert outcome.events == ()


def test_a_sum_once_told_stays() -> None:
    rows = np.arange(300, dtype=np.int64)
    columns = {name: Column(rows, np.ones(300)) for name in PARTS[:2]}
    columns["train/loss"] = Column(rows[280:], np.ones(20))
    outcome = run([Chunk(STEPS, columns)])
    assert outcome.names[Role.TRAIN_LOSS].endswith("(sum of 2 parts)")
    assert outcome.roles["train/loss"] is None
