"""Lines that people print: the `logging` module of the standard library."""

import logging
import platform
import time
from pathlib import Path

from tests.make_samples.clock import stopped
from tests.make_samples.curves import rows
from tests.make_samples.truth import Truth


def make(folder: Path) -> None:
    """Writes `logging/train.log`."""
    home = folder / "logging"
    home.mkdir(parents=True)
    truth = Truth(f"logging of Python {platform.python_version()}")
    logger = logging.Logger("train")
    handler = logging.FileHandler(home / "train.log", encoding="utf-8")
    handler.setFormatter(_formatter())
    logger.addHandler(handler)
    with stopped() as clock:
        logger.info("starting with batch size 32")
        for step, row in rows():
            clock.tick()
            loss, lr, norm = row["train/loss"], row["lr"], row["grad_norm"]
            logger.info("step %d | train_loss %.4g | lr %.3e | grad_norm %.4g", step, loss, lr, norm)
            shown = {"train_loss": f"{loss:.4g}", "lr": f"{lr:.3e}", "grad_norm": f"{norm:.4g}"}
            truth.put(step, {name: float(text) for name, text in shown.items()})
    handler.close()
    truth.write(home / "train.log")


def _formatter() -> logging.Formatter:
    formatter = logging.Formatter("%(asctime)s - %(name)s - %(levelname)s - %(message)s")
    formatter.converter = time.gmtime
    return formatter
