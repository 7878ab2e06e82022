"""What lines mean to each other: batches over epochs, epoch lines, evaluations, settings."""
# ruff: noqa: E501 - a line stands as it is printed

import math

import numpy as np
from tests.sources.text.printed import (
    LLMC,
)
from tests.sources.text.test_lines import decoded, points


def test_batches_count_on_over_epochs_with_and_without_a_total() -> None:
    with_total = "".join(f"[Epoch {e} Batch {b}/30] loss {e}.{b}\n" for e in range(3) for b in (10, 20, 30))
    assert decoded(with_total).steps.tolist() == [10, 20, 30, 40, 50, 60, 70, 80, 90]
    learnt = "".join(f"[Epoch {e}][Batch {b}], loss={e}.{b}\n" for e in range(3) for b in (9, 19, 29))
    assert decoded(learnt).steps.tolist() == [9, 19, 29, 39, 49, 59, 69, 79, 89]
    from_one = "".join(f"Epoch {e}, n_batch {b}, loss {e}.{b}\n" for e in (1, 2) for b in (300, 600))
    assert decoded(from_one).steps.tolist() == [300, 600, 900, 1200]


def test_a_total_that_changes_within_an_epoch_takes_no_step_back() -> None:
    text = "".join(
        f"Epoch {e} iteration {b:04}/{185 + (b > 100)}: training loss 1.5\n"
        for e in range(90)
        for b in (20, 180)
    )
    assert (np.diff(decoded(text).steps) > 0).all()


def test_a_second_attempt_goes_back_as_logged() -> None:
    attempt = "".join(
        f"Epoch {e} iteration {b}/100: training loss 1.5\n" for e in range(2) for b in (50, 100)
    )
    assert decoded(attempt * 2).steps.tolist() == [50, 100, 150, 200, 50, 100, 150, 200]


def test_global_steps_are_not_shifted_by_epochs() -> None:
    text = "".join(f"epoch: {s // 10} step: {s}/30 loss: 1.5\n" for s in range(1, 31))
    assert decoded(text).steps.tolist() == list(range(1, 31))


def test_an_epoch_line_after_batches_stands_at_the_epochs_end_under_its_own_name() -> None:
    text = "".join(
        f"Epoch[{e}] Batch [{b}]\tSpeed: 5.0 samples/sec\tloss=2.5\tlr=0.1\n" + f"[Epoch {e}] training: loss=2.25\n" * (b == 99)
        for e in range(2) for b in (49, 99)
    ) + "[Epoch 1] validation: acc-top1=80.5 loss=0.75\n"  # fmt: skip
    chunk = decoded(text)
    assert points(chunk, "loss") == [(49, 2.5), (99, 2.5), (149, 2.5), (199, 2.5)]
    assert points(chunk, "epoch training loss") == [(99, 2.25), (199, 2.25)]
    assert points(chunk, "validation loss") == [(199, 0.75)]


def test_evaluation_batches_are_no_training_loss() -> None:
    text = (
        "[Epoch 1 Batch 10/20] loss=1.5, lr=0.1\n[Epoch 1 Batch 20/20] loss=1.25, lr=0.1\n"
        "[Batch 5/7] loss=9.5\nvalidation metrics:accuracy:0.75,f1:0.5\n[Epoch 2 Batch 10/20] loss=1.0, lr=0.1\n"
    )
    chunk = decoded(text)
    assert points(chunk, "loss") == [(10, 1.5), (20, 1.25), (30, 1.0)]
    assert points(chunk, "validation accuracy") == [(20, 0.75)]


def test_accuracies_named_train_and_val_are_no_losses() -> None:
    chunk = decoded("INFO:root:[Epoch 0] train=0.104067 val=0.116500 loss=2.499243 time: 60.370274\n" * 3)
    assert set(chunk.columns) == {"train accuracy", "val accuracy", "loss", "time"}


def test_neighbouring_lines_of_one_step_share_a_row() -> None:
    chunk = decoded("step 5: loss 2.5\nstep 5: val loss 2.25\nstep 6: loss 2.0\n")
    assert chunk.steps.tolist() == [5, 6]
    again = decoded("step 5: loss 2.5\nstep 5: loss 2.25\n")
    assert again.steps.tolist() == [5, 5]


def test_dates_become_wall_times() -> None:
    chunk = decoded(
        "2018-06-25 19:21:20,500 - root - [Epoch 0 Batch 1/9] loss=1.5\n12:00:00 step 3 loss 2.5\n"
    )
    assert chunk.wall_times is not None
    assert chunk.wall_times[0] == 1529954480.5
    assert math.isnan(chunk.wall_times[1])


def test_a_log_without_steps_is_numbered_and_says_so() -> None:
    chunk = decoded("('0.2 %', 'train_loss:', '2.5', ' train_acc:', 0.1, 'time:', 5.5)\n" * 3)
    assert chunk.steps.tolist() == [0, 1, 2]
    assert [event.kind for event in chunk.events] == ["missing_step"]


def test_settings_and_module_dumps_are_no_points() -> None:
    text = (
        "Namespace(alpha=2, batch_size=80, lr=30, epochs=750, model='lstm', save='/tmp/x', eval_only=False)\n"
        "(conv1): Conv2D(3 -> 64, kernel_size=(3, 3), stride=(1, 1), loss=0.5)\n"
        "| vocab_size V          | 50257         |\n"
        "{'gpu_id': 0, 'batch_size': 32, 'lr': 0.025, 'epochs': 300, 'dropout': 0.2, 'max_len': 10}\n"
        "step 1/100 loss 2.5\n" * 2
    )
    chunk = decoded(text)
    assert set(chunk.columns) == {"loss"}
    assert chunk.config["batch_size"] == 80
    assert chunk.config["lr"] == 30
    assert chunk.config["vocab_size"] == 50257
    assert chunk.config["max_steps"] == 100


def test_a_line_broken_by_another_program_is_told() -> None:
    chunk = decoded(LLMC)
    assert [(e.kind, e.where) for e in chunk.events] == [("bad_line", "log.txt:12")]
    assert 4 not in chunk.steps
