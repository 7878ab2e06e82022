"""What people print: lines of the standard library's `logging`, progress bars of tqdm."""

import logging
import platform
import time
from pathlib import Path

import tqdm
from tests.make_samples.clock import stopped
from tests.make_samples.curves import rows
from tests.make_samples.truth import Truth


def make(folder: Path) -> None:
    """Writes `logging/train.log`, `tqdm/run.txt` and `tqdm/epochs.txt`."""
    for name in ("logging", "tqdm"):
        (folder / name).mkdir(parents=True)
    logged(folder / "logging")
    run_bar(folder / "tqdm" / "run.txt")
    epoch_bars(folder / "tqdm" / "epochs.txt")


def logged(home: Path) -> None:
    """A line for each step."""
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


def run_bar(path: Path) -> None:
    """One bar over all steps; each step's loss is set behind it."""
    truth = Truth(f"tqdm {tqdm.__version__}")
    with path.open("w", encoding="utf-8") as lines:
        bar = tqdm.tqdm(rows(), total=24, file=lines, mininterval=0)
        for step, row in bar:
            values = {"loss": row["train/loss"], "lr": row["lr"]}
            bar.set_postfix(values)
            truth.put(step, _shown(values))
    truth.write(path)


def epoch_bars(path: Path) -> None:
    """A bar for each epoch: what its last state says is the epoch's."""
    truth = Truth(f"tqdm {tqdm.__version__}")
    with path.open("w", encoding="utf-8") as lines:
        for epoch in range(1, 4):
            inner = rows(8 * epoch - 8, 8 * epoch, bad=False)
            bar = tqdm.tqdm(inner, total=8, file=lines, mininterval=0, desc=f"Epoch {epoch}/3")
            for _, row in bar:
                values = {"loss": row["train/loss"], "lr": row["lr"]}
                bar.set_postfix(values)
            truth.put(epoch, _shown(values))
    truth.write(path)


def _shown(values: dict[str, float]) -> dict[str, float]:
    return {name: float(tqdm.tqdm.format_num(value)) for name, value in values.items()}
