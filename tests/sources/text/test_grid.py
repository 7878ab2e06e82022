"""Tables in console text: Markdown, boxed, fastai's, skorch's, Ultralytics', and what is none."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.sources.text.test_lines import decoded, points
from tests.sources.text.test_lines_hostile import assert_same, in_pieces

from descentry.record.chunk import Chunk
from descentry.sources.text.recognising import is_log

R = range(4)
MARKDOWN = "hello\n| step | loss | lr |\n|:---|---:|---|\n" + "".join(
    f"| {10 * i} | **{3 - i}.5** | 1e-3 |\nsaved\n" for i in R
)
ASCII = "+---+---+\n| Epoch | Train Loss | Val Loss |\n+---+---+\n" + "".join(
    f"| {i + 1}/4 | {3 - i}.5 | {'None' if i < 2 else f'{4 - i}.5'} |\n" for i in R
)
BARE = "Epoch | Train Loss | Time\n----|-----|-----\n" + "".join(f"{i:5d} | {3 - i}.5 | 00:12\n" for i in R)
BOXED = (
    "┏━━━┳━━━┓\n┃ epoch ┃ loss ┃\n┡━━━╇━━━┩\n" + "".join(f"│ {i} │ {3 - i}.5 │\n" for i in R) + "└───┴───┘\n"
)
FASTAI = "epoch     train_loss  valid_loss  accuracy  time    \n" + "".join(
    f"\rEpoch {i + 1}/4 : |------| 0.00%\r{i}         {3 - i}.5    {4 - i}.5    0.9       00:13     \n"
    for i in R
)
SKORCH = (
    "  epoch    train_loss    valid_acc    valid_loss     dur\n"
    "-------  ------------  -----------  ------------  ------\n"
) + "".join(f"      {i + 1}        {3 - i}.5       0.5150        {4 - i}.5  0.0500\n" for i in R)


def ultralytics(tail: str) -> str:
    text = ""
    for i in R:
        text += "\n      Epoch    GPU_mem   box_loss   cls_loss  Instances       Size\n"
        for k in (0, 1, 2, 2):
            text += f"\r        {i + 1}/4      2.1G      {3 - i}.{9 - k}      3.1      20        640: {50 * k}%{tail}"
        text += "\n"
        for k in (50, 100):
            text += f"\r         Class     Images  Instances      Box(P          R      mAP50  mAP50-95): {k}%{tail}"
        text += f"\n                   all        128        929      0.64       0.53      0.6{i}      0.44\n"
        text += "                person        128        254      0.9        0.9      0.9      0.9\n"
    return text


OLD, NEW = ultralytics("|███| 2/2 [00:01<00:00, 3it/s]"), ultralytics(" ━━━━━━╸───── 2/2 3.3it/s 0.3s")
DOWN = [3.5 - i for i in R]
TABLES = [
    (MARKDOWN, {"loss": DOWN, "lr": [1e-3] * 4}, [0, 10, 20, 30]),
    (ASCII, {"Train Loss": DOWN}, [1, 2, 3, 4]),
    (BARE, {"Train Loss": DOWN}, [0, 1, 2, 3]),
    (BOXED, {"loss": DOWN}, [0, 1, 2, 3]),
    (FASTAI, {"train_loss": DOWN, "valid_loss": [x + 1 for x in DOWN], "accuracy": [0.9] * 4}, [0, 1, 2, 3]),
    (SKORCH, {"train_loss": DOWN, "valid_loss": [x + 1 for x in DOWN], "valid_acc": [0.515] * 4}, [1, 2, 3, 4]),
    *(
        (
            text,
            {
                "GPU_mem": [2.1e9] * 4, "box_loss": [3.7 - i for i in R], "cls_loss": [3.1] * 4,
                "validation precision": [0.64] * 4, "validation recall": [0.53] * 4,
                "validation mAP50": [0.6, 0.61, 0.62, 0.63], "validation mAP50-95": [0.44] * 4,
            },
            [1, 2, 3, 4],
        )
        for text in (OLD, NEW)
    ),
]  # fmt: skip
IDS = ["markdown", "ascii", "bare", "boxed", "fastai", "skorch", "ultralytics", "ultralytics 8.3.200"]


def series(chunk: Chunk) -> dict[str, list[tuple[int, float]]]:
    return {name: points(chunk, name) for name in chunk.columns}


@pytest.mark.parametrize(("text", "values", "steps"), TABLES, ids=IDS)
def test_a_tables_rows_are_read_under_its_headers_names(
    text: str, values: dict[str, list[float]], steps: list[int]
) -> None:
    chunk = decoded(text)
    found = series(chunk)
    if text is ASCII:
        assert found.pop("Val Loss") == [(3, 2.5), (4, 1.5)]
    assert found == {
        name: [(s, pytest.approx(x)) for s, x in zip(steps, its, strict=True)] for name, its in values.items()
    }
    assert not chunk.events


@pytest.mark.parametrize(("text", "values", "steps"), TABLES, ids=IDS)
def test_a_log_that_is_a_table_is_recognised(
    text: str,
    values: dict[str, list[float]],  # noqa: ARG001
    steps: list[int],  # noqa: ARG001
) -> None:
    assert is_log(text.encode())


@pytest.mark.parametrize("text", [text for text, _, _ in TABLES], ids=IDS)
@settings(max_examples=20, deadline=None)
@given(cuts=st.lists(st.integers(0, 1 << 20), max_size=10))
def test_any_split_of_the_bytes_gives_the_same_table(text: str, cuts: list[int]) -> None:
    assert_same(decoded(text), in_pieces(text.encode(), cuts))


@pytest.mark.parametrize("text", [text for text, _, _ in TABLES], ids=IDS)
def test_a_table_cut_at_any_byte_gives_a_prefix(text: str) -> None:
    whole = series(decoded(text))
    data = text.encode()
    for cut in range(0, len(data), 1 + len(data) // 300):
        for name, found in series(decoded(data[:cut])).items():
            assert found[:-1] == whole[name][: len(found) - 1], (cut, name)
            assert data[:cut].endswith(b"\n") is False or found == whole[name][: len(found)] or "%" in text


def test_two_columns_are_a_table_and_no_settings() -> None:
    chunk = decoded("| step | loss |\n|---|---|\n" + "".join(f"| {i} | {3 - i}.5 |\n" for i in R))
    assert points(chunk, "loss") == list(enumerate(DOWN))
    assert chunk.config == {}


def test_the_counter_may_stand_in_any_column() -> None:
    chunk = decoded("| loss | step |\n|---|---|\n" + "".join(f"| {3 - i}.5 | {i} |\n" for i in R))
    assert points(chunk, "loss") == list(enumerate(DOWN))


@pytest.mark.parametrize(
    "text",
    [
        "| Parameter | Value |\n|---|---|\n| lr | 0.1 |\n| batch size | 32 |\n",
        "epoch train loss\nThe 3 2 1\n7 of 9\n",
        "| step | colour |\n|---|---|\n| 1 | 2 |\n",
        "| epoch | loss |\n|---|---|\n| total | 2.5 |\n",
    ],
)
def test_what_is_no_table_of_metrics_gives_no_rows(text: str) -> None:
    assert not decoded(text).columns


BAIT = {
    "cells": "| epoch | loss |\n" + ("| 1 " * 9000 + "\n") * 20,
    "names": ("| epoch | loss " * 4000 + "\n") * 20,
    "bars": "epoch loss\n" + ("1 2: " + " " * 1900 + "9%\n") * 20,
    "digits": "epoch loss\n" + ("1" * 60_000 + "\n") * 20,
    "rules": "epoch loss\n" + ("-" * 60_000 + "\n") * 40,
}


@pytest.mark.parametrize("name", sorted(BAIT))
def test_tables_made_to_hurt_say_little(name: str) -> None:
    assert decoded(BAIT[name]).n_rows <= 20
