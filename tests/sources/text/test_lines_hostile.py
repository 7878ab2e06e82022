"""Console text that is cut anywhere, torn, huge, or no text at all."""

import random
import re
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.sources.text.test_lines import SAMPLES, decoded, points
from tests.sources.told import invented

from descentry.record.chunk import Chunk
from descentry.sources.rows import joined
from descentry.sources.text import reader as lines
from descentry.sources.text.decoder import TextDecoder
from descentry.sources.text.recognising import is_log

WHOLE = "".join(SAMPLES.values())
PLAIN = "".join(f"step {i} | loss {5 / i:.4f} | lr {i * 1e-5:.2e} | norm {i % 7}.25\n" for i in range(1, 40))
BATCHES = "".join(
    f"2020-01-02 03:04:{i:02},5 - root - [Epoch {e} Batch {i}/30] loss={5 / (i + 1):.4f}, wc={i}.5K\n"
    for e in range(3)
    for i in range(0, 30, 3)
)


def in_pieces(data: bytes, cuts: list[int]) -> Chunk:
    decoder = TextDecoder("log.txt")
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    chunks = [decoder.feed(data[a:b]) for a, b in pairwise(edges)]
    return joined([*chunks, decoder.end()])


def assert_same(one: Chunk, other: Chunk) -> None:
    np.testing.assert_array_equal(one.steps, other.steps)
    assert one.columns.keys() == other.columns.keys()
    for name, column in one.columns.items():
        np.testing.assert_array_equal(column.rows, other.columns[name].rows)
        np.testing.assert_array_equal(column.values, other.columns[name].values)
    assert one.config == other.config
    assert {event.kind for event in one.events} == {event.kind for event in other.events}


@pytest.mark.parametrize("text", [*SAMPLES.values(), PLAIN, BATCHES, WHOLE])
@settings(max_examples=25, deadline=None)
@given(cuts=st.lists(st.integers(0, 1 << 20), max_size=12))
def test_any_split_of_the_bytes_gives_the_same_rows(text: str, cuts: list[int]) -> None:
    assert_same(decoded(text), in_pieces(text.encode(), cuts))


@pytest.mark.parametrize("text", [PLAIN, BATCHES, *(text * 5 for text in SAMPLES.values())])
def test_the_quick_way_reads_what_the_long_way_reads(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    quick = decoded(text)
    monkeypatch.setattr("descentry.sources.text.quick.Quick.run", lambda *_: 0)
    assert_same(quick, decoded(text))


@pytest.mark.parametrize(
    "text", [PLAIN, BATCHES[:900], "".join(f"{i} train {9 / i:.6f}\n" for i in range(1, 30))]
)
def test_a_log_cut_at_any_byte_gives_a_prefix(text: str) -> None:
    name = "loss" if "loss" in text else "train loss"
    whole = points(decoded(text), name)
    for cut in range(len(text)):
        head = points(decoded(text[:cut]), name) if text[:cut].count("\n") > 3 else None
        if head is not None:
            n_lines = text[:cut].count("\n")
            assert head == whole[: len(head)], text[max(0, cut - 80) : cut]
            assert n_lines <= len(head) <= n_lines + 1


def test_a_torn_last_line_is_left_out_and_told() -> None:
    chunk = decoded(PLAIN + "step 40 | loss 0.1250 | lr 4.0")
    assert chunk.steps[-1] == 39
    assert [(e.kind, e.where) for e in chunk.events] == [("torn_tail", "log.txt:40")]


def test_a_whole_last_line_needs_no_newline() -> None:
    assert decoded(PLAIN[:-1]).steps[-1] == 39


def quotients(text: str) -> str:
    """What `9000/10000` is, for each such pair: an accuracy that is told so is read as one number."""
    pairs = re.findall(r"(?=(?<![0-9.])([0-9.]+)\s*(?:/|of)[\s\[]*([0-9.]+))", text.replace(",", ""))
    numbers = [(float(a), float(b)) for a, b in pairs if a.count(".") < 2 > b.count(".") and a != "." != b]
    return " ".join(repr(a / b) for a, b in numbers if b)


def unheard_of(chunk: Chunk, data: bytes) -> list[float]:
    text = data.decode(errors="replace")
    return invented([column.values for column in chunk.columns.values()], f"{text} {quotients(text)}")


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=400))
def test_random_bytes_tell_no_number_of_their_own(data: bytes) -> None:
    assert not unheard_of(decoded(data), data)
    lines.matches(Path("/nowhere/x.log"), data)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 1 << 32))
def test_damaged_logs_tell_no_number_of_their_own(seed: int) -> None:
    rng = random.Random(seed)
    data = bytearray(WHOLE.encode())
    for _ in range(rng.randrange(60)):
        at = rng.randrange(len(data))
        data[at : at + rng.randrange(4)] = bytes(rng.randrange(256) for _ in range(rng.randrange(4)))
    assert not unheard_of(decoded(bytes(data)), bytes(data))


SOUP = [
    "step ", "epoch ", "batch ", "loss", "val ", " | ", "=", ": ", "/", "[", "]", "(", ")", "1", "23",
    "4.5", "1e999", "nan", "-", ",", "'", "{", "}", "%|", "| 3/3 [", "\r", "\n", "\t", "\u001b[31m",
    "\u0000", "99999999999999999999", "Namespace(", "12:30:45 ", "2020-99-99 12:30:45 ", "Validation:",
    "é", "K ", "ms", "━", "0",
]  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(SOUP), max_size=60))
def test_soups_of_tokens_raise_nothing(parts: list[str]) -> None:
    text = "".join(parts)
    assert_same(decoded(text), in_pieces(text.encode(), [len(text) // 3, len(text) // 2]))


BAIT = {
    "digits": "1" * 10_000_000,
    "spaces": " " * 10_000_000,
    "signs": "=" * 10_000_000,
    "digit lines": ("1" * 60_000 + "\n") * 40,
    "space lines": ("x" + " " * 60_000 + "y 1\n") * 40,
    "spaces before a bar": (" " * 60_000 + "9%|x\n") * 40,
    "fraction": ("step 1 /" + " " * 60_000 + "x 2\n") * 40,
    "commas": ("1,111" * 12_000 + "\n") * 40,
    "grouped": ("111," * 15_000 + "1111\n") * 40,
    "dots": ("1." * 30_000 + "\n") * 40,
    "keys": ("a=1 " * 15_000 + "\n") * 20,
    "colons": ("a:" * 30_000 + "1\n") * 20,
    "brackets": ("[(" * 30_000 + "1\n") * 20,
    "table": ("|" + " " * 60_000 + "|\n") * 40,
    "namespace": ("Namespace(" + "a" * 60_000 + "\n") * 20,
    "nested namespaces": ("Namespace(" * 6_000 + "\n") * 20,
    "bars": ("9%|x| 1/2 [a=1/s, loss=1]" * 2_000 + "\n") * 5,
    "signs and digits": ("+-" * 30_000 + "1\n") * 20,
    "sources": ("a.b/" * 15_000 + "c.py:1\n") * 20,
    "stars": ("*" * 60_000 + "\n") * 20,
    "returns": "\r" * 2_000_000,
    "new names": "".join(f"step {i} loss_{i:x}x: 1.5\n" for i in range(30_000)),
    "new shapes": "".join(f"step {i} {'abcdefgh'[i % 8] * (i % 997)} loss: 1.5\n" for i in range(3_000)),
}


@pytest.mark.parametrize("name", sorted(BAIT))
def test_bait_is_read_in_linear_time(name: str) -> None:
    started = time.process_time()
    decoded(BAIT[name])
    assert time.process_time() - started < 6


@pytest.mark.parametrize(
    "data",
    [
        b"", b"\n\n", b"\0" * 500, bytes(range(256)) * 40, b"step,loss\n1,2.5\n2,2.25\n3,2.0\n4,1.5\n",
        b'{"step": 1, "loss": 2.5}\n{"step": 2, "loss": 2.25}\n{"step": 3, "loss": 2.0}\n',
        b"lr: 0.1\nbatch_size: 32\nepochs: 10\nloss: mse\nseed: 1\n",
        b"for epoch in range(10):\n    loss = 0.5\n    lr = 1e-3\n    step = 3\nassert loss < 3\n" * 2,
        b"In 1999 we had 3 losses. The loss of 1998 was 4 times as large.\nWe took 12 steps.\n" * 30,
        b"   1  2.5\n   2  2.25\n   3  2.0\n", b"GET /index.html 200 1234\n" * 20,
    ],
)  # fmt: skip
def test_what_is_no_log_is_not_taken(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    path.write_bytes(data)
    assert not lines.matches(path, data[: 1 << 16])


def test_bytes_that_are_no_utf8_are_replaced_and_told() -> None:
    chunk = decoded(b"step 1 loss 2.5 \xff\xfe\nstep 2 loss 2.25\n")
    assert points(chunk, "loss") == [(1, 2.5), (2, 2.25)]
    assert [event.kind for event in chunk.events] == ["encoding"]


def test_utf16_as_powershell_writes_it() -> None:
    assert points(decoded("step 1 loss 2.5\r\nstep 2 loss 2.25\r\n".encode("utf-16")), "loss") == [
        (1, 2.5),
        (2, 2.25),
    ]


def test_steps_beyond_64_bits_are_told_and_left_out() -> None:
    chunk = decoded("step 1 loss 2.5\nstep 99999999999999999999 loss 2.25\nstep 2 loss 1.5\n")
    assert points(chunk, "loss") == [(1, 2.5), (2, 1.5)]
    assert [event.kind for event in chunk.events] == ["bad_value"]


def test_chunks_are_bounded(tmp_path: Path) -> None:
    path = tmp_path / "log.txt"
    path.write_text("".join(f"{i} train 2.5\n" for i in range(200_000)))
    chunks = list(lines.read(path))
    assert max(chunk.n_rows for chunk in chunks) <= 65536
    assert sum(chunk.n_rows for chunk in chunks) == 200_000


@pytest.mark.parametrize(
    "text",
    [
        "step 1 loss 2.5\n", "step 1 loss 2.5\nstep 2 lo", "hello\nEpoch 1 train loss: 2.5\n",
        "[rank0]: step 1 loss 2.5\n[rank1]: step 1 loss 2.5\n", "[0]\ttrain-rmse:0.5\n",
        "epoch  train_loss  time\n0  2.5  00:12\n",
    ],
)  # fmt: skip
def test_a_log_that_has_only_just_begun_is_taken(text: str) -> None:
    assert is_log(text.encode())


@pytest.mark.parametrize(
    "text",
    [
        "step 1 lo", "loss 2.5\n", "hello\nworld\nthe loss\nEpoch 1 train loss: 2.5\n", "epoch  train_loss\n",
        "Epoch 1\n", "step 1 lr 0.5\n",
    ],
)  # fmt: skip
def test_one_number_among_other_text_is_no_log(text: str) -> None:
    assert not is_log(text.encode())
