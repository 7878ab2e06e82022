"""Lines of several processes in one log: each rank's series apart, and nothing changed where one rank logs."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.sources.text.test_lines import decoded, points
from tests.sources.text.test_lines_hostile import assert_same, in_pieces

from descentry.record.chunk import Chunk
from descentry.sources.text.decoder import TextDecoder
from descentry.sources.text.ranks import MAX_RANKS

FORMS = (
    "[rank{r}]: ", "[rank{r}] ", "[rank{r}]:", "[Rank {r}] ", "[default{r}]:", "[1,{r}]<stdout>:", "{r}: ",
    "  {r}: ", "[{r}]: ", "[GPU{r}] ", "rank {r}: ", "rank={r} ", "(rank {r}) ", "rank: {r}, ",
    "2024-01-01 12:00:00 INFO [rank{r}] ", "2024-01-01 12:00:00 [Rank {r}] ",
)  # fmt: skip
EXPECTED = {
    "loss": [(s, 5.0 - s) for s in range(5)],
    "rank1/loss": [(s, 6.0 - s) for s in range(5)],
    "rank2/loss": [(s, 7.0 - s) for s in range(5)],
}


def interleaved(form: str, order: tuple[int, ...] = (0, 1, 2)) -> str:
    return "".join(form.format(r=r) + f"step {s} loss {5 + r - s}.0\n" for s in range(5) for r in order)


def series(chunk: Chunk) -> dict[str, list[tuple[int, float]]]:
    return {name: points(chunk, name) for name in chunk.columns}


@pytest.mark.parametrize("form", FORMS)
def test_every_ranks_loss_is_a_series_of_its_own(form: str) -> None:
    chunk = decoded(interleaved(form))
    assert series(chunk) == EXPECTED
    assert [(event.kind, event.count, event.warning) for event in chunk.events] == [("ranks", 10, True)]


@pytest.mark.parametrize("order", [(1, 0, 2), (2, 1, 0), (1, 2, 0)])
def test_rank_0_has_the_plain_names_whichever_prints_first(order: tuple[int, ...]) -> None:
    assert series(decoded(interleaved("[rank{r}]: ", order))) == EXPECTED


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("rank", [0, 3])
def test_where_one_rank_logs_nothing_changes(form: str, rank: int) -> None:
    text = "".join(form.format(r=rank) + f"step {s} loss {s}.5\n" for s in range(200))
    chunk = decoded(text)
    assert series(chunk) == {"loss": [(s, s + 0.5) for s in range(200)]}
    assert not chunk.events


def test_what_one_rank_alone_prints_keeps_its_name() -> None:
    text = "".join(
        f"[default0]:step {s}: elapsed={s}.5\n[default7]:step {s} lm loss: {9 - s}.0\n" for s in range(5)
    )
    chunk = decoded(text)
    assert series(chunk) == {
        "elapsed": [(s, s + 0.5) for s in range(5)],
        "lm loss": [(s, 9.0 - s) for s in range(5)],
    }
    assert not chunk.events


def test_lines_without_a_rank_are_those_of_rank_0() -> None:
    text = "".join(f"step {s} loss {s}.5\n[rank1]: step {s} loss {s}.25\n" for s in range(5))
    assert series(decoded(text)) == {
        "loss": [(s, s + 0.5) for s in range(5)],
        "rank1/loss": [(s, s + 0.25) for s in range(5)],
    }


def test_the_lowest_rank_has_the_plain_names_where_rank_0_is_silent() -> None:
    chunk = decoded(interleaved("[rank{r}]: ", (2, 1)))
    assert series(chunk) == {"loss": EXPECTED["rank1/loss"], "rank2/loss": EXPECTED["rank2/loss"]}


def test_ranks_that_lag_behind_count_their_own_epochs() -> None:
    of_rank = "".join(f"[rank{{r}}]: Epoch {e} [{b}/100] loss {b}.{e}\n" for e in (1, 2) for b in (50, 100))
    found = series(decoded(of_rank.format(r=0) + of_rank.format(r=1)))
    assert found["loss"] == found["rank1/loss"] == [(50, 50.1), (100, 100.1), (150, 50.2), (200, 100.2)]


def test_lines_that_count_nothing_stay_with_their_rank() -> None:
    text = "".join(
        "".join(f"{r}: step {s} loss {s}.{r}\n" for r in (0, 1))
        + "".join(f"{r}: val loss {s}.{r}5\n" for r in (0, 1))
        for s in range(5)
    )
    found = series(decoded(text))
    assert found["val loss"] == [(s, s + 0.05) for s in range(5)]
    assert found["rank1/val loss"] == [(s, s + 0.15) for s in range(5)]


@pytest.mark.parametrize(
    "text",
    [
        "".join(f"step {s} loss {s}.5 rank=16\n" for s in range(5)),
        "".join(f"{s}: loss {s}.5\n" for s in range(5)),
        "".join(f"{s}: step {s} loss {s}.5\n" for s in range(5)),
        "".join(f"[{s + 7}]: step {s} loss {s}.5\n" for s in range(5)),
        "rank 1 sample 0: and loss 3 is what I had in 1999.\n" + "".join(f"step {s} loss {s}.5\n" for s in range(5)),
        "[rank1]: NCCL INFO 5 channels\n" * 9 + "".join(f"step {s} loss {s}.5\n" for s in range(5)),
    ],
)  # fmt: skip
def test_what_only_looks_like_a_rank_changes_nothing(text: str) -> None:
    assert series(decoded(text)) == {"loss": [(s, s + 0.5) for s in range(5)]}


@pytest.mark.parametrize("form", ["{}: ", "[{}]: "])
def test_a_number_that_always_grows_is_no_rank(form: str) -> None:
    text = "".join(form.format(s) + f"step {s} loss {s}.5\n" for s in range(200))
    assert series(decoded(text)) == {"loss": [(s, s + 0.5) for s in range(200)]}


@pytest.mark.parametrize("order", [(1, 0, 2), (2, 1, 0), (1, 2, 0), (0, 2, 1)])
def test_bare_ranks_may_come_in_any_order(order: tuple[int, ...]) -> None:
    assert series(decoded(interleaved("{r}: ", order))) == EXPECTED


def test_bars_of_ranks_do_not_mix() -> None:
    text = "".join(
        f"[rank{r}]: Epoch {e}: {10 * n}%|██| {n}/10 [00:01<00:09, 9it/s, loss={e}.{r}{n}]\n"
        for e in (1, 2) for n in range(1, 11) for r in (0, 1)
    )  # fmt: skip
    found = series(decoded(text))
    assert (
        [step for step, _ in found["loss"]] == [step for step, _ in found["rank1/loss"]] == list(range(1, 21))
    )
    assert found["rank1/loss"][0] == (1, 1.11)


def test_ranks_without_end_are_left_out_and_told() -> None:
    chunk = decoded("".join(f"[rank{r}]: step 1 loss 2.5\n" for r in range(MAX_RANKS + 10)))
    assert len(chunk.columns) <= MAX_RANKS + 1
    assert {event.kind: event.count for event in chunk.events} == {"ranks": MAX_RANKS, "bad_line": 9}


@pytest.mark.parametrize("form", FORMS[:7])
@settings(max_examples=20, deadline=None)
@given(cuts=st.lists(st.integers(0, 1 << 20), max_size=8))
def test_any_split_of_the_bytes_gives_the_same_ranks(form: str, cuts: list[int]) -> None:
    text = interleaved(form, (1, 2, 0))
    assert_same(decoded(text), in_pieces(text.encode(), cuts))


def test_a_follower_gets_the_rows_of_a_lone_rank_before_the_end() -> None:
    decoder = TextDecoder("a.log")
    decoder.feed("".join(f"[rank3]: step {s} loss {s}.5\n" for s in range(20)).encode())
    assert points(decoder.pause(), "loss") == [(s, s + 0.5) for s in range(20)]


@pytest.mark.parametrize("bait", ["[1]: " * 9000, "rank 1: " * 8000, "[rank1]" * 9000, "1: " * 20000])
def test_ranks_upon_ranks_are_read_without_end(bait: str) -> None:
    decoded(f"{bait}step 1 loss 2.5\n" * 3)
    assert points(decoded(f"{bait}\nstep 1 loss 2.5\n"), "loss") == [(1, 2.5)]
