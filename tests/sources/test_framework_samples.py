"""Logs of the frameworks, beyond their values: cut anywhere, fed in pieces, followed, padded."""

import json
import random
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from tests.sources.test_readers import islice_until_idle
from tests.sources.text.test_lines import decoded, points

from descentry.record.chunk import Chunk
from descentry.record.errors import InputError
from descentry.record.run import Run
from descentry.sources.collect import collect
from descentry.sources.drive import Factory
from descentry.sources.json.lines import JsonLines
from descentry.sources.places.find import find
from descentry.sources.rows import joined
from descentry.sources.tables.csv_lines import CsvLines
from descentry.sources.text.decoder import TextDecoder
from descentry.sources.trackers import deepspeed_csv

SAMPLES = Path(__file__).parents[1] / "samples"
FRAMEWORKS = (
    "algoperf", "axolotl", "composer", "detectron2", "fairseq", "llamafactory", "megatron", "mlperf", "mmcv",
    "mmengine", "nanotron", "nemo", "ray", "torchtitan", "torchtune", "trl", "ultralytics",
)  # fmt: skip
FILES = sorted(
    path
    for name in FRAMEWORKS
    for path in (SAMPLES / name).iterdir()
    if not path.name.endswith(".truth.json")
)
DECODERS: dict[str, Factory] = {"text": TextDecoder, "jsonl": JsonLines, "csv": CsvLines}
N_CUTS = 60

Points = set[tuple[str, int, str]]


def name_of(path: Path) -> str:
    return path.relative_to(SAMPLES).as_posix()


def points_of(chunk: Chunk) -> Points:
    return {
        (name, step, repr(value))
        for name, (rows, values) in chunk.columns.items()
        for step, value in zip(chunk.steps[rows].tolist(), values.tolist(), strict=True)
    }


def one(path: Path) -> Run:
    (log,) = find(path)
    return collect(log)


def test_no_framework_is_forgotten() -> None:
    assert len(FILES) >= 25


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_a_cut_log_gives_points_of_the_whole_one(path: Path, tmp_path: Path) -> None:
    data = path.read_bytes()
    whole = points_of(joined(find(path)[0].chunks()))
    cut_log = tmp_path / path.name
    n_read = 0
    for cut in sorted(random.Random(path.name).sample(range(len(data)), N_CUTS)):
        cut_log.write_bytes(data[:cut])
        try:
            found = points_of(joined(find(cut_log)[0].chunks()))
        except InputError:
            continue
        n_read += 1
        assert not found - whole, cut
    assert n_read > N_CUTS // 4


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_any_split_gives_the_same_points(path: Path) -> None:
    data = path.read_bytes()
    (log,) = find(path)
    whole = joined(log.chunks())
    choice = random.Random(path.name)
    for _ in range(4):
        bounds = [0, *sorted(choice.sample(range(len(data)), 9)), len(data)]
        decoder = DECODERS[log.format](path.name)
        pieces = [decoder.feed(data[a:b]) for a, b in pairwise(bounds)]
        again = joined([*pieces, decoder.end()])
        assert again.steps.tolist() == whole.steps.tolist()
        assert points_of(again) == points_of(whole)


def test_every_state_of_a_folder_of_deepspeed_is_followed(tmp_path: Path) -> None:
    source = SAMPLES / "deepspeed" / "job"
    files = sorted(source.glob("Train_*.csv"))
    lines = {file.name: file.read_text("utf-8").splitlines(keepends=True) for file in files}
    for name, its in lines.items():
        (tmp_path / name).write_text("".join(its[:2]), "utf-8")
    chunks = deepspeed_csv.follow(tmp_path)
    got = islice_until_idle(chunks)
    for stop in (*range(3, 28, 4), 28):
        for name, its in lines.items():
            (tmp_path / name).write_text("".join(its[:stop]), "utf-8")
        got += islice_until_idle(chunks)
    got += islice_until_idle(chunks)
    whole = joined(deepspeed_csv.read(source))
    assert points_of(joined(got)) == points_of(whole)
    assert sum(len(chunk.steps) for chunk in got) == whole.n_rows


def test_a_folder_of_deepspeed_is_one_run_in_a_larger_folder(tmp_path: Path) -> None:
    job = tmp_path / "runs" / "job"
    job.mkdir(parents=True)
    for file in (SAMPLES / "deepspeed" / "job").iterdir():
        (job / file.name).write_bytes(file.read_bytes())
    assert [(log.run, log.format) for log in find(tmp_path)] == [("runs/job", "deepspeed_csv")]


def test_metrics_of_one_header_are_named_by_their_files(tmp_path: Path) -> None:
    for split in ("Train_Samples", "Eval_Samples"):
        (tmp_path / f"{split}_loss.csv").write_text("step,loss\n32,2.5\n64,2.25\n")
    assert set(one(tmp_path).curves) == {"Train_Samples_loss", "Eval_Samples_loss"}


EVENT = (
    ':::MLLOG {{"namespace": "", "time_ms": 1700000000000, "event_type": "POINT_IN_TIME", "key": "{}", "value": {}, '
    '"metadata": {}}}\n'
)


def events(key: str, counter: str, numbers: list[float]) -> str:
    return "".join(
        EVENT.format(key, 0.5 + i, json.dumps({counter: n, "lineno": 7})) for i, n in enumerate(numbers)
    )


def test_evaluations_that_count_epochs_stand_between_losses_that_count_steps() -> None:
    text = events("train_loss", "step_num", [10, 20]) + events("eval_accuracy", "epoch_num", [1])
    chunk = decoded(f"0: {text}1: warm\n" + events("train_loss", "step_num", [30]))
    assert points(chunk, "train_loss") == [(10, 0.5), (20, 1.5), (30, 0.5)]
    assert points(chunk, "eval_accuracy") == [(20, 0.5)]
    assert chunk.wall_times is not None
    assert chunk.wall_times[0] == 1.7e9


def test_fractions_of_epochs_are_counted_and_told() -> None:
    chunk = decoded(events("eval_accuracy", "epoch_num", [0.25, 0.5, 0.75]))
    assert points(chunk, "eval_accuracy") == [(0, 0.5), (1, 1.5), (2, 2.5)]
    assert points(chunk, "epoch_num") == [(0, 0.25), (1, 0.5), (2, 0.75)]
    assert [event.kind for event in chunk.events] == ["missing_step"]


@pytest.mark.parametrize(
    "line",
    [
        ':::MLLOG {"key": "train_loss", "value": 2.5, "metadata": {"step_nu\n',
        ":::MLLOG \n",
        ":::MLLOG [1, 2]\n",
        ':::MLLOG {"key": 5, "value": 2.5}\n',
        ":::MLLOG " + "[" * 20_000 + "\n",
    ],
)
def test_a_broken_event_is_told(line: str) -> None:
    text = events("train_loss", "step_num", [10, 20])
    chunk = decoded(text + line + text)
    assert [event.kind for event in chunk.events] == ["bad_line"]
    assert len(points(chunk, "train_loss")) == 4


@pytest.mark.parametrize(
    "metadata",
    ['{"step_num": NaN}', '{"step_num": 1e300}', '{"step_num": "x"}', "5", '{"step_num": true}', "{}"],
)
def test_an_event_without_a_step_breaks_nothing(metadata: str) -> None:
    text = events("train_loss", "step_num", [10, 20])
    chunk = decoded(text + EVENT.format("train_loss", 9.5, metadata) + text)
    assert points(chunk, "train_loss")[:2] == [(10, 0.5), (20, 1.5)]
    assert all(abs(step) < 2**62 for step in chunk.steps.tolist())


def test_lines_of_other_programs_stand_beside_events() -> None:
    text = "".join(
        EVENT.format("tracked_stats", '{"throughput": 12.5}', json.dumps({"step": i}))
        + f"step {i} loss {2.5 + i}\n"
        for i in range(1, 5)
    )
    chunk = decoded(text)
    assert points(chunk, "loss") == [(i, 2.5 + i) for i in range(1, 5)]
    assert points(chunk, "throughput") == [(i, 12.5) for i in range(1, 5)]


PADDED = "step,loss,lr\n0,2.5,0.1\n1,2.25,0.1\n2,nan,0.1\n3,nan,nan\n4,nan,nan\n"


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.json"])
def test_steps_that_were_never_reached_are_no_nan(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text(_as(name, PADDED))
    run = one(path)
    assert run.curves["loss"].steps.tolist() == [0, 1, 2]
    assert np.isnan(run.curves["loss"].values).tolist() == [False, False, True]
    assert [(event.kind, event.count, event.step) for event in run.events] == [("padding", 2, 3)]


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.json"])
@pytest.mark.parametrize(
    "text",
    [
        "step,loss,lr\n0,2.5,0.1\n1,nan,0.1\n2,nan,0.1\n",
        "step,loss,grad_norm\n0,2.5,1.5\n1,nan,nan\n2,nan,nan\n",
        "step,loss,lr\n0,2.5,0.1\n1,nan,nan\n2,2.25,0.1\n",
    ],
)
def test_a_divergence_and_a_gap_are_no_padding(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / name
    path.write_text(_as(name, text))
    run = one(path)
    assert run.curves["loss"].steps.tolist() == [0, 1, 2]
    assert np.isnan(run.curves["loss"].values).any()
    assert "padding" not in {event.kind for event in run.events}


def _as(name: str, table: str) -> str:
    """A table of CSV as JSON lines, or as columns of JSON."""
    header, *lines = (line.split(",") for line in table.splitlines())
    rows = [dict(zip(header, map(float, line), strict=True)) for line in lines]
    rows = [{**row, "step": int(row["step"])} for row in rows]
    if name.endswith(".jsonl"):
        return "".join(json.dumps(row) + "\n" for row in rows)
    return (
        json.dumps({key: [row[key] for row in rows] for key in header}) if name.endswith(".json") else table
    )


def test_padding_that_is_followed_waits(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(PADDED)
    chunks = find(path)[0].follow()
    got = islice_until_idle(chunks)
    assert joined(got).steps.tolist() == [0, 1, 2]
    with path.open("a") as log:
        log.write("5,2.0,0.1\n")
    got += islice_until_idle(chunks)
    assert joined(got).steps.tolist() == [0, 1, 2, 3, 4, 5]


def test_settings_in_every_row_are_config_and_their_changes_told(tmp_path: Path) -> None:
    path = tmp_path / "progress.csv"
    path.write_text("training_iteration,loss,config/lr\n1,2.5,0.1\n2,2.25,0.1\n3,2.0,0.2\n4,1.75,0.2\n")
    run = one(path)
    assert set(run.curves) == {"loss"}
    assert run.config["lr"] == 0.1
    assert [(event.kind, event.step) for event in run.events] == [("config_change", 3)]


def test_validation_rows_of_mmengine_count_epochs_only_there(tmp_path: Path) -> None:
    path = tmp_path / "scalars.json"
    rows = [{"loss": 2.5, "epoch": 1, "iter": i, "step": i} for i in (1, 2, 3)]
    path.write_text(
        "".join(json.dumps(row) + "\n" for row in [*rows, {"acc": 0.5, "step": 1}, {"acc": 0.25, "step": 7}])
    )
    curve = one(path).curves["acc"]
    assert curve.steps.tolist() == [3, 7]


def test_rows_that_count_on_themselves_stay(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    rows = [{"loss": 2.5, "epoch": i // 2, "iter": i % 2, "step": 10 + i} for i in range(4)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert one(path).curves["iter"].values.tolist() == [0.0, 1.0, 0.0, 1.0]
