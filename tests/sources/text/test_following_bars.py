"""Logs of bars alone, followed: what is settled goes out at pauses, once, and any split gives the same."""

import random
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.sources.text.test_lines import decoded, points
from tests.sources.text.test_lines_hostile import assert_same, in_pieces
from tests.sources.text.test_run_bar import refreshed, state

from descentry.formats.lines import MAX_LINE
from descentry.record.chunk import Chunk
from descentry.sources.rows import joined
from descentry.sources.text import reader
from descentry.sources.text.decoder import TextDecoder
from descentry.sources.text.pieces import Pieces

RUN = "".join(state(n, 99, f"loss={n}.5") for n in range(1, 40))
EPOCHS = "".join(state(n, 20, f"loss={9 - e}.{n:02}", f"Epoch {e}") for e in (1, 2, 3) for n in range(1, 21))
KERAS = "".join(
    f"Epoch {e}/3\n"
    + "".join(f"\r {n}/10 [==>......] - ETA: 1s - loss: {n}.5" + "\b" * 30 for n in range(1, 10))
    + f"\r10/10 [=========] - 3s 5ms/step - loss: {e}.5"
    + "\b" * 30
    + f"\r10/10 [=========] - 3s 5ms/step - loss: {e}.5 - val_loss: {e}.25\n"
    for e in (1, 2, 3)
)
TWICE = refreshed([3.5, 3.25, 3.25, 2.5], "Training") + refreshed([3.0, 2.75], "Validation")
LOGS = {
    "run": RUN,
    "epochs": EPOCHS,
    "keras": KERAS,
    "twice": TWICE * 3,
    "refreshed": refreshed([4.5, 3.5, 2.5] * 9),
}


def paused(data: bytes, cuts: list[int], *, ends: bool = True) -> Chunk:
    """The log with a pause at each cut."""
    decoder = TextDecoder("a.log")
    chunks = []
    for a, b in pairwise([0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]):
        chunks += [decoder.feed(data[a:b]), decoder.pause()]
    return joined([*chunks, *([decoder.end()] if ends else [])])


def series(chunk: Chunk) -> dict[str, list[tuple[int, float]]]:
    return {name: points(chunk, name) for name in chunk.columns}


@pytest.mark.parametrize("name", sorted(LOGS))
@settings(max_examples=30, deadline=None)
@given(cuts=st.lists(st.integers(0, 1 << 20), max_size=12))
def test_any_split_of_the_bytes_gives_the_same_bars(name: str, cuts: list[int]) -> None:
    assert_same(decoded(LOGS[name]), in_pieces(LOGS[name].encode(), cuts))


@pytest.mark.parametrize("name", ["run", "epochs", "keras", "refreshed"])
@settings(max_examples=30, deadline=None)
@given(cuts=st.lists(st.integers(0, 1 << 20), max_size=12))
def test_pauses_hand_nothing_out_twice(name: str, cuts: list[int]) -> None:
    assert series(paused(LOGS[name].encode(), cuts)) == series(decoded(LOGS[name]))


def test_the_states_of_a_runs_bar_go_out_as_they_settle() -> None:
    decoder = TextDecoder("a.log")
    seen: list[tuple[int, float]] = []
    for n in range(1, 30):
        chunk = joined([decoder.feed(state(n, 99, f"loss={n}.5").encode()), decoder.pause()])
        seen += points(chunk, "loss") if chunk.columns else []
        assert len(seen) >= n - 2
    assert seen == [(n, n + 0.5) for n in range(1, len(seen) + 1)]


def test_the_states_of_an_epochs_bar_go_out_before_the_epoch_ends() -> None:
    half = EPOCHS[: EPOCHS.index(" 15/20")]
    assert len(points(paused(half.encode(), [50, 100], ends=False), "loss")) >= 12


def test_a_full_bar_goes_out_once_a_newline_ends_it() -> None:
    text = "".join(
        state(1, 2, f"loss={e}.5", f"Epoch {e}") + state(2, 2, f"loss={e}.5", f"Epoch {e}") + "\n"
        for e in (1, 2)
    )
    assert points(paused(text.encode(), [], ends=False), "loss") == [(1, 1.5), (2, 2.5)]


def test_what_may_still_change_waits() -> None:
    text = "".join(state(n, 9, f"loss={n}.5", "Training") for n in range(1, 6))
    decoder = TextDecoder("a.log")
    early = joined([decoder.feed(text.encode()), decoder.pause()])
    late = joined([decoder.feed(state(5, 9, "loss=0.25", "Training").encode() + b"\n"), decoder.end()])
    (name,) = early.columns
    assert points(early, name) == [(1, 1.5), (2, 2.5), (3, 3.5)]
    assert points(late, name) == [(4, 4.5), (5, 0.25)]


def test_a_bar_that_says_no_loss_does_not_decide_what_bars_are() -> None:
    download = "".join(state(n, 50, f"size={n}", "Download") for n in range(1, 51)) + "\n"
    lines = "".join(f"{download}epoch {e} train loss {e}.5\n" for e in (1, 2, 3))
    assert set(paused(lines.encode(), list(range(0, len(lines), 40))).columns) == {"train loss"}


BESIDE = "".join(
    "".join(state(n, 20, f"loss={9 - e}.{n:02}", f"Epoch {e}") for n in range(1, 21))
    + f"\nepoch {e}: train loss {e}.5\n"
    for e in (1, 2, 3)
)


def test_states_that_went_out_before_a_line_with_a_loss_are_kept_and_told() -> None:
    data = BESIDE.encode()
    late = paused(data, [data.index(b" 15/20")])
    assert {name: len(its) for name, its in series(late).items()} == {"loss": 60, "epoch train loss": 3}
    assert [(event.kind, event.where) for event in late.events] == [("progress_bar", "a.log:2")]
    whole = decoded(BESIDE)
    assert set(whole.columns) == {"train loss"}
    assert ["left out" in event.message for event in whole.events] == [True]


@pytest.mark.parametrize("name", sorted(LOGS))
def test_bars_alone_are_no_reason_to_tell_anything(name: str) -> None:
    assert not paused(LOGS[name].encode(), list(range(0, len(LOGS[name]), 150))).events


def test_a_follower_reads_bars_without_a_newline(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_text(RUN)
    chunks = reader.follow(path)
    seen = [next(chunks) for _ in range(4)]
    with path.open("a") as log:
        log.write("".join(state(n, 99, f"loss={n}.5") for n in range(40, 60)))
    seen += [next(chunks) for _ in range(4)]
    assert points(joined(seen), "loss") == [(n, n + 0.5) for n in range(1, 58)]


def test_bars_beyond_the_length_of_a_line_are_read() -> None:
    pad = " " * 40_000
    text = "".join(state(n, 999, f"loss={n}.5") + pad for n in range(1, 300))
    assert len(text) > MAX_LINE
    decoder = TextDecoder("a.log")
    data = text.encode()
    chunks = [decoder.feed(data[at : at + 65536]) for at in range(0, len(data), 65536)]
    chunk = joined([*chunks, decoder.end()])
    assert points(chunk, "loss") == [(n, n + 0.5) for n in range(1, 300)]
    assert not chunk.events


def test_pieces_are_numbered_by_their_lines() -> None:
    data = b"a\rb\rc\r\n\r\nd\re\n\rf\r"
    for seed in range(50):
        cuts = sorted(random.Random(seed).sample(range(1, len(data)), 5))
        pieces = Pieces("a.log")
        blocks = [pieces.feed(data[a:b]) for a, b in pairwise([0, *cuts, len(data)])]
        told = {}
        for block in [*blocks, pieces.end()]:
            line = block.line
            for row in block.data.replace(b"\r\n", b"\n").split(b"\n"):
                told |= {piece: line for piece in row.split(b"\r") if piece}
                line += 1
        assert told == {b"a": 1, b"b": 1, b"c": 1, b"d": 3, b"e": 3, b"f": 4}


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"])
def test_a_piece_without_end_is_given_up_and_told(end: bytes) -> None:
    pieces = Pieces("a.log")
    data = b"x" * (MAX_LINE + 200_000) + end + b"step 1\n"
    found = b"".join(pieces.feed(data[at : at + 99_991]).data for at in range(0, len(data), 99_991))
    assert found == b"step 1\n"
    assert [(event.kind, event.where) for event in pieces.events] == [("bad_line", "a.log:1")]
    assert pieces.is_at_start
