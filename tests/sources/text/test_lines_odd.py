"""Console text with odd numbers, NULs, epochs' bars, meters and two fractions: values and events."""

import math
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.sources.text.test_lines import decoded, points
from tests.sources.text.test_lines_hostile import assert_same, in_pieces

from descentry.record.chunk import Chunk
from descentry.sources.collect import collect
from descentry.sources.places.find import find
from descentry.sources.text.recognising import is_log

PLAIN = "".join(f"step {i} loss {5 - i / 4} lr 0.5\n" for i in range(8))


def told(chunk: Chunk) -> list[tuple[str, str | None, int]]:
    return [(event.kind, event.where, event.count) for event in chunk.events]


def bar(epoch: int, n: int, metrics: str, total: int = 100) -> str:
    return f"Epoch {epoch}: {100 * n // total}%|████| {n}/{total} [00:10<00:12, 1.20it/s, {metrics}]"


@pytest.mark.parametrize("end", ["\n", "\r"])
def test_the_states_of_epochs_bars_are_rows(tmp_path: Path, end: str) -> None:
    text = "".join(bar(e, n, f"loss={4 - e - n / 100}") + end for e in (1, 2) for n in range(10, 101, 10))
    (tmp_path / "a.log").write_text(text + "\n")
    (log,) = find(tmp_path / "a.log")
    run = collect(log)
    assert run.curves["loss"].steps.tolist() == list(range(10, 201, 10))
    assert run.curves["loss"].values.tolist() == [3 - n / 100 for n in range(10, 201, 10)]
    assert run.events == ()


def test_an_epoch_that_is_not_done_is_read_as_far_as_it_came(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text("\r".join(bar(0, n, f"loss={n}.5") for n in (1, 2, 3, 4)))
    (log,) = find(tmp_path / "a.log")
    assert collect(log).curves["loss"].steps.tolist() == [1, 2, 3, 4]


def test_a_validation_behind_a_full_bar_joins_its_last_state() -> None:
    text = ""
    for epoch in range(2):
        said = [bar(epoch, n, f"train_loss={5 - epoch - n / 16}", 16) for n in range(1, 17)]
        text += (
            "\r".join(said) + "\r" + bar(epoch, 16, f"train_loss={4 - epoch}.0, val_loss={3 - epoch}.5", 16)
        )
        text += "\r" + bar(epoch + 1, 0, f"train_loss={4 - epoch}.0, val_loss={3 - epoch}.5", 16) + "\n"
    chunk = decoded(text)
    assert points(chunk, "train_loss") == [(n, 5 - n / 16) for n in range(1, 33)]
    assert points(chunk, "val_loss") == [(16, 3.5), (32, 2.5)]
    assert told(chunk) == []


def test_the_only_epoch_is_read_state_by_state_when_it_is_done() -> None:
    text = "".join(bar(1, n, f"loss={n}.5", 4) + "\r" for n in (1, 2, 3, 4))
    chunk = decoded(text + "\nValidation: 100%|██| 9/9 [00:10<00:12, 1.20it/s, val_loss=2.5]\n")
    assert points(chunk, "loss") == [(n, n + 0.5) for n in (1, 2, 3, 4)]
    assert points(chunk, "val_loss") == [(4, 2.5)]


def test_validation_bars_stand_at_the_ends_of_epochs() -> None:
    text = ""
    for epoch in range(2):
        text += "".join(bar(epoch, n, f"loss={n}.5", 12) + "\n" for n in range(1, 13))
        text += "".join(f"Validation: 9%|██| {n}/9 [0:1<0:2, 1it/s, val_loss={epoch}.5]\n" for n in (3, 6, 9))
    chunk = decoded(text)
    assert chunk.columns["loss"].values.tolist() == [n + 0.5 for n in range(1, 13)] * 2
    assert points(chunk, "val_loss") == [(12, 0.5), (24, 1.5)]


def test_bars_of_epochs_are_left_out_where_lines_say_the_losses() -> None:
    text = "".join(
        "".join(bar(e, n, "loss=9.5", 4) + "\n" for n in range(1, 5)) + f"Epoch {e} train loss {3 - e}.5\n"
        for e in range(3)
    )
    chunk = decoded(text)
    assert {name: points(chunk, name) for name in chunk.columns} == {
        "train loss": [(0, 3.5), (1, 2.5), (2, 1.5)]
    }
    assert [kind for kind, _, _ in told(chunk)] == ["progress_bar"]


@pytest.mark.parametrize(
    ("spelling", "expected"),
    [
        ("1.#QNAN", math.nan), ("-1.#IND00", math.nan), ("1.#INF", math.inf), ("-1.#INF", -math.inf),
        ("-nan(ind)", math.nan), ("1_000", 1000.0), ("-12_345_678", -12345678.0), ("1e5", 1e5),
    ],
)  # fmt: skip
def test_odd_spellings_of_numbers_are_read(spelling: str, expected: float) -> None:
    chunk = decoded(
        f"step: 1 loss: 2.5 lr: 0.5\nstep: 2 loss: {spelling} lr: 0.25\nstep: 3 loss: {spelling}\n"
    )
    np.testing.assert_array_equal(chunk.columns["loss"].values, [2.5, expected, expected])
    assert points(chunk, "lr") == [(1, 0.5), (2, 0.25)]
    assert told(chunk) == []


@pytest.mark.parametrize("spelling", ["0x10", "1e", "1.5e-", "None", "null", "N/A", "--"])
def test_what_is_no_number_is_left_out_and_told(spelling: str) -> None:
    lines = [f"step: {i} loss: {spelling if i > 5 else i / 2} lr: 0.5\n" for i in range(1, 8)]
    chunk = decoded("".join(lines))
    assert points(chunk, "loss") == [(i, i / 2) for i in range(1, 6)]
    assert points(chunk, "lr") == [(i, 0.5) for i in range(1, 8)]
    assert told(chunk) == [("bad_value", "log.txt:6", 2)]
    assert f'loss: "{spelling}" is no number' in chunk.events[0].message


def test_a_hex_number_is_none_in_the_first_line_either() -> None:
    chunk = decoded("step: 1 loss: 0x10 lr: 0.5\n")
    assert set(chunk.columns) == {"lr"}
    assert told(chunk) == [("bad_value", "log.txt:1", 1)]


def test_a_value_that_was_never_printed_becomes_no_part_of_a_name() -> None:
    chunk = decoded("step: 1 val_loss: None lr: 0.5\nstep: 2 val_loss: None lr: 0.25\n")
    assert {name: points(chunk, name) for name in chunk.columns} == {"lr": [(1, 0.5), (2, 0.25)]}
    assert told(chunk) == []


def test_dashes_between_numbers_are_no_missing_values() -> None:
    chunk = decoded("".join(f"epoch {i} -- loss {i}.5 -- acc 0.5\n" for i in range(5)))
    assert points(chunk, "loss") == [(i, i + 0.5) for i in range(5)]
    assert told(chunk) == []


def test_decimal_commas_are_read_and_told() -> None:
    text = "step: 1 loss: 2,51 lr: 0,001\nstep: 2 loss: 2,510 lr: 0,001\nstep: 3 loss: 2,410\nstep: 4 loss: -2,5\n"
    chunk = decoded(text)
    assert points(chunk, "loss") == [(1, 2.51), (2, 2.51), (3, 2.41), (4, -2.5)]
    assert points(chunk, "lr") == [(1, 0.001), (2, 0.001)]
    assert told(chunk) == [("decimal_comma", "log.txt:1", 4)]


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        ("step: 1 a=1,b=2\n", "b", [(1, 2.0)]),
        ("step: 1 tokens: 1,234 loss: 2.5\n", "tokens", [(1, 1234.0)]),
        ("step: 1 tokens: 1,234\n", "tokens", [(1, 1234.0)]),
        ("step: 1,000 loss: 2,5\n", "loss", [(1000, 2.5)]),
        ("step: 1 loss: 2,5, lr: 0,1\n", "lr", [(1, 0.1)]),
    ],
)
def test_commas_that_part_thousands_or_values_stay(
    text: str, name: str, expected: list[tuple[int, float]]
) -> None:
    assert points(decoded(text), name) == expected


@pytest.mark.parametrize(
    ("text", "steps", "n_nuls", "n_broken"),
    [
        (PLAIN + "\0" * 500, range(8), 500, 0),
        (PLAIN + "\0" * 500 + "step 8 loss 3.0 lr 0.5\n", range(9), 500, 0),
        (PLAIN + "\0" * 500 + "step 8 loss 3.0 lr 0.5", range(9), 500, 0),
        (PLAIN + "step 8 loss 3." + "\0" * 90 + "5 lr 0.5\nstep 9 loss 2.5 lr 0.5\n", [*range(8), 9], 90, 2),
        (PLAIN + "step 8 loss 3.25 lr 0.5\0\0\nstep 9 loss 2.5 lr 0.5\n", range(10), 2, 0),
        (PLAIN + "\0\0 loss 3.25 lr 0.5\n", range(8), 2, 1),
    ],
)
def test_nuls_are_left_out_and_good_lines_kept(
    tmp_path: Path, text: str, steps: list[int], n_nuls: int, n_broken: int
) -> None:
    path = tmp_path / "log.txt"
    path.write_text(text)
    (log,) = find(path)
    run = collect(log)
    assert run.curves["loss"].steps.tolist() == list(steps)
    events = {event.kind: (event.where, event.count) for event in run.events}
    assert events.pop("nul_bytes") == ("log.txt:9", n_nuls)
    assert events == ({"bad_line": ("log.txt:9", n_broken)} if n_broken else {})


def test_many_runs_of_nuls_are_a_binary_file() -> None:
    assert is_log(PLAIN.encode())
    assert not is_log("\0".join(PLAIN).encode())


def test_meters_show_their_present_values() -> None:
    line = "Epoch: [0][{}/100] Time 0.3 (0.4) Data 0.1 (0.2) Loss 2.31 (2.40) Acc@1 10.0 (9.0)\n"
    chunk = decoded(line.format(" 10") + line.format(" 20") + " * Acc@1 71.5 Acc@5 90.5\n")
    found = {name: points(chunk, name) for name in chunk.columns}
    assert found == {
        "Time": [(10, 0.3), (20, 0.3)],
        "Data": [(10, 0.1), (20, 0.1)],
        "Loss": [(10, 2.31), (20, 2.31)],
        "Acc@1": [(10, 10.0), (20, 10.0)],
        "test Acc@1": [(20, 71.5)],
        "test Acc@5": [(20, 90.5)],
    }
    assert told(chunk) == []


def test_two_fractions_are_an_epoch_and_a_batch() -> None:
    tail = "\tLoss_D: {}.5\tLoss_G: 3.5\tD(x): 0.5\tD(G(z)): 0.25 / 0.125\n"
    chunk = decoded("".join(f"[{e}/25][{b}/100]" + tail.format(e) for e in (0, 1) for b in (0, 50)))
    assert points(chunk, "Loss_D") == [(0, 0.5), (50, 0.5), (100, 1.5), (150, 1.5)]
    assert points(chunk, "D(G(z))") == [(n, 0.25) for n in (0, 50, 100, 150)]
    assert points(chunk, "D(G(z)) after") == [(n, 0.125) for n in (0, 50, 100, 150)]
    assert chunk.config == {"epochs": 25, "batches_per_epoch": 100}
    assert told(chunk) == []
    other = decoded("".join(f"[{e}/9][{b}/20] loss: 1.5\n" for e in (1, 2) for b in (10, 20)))
    assert points(other, "loss") == [(10, 1.5), (20, 1.5), (30, 1.5), (40, 1.5)]


@pytest.mark.parametrize("spelling", ["1.5", "None", "0x1F"])
def test_a_step_that_cannot_be_used_says_what_it_costs(spelling: str) -> None:
    chunk = decoded(f"step: 1 loss: 2.5\nstep: {spelling} loss: 2.25\nstep: 2 loss: 2.0\n")
    assert points(chunk, "loss") == [(1, 2.5), (2, 2.0)]
    assert told(chunk) == [("bad_value", "log.txt:2", 1)]
    assert chunk.events[0].message == f'"{spelling}" is no step: the values of its line were left out'


ODD_BAIT = {
    "underscores": ("1_000" * 12_000 + "\n") * 20,
    "grouped": ("1" + "_000" * 15_000 + "\n") * 20,
    "dashes": ("-" * 60_000 + "\n") * 20,
    "pairs of dashes": ("step 1 " + "-- " * 20_000 + "\n") * 20,
    "windows": ("1.#" * 20_000 + "\n") * 20,
    "nones": ("None " * 12_000 + "\n") * 20,
    "torn": ("1e " * 20_000 + "\n") * 20,
    "hex": ("0x" * 30_000 + "\n") * 20,
    "decimal commas": ("a: 1,5 " * 8_000 + "\n") * 20,
    "long keys": ("a" * 30_000 + ": 1,5" + "_" * 30_000 + "\n") * 20,
    "spaces behind a sign": ("a: 1,5, " + "a" + " " * 60_000 + "\n") * 20,
    "colons and spaces": ("a :    " * 9_000 + ",\n") * 20,
    "nuls": "step 1 loss 2.5\n" + ("\0x" * 30_000 + "\n") * 5,
    "labels": "".join(f"{'e' * 50_000}epoch 1: 9%|x| {n}/9 [1/s, loss=1]\n" for n in range(9)),
}


@pytest.mark.parametrize("name", sorted(ODD_BAIT))
def test_odd_bait_is_read_in_linear_time(name: str) -> None:
    started = time.process_time()
    decoded(ODD_BAIT[name])
    assert time.process_time() - started < 6


PIECES = [
    "step: ", "loss: ", " ", "1,5", "2.5", "None", "--", "0x1", "1e", "1_000", "1.#IND", "\0", "\n", "\r", "[", "/",
    "][", "] ", "(", ") ", "Epoch 1: 9%|█| 1/3 [1/s, loss=2.5]", "Epoch 1: 9%|█| 2/3 [1/s, loss=1.5]",
    "Epoch 2: 9%|█| 3/3 [1/s, loss=0.5]", "Epoch 1 train loss 2.5", "step: 1 loss: 2.5 lr: 0.5\n",
]  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=40))
def test_soups_of_odd_pieces_raise_nothing(parts: list[str]) -> None:
    text = "".join(parts)
    assert_same(decoded(text), in_pieces(text.encode(), [len(text) // 3, len(text) // 2]))
    is_log(text.encode())
