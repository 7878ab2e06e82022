"""Habits of home-made prints: which split a metric is of, counters behind names, headers behind loggers."""

from pathlib import Path

import pytest
from tests.sources.text.test_lines import decoded, points

from descentry.calls import read
from descentry.record.chunk import Chunk


def lines(*shapes: str, n: int = 5) -> Chunk:
    """What is read of the shapes, printed in turn `n` times; {i} counts from 1."""
    return decoded("".join(shape.format(i=i) + "\n" for i in range(1, n + 1) for shape in shapes))


@pytest.mark.parametrize(
    "shapes",
    [("Epoch {i}/5", "train Loss: 3.{i} Acc: 0.{i}", "val Loss: 2.{i} Acc: 0.9{i}"),
     ("Epoch {i} | Train Loss 3.{i} Acc 0.{i} | Val Loss 2.{i} Acc 0.9{i}",),
     ("Epoch {i}", "train_loss 3.{i} Acc 0.{i}", "val_loss 2.{i} Acc 0.9{i}")],
)  # fmt: skip
def test_an_accuracy_is_of_the_split_that_the_line_says(shapes: tuple[str, ...]) -> None:
    chunk = lines(*shapes)
    assert points(chunk, "Acc") == [(i, i / 10) for i in range(1, 6)]
    assert points(chunk, "validation Acc") == [(i, round(0.9 + i / 100, 2)) for i in range(1, 6)]


def test_a_loss_behind_an_accuracy_of_validation_is_trainings_own() -> None:
    chunk = lines("step {i} | lr 0.1 | val acc 0.{i} | loss 3.{i}")
    assert points(chunk, "loss") == [(i, 3 + i / 10) for i in range(1, 6)]


@pytest.mark.parametrize(
    ("shape", "name"),
    [("Cost after iteration {i}: 0.{i}", "Cost"), ("loss at step {i}: 0.{i}", "loss"),
     ("Training loss (for 1 batch) at step {i}: 0.{i}", "Training loss"), ("Loss after epoch {i} is 0.{i}", "Loss")],
)  # fmt: skip
def test_a_counter_may_stand_behind_the_name(shape: str, name: str) -> None:
    assert points(lines(shape), name) == [(i, i / 10) for i in range(1, 6)]


@pytest.mark.parametrize(
    "front", ["INFO:root:", "2024-05-01 12:00:00,123 - train - INFO - ", "[2024-05-01 12:00:00] ", "INFO "]
)
@pytest.mark.parametrize("header", ["Epoch {i}/5", "Starting epoch {i}/5"])
def test_an_epoch_is_a_header_behind_a_logger(front: str, header: str) -> None:
    chunk = lines(front + header, front + "train loss 3.{i}", front + "val loss 2.{i}")
    assert points(chunk, "train loss") == [(i, 3 + i / 10) for i in range(1, 6)]
    assert points(chunk, "val loss") == [(i, 2 + i / 10) for i in range(1, 6)]


def test_steps_below_headers_of_epochs_are_counted_on() -> None:
    text = "".join(
        f"Start of epoch {e}\n" + "".join(f"step {s}: loss {3 - e - s / 1000}\n" for s in range(0, 600, 200))
        for e in range(3)
    )
    assert [step for step, _ in points(decoded(text), "loss")] == list(range(0, 1800, 200))


def test_steps_above_summaries_of_epochs_are_counted_on() -> None:
    text = "".join(
        "".join(f"step {s} loss 2.5\n" for s in range(0, 50, 10)) + f"Epoch {e} finished, val loss 2.{e}\n"
        for e in range(1, 5)
    )
    chunk = decoded(text)
    assert [step for step, _ in points(chunk, "loss")] == list(range(0, 200, 10))
    assert points(chunk, "val loss") == [(40, 2.1), (90, 2.2), (140, 2.3), (190, 2.4)]


def test_a_resumed_run_below_headers_goes_back() -> None:
    text = "".join(
        f"Epoch {e}\n" + "".join(f"step {s} loss 2.5\n" for s in range(e * 3, e * 3 + 3))
        for e in (0, 1, 2, 1, 2)
    )
    assert [step for step, _ in points(decoded(text), "loss")] == [*range(9), *range(3, 9)]


def test_batches_that_begin_at_0_leave_no_step_twice() -> None:
    chunk = decoded(
        "".join(f"epoch: {e}, iter: {b}, loss: 2.5\n" for e in range(3) for b in range(0, 50, 10))
    )
    assert [step for step, _ in points(chunk, "loss")] == list(range(0, 150, 10))


def test_the_parts_of_a_duration_are_no_values() -> None:
    chunk = lines("Epoch {i} | Time: 1m 12s | loss 2.{i}")
    assert set(chunk.columns) == {"loss"}


def test_a_test_at_the_end_between_bars_is_read() -> None:
    text = (
        "".join(f"Epoch: {i} | Train Loss: 3.{i}\n" for i in range(4))
        + "| Test Loss: 2.5 | Test PPL:  12.25 |\n"
    )
    chunk = decoded(text)
    assert points(chunk, "Test Loss") == [(3, 2.5)]
    assert points(chunk, "Test PPL") == [(3, 12.25)]


def test_the_loss_of_a_test_set_is_read() -> None:
    chunk = lines("====> Epoch: {i} Average loss: 11.{i}", "====> Test set loss: 10.{i}")
    assert points(chunk, "Test set loss") == [(i, 10 + i / 10) for i in range(1, 6)]


def test_kinds_of_losses_need_no_counter() -> None:
    chunk = lines("Generator loss: 3.{i}, Discriminator loss: 1.{i}")
    assert points(chunk, "Discriminator loss") == [(i - 1, 1 + i / 10) for i in range(1, 6)]
    assert "missing_step" in {event.kind for event in chunk.events}


def test_nested_dicts_are_rows_of_their_own() -> None:
    chunk = lines("{{'epoch': {i}, 'train': {{'loss': 3.{i}}}, 'val': {{'loss': 2.{i}}}}}")
    assert points(chunk, "training loss") == [(i - 1, 3 + i / 10) for i in range(1, 6)]
    assert "missing_step" in {event.kind for event in chunk.events}


def test_a_decimal_comma_needs_no_sign_behind_a_loss() -> None:
    chunk = lines("step {i} loss 3,{i}5 acc 0,{i}1")
    assert points(chunk, "loss") == [(i, round(3.05 + i / 10, 2)) for i in range(1, 6)]
    assert "decimal_comma" in {event.kind for event in chunk.events}


@pytest.mark.parametrize("has_index", [False, True])
def test_a_printed_data_frame_is_read(tmp_path: Path, has_index: bool) -> None:
    path = tmp_path / "frame.txt"
    rows = [f"{i}  {10 * i}  2.{i}  NaN" if has_index else f"{10 * i}  2.{i}  NaN" for i in range(6)]
    path.write_text("\n".join(["   step  train_loss  val_loss", *rows]) + "\n")
    loss = read(path).curves["train_loss"]
    assert loss.steps.tolist() == list(range(0, 60, 10))
    assert loss.values.tolist() == [2 + i / 10 for i in range(6)]


def test_a_markdown_table_has_its_own_steps(tmp_path: Path) -> None:
    path = tmp_path / "table.md"
    rows = [f"| {i} | 2.{i} |" for i in range(6)]
    path.write_text("\n".join(["| Epoch | Train loss |", "|------:|:----------:|", *rows]) + "\n")
    loss = read(path).curves["Train loss"]
    assert loss.steps.tolist() == list(range(6))
    assert loss.values.tolist() == [2 + i / 10 for i in range(6)]
