"""The loss of a uniform guess: given, logged, or recognised from a first loss that could be nothing else."""

import math

import pytest

from descentry.signal.uniform import uniform_guess

NAN = float("nan")


def test_gpt2_starts_at_ten_point_eight_two() -> None:
    found = uniform_guess(50257, {}, NAN)
    assert found is not None
    assert found.loss == pytest.approx(10.8249, abs=1e-4)
    assert found.origin == "given"


def test_the_log_may_name_the_size() -> None:
    found = uniform_guess(None, {"vocab_size": 10_000}, 9.3)
    assert found is not None
    assert (found.size, found.origin) == (10_000, "logged")


def test_what_is_given_overrules_what_is_logged() -> None:
    found = uniform_guess(100, {"vocab_size": 10_000}, 9.3)
    assert found is not None
    assert found.size == 100


@pytest.mark.parametrize(("first", "size"), [(10.82, 50257), (10.81, 50257), (2.303, 10), (4.61, 100)])
def test_a_common_size_is_recognised(first: float, size: int) -> None:
    found = uniform_guess(None, {}, first)
    assert found is not None
    assert found.origin == "guessed"
    assert abs(math.log(found.size) - math.log(size)) < 0.002


@pytest.mark.parametrize("first", [10.52, 10.99, 2.27, 3.0, 0.0, -1.0, NAN, math.inf])
def test_nothing_is_guessed_from_a_loss_that_fits_no_size(first: float) -> None:
    assert uniform_guess(None, {}, first) is None


@pytest.mark.parametrize("size", [True, 1, 0, -5, "50257", None])
def test_a_size_that_is_none_is_passed_over(size: object) -> None:
    assert uniform_guess(None, {"vocab_size": size}, NAN) is None
