"""A run that several writers logged at once is found once, and what is left aside is told."""

import json
from pathlib import Path

import pytest
from tests.sources.made_logs import VERSION, event, simple
from tests.sources.test_readers import islice_until_idle

from descentry.sources.collect import collect
from descentry.sources.places.find import find
from descentry.sources.places.same_run import MAX_NEAR
from descentry.sources.rows import joined

LOSS = [3 / (1 + i / 8) + (i * 37 % 11) / 50 for i in range(40)]
VAL = [value + 0.25 for value in LOSS]


def events(folder: Path, series: dict[str, list[float]], scale: int = 1, first: int = 0) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    records = [
        event((step + first) * scale, simple(tag, value), 1.7e9 + step)
        for tag, values in series.items()
        for step, value in enumerate(values)
    ]
    (folder / "events.out.tfevents.1700000000.host").write_bytes(VERSION + b"".join(records))


def csv(path: Path, *columns: list[float], head: str = "step,loss,val_loss", first: int = 0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [",".join(map(str, (step, *row))) for step, row in enumerate(zip(*columns, strict=True), first)]
    path.write_text("\n".join([head, *rows]) + "\n")


def found(root: Path) -> list[tuple[str, str]]:
    return [(log.run, log.format) for log in find(root)]


def told(root: Path) -> list[str]:
    return [told.message for log in find(root) for told in collect(log).events if told.kind == "left_aside"]


def test_a_trial_of_ray_tune_is_one_run(tmp_path: Path) -> None:
    trial = tmp_path / "exp" / "trial_0"
    events(trial, {"ray/tune/loss": LOSS, "ray/tune/val_loss": VAL}, scale=128, first=1)
    head = "training_iteration,loss,val_loss,time_total_s"
    csv(trial / "progress.csv", LOSS, VAL, [1.5 * i for i in range(40)], head=head, first=1)
    rows = [
        {
            "loss": LOSS[i],
            "val_loss": VAL[i],
            "time_total_s": 1.5 * i,
            "lr": 1 / (i + 7),
            "training_iteration": i + 1,
        }
        for i in range(40)
    ]
    (trial / "result.json").write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert found(tmp_path) == [("exp/trial_0/result", "jsonl")]
    assert told(tmp_path) == ["the same run is logged in progress.csv, trial_0/, too: left aside"]


def test_what_says_more_is_read(tmp_path: Path) -> None:
    events(tmp_path / "poor", {"train_loss": LOSS[:30]})
    csv(tmp_path / "poor" / "metrics.csv", LOSS, VAL)
    events(tmp_path / "rich", {"train_loss": LOSS, "val": VAL, "lr": VAL[::-1]})
    csv(tmp_path / "rich" / "metrics.csv", LOSS, VAL)
    assert found(tmp_path) == [("poor", "csv"), ("rich", "tensorboard")]


def test_the_callbacks_of_keras_are_one_run(tmp_path: Path) -> None:
    events(tmp_path / "logs" / "train", {"epoch_loss": LOSS})
    events(tmp_path / "logs" / "validation", {"epoch_loss": VAL})
    csv(tmp_path / "training.csv", LOSS, VAL, head="epoch,loss,val_loss")
    assert found(tmp_path) == [("logs", "tensorboard")]


def test_the_state_of_a_trainer_and_its_event_files_are_one_run(tmp_path: Path) -> None:
    events(tmp_path / "runs" / "May01_host", {"train/loss": LOSS}, scale=10, first=1)
    state = {"log_history": [{"step": 10 * i + 10, "loss": LOSS[i], "epoch": i / 20} for i in range(30)]}
    (tmp_path / "checkpoint-300").mkdir()
    (tmp_path / "checkpoint-300" / "trainer_state.json").write_text(json.dumps(state))
    assert found(tmp_path) == [("runs/May01_host", "tensorboard")]
    assert told(tmp_path) == ["the same run is logged in trainer_state.json, too: left aside"]


@pytest.mark.parametrize(
    "other",
    [
        [value * 1.001 for value in LOSS],
        [*LOSS[:20], *VAL[20:]],
        LOSS[:4],
        [*LOSS, 0.25],
    ],
)
def test_another_run_is_never_left_aside(tmp_path: Path, other: list[float]) -> None:
    events(tmp_path, {"loss": LOSS, "lr": LOSS[::-1]})
    csv(tmp_path / "a.csv", other, head="step,loss")
    assert len(found(tmp_path)) == 2


def test_other_steps_are_another_run(tmp_path: Path) -> None:
    events(tmp_path, {"loss": LOSS})
    csv(tmp_path / "a.csv", LOSS, head="step,loss", first=2)
    assert len(found(tmp_path)) == 2


def test_a_series_that_only_one_log_has_keeps_it(tmp_path: Path) -> None:
    events(tmp_path, {"loss": LOSS, "grad_norm": VAL})
    csv(tmp_path / "a.csv", LOSS, VAL[::-1], head="step,loss,lr")
    assert len(found(tmp_path)) == 2


def test_copies_in_folders_that_no_writer_made_are_runs(tmp_path: Path) -> None:
    events(tmp_path / "seed1", {"loss": LOSS})
    csv(tmp_path / "a.csv", LOSS, head="step,loss")
    assert len(found(tmp_path)) == 2


def test_logs_of_one_format_are_never_compared(tmp_path: Path) -> None:
    csv(tmp_path / "a.csv", LOSS, VAL)
    csv(tmp_path / "b.csv", LOSS, VAL)
    assert len(found(tmp_path)) == 2


def test_many_logs_together_are_runs(tmp_path: Path) -> None:
    events(tmp_path, {"loss": LOSS})
    for n in range(MAX_NEAR):
        csv(tmp_path / f"{n}.csv", LOSS, head="step,loss")
    assert len(found(tmp_path)) == MAX_NEAR + 1


def test_a_log_that_tells_of_others_is_followed(tmp_path: Path) -> None:
    events(tmp_path, {"loss": LOSS})
    csv(tmp_path / "a.csv", LOSS, head="step,loss")
    (log,) = find(tmp_path)
    whole = joined(islice_until_idle(log.follow()))
    assert [told.kind for told in whole.events] == ["left_aside"]
    assert whole.n_rows == len(LOSS)
