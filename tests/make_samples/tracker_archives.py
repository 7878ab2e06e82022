"""Offline archives of trackers: Comet's experiments, one of them resumed, and ClearML's sessions."""

import json
import os
import re
import tempfile
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

os.environ["COMET_DISABLE_AUTO_LOGGING"] = "1"
os.environ["CLEARML_OFFLINE_MODE"] = "1"

import clearml
import comet_ml
import numpy as np
from tests.make_samples.curves import rows
from tests.make_samples.own_truth import write_points
from tests.make_samples.truth import Truth

COMET = f"comet_ml {comet_ml.__version__}"
CLEARML = f"clearml {clearml.__version__}"
QUIET: dict[str, Any] = {
    "log_code": False, "log_git_metadata": False, "log_git_patch": False, "log_env_details": False,
    "auto_output_logging": False, "parse_args": False, "display_summary_level": 0,
}  # fmt: skip
Rows = Iterable[tuple[int, dict[str, float]]]


def make(folder: Path) -> None:
    """Writes every sample of this file below `folder`."""
    comet(folder / "comet")
    clearml_sessions(folder / "clearml")


def comet(folder: Path) -> None:
    """`alone/`: one experiment.  `resumed/`: one in two archives that overlap."""
    (folder / "alone").mkdir(parents=True)
    (folder / "resumed").mkdir()
    told = ("spelled_value", "derived")
    truth = Truth(COMET, events=told)
    _experiment(folder / "alone", "a" * 40, rows(9, 16), truth)
    (archive,) = (folder / "alone").glob("*.zip")
    truth.write(archive)
    truth = Truth(COMET, events=(*told, "resume"))
    _experiment(folder / "resumed", "b" * 40, rows(7, 14), truth)
    _experiment(folder / "resumed", "b" * 40, rows(11, 16, shift=0.25, bad=False), truth, is_resumed=True)
    write_points(truth, folder / "resumed")


def _experiment(folder: Path, key: str, logged: Rows, truth: Truth, *, is_resumed: bool = False) -> None:
    """One archive, which a process writes when it ends its experiment."""
    where = {"offline_directory": str(folder), "project_name": "samples", "workspace": "descentry", **QUIET}
    if is_resumed:
        experiment: Any = comet_ml.ExistingOfflineExperiment(previous_experiment=key, **where)
    else:
        os.environ["COMET_EXPERIMENT_KEY"] = key
        experiment = comet_ml.OfflineExperiment(**where)
        del os.environ["COMET_EXPERIMENT_KEY"]
        experiment.set_name("tiny")
        experiment.log_parameters({"batch_size": 32, "optimizer": {"name": "adamw"}})
    for step, row in logged:
        experiment.log_metrics(row, step=step, epoch=step // 6)
        truth.put(step, row)
    experiment.end()


def clearml_sessions(folder: Path) -> None:
    """A session whose NaN and infinities ClearML stores as 0.0: the truth holds those zeros."""
    folder.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as cache:
        os.environ["CLEARML_CACHE_DIR"] = cache
        clearml.Task.set_offline(True)
        task = clearml.Task.init(
            project_name="samples", task_name="tiny", auto_connect_frameworks=False,
            auto_connect_arg_parser=False, auto_connect_streams=False, auto_resource_monitoring=False,
        )  # fmt: skip
        task.connect({"batch_size": 32, "schedule": "cosine"})
        truth = Truth(CLEARML, events=("suspect_zero",))
        for step, row in rows(0, 24):
            for name, value in row.items():
                title, _, series = name.partition("/")
                task.get_logger().report_scalar(title, series or title, value=value, iteration=step)
            truth.put(step, {name: value if np.isfinite(value) else 0.0 for name, value in row.items()})
        task.close()
        (archive,) = Path(cache).rglob("offline-*.zip")
        target = folder / f"offline-{'c' * 32}.zip"
        _without_the_machine(archive, target)
    truth.write(target)


def _without_the_machine(source: Path, target: Path) -> None:
    """Copies an archive of ClearML without what its `task.json` says of the script, packages and folders."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        task = json.loads(old.read("task.json"))
        kept = {name: task[name] for name in ("name", "project_name", "type", "hyperparams") if name in task}
        new.writestr(zipfile.ZipInfo("task.json"), json.dumps(kept))
        metrics = re.sub(rb"offline-[0-9a-f]{32}", b"offline-" + b"c" * 32, old.read("metrics.jsonl"))
        info = zipfile.ZipInfo("metrics.jsonl")
        new.writestr(info, metrics, zipfile.ZIP_DEFLATED)
