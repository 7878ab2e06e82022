"""Loss functions are known by the names that frameworks use, with their bounds and starts."""

import math

import pytest

from descentry.signal.loss_function import expected_start, loss_functions, named

NAMES = [
    ("CrossEntropyLoss", "categorical_cross_entropy"),
    ("sparse_categorical_crossentropy", "categorical_cross_entropy"),
    ("torch.nn.NLLLoss()", "categorical_cross_entropy"),
    ("nn.BCEWithLogitsLoss()", "binary_cross_entropy"),
    ("binary_crossentropy", "binary_cross_entropy"),
    ("binary cross entropy", "binary_cross_entropy"),
    ("train/mse_loss", "mean_squared_error"),
    ("reg:squarederror", "mean_squared_error"),
    ("mean_absolute_error", "mean_absolute_error"),
    ("nn.L1Loss", "mean_absolute_error"),
    ("SmoothL1Loss", "huber"),
    ("hinge", "hinge"),
    ("squared_hinge", "hinge"),
    ("eval/ppl", "perplexity"),
    ("val_bpb", "bits_per_byte"),
]


@pytest.mark.parametrize(("text", "id_"), NAMES)
def test_frameworks_names_are_understood(text: str, id_: str) -> None:
    found = named(text)
    assert found is not None
    assert found.id == id_


@pytest.mark.parametrize("text", ["train/loss", "loss", "", "training", "ceiling", "loss/en"])
def test_other_names_name_none(text: str) -> None:
    assert named(text) is None


def test_each_function_has_a_bound_a_start_and_a_source() -> None:
    known = loss_functions()
    assert len(known) == 8
    for one in known.values():
        assert one.source
        assert one.shape
        assert math.isfinite(one.lowest)
        assert isinstance(one.start, str) or one.start >= one.lowest


def test_what_the_user_says_comes_first() -> None:
    start = expected_start({"loss_fn": "mse"}, function="bce")
    assert start is not None
    assert (start.function, start.origin, start.accuses) == ("binary_cross_entropy", "given", True)
    assert start.loss == pytest.approx(math.log(2))


def test_a_vocabulary_gives_its_logarithm() -> None:
    start = expected_start({"vocab_size": 50257})
    assert start is not None
    assert start.loss == pytest.approx(10.825, abs=1e-3)
    assert start.accuses


def test_perplexity_starts_at_the_vocabulary() -> None:
    start = expected_start({"vocab_size": 100}, names=["train/ppl"])
    assert start is not None
    assert (start.loss, start.accuses, start.lowest) == (100.0, False, 1.0)


def test_a_regression_never_accuses() -> None:
    start = expected_start({"criterion": "MSELoss"}, first_loss=250.0)
    assert start is not None
    assert not start.accuses


def test_a_size_that_the_first_loss_suggests_never_accuses() -> None:
    start = expected_start({}, first_loss=10.82)
    assert start is not None
    assert (start.origin, start.accuses) == ("guessed", False)


def test_nothing_is_made_of_nothing() -> None:
    assert expected_start({}) is None
    assert expected_start({}, names=["ppl"]) is None
    assert expected_start({"loss": 3.2}, names=["train/loss"], first_loss=3.2) is None
