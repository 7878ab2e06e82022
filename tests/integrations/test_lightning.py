"""Lightning's Trainer under the guard: every update is told, what is asked for is done, healthy runs are the same."""

import logging
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
lightning = pytest.importorskip("lightning.pytorch")
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]

from tests.integrations.scripted import Failing, Scripted  # noqa: E402

from descentry.guard.actions import Checkpoint, ClipTo, RollBack, ScaleLr, Stop  # noqa: E402
from descentry.guard.guard import Guard  # noqa: E402
from descentry.integrations.lightning import DescentryCallback  # noqa: E402

N_STEPS = 12


class Net(lightning.LightningModule):  # type: ignore[misc,name-defined]
    """A regression with dropout; `seen`: the weights that each batch met."""

    def __init__(self, optimizer: str = "AdamW") -> None:
        super().__init__()
        self.layer = torch.nn.Linear(3, 1)
        self.optimizer = optimizer
        self.seen: list[Any] = []
        self.losses: list[float] = []
        self.rates: list[float] = []

    def training_step(self, batch: Any, _: int) -> Any:
        self.seen.append(self.layer.weight.detach().clone())
        x, y = batch
        loss = ((self.layer(torch.nn.functional.dropout(x, 0.1)) - y) ** 2).mean()
        self.losses.append(float(loss.detach()))
        self.log("accuracy", 0.5)
        return loss

    def validation_step(self, batch: Any, _: int) -> None:
        x, y = batch
        self.log("val_loss", ((self.layer(x) - y) ** 2).mean())

    def on_train_batch_end(self, *_: Any) -> None:
        self.rates.append(self.optimizers().param_groups[0]["lr"])

    def configure_optimizers(self) -> Any:
        optimizer = getattr(torch.optim, self.optimizer)(self.parameters(), 0.05)
        schedule = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.9)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


def loader(spoilt: tuple[int, ...] = ()) -> Any:
    random = torch.Generator().manual_seed(1)
    points = torch.randn(48, 3, generator=random)
    for at in spoilt:
        points[at] = float("nan")
    data = torch.utils.data.TensorDataset(points, points.nan_to_num()[:, :1] * 2)
    return torch.utils.data.DataLoader(data, 4)


def trained(folder: Path, guard: Any = None, net: Net | None = None, data: Any = None, **options: Any) -> Any:
    """The network after a run; `net.trainer` is its trainer."""
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    torch.manual_seed(0)
    net = net or Net()
    settings = {
        "max_steps": N_STEPS, "accelerator": "cpu", "logger": False, "enable_checkpointing": False,
        "enable_progress_bar": False, "enable_model_summary": False, "num_sanity_val_steps": 1,
    }  # fmt: skip
    callbacks = [] if guard is None else [DescentryCallback(guard, every=4)]
    trainer = lightning.Trainer(default_root_dir=folder, callbacks=callbacks, **{**settings, **options})
    trainer.fit(net, data or loader(), loader())
    return net


@pytest.mark.parametrize("guard", [lambda: Guard(act=True, background=False), Failing], ids=["acts", "fails"])
@pytest.mark.parametrize("micro", [1, 2])
def test_a_healthy_run_is_the_same_bit_for_bit(tmp_path: Path, guard: Any, micro: int) -> None:
    options = {"accumulate_grad_batches": micro, "gradient_clip_val": 1.0}
    alone, guarded = trained(tmp_path, **options), trained(tmp_path, guard(), **options)
    assert alone.losses == guarded.losses
    assert torch.equal(alone.layer.weight, guarded.layer.weight)


def test_every_update_is_told_with_its_step(tmp_path: Path) -> None:
    guard = Scripted()
    net = trained(tmp_path, guard)
    assert guard.curve("loss") == [(i + 1, pytest.approx(loss)) for i, loss in enumerate(net.losses)]
    assert [step for step, _ in guard.curve("val_loss")] == [12]
    assert all(norm > 0 for _, norm in guard.curve("grad_norm"))
    assert len(guard.curve("lr")) == len(guard.curve("accuracy")) == N_STEPS


def test_a_loss_of_accumulated_gradients_is_a_whole_one(tmp_path: Path) -> None:
    guard = Scripted()
    net = trained(tmp_path, guard, accumulate_grad_batches=2, max_steps=6)
    assert [loss for _, loss in guard.curve("loss")] == [pytest.approx(loss) for loss in net.losses[1::2]]


def test_a_refused_update_changes_no_weight(tmp_path: Path) -> None:
    seen = trained(tmp_path, Scripted(refuses=(3,))).seen
    assert torch.equal(seen[4], seen[3])
    assert not torch.equal(seen[5], seen[4])


def test_gradients_that_are_no_numbers_never_reach_the_weights(tmp_path: Path) -> None:
    guard = Guard({"gate": {}}, act=True, background=False)
    net = trained(tmp_path, guard, data=loader(spoilt=(9, 30)))
    assert bool(torch.isfinite(net.layer.weight).all())
    assert len(guard.history) == 2


def test_a_roll_back_restores_weights_and_the_rest_goes_on(tmp_path: Path) -> None:
    guard = Scripted({7: RollBack(4, rate=0.5)})
    net = trained(tmp_path, guard)
    assert guard.steps == [1, 4, 8, 12]
    assert torch.equal(net.seen[7], net.seen[3])
    assert net.trainer.global_step == N_STEPS
    assert net.rates == trained(tmp_path).rates


def test_a_stop_ends_it_at_once(tmp_path: Path) -> None:
    assert trained(tmp_path, Scripted({5: Stop("enough")})).trainer.global_step == 5


def test_a_checkpoint_is_written(tmp_path: Path) -> None:
    trained(tmp_path, Scripted({5: Checkpoint()}))
    assert (tmp_path / "descentry-step=5.ckpt").is_file()


def test_rate_and_clipping_are_changed_in_the_update_alone(tmp_path: Path) -> None:
    net = trained(tmp_path, Scripted({3: ScaleLr(0.0, 2)}))
    assert torch.equal(net.seen[3], net.seen[5])
    assert not torch.equal(net.seen[6], net.seen[5])
    assert net.rates == trained(tmp_path).rates
    clipped = trained(tmp_path, Scripted({3: ClipTo(1e-3)}), Net("SGD"))
    assert float((clipped.seen[6] - clipped.seen[5]).norm()) < 1e-4


def test_lbfgs_is_not_guarded_and_says_so(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    net = trained(tmp_path, Scripted({3: Stop("never")}), Net("LBFGS"), max_steps=4)
    assert net.trainer.global_step == 4
    assert "LBFGS" in caplog.text


class Two(Net):
    """Two optimizers, by hand."""

    def __init__(self) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.other = torch.nn.Linear(3, 1)

    def training_step(self, batch: Any, _: int) -> None:
        self.seen.append((self.layer.weight.detach().clone(), self.other.weight.detach().clone()))
        for layer, optimizer in zip((self.layer, self.other), self.optimizers(), strict=True):
            optimizer.zero_grad()
            self.manual_backward(((layer(batch[0]) - batch[1]) ** 2).mean())
            optimizer.step()

    def on_train_batch_end(self, *_: Any) -> None: ...

    def configure_optimizers(self) -> Any:
        return [torch.optim.SGD(layer.parameters(), 0.05) for layer in (self.layer, self.other)]


def test_optimizers_driven_by_hand_are_guarded_too(tmp_path: Path) -> None:
    guard = Scripted(refuses=(4,))
    seen = trained(tmp_path, guard, Two(), max_steps=12).seen
    assert guard.judged[1::2] == [None] * 6
    assert torch.equal(seen[3][0], seen[2][0])
    assert not torch.equal(seen[3][1], seen[2][1])
    assert all(norm > 0 for _, norm in guard.curve("grad_norm"))
