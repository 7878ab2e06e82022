"""Lines that differ in words which tell nothing: of one shape, and read as if each were looked at."""

from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.sources.text.test_lines import decoded, points
from tests.sources.text.test_lines_hostile import assert_same

from descentry.sources.text.quick import Quick
from descentry.sources.text.stray import MARK, masked, n_silent, tells

WORDS = (
    "alpha", "node7", "sunny", "fa3b2c", "final_model", "val", "test", "loss", "validation", "nan", "None", "tokens",
    "ms", "encoder", "error", "epoch", "rank1", "x1f", "GiB", "Warning", "INFO", "my_loss", "done", "batches", "acc",
    "mean",
)  # fmt: skip
FRAMES = (
    "step {i} loss {v} {w}",
    "{w} step {i} loss {v}",
    "step {i} {w} loss {v}",
    "epoch {i} loss {v} ({w})",
    "step {i} loss {v} saved to out/{w}.pt",
    "step {i} loss {v} {w}={v}",
    "epoch {i} batch {i}/500 [{w}] acc: {v}",
    "loss {v} {w}",
)


def letters(i: int) -> str:
    return "".join("qwrtzupsdf"[int(digit)] for digit in f"{i:04}")


def of_frames(frames: list[str], words: list[str]) -> str:
    """A line of each frame for each of many silent words, then one of each for each of `words`."""
    said = [*map(letters, range(12)), *words, letters(77)]
    return "".join(
        frame.format(i=i, v=f"{2 + i / 8}", w=word) + "\n" for i, word in enumerate(said) for frame in frames
    )


@settings(max_examples=120, deadline=None)
@given(
    st.lists(st.sampled_from(FRAMES), min_size=1, max_size=3, unique=True),
    st.lists(st.sampled_from(WORDS), max_size=6),
)
def test_lines_with_any_words_say_what_they_say_the_long_way(frames: list[str], words: list[str]) -> None:
    text = of_frames(frames, words)
    quick = decoded(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Quick, "run", lambda *_: 0)
        assert_same(quick, decoded(text))


def test_what_tells_something_is_no_stray_word() -> None:
    assert all(map(tells, ("val", "my_loss", "Warning", "rank1", "nan", "ms", "encoder", "top1")))
    assert not any(map(tells, ("alpha", "node7", "fa3b2c", "final_model")))
    assert masked(" saved val to checkpoints/abc.pt") == f" {MARK} val to {MARK}/{MARK}.pt"
    assert n_silent([["alpha", "beta", "val_x", "gamma"], ["one", "nan", "two", "three"]]) == 1


def test_ever_new_words_cost_microseconds() -> None:
    n = 40_000
    text = "".join(f"step {i} loss 2.5 {letters(i)}{letters(3 * i)}\n" for i in range(n))
    before = process_time()
    chunk = decoded(text)
    assert (process_time() - before) / n * 1e6 < 30
    assert len(points(chunk, "loss")) == n


@pytest.mark.parametrize(
    "flood",
    [
        pytest.param("epoch {i} loss x\n", id="headers that name a loss"),
        pytest.param("epoch {i}\n", id="headers"),
        pytest.param("Validation:\n", id="contexts"),
        pytest.param("| {i} | 2.5 |\n", id="rows of a table"),
        pytest.param("epoch {i} loss 2.5\n", id="epochs beside steps"),
        pytest.param("step {i} loss None\n", id="values that are none"),
        pytest.param("step {i} train loss 2.5\nstep {i} val loss 2.5\n", id="two series in turn"),
    ],
)
def test_floods_of_what_counts_or_heads_take_microseconds_each(flood: str) -> None:
    n = 30_000
    head = "".join(f"step {i} loss {3 - i}.5\n" for i in range(3)) + "| step | loss |\n|---|---|\n"
    text = head + "".join(flood.format(i=i) for i in range(n))
    before = process_time()
    decoded(text)
    assert (process_time() - before) / n * 1e6 < 45


def test_a_table_below_another_header_means_what_that_says() -> None:
    rows = "".join(f"| {i} | {i}.5 |\n" for i in range(9))
    chunk = decoded(f"| step | loss |\n|---|---|\n{rows}| epoch | acc |\n|---|---|\n{rows}")
    assert [value for _, value in points(chunk, "loss")] == [i + 0.5 for i in range(9)]
    assert [value for _, value in points(chunk, "acc")] == [i + 0.5 for i in range(9)]


def test_a_value_said_twice_in_a_line_is_one_until_both_differ() -> None:
    same = "".join(f"step {i} loss {i}.5 | loss {i}.5\n" for i in range(20))
    chunk = decoded(same)
    assert list(chunk.columns) == ["loss"]
    chunk = decoded(same + "step 20 loss 1.5 | loss 2.5\nstep 21 loss 3.5 | loss 3.5\n")
    assert points(chunk, "loss (2)") == [(20, 2.5), (21, 3.5)]
    assert points(chunk, "loss")[-2:] == [(20, 1.5), (21, 3.5)]
