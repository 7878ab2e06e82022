"""The ring: the first and the newest stay, gaps grow with age, and all that is given up comes back."""

import pytest

from descentry.integrations.ring import Ring


@pytest.mark.parametrize("n_kept", [0, 3, 8])
def test_what_is_kept_and_what_is_given_up_are_all(n_kept: int) -> None:
    ring = Ring[str](n_kept)
    gone = [one for step in range(100) for one in ring.keep(step, str(step))]
    assert len(ring.steps) == max(3, n_kept)
    assert (ring.steps[0], ring.steps[-1]) == (0, 99)
    assert sorted([*ring.steps, *(step for step, _ in gone)]) == list(range(100))
    assert all(state == str(step) for step, state in gone)
    assert ring[99] == "99"


def test_one_is_always_near_before_any_step_for_its_age() -> None:
    ring = Ring[None](12)
    for step in range(0, 10_000, 10):
        ring.keep(step, None)
    for back in (0, 20, 100, 500, 2000):
        nearest = max(step for step in ring.steps if step <= 9_990 - back)
        assert 9_990 - nearest <= 2.5 * back


def test_later_ones_are_given_up_together() -> None:
    ring = Ring[int](5)
    for step in range(5):
        ring.keep(step, step)
    assert ring.drop_after(2) == [(3, 3), (4, 4)]
    assert ring.drop(7) == []
    assert ring.steps == [0, 1, 2]
