"""Hugging Face's Trainer with `include_num_input_tokens_seen`: each training row tells its `train_runtime`.

As transformers 5.23 writes and prints them.
"""

import json
from pathlib import Path

import pytest

from descentry.record.roles import Role
from descentry.sources.collect import collect
from descentry.sources.places.find import find

LOSSES = [3.91, 3.918, 3.915, 3.912]
TRAIN = [
    {
        "epoch": i / 2,
        "loss": loss,
        "learning_rate": 1e-3 / i,
        "train_runtime": 0.05 * i,
        "train_tokens_per_second": 60.5,
    }
    for i, loss in enumerate(LOSSES, 1)
]
EVAL = {"epoch": 1.0, "eval_loss": 3.9, "eval_runtime": 0.02}
SUMMARY = {"epoch": 2.0, "train_loss": 3.914, "train_runtime": 1.3, "train_samples_per_second": 148.6}
ENTRIES: list[dict[str, float]] = [*TRAIN[:2], EVAL, *TRAIN[2:], SUMMARY]


def test_the_state_keeps_its_rows(tmp_path: Path) -> None:
    history = [{**entry, "step": int(entry["epoch"] * 10)} for entry in ENTRIES]
    path = tmp_path / "trainer_state.json"
    path.write_text(json.dumps({"log_history": history, "global_step": 20}))
    run = collect(find(path)[0])
    loss = run.by_role(Role.TRAIN_LOSS)
    assert loss is not None
    assert (loss.steps.tolist(), loss.values.tolist()) == ([5, 10, 15, 20], LOSSES)
    assert run.config["train_runtime"] == 1.3
    assert [event.kind for event in run.events if event.kind == "summary"] == ["summary"]


@pytest.mark.parametrize("quoted", [False, True])
def test_what_is_printed_keeps_its_rows(tmp_path: Path, quoted: bool) -> None:
    path = tmp_path / "train.log"
    rows = [{name: str(value) if quoted else value for name, value in entry.items()} for entry in ENTRIES]
    path.write_text("".join(f"{row}\n" for row in rows))
    run = collect(find(path)[0])
    loss = run.by_role(Role.TRAIN_LOSS)
    assert loss is not None
    assert loss.values.tolist() == LOSSES
    assert run.curves["summary train_loss"].values.tolist() == [3.914]
