"""Lightning's CSVLogger: sorted columns, a sparse row for each call."""

import shutil
from collections.abc import Mapping
from pathlib import Path

import lightning
import torch
from lightning.pytorch.loggers import CSVLogger
from tests.make_samples.truth import Truth
from torch.utils.data import DataLoader, TensorDataset


class Told(CSVLogger):
    """A CSVLogger that also tells the truth what it was given."""

    def __init__(self, folder: Path, truth: Truth) -> None:
        super().__init__(str(folder), name="", version="run")
        self._truth = truth

    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        assert step is not None
        self._truth.put(step, {name: float(value) for name, value in metrics.items()})
        super().log_metrics(metrics, step)


class Line(lightning.LightningModule):
    """Fits a line; its loss is logged every step and every epoch."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(1, 1)

    def _loss(self, batch: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
        return torch.nn.functional.mse_loss(self.layer(batch[0]), batch[1])

    def training_step(self, batch: tuple[torch.Tensor, torch.Tensor], _index: int) -> torch.Tensor:
        loss = self._loss(batch)
        self.log("train/loss", loss, on_step=True, on_epoch=True)
        self.log("grad norm", {5: float("nan"), 6: float("inf")}.get(self.global_step, 1.5))
        return loss

    def validation_step(self, batch: tuple[torch.Tensor, torch.Tensor], _index: int) -> None:
        self.log("val_loss", self._loss(batch))

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=0.1)


def make(folder: Path) -> None:
    """Writes `lightning/metrics.csv`: three epochs of four steps."""
    torch.manual_seed(0)
    truth = Truth(f"lightning {lightning.__version__} CSVLogger")
    xs = torch.linspace(-1, 1, 16).unsqueeze(1)
    loader = DataLoader(TensorDataset(xs, 3 * xs - 1), batch_size=4)
    home = folder / "lightning"
    trainer = lightning.Trainer(
        accelerator="cpu", max_epochs=3, log_every_n_steps=1, logger=Told(home, truth), default_root_dir=home,
        enable_progress_bar=False, enable_model_summary=False, enable_checkpointing=False,
    )  # fmt: skip
    trainer.fit(Line(), loader, loader)
    (home / "run" / "metrics.csv").rename(home / "metrics.csv")
    shutil.rmtree(home / "run")
    truth.write(home / "metrics.csv")
