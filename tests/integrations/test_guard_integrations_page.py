"""Every snippet of docs/guard-integrations.md runs as it stands, on the smallest things it can be given."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]
PAGE = (Path(__file__).parents[2] / "docs/guard-integrations.md").read_text("utf-8")
N_STEPS = 12


def loss_of(model: Any, batch: Any) -> Any:
    x, y = batch
    return ((model(x) - y) ** 2).mean()


def torch_things(_: Path) -> dict[str, Any]:
    torch.manual_seed(0)
    points = torch.randn(32, 3)
    data = torch.utils.data.TensorDataset(points, points[:, :1])
    loader = torch.utils.data.DataLoader(data, 4, shuffle=True)
    model = torch.nn.Linear(3, 1)
    optimizer = torch.optim.AdamW(model.parameters(), 0.01)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, N_STEPS)
    return {
        "torch": torch, "model": model, "optimizer": optimizer, "scheduler": scheduler, "loader": loader,
        "loss_of": loss_of, "n": N_STEPS, "batches": (batch for _ in range(3) for batch in loader),
    }  # fmt: skip


def trainer_things(folder: Path) -> dict[str, Any]:
    pytest.importorskip("transformers")
    pytest.importorskip("accelerate")
    from tests.integrations.test_huggingface import Net, data
    from transformers import Trainer, TrainingArguments

    args = TrainingArguments(
        output_dir=str(folder), max_steps=6, report_to=[], use_cpu=True, disable_tqdm=True, save_strategy="no"
    )
    return {"trainer": Trainer(Net(), args, train_dataset=data())}


def lightning_things(folder: Path) -> dict[str, Any]:
    pytest.importorskip("lightning")
    from lightning.pytorch import Trainer
    from tests.integrations.test_lightning import Net, loader

    options = {
        "accelerator": "cpu", "logger": False, "enable_checkpointing": False, "enable_progress_bar": False,
        "enable_model_summary": False, "default_root_dir": folder, "limit_val_batches": 0,
    }  # fmt: skip
    return {"Trainer": Trainer, "module": Net(), "loader": loader(), "n": 6, "options": options}


def keras_things(_: Path) -> dict[str, Any]:
    pytest.importorskip("keras")
    import keras
    import numpy as np

    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.compile("adam", "mse")
    return {"model": model, "x": np.ones((8, 3)), "y": np.ones((8, 1))}


def accelerate_things(folder: Path) -> dict[str, Any]:
    pytest.importorskip("accelerate")
    from accelerate import Accelerator

    things = torch_things(folder)
    accelerator = Accelerator(cpu=True)
    for name in ("model", "optimizer", "scheduler", "loader"):
        things[name] = accelerator.prepare(things[name])
    return {**things, "accelerator": accelerator}


def jax_things(_: Path) -> dict[str, Any]:
    pytest.importorskip("jax")
    pytest.importorskip("optax")
    import jax
    import optax
    from tests.integrations.test_optax import Batches

    def squares(params: Any, batch: Any) -> Any:
        return ((batch[0] @ params - batch[1]) ** 2).mean()

    return {
        "jax": jax, "optax": optax, "loss_of": squares, "params": jax.numpy.zeros(3), "n": N_STEPS,
        "batches": Batches(),
    }  # fmt: skip


THINGS: dict[str, Callable[[Path], dict[str, Any]]] = {
    "PyTorch": torch_things,
    "transformers and TRL": trainer_things,
    "Lightning": lightning_things,
    "Keras": keras_things,
    "Accelerate": accelerate_things,
    "JAX with Optax": jax_things,
    "Many processes": torch_things,
}
SNIPPETS = dict(re.findall(r"^## ([^\n]+)\n\n```python\n(.*?)```", PAGE, re.DOTALL | re.MULTILINE))


def test_every_snippet_is_run() -> None:
    assert SNIPPETS.keys() == THINGS.keys()
    assert PAGE.count("```python") == len(SNIPPETS)


@pytest.mark.parametrize("title", THINGS)
def test_a_snippet_runs(title: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    exec(SNIPPETS[title], THINGS[title](tmp_path))
    assert "failed" not in caplog.text
