"""What trackers without a server write into folders: DVCLive's tables, SwanLab's run file."""

import os
from importlib.metadata import version
from pathlib import Path
from typing import Any

os.environ["DVCLIVE_LOG_LEVEL"] = "error"

import swanlab
from dvclive import Live
from swanlab.proto.swanlab.record.v1.record_pb2 import Record
from swanlab.sdk.internal.core_python.store import DataStoreReader, DataStoreWriter
from tests.make_samples.curves import rows
from tests.make_samples.own_truth import write_points
from tests.make_samples.truth import Truth


def make(folder: Path) -> None:
    """Writes every sample of this file below `folder`."""
    (folder / "dvclive").mkdir(parents=True)
    (folder / "swanlab").mkdir()
    dvclive(folder / "dvclive" / "live")
    swanlab_run(folder / "swanlab" / "run-tiny.swanlab")


def dvclive(folder: Path) -> None:
    """A table for each metric, times in those of the loss."""
    truth = Truth(f"dvclive {version('dvclive')}")
    with Live(str(folder), save_dvc_exp=False, report=None, dvcyaml=None) as live:
        live.log_params({"batch_size": 32, "schedule": "cosine"})
        for step, row in rows(0, 16):
            live.step = step
            for name, value in row.items():
                live.log_metric(name, value, timestamp=name == "train/loss", plot=True)
            truth.put(step, row)
    write_points(truth, folder)


def swanlab_run(path: Path) -> None:
    """A run file without the records that name the machine's folders."""
    truth = Truth(f"swanlab {swanlab.__version__}")
    logs = path.parent / "logs"
    swanlab.init(project="samples", experiment_name="tiny", mode="offline", logdir=str(logs))
    for step, row in rows(0, 16):
        swanlab.log(row, step=step)
        truth.put(step, row)
    swanlab.finish()
    (written,) = logs.rglob("*.swanlab")
    _without_the_machine(written, path)
    for inner in sorted(logs.rglob("*"), reverse=True):
        inner.rmdir() if inner.is_dir() else inner.unlink()
    logs.rmdir()
    truth.write(path)


def _without_the_machine(source: Path, target: Path) -> None:
    reader: Any = DataStoreReader()
    writer: Any = DataStoreWriter()
    reader.open(str(source))
    writer.open(str(target))
    for data in reader:
        record = Record()
        record.ParseFromString(data)
        if not (record.HasField("save") or record.HasField("log")):
            writer.write(data)
    writer.close()
