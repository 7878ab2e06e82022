"""Lines that are not looked at: what they would have said is nothing, and the time they take is little."""

from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.sources.text.test_lines import decoded, points
from tests.sources.text.test_lines_hostile import assert_same

from descentry.sources.text.idle import Idle, is_mute

LINES = (
    "step 1 loss 2.5",
    "step 2 loss 2.25",
    "step 2 loss nan",
    "loss 1.5",
    "val loss 3.5",
    "Validation:",
    "hello",
    "the model has 5 layers",
    "took 17 s",
    "took 18 s",
    "",
    "-------",
    "| loss | 2.5 |",
    "| step | 3 |",
    "| train/ |  |",
    "epoch loss val",
    "3 2.5 2.75",
    "4 2.25 2.5",
    "epoch 3",
    "None",
    "loss None",
    "lr 1,5",
    "loss: 2,5",
    "loss: 1,125",
    "loss: 2,75",
    "50%|##| 5/10 [00:01<00:02, loss=2.5]",
    "loading 3: 7",
    "[rank1]: step 3 loss 1.0",
    "1: step 4 loss 9.0",
    "0: step 4 loss 8.0",
    "1: hello 5",
    "Traceback (most recent call last):",
    "inf",
    "INFO info",
    "\x1b[31mstep 5 loss 1.0",
    "step 6 loss 3.5 | boom 17",
    "E0101 12:00:00 5 a.cc:7] x 5",
    "epoch  train loss  val loss",
    "12 12 12",
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(LINES), max_size=40))
def test_what_is_passed_over_says_nothing(lines: list[str]) -> None:
    text = "\n".join(lines) + "\n"
    passed = decoded(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Idle, "after", lambda _self, _lines, start: start)
        assert_same(passed, decoded(text))


@pytest.mark.parametrize(
    "line", ["Validation:", "nan", "loss: None", "-------", "Epoch loss", "x 1", "| a |", "n/a", "Infinity"]
)
def test_a_line_that_may_say_something_is_looked_at(line: str) -> None:
    assert not is_mute(line)
    assert is_mute("hello world, this is INFO.")


COUNTED = "".join(f"step {i} loss {3 - i}.5\n" for i in range(3))


@pytest.mark.parametrize(
    ("flood", "at_most_us"),
    [
        pytest.param("hello wo\n", 5.0, id="words"),
        pytest.param("1\n", 5.0, id="numbers"),
        pytest.param("\n", 5.0, id="empty lines"),
        pytest.param("loss 1\r", 8.0, id="carriage returns"),
        pytest.param("step 7 loss 2.5\nval loss 3.5\n", 45.0, id="two shapes in turn"),
    ],
)
def test_floods_of_short_lines_take_microseconds_each(flood: str, at_most_us: float) -> None:
    """The limits are some five times what an idle machine takes; they were passed ten times over."""
    n = 60_000
    text = COUNTED + flood * n
    before = process_time()
    decoded(text)
    assert (process_time() - before) / n * 1e6 < at_most_us


def test_states_between_carriage_returns_are_rows_like_lines() -> None:
    states = "".join(f"step {i} loss {i}.5\r" for i in range(2000))
    assert points(decoded(states + "\n"), "loss") == [(i, i + 0.5) for i in range(2000)]


def test_lines_without_a_counter_keep_their_step_however_many_come() -> None:
    chunk = decoded("step 3 loss 2.5\n" + "loss 1\n" * 9 + "step 4 loss 2.0\n" + "val loss 3\n" * 9)
    assert points(chunk, "loss") == [(3, 2.5), *[(3, 1.0)] * 9, (4, 2.0)]
    assert points(chunk, "val loss") == [(4, 3.0)] * 9
