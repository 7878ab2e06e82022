"""Ray Tune's `result.json` and `progress.csv`, and MLPerf's log lines, by the libraries' own loggers."""

import logging
from pathlib import Path
from types import SimpleNamespace

import ray
from mlperf_logging.mllog.mllog import MLLogger
from ray.tune.logger import CSVLoggerCallback, JsonLoggerCallback
from tests.make_samples.curves import rows
from tests.make_samples.truth import Truth

CONFIG = {"lr": 0.01, "model": {"width": 64}, "optimizer": "adamw"}


class Trial(SimpleNamespace):
    """The attributes of a trial that the loggers look at."""

    __hash__ = object.__hash__


def make(folder: Path) -> None:
    """Writes `ray/result.json`, `ray/progress.csv` and `mlperf/stdout.txt`."""
    for name in ("ray", "mlperf"):
        (folder / name).mkdir(parents=True)
    tune(folder / "ray")
    mlperf(folder / "mlperf" / "stdout.txt")


def tune(home: Path) -> None:
    """The results of one trial, handed to both loggers as Tune's controller does."""
    truths = [
        Truth(f"ray {ray.__version__} {name}", events=("no_series",))
        for name in ("JsonLoggerCallback", "CSVLoggerCallback")
    ]
    trial = Trial(
        local_path=str(home), config=CONFIG, evaluated_params=CONFIG, trial_id="a1b2c_00000",
        storage=None, checkpoint=None, init_local_path=lambda: None,
    )  # fmt: skip
    loggers = JsonLoggerCallback(), CSVLoggerCallback()
    for step, row in rows(1, 13):
        told = {"loss": row["train/loss"], "val": {"loss": round(row["train/loss"] + 0.125, 6)},
                "info": {"learner": {"default_policy": {"entropy": 1.5, "vf_loss": 0.25}}}}  # fmt: skip
        about = {
            "timestamp": 1700000000 + step, "done": step == 12, "training_iteration": step, "trial_id": "a1b2c_00000",
            "date": f"2023-11-14_22-13-{20 + step}", "time_this_iter_s": 1.0, "time_total_s": float(step), "pid": 4242,
            "hostname": "host", "node_ip": "127.0.0.1", "config": CONFIG, "iterations_since_restore": step,
        }  # fmt: skip
        for logger in loggers:
            logger.log_trial_result(step, trial, {**told, **about})
        flat = {
            "loss": row["train/loss"], "val/loss": told["val"]["loss"], "info/learner/default_policy/entropy": 1.5,
            "info/learner/default_policy/vf_loss": 0.25, "time_this_iter_s": 1.0, "time_total_s": step, "pid": 4242,
            "iterations_since_restore": step,
        }  # fmt: skip
        for truth in truths:
            truth.put(step, flat)
    for logger in loggers:
        logger.on_trial_complete(12, [trial], trial)
    for truth, name in zip(truths, ("result.json", "progress.csv"), strict=True):
        truth.roles = {
            "loss": "train_loss",
            "val/loss": "val_loss",
            "info/learner/default_policy/entropy": "entropy",
        }
        truth.write(home / name)
    for path in ("params.json", "params.pkl"):
        (home / path).unlink(missing_ok=True)


def mlperf(path: Path) -> None:
    """Settings, intervals, losses and evaluations as the training reference of Llama logs them."""
    truth = Truth("mlperf_logging 4.1.68, as printed", left_out=("intervals", "line numbers"))
    logger = logging.Logger("mllog")
    handler = logging.FileHandler(path, encoding="utf-8")
    logger.addHandler(handler)
    log = MLLogger(logger, root_dir=".*")
    log.event("submission_benchmark", "llama2_70b_lora", time_ms=1700000000000)
    for name, value in (("global_batch_size", 8), ("opt_base_learning_rate", 0.0004), ("seed", 17)):
        log.event(name, value, time_ms=1700000000000)
    log.start("run_start", time_ms=1700000000000)
    for step, row in rows(1, 15):
        at, now = 8 * step, 1700000000000 + 1000 * step
        if step % 6 == 1:
            log.start("block_start", metadata={"samples_count": at}, time_ms=now)
        log.event(
            "train_loss", row["train/loss"], metadata={"samples_count": at, "lr": row["lr"]}, time_ms=now
        )
        truth.put(at, {"train_loss": row["train/loss"], "lr": row["lr"]})
        log.event("tracked_stats", {"throughput": 12.5 + step}, metadata={"samples_count": at}, time_ms=now)
        truth.put(at, {"throughput": 12.5 + step})
        if "eval/loss" in row:
            log.end("block_stop", metadata={"samples_count": at}, time_ms=now)
            log.event("eval_accuracy", row["eval/loss"], metadata={"samples_count": at}, time_ms=now)
            truth.put(at, {"eval_accuracy": row["eval/loss"]})
    log.end("run_stop", metadata={"status": "success", "samples_count": 112}, time_ms=1700000030000)
    handler.close()
    truth.roles = {
        "train_loss": "train_loss",
        "eval_accuracy": "val_accuracy",
        "lr": "lr",
        "throughput": "throughput",
    }
    truth.write(path)
