"""transformers' Trainer under the guard: what it logs is told, what is asked for is done, healthy runs are the same."""

from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")
pytest.importorskip("accelerate")
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]

from tests.integrations.scripted import Failing, Scripted  # noqa: E402
from transformers import Trainer, TrainingArguments  # noqa: E402

from descentry.guard.actions import Checkpoint, ClipTo, RollBack, ScaleLr, Stop  # noqa: E402
from descentry.guard.guard import Guard  # noqa: E402
from descentry.integrations.huggingface import DescentryCallback  # noqa: E402

N_STEPS = 12


class Net(torch.nn.Module):  # type: ignore[misc,name-defined]
    """A regression with dropout, as the Trainer wants one."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(3, 1)
        self.seen: list[Any] = []

    def forward(self, x: Any, labels: Any) -> dict[str, Any]:
        self.seen.append(self.layer.weight.detach().clone())
        predicted = self.layer(torch.nn.functional.dropout(x, 0.1, self.training))
        return {"loss": ((predicted - labels) ** 2).mean(), "logits": predicted}


def data(n: int = 64) -> list[dict[str, Any]]:
    random = torch.Generator().manual_seed(1)
    return [{"x": x, "labels": x[:1] * 2} for x in torch.randn(n, 3, generator=random)]


def trained(folder: Path, guard: Any = None, rows: Any = None, **options: Any) -> Trainer:
    """A run of the Trainer; `trainer.guarded` is the callback."""
    torch.manual_seed(0)
    settings = {
        "max_steps": N_STEPS, "per_device_train_batch_size": 4, "logging_steps": 1, "report_to": [],
        "learning_rate": 0.01, "save_strategy": "no", "use_cpu": True, "disable_tqdm": True, "seed": 0,
    }  # fmt: skip
    args = TrainingArguments(output_dir=str(folder), **{**settings, **options})
    trainer = Trainer(Net(), args, train_dataset=rows or data(), eval_dataset=data(8))
    if guard is not None:
        trainer.guarded = DescentryCallback(guard, every=4)
        trainer.add_callback(trainer.guarded)
    trainer.train()
    return trainer


def weights(trainer: Trainer) -> Any:
    return trainer.model.layer.weight.detach()


@pytest.mark.parametrize("guard", [lambda: Guard(act=True, background=False), Failing], ids=["acts", "fails"])
@pytest.mark.parametrize("micro", [1, 2])
def test_a_healthy_run_is_the_same_bit_for_bit(tmp_path: Path, guard: Any, micro: int) -> None:
    options = {"gradient_accumulation_steps": micro, "max_grad_norm": 0.0}
    alone = trained(tmp_path, **options)
    guarded = trained(tmp_path, guard(), **options)
    assert torch.equal(weights(alone), weights(guarded))
    losses = [[row.get("loss") for row in one.state.log_history] for one in (alone, guarded)]
    assert losses[0] == losses[1]


def test_what_the_trainer_logs_is_told_with_its_step(tmp_path: Path) -> None:
    guard = Scripted()
    trainer = trained(tmp_path, guard, eval_strategy="steps", eval_steps=6)
    logged = [(row["step"], row["loss"]) for row in trainer.state.log_history if "loss" in row]
    assert guard.curve("loss") == logged
    assert [step for step, _ in guard.curve("val_loss")] == [6, 12]
    assert guard.curve("lr")[0][1] == pytest.approx(0.01)
    assert len(guard.curve("grad_norm")) == N_STEPS
    assert {name for _, row in guard.rows for name in row} == {"loss", "lr", "grad_norm", "val_loss"}


def test_steps_between_logs_are_told_for_their_gradients(tmp_path: Path) -> None:
    guard = Scripted()
    trained(tmp_path, guard, logging_steps=4, max_grad_norm=0.0)
    assert [step for step, _ in guard.curve("grad_norm")] == list(range(1, N_STEPS + 1))
    assert [step for step, _ in guard.curve("loss")] == [4, 8, 12]


def test_a_refused_update_changes_no_weight(tmp_path: Path) -> None:
    trainer = trained(tmp_path, Scripted(refuses=(3,)))
    seen = trainer.model.seen
    assert torch.equal(seen[4], seen[3])
    assert not torch.equal(seen[5], seen[4])


def test_gradients_that_are_no_numbers_never_reach_the_weights(tmp_path: Path) -> None:
    rows = data()
    for row in rows[::9]:
        row["x"] = row["x"] * float("nan")
    trainer = trained(tmp_path, Guard({"gate": {}}, act=True, background=False), rows)
    assert bool(torch.isfinite(weights(trainer)).all())
    assert trainer.state.global_step == N_STEPS


def test_a_roll_back_restores_weights_and_the_rest_goes_on(tmp_path: Path) -> None:
    guard = Scripted({7: RollBack(4, rate=0.5)})
    trainer = trained(tmp_path, guard)
    seen = trainer.model.seen
    assert guard.steps == [1, 4, 8, 12]
    assert torch.equal(seen[7], seen[3])
    assert trainer.state.global_step == N_STEPS
    assert trainer.guarded.wall.faults == []
    rates = [row["learning_rate"] for row in trainer.state.log_history if "loss" in row]
    assert rates == [row["learning_rate"] for row in trained(tmp_path).state.log_history if "loss" in row]


def test_a_stop_ends_it_at_once(tmp_path: Path) -> None:
    assert trained(tmp_path, Scripted({5: Stop("enough")})).state.global_step == 5


def test_a_checkpoint_is_written(tmp_path: Path) -> None:
    trained(tmp_path, Scripted({5: Checkpoint()}))
    assert (tmp_path / "checkpoint-5").is_dir()


def test_a_scaled_rate_is_not_seen_by_the_schedule(tmp_path: Path) -> None:
    alone, scaled = trained(tmp_path), trained(tmp_path, Scripted({3: ScaleLr(0.0, 2), 9: ClipTo(0.1)}))
    seen = scaled.model.seen
    assert torch.equal(seen[3], seen[5])
    assert not torch.equal(seen[6], seen[5])
    rates = [[row.get("learning_rate") for row in one.state.log_history] for one in (alone, scaled)]
    assert rates[0] == rates[1]


def test_an_advising_guard_keeps_no_copies(tmp_path: Path) -> None:
    guard = Scripted()
    guard.act = False
    trained(tmp_path, guard)
    assert guard.steps == []


def test_lbfgs_is_watched_no_further_than_a_line_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    callback = DescentryCallback(Scripted())
    layer = torch.nn.Linear(1, 1)
    args = TrainingArguments(output_dir=str(tmp_path), use_cpu=True, report_to=[])
    callback.on_train_begin(args, None, None, model=layer, optimizer=torch.optim.LBFGS(layer.parameters()))
    assert "LBFGS" in caplog.text


def test_a_guard_with_its_own_policy_goes_back_by_itself(tmp_path: Path) -> None:
    guard = Guard("nan", act=True, background=False)
    trainer = trained(tmp_path, guard, Spoilt(data(160), range(20, 40)), max_steps=20)
    names = [type(deed).__name__ for _, deed in guard.history]
    assert "RollBack" in names
    assert trainer.state.global_step == 20
    assert bool(torch.isfinite(weights(trainer)).all())
    assert guard.wall.faults == trainer.guarded.wall.faults == []


class Spoilt(torch.utils.data.IterableDataset):  # type: ignore[misc,name-defined]
    """Rows in their order, some of which are no numbers."""

    def __init__(self, rows: Any, spoilt: range) -> None:
        self.rows, self.spoilt = rows, spoilt

    def __iter__(self) -> Any:
        for i, row in enumerate(self.rows):
            x = row["x"] * (float("nan") if i in self.spoilt else 1.0)
            yield {"x": x, "labels": row["labels"]}
