"""Rates: a factor holds for exactly the steps that were asked for, and for good where none were."""

from descentry.integrations.rates import Rates


def factors(rates: Rates, n: int) -> list[float]:
    seen = []
    for step in range(rates.step + 1, rates.step + 1 + n):
        rates.begin(step)
        seen.append(rates.factor)
    return seen


def test_factors_multiply_and_end() -> None:
    rates = Rates()
    rates.scale(0.5, None)
    rates.scale(0.1, 3)
    assert rates.factor == 0.05
    assert factors(rates, 4) == [0.05, 0.05, 0.5, 0.5]


def test_what_is_asked_for_after_an_update_holds_from_the_next_on() -> None:
    rates = Rates()
    rates.scale(0.1, 2, after=1)
    assert factors(rates, 3) == [0.1, 0.1, 1.0]
