"""Boxes of names and values: Stable-Baselines3's `log.txt`."""

from pathlib import Path

import numpy as np
import stable_baselines3
from stable_baselines3.common.logger import HumanOutputFormat, Logger
from tests.make_samples.curves import rows
from tests.make_samples.truth import Truth

LONG = "a_name_much_longer_than_the_box_is_wide"
N_STEPS = 2048


def make(folder: Path) -> None:
    """Writes `stable_baselines3/log.txt`: rollouts from the first box on, training from the second, evaluations."""
    path = folder / "stable_baselines3" / "log.txt"
    path.parent.mkdir(parents=True)
    truth = Truth(f"stable_baselines3 {stable_baselines3.__version__} HumanOutputFormat")
    output = HumanOutputFormat(str(path))
    logger = Logger(None, [output])
    for iteration, row in rows(1, 13):
        told: dict[str, object] = {
            "time/iterations": iteration,
            "rollout/ep_rew_mean": 20.0 - row["train/loss"],
        }
        if iteration > 1:
            told |= {
                "train/loss": row["train/loss"],
                "train/learning_rate": row["lr"],
                f"train/{LONG}": iteration,
            }
            told["train/approx_kl"] = np.float32(row["grad_norm"])
        if "eval/loss" in row:
            told["eval/mean_reward"] = 20.0 - row["eval/loss"]
        for name, value in told.items():
            logger.record(name, value)
        logger.record("time/total_timesteps", N_STEPS * iteration, exclude="tensorboard")
        logger.dump(iteration)
        truth.put(N_STEPS * iteration, {_shown(name): _spelt(value) for name, value in told.items()})
    logger.close()
    truth.roles = {"train/loss": "train_loss", "train/learning_rate": "lr"}
    truth.write(path)


def _shown(name: str) -> str:
    """The name as it is cut to the width of a box, indent and all."""
    tag, _, last = name.rpartition("/")
    indented = f"   {last}"
    return f"{tag}/{(indented if len(indented) <= 36 else indented[:33] + '...').strip()}"


def _spelt(value: object) -> float:
    return float(f"{value:.3g}") if isinstance(value, float) else float(str(value))
