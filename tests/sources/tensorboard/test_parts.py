"""Folders of event files that are one run: splits, `add_scalars`, `add_hparams`; and those that are not."""

import os
import shutil
import struct
from pathlib import Path

import pytest
from tests.sources.made_logs import VERSION, event, simple, sized, varint
from tests.sources.test_readers import islice_until_idle

from descentry.record.roles import Role
from descentry.record.run import Run
from descentry.sources.collect import collect
from descentry.sources.places.find import find
from descentry.sources.rows import joined

SAMPLES = Path(__file__).parents[2] / "samples"
FILE = "events.out.tfevents.1700000000.host"


def put(
    folder: Path, tag: str = "loss", steps: range = range(8), above: float = 0.0, wall: float = 1.7e9
) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    records = [event(step, simple(tag, 2 + above - step / 16), wall + step) for step in steps]
    with (folder / FILE).open("ab") as file:
        file.write((b"" if file.tell() else VERSION) + b"".join(records))
    return folder


def runs(root: Path) -> dict[str, Run]:
    return {log.run: collect(log) for log in find(root)}


def roles(run: Run) -> dict[str, Role | None]:
    return {name: curve.role for name, curve in run.curves.items()}


def test_folders_of_splits_are_one_run_named_by_the_folder_above(tmp_path: Path) -> None:
    for name in ("a", "b"):
        put(tmp_path / name / "train", "epoch_loss")
        put(tmp_path / name / "validation", "epoch_loss", above=0.5)
        put(tmp_path / name / "validation", "evaluation_loss_vs_iterations", range(0, 800, 100))
    found = runs(tmp_path)
    assert list(found) == ["a", "b"]
    assert roles(found["a"]) == {
        "train/epoch_loss": Role.TRAIN_LOSS,
        "validation/epoch_loss": Role.VAL_LOSS,
        "validation/evaluation_loss_vs_iterations": Role.OTHER_LOSS,
    }
    assert found["b"].curves["validation/epoch_loss"].values.tolist() == [
        2.5 - step / 16 for step in range(8)
    ]


def test_rows_of_one_step_meet(tmp_path: Path) -> None:
    put(tmp_path / "train")
    put(tmp_path / "val")
    (log,) = find(tmp_path)
    assert joined(log.chunks()).steps.tolist() == list(range(8))


@pytest.mark.parametrize("split", ["validation", "eval", "test", "dev"])
def test_a_split_beside_the_run_s_own_files(tmp_path: Path, split: str) -> None:
    put(tmp_path)
    put(tmp_path / split, above=1)
    (run,) = runs(tmp_path).values()
    assert list(run.curves) == ["loss", f"{split}/loss"]
    assert run.curves["loss"].role is Role.TRAIN_LOSS
    assert run.curves[f"{split}/loss"].role in (Role.VAL_LOSS, Role.TEST_LOSS)


def test_the_only_folder_of_a_split_may_be_a_run_of_that_name(tmp_path: Path) -> None:
    put(tmp_path / "keras" / "train")
    put(tmp_path / "detect" / "train")
    (tmp_path / "detect" / "train" / "args.yaml").write_text("lr: 1\n")
    found = runs(tmp_path)
    assert {name: list(run.curves) for name, run in found.items()} == {
        "detect/train": ["loss"],
        "keras": ["train/loss"],
    }


def test_splits_beside_other_runs_stay_apart(tmp_path: Path) -> None:
    for name in ("train", "val", "run7"):
        put(tmp_path / name)
    assert list(runs(tmp_path)) == ["run7", "train", "val"]


def test_other_logs_in_the_folder_of_a_split_are_still_found(tmp_path: Path) -> None:
    put(tmp_path / "train")
    put(tmp_path / "val")
    (tmp_path / "train" / "metrics.csv").write_text(
        "step,loss\n" + "".join(f"{i},{9 - i}\n" for i in range(9))
    )
    assert [(log.run, log.format) for log in find(tmp_path)] == [
        (tmp_path.name, "tensorboard"),
        ("train", "csv"),
    ]


@pytest.mark.parametrize("name", ["validation", "eval"])
def test_a_split_named_itself_keeps_its_role(tmp_path: Path, name: str) -> None:
    put(tmp_path / "train")
    folder = put(tmp_path / name)
    for path in (folder, folder / FILE):
        (run,) = runs(path).values()
        assert roles(run) == {f"{name}/loss": Role.VAL_LOSS}


def test_keys_of_add_scalars_are_series_of_the_run(tmp_path: Path) -> None:
    put(tmp_path, "lr")
    put(tmp_path / "my_loss_train", "my/loss")
    put(tmp_path / "my_loss_val", "my/loss", above=1)
    put(tmp_path / "my_loss_best_one", "my/loss", above=2)
    (run,) = runs(tmp_path).values()
    assert list(run.curves) == ["lr", "my/loss/best_one", "my/loss/train", "my/loss/val"]
    assert run.curves["my/loss/val"].role is Role.VAL_LOSS
    (alone,) = runs(tmp_path / "my_loss_val").values()
    assert list(alone.curves) == ["my/loss/val"]


def test_experiments_called_like_keys_are_runs(tmp_path: Path) -> None:
    for name in ("loss_l1", "loss_l2"):
        put(tmp_path / name)
    put(tmp_path / "other", "acc")
    assert list(runs(tmp_path)) == ["loss_l1", "loss_l2", "other"]


def test_runs_below_a_folder_with_files_of_its_own_stay_runs(tmp_path: Path) -> None:
    put(tmp_path)
    put(tmp_path / "loss_a")
    put(tmp_path / "loss_a", "acc")
    put(tmp_path / "v2")
    assert list(runs(tmp_path)) == [tmp_path.name, "loss_a", "v2"]


def test_series_called_alike_are_both_kept(tmp_path: Path) -> None:
    put(tmp_path, "val/loss")
    put(tmp_path / "val", "loss", above=1)
    (run,) = runs(tmp_path).values()
    assert {name: curve.values[0] for name, curve in run.curves.items()} == {"val/loss": 2, "val/val/loss": 3}


def test_events_name_the_folder_of_their_file(tmp_path: Path) -> None:
    put(tmp_path / "train")
    folder = put(tmp_path / "val")
    (folder / FILE).write_bytes((folder / FILE).read_bytes()[:-3])
    (run,) = runs(tmp_path).values()
    assert [(told.kind, (told.where or "").split("@")[0]) for told in run.events] == [
        ("torn_tail", f"val/{FILE}")
    ]


def test_parts_that_were_resumed_are_cut_together(tmp_path: Path) -> None:
    for name in ("train", "val"):
        put(tmp_path / name, steps=range(10))
        data = VERSION + b"".join(event(step, simple("loss", 1.0), 1.8e9 + step) for step in range(5, 12))
        (tmp_path / name / "events.out.tfevents.1800000000.host").write_bytes(data)
    (log,) = find(tmp_path)
    assert joined(log.chunks()).steps.tolist() == [*range(10), *range(5, 12)]


def settings(**values: float) -> bytes:
    entries = b"".join(
        sized(1, sized(1, name.encode()) + sized(2, b"\x11" + struct.pack("<d", value)))
        for name, value in values.items()
    )
    entries += sized(1, sized(1, b"optimizer") + sized(2, sized(3, b"adam")))
    entries += sized(1, sized(1, b"amp") + sized(2, b"\x20" + varint(1)))
    plugin = sized(1, b"hparams") + sized(2, sized(3, entries))
    value = sized(1, b"_hparams_/session_start_info") + sized(9, sized(1, plugin))
    return sized(5, sized(1, value))


def test_hparams_are_the_config_of_the_run(tmp_path: Path) -> None:
    put(tmp_path)
    folder = tmp_path / "1700000000.25"
    folder.mkdir()
    (folder / FILE).write_bytes(VERSION + event(0, settings(lr=0.5)) + event(0, simple("hparam/acc", 0.75)))
    (run,) = runs(tmp_path).values()
    assert run.config == {"lr": 0.5, "optimizer": "adam", "amp": True}
    assert list(run.curves) == ["loss", "hparam/acc"]


def test_hparams_of_torch_are_the_config_of_the_run() -> None:
    (run,) = runs(SAMPLES / "torch" / "hparams").values()
    assert run.config == {"lr": 0.5, "optimizer": "adam", "amp": True}


@pytest.mark.parametrize("cut", range(1, 60, 7))
def test_settings_that_are_cut_are_no_settings(tmp_path: Path, cut: int) -> None:
    body = settings(lr=0.5)
    (tmp_path / FILE).write_bytes(
        VERSION + event(0, body[:-cut] + bytes([255]) * cut) + event(1, simple("loss", 1.0))
    )
    (run,) = runs(tmp_path).values()
    assert list(run.curves) == ["loss"]
    assert set(run.config) <= {"lr", "optimizer", "amp"}


def test_parts_that_come_later_join_a_followed_run(tmp_path: Path) -> None:
    put(tmp_path / "train", steps=range(4))
    (log,) = find(tmp_path)
    chunks = log.follow()
    got = islice_until_idle(chunks)
    put(tmp_path / "validation", steps=range(4))
    put(tmp_path / "train", steps=range(4, 8))
    got += islice_until_idle(chunks)
    put(tmp_path / "validation", steps=range(4, 8))
    got += islice_until_idle(chunks)
    whole = joined(got)
    points = {name: whole.steps[rows].tolist() for name, (rows, _) in whole.columns.items()}
    assert points == {"train/loss": list(range(8)), "validation/loss": list(range(8))}


def test_a_key_of_add_scalars_joins_once_it_has_a_value(tmp_path: Path) -> None:
    put(tmp_path, "lr")
    chunks = find(tmp_path)[0].follow()
    got = islice_until_idle(chunks)
    put(tmp_path / "loss_val", steps=range(0))
    got += islice_until_idle(chunks)
    put(tmp_path / "loss_val")
    got += islice_until_idle(chunks)
    assert list(joined(got).columns) == ["lr", "loss/val"]


def test_a_part_that_is_gone_ends_nothing(tmp_path: Path) -> None:
    put(tmp_path / "train")
    put(tmp_path / "val")
    chunks = find(tmp_path)[0].follow()
    islice_until_idle(chunks)
    shutil.rmtree(tmp_path / "val")
    put(tmp_path / "train", steps=range(8, 12))
    assert joined(islice_until_idle(chunks)).steps.tolist() == [8, 9, 10, 11]


def test_what_rests_is_not_opened_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("train", "val"):
        os.utime(put(tmp_path / name) / FILE, (1.7e9, 1.7e9))
        os.utime(tmp_path / name, (1.7e9, 1.7e9))
    os.utime(tmp_path, (1.7e9, 1.7e9))
    chunks = find(tmp_path)[0].follow()
    islice_until_idle(chunks)
    listed: list[object] = []
    scandir = os.scandir
    monkeypatch.setattr(os, "scandir", lambda path: [listed.append(path), scandir(path)][1])
    assert islice_until_idle(chunks) == []
    assert not listed
    put(tmp_path / "val", steps=range(8, 9))
    assert joined(islice_until_idle(chunks)).steps.tolist() == [8]
