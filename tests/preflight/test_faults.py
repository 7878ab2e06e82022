"""Each check finds the fault that is planted for it, names it and tells the fix; healthy ones are left alone."""

from collections.abc import Callable
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from tests.preflight import models  # noqa: E402
from torch import Tensor, nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402

import descentry  # noqa: E402
from descentry.preflight.answer import Answer, Check, Verdict  # noqa: E402
from descentry.preflight.registry import CHECKS  # noqa: E402

Setup = dict[str, Any]
BY_ID = {check.id: check for check in CHECKS}


def answer(check: str, setup: Setup) -> Answer:
    """The answer of one check."""
    found: Check = BY_ID[check]
    return descentry.preflight(**setup, checks=[found])[check]


def huge_head() -> Setup:
    setup = models.gpt()
    with torch.no_grad():
        setup["model"].head.weight.mul_(40.0)
    return setup


def summed() -> Setup:
    setup = models.gpt()
    return setup | {"loss_fn": lambda out, targets: 4.0 * models.cross_entropy(out, targets)}


def nan_loss() -> Setup:
    return models.gpt() | {"loss_fn": lambda out, targets: torch.log(-models.cross_entropy(out, targets))}


def one_target() -> Setup:
    tokens, targets = models.tokens()
    return models.gpt() | {"batch": (tokens, torch.full_like(targets, 7))}


def unrelated() -> Setup:
    tokens, targets = models.tokens()
    return models.gpt() | {"batch": (tokens, targets.flip(0)), "causal": True}


class Mixed(nn.Module):
    """Adds the mean over the batch to its inputs."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Linear(20, 5)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.inner(x + x.mean(0))
        return out


def mixed() -> Setup:
    setup = models.classifier()
    model = Mixed()
    return setup | {"model": model, "optimizer": torch.optim.SGD(model.parameters(), 0.1), "scheduler": None}


def all_frozen() -> Setup:
    setup = models.gpt()
    setup["model"].requires_grad_(False)
    setup["loss_fn"] = lambda out, targets: models.cross_entropy(out, targets).requires_grad_()
    return setup


def one_frozen() -> Setup:
    setup = models.gpt() | {"frozen": ("places",)}
    setup["model"].tokens.requires_grad_(False)
    return setup


def left_out() -> Setup:
    setup = models.gpt()
    return setup | {"optimizer": torch.optim.AdamW(setup["model"].blocks.parameters(), 1e-3)}


def other_model() -> Setup:
    return models.gpt() | {"optimizer": models.gpt()["optimizer"]}


def no_rate() -> Setup:
    return models.gpt(rate=0.0)


def stuck_schedule() -> Setup:
    setup = models.gpt()
    return setup | {
        "scheduler": torch.optim.lr_scheduler.LambdaLR(setup["optimizer"], lambda step: step // 10_000)
    }


class Cut(nn.Module):
    """Two layers with the graph cut between them."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(20, 8), nn.Linear(8, 5)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.second(self.first(x).detach())
        return out


def cut() -> Setup:
    model = Cut()
    return models.classifier() | {
        "model": model,
        "optimizer": torch.optim.SGD(model.parameters(), 0.1),
        "scheduler": None,
    }


def cut_loss() -> Setup:
    return models.gpt() | {"loss_fn": lambda out, targets: models.cross_entropy(out.detach(), targets)}


def nan_gradient() -> Setup:
    return models.gpt() | {
        "loss_fn": lambda out, targets: models.cross_entropy(out, targets) + (out * 0).pow(2).sum().sqrt()
    }


class Lazy(torch.optim.SGD):
    """Never moves the first weight of its groups."""

    def step(self, closure: Any = None) -> Any:
        for group in self.param_groups:
            group["params"][0].grad = None
        return super().step(closure)


def lazy() -> Setup:
    setup = models.gpt()
    return setup | {"optimizer": Lazy(setup["model"].parameters(), 0.1)}


def too_fine() -> Setup:
    setup = models.gpt()
    model = setup["model"].to(torch.bfloat16)
    return setup | {"optimizer": torch.optim.SGD(model.parameters(), 1e-7)}


def looped(order: str) -> Callable[[], Setup]:
    """A setup whose own loop does b(ackward), s(tep) and z(ero_grad) in this order."""

    def make() -> Setup:
        setup = models.gpt()
        model, optimizer = setup["model"], setup["optimizer"]

        def train_step(batch: Any) -> None:
            loss = models.cross_entropy(model(batch[0]), batch[1])
            calls = {"b": loss.backward, "s": optimizer.step, "z": optimizer.zero_grad}
            for call in order:
                calls[call]()

        return setup | {"train_step": train_step}

    return make


class Blind(nn.Module):
    """Looks at no input."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Linear(20, 5)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.inner(x * 0)
        return out


def blind() -> Setup:
    model = Blind()
    return models.classifier() | {
        "model": model,
        "optimizer": torch.optim.SGD(model.parameters(), 0.1),
        "scheduler": None,
    }


def too_fast() -> Setup:
    return models.classifier() | {"scheduler": None} | _rate(1e4)


def _rate(rate: float) -> Setup:
    setup = models.classifier()
    return {"model": setup["model"], "optimizer": torch.optim.SGD(setup["model"].parameters(), rate)}


class Fused(nn.Module):
    """Attention by torch's own function, with a scale of 1."""

    def __init__(self, scale: float | None) -> None:
        super().__init__()
        self.scale, self.tokens = scale, nn.Embedding(models.N_SYMBOLS, 64)
        self.qkv, self.head = nn.Linear(64, 192), nn.Linear(64, models.N_SYMBOLS)

    def forward(self, tokens: Tensor) -> Tensor:
        q, k, v = self.qkv(self.tokens(tokens)).split(64, -1)
        out: Tensor = self.head(F.scaled_dot_product_attention(q, k, v, is_causal=True, scale=self.scale))
        return out


def fused(scale: float | None) -> Setup:
    torch.manual_seed(0)
    model = Fused(scale)
    return models.gpt() | {"model": model, "optimizer": torch.optim.AdamW(model.parameters(), 1e-3)}


def half_loss() -> Setup:
    setup = models.gpt()
    model = setup["model"].to(torch.bfloat16)
    return setup | {"optimizer": torch.optim.SGD(model.parameters(), 0.1)}


def half_softmax() -> Setup:
    setup = models.gpt() | {"autocast": torch.float16}
    return setup | {"loss_fn": lambda out, targets: models.cross_entropy(out.float(), targets)}


def dead_scale() -> Setup:
    return models.gpt() | {"autocast": torch.float16, "scaler": torch.amp.GradScaler("cpu", init_scale=1e-30)}


def needless() -> Setup:
    return models.gpt() | {"autocast": torch.bfloat16, "scaler": torch.amp.GradScaler("cpu")}


def forgetful(*names: str) -> Callable[[], Setup]:
    """A setup whose own checkpoint holds these parts only."""

    def make() -> Setup:
        setup = models.gpt()
        setup["scheduler"] = torch.optim.lr_scheduler.LambdaLR(setup["optimizer"], lambda step: 0.5**step)

        def save(path: Any) -> None:
            torch.save({name: setup[name].state_dict() for name in names}, path)

        def load(path: Any) -> None:
            for name, state in torch.load(path, weights_only=False).items():
                setup[name].load_state_dict(state)

        return setup | {"checkpoint": (save, load)}

    return make


FAULTS: list[tuple[str, Callable[[], Setup], str]] = [
    ("initial_loss", huge_head, "bad_init"),
    ("initial_loss", summed, "loss_computation_error"),
    ("initial_loss", nan_loss, "loss_computation_error"),
    ("targets_vary", one_target, "targets_constant"),
    ("targets_shifted", lambda: models.gpt(shift=0), "targets_equal_inputs"),
    ("targets_shifted", lambda: models.gpt(shift=2), "targets_misaligned"),
    ("targets_shifted", lambda: models.gpt(shift=-1), "targets_misaligned"),
    ("targets_shifted", unrelated, "targets_misaligned"),
    ("causal_mask", lambda: models.gpt(masked=False), "padding_or_mask_error"),
    ("batch_items", mixed, "batch_items_mixed"),
    ("frozen_parameters", all_frozen, "frozen_weights"),
    ("frozen_parameters", one_frozen, "frozen_weights"),
    ("in_optimizer", left_out, "frozen_weights"),
    ("in_optimizer", other_model, "optimizer_not_stepping"),
    ("learning_rate", no_rate, "lr_zero"),
    ("learning_rate", stuck_schedule, "lr_zero"),
    ("gradients", cut, "gradients_zero"),
    ("gradients", cut_loss, "gradients_zero"),
    ("gradients", nan_gradient, "loss_computation_error"),
    ("weights_change", other_model, "optimizer_not_stepping"),
    ("weights_change", lazy, "frozen_weights"),
    ("weights_change", too_fine, "lr_too_low"),
    ("own_loop", looped("bzs"), "grads_wiped"),
    ("own_loop", looped("bs"), "grads_not_cleared"),
    ("own_loop", looped("b"), "optimizer_not_stepping"),
    ("own_loop", looped("zs"), "gradients_zero"),
    ("overfit_batch", blind, "batch_not_learned"),
    ("overfit_batch", too_fast, "lr_too_high"),
    ("attention_scale", lambda: models.gpt(scaled=False), "attention_scale_missing"),
    ("attention_scale", lambda: fused(1.0), "attention_scale_missing"),
    ("precision", half_loss, "autocast_misused"),
    ("precision", half_softmax, "autocast_misused"),
    ("loss_scaler", half_softmax, "gradient_underflow"),
    ("loss_scaler", dead_scale, "loss_scale_collapse"),
    ("loss_scaler", needless, "autocast_misused"),
    ("checkpoint", forgetful("model", "scheduler"), "resume_without_optimizer"),
    ("checkpoint", forgetful("optimizer", "scheduler"), "checkpoint_incomplete"),
    ("checkpoint", forgetful("model", "optimizer"), "resume_lr_reset"),
]


@pytest.mark.parametrize(
    ("check", "make", "cause"), FAULTS, ids=[f"{check}-{at}" for at, (check, *_) in enumerate(FAULTS)]
)
def test_a_planted_fault_is_found_and_named(check: str, make: Callable[[], Setup], cause: str) -> None:
    found = answer(check, make())
    assert (found.verdict, found.cause) == (Verdict.FAULT, cause), found.statement
    assert found.fix


def test_every_check_has_a_planted_fault() -> None:
    assert {check for check, *_ in FAULTS} == set(BY_ID)


@pytest.mark.parametrize("make", [models.gpt, models.classifier], ids=["gpt", "classifier"])
def test_healthy_setups_are_left_alone(make: Callable[[], Setup]) -> None:
    result = descentry.preflight(**make())
    assert result.ok, str(result)


def test_a_healthy_gpt_of_hugging_face_is_left_alone() -> None:
    transformers = pytest.importorskip("transformers")
    result = descentry.preflight(**models.hugging_face(transformers))
    assert result.ok, str(result)
    open_ = [one.id for one in result.checks if one.answer.verdict is Verdict.CANNOT_TELL]
    assert open_ == ["own_loop"]


@pytest.mark.parametrize("order", ["zbs", "bsz"])
def test_a_loop_in_the_right_order_is_left_alone(order: str) -> None:
    assert answer("own_loop", looped(order)()).verdict is Verdict.OK


@pytest.mark.parametrize("scale", [None, 0.125])
def test_a_scale_that_is_there_is_seen(scale: float | None) -> None:
    assert answer("attention_scale", fused(scale)).verdict is Verdict.OK


def test_a_whole_checkpoint_is_left_alone() -> None:
    found = answer("checkpoint", forgetful("model", "optimizer", "scheduler")())
    assert found.verdict is Verdict.OK
    assert "random numbers are not restored" in found.statement


def test_a_schedule_that_ends_is_not_stepped_beyond() -> None:
    setup = models.gpt()
    setup["scheduler"] = torch.optim.lr_scheduler.OneCycleLR(setup["optimizer"], 3e-3, total_steps=50)
    result = descentry.preflight(**setup)
    assert result.ok, str(result)
    assert result["overfit_batch"].verdict is Verdict.OK, str(result)


def test_bfloat16_under_autocast_is_no_fault() -> None:
    setup = models.gpt() | {"autocast": torch.bfloat16}
    setup["loss_fn"] = lambda out, targets: models.cross_entropy(out.float(), targets)
    result = descentry.preflight(**setup)
    assert result.ok, str(result)


def test_a_scale_that_overflows_at_first_is_no_fault() -> None:
    setup = models.gpt() | {"autocast": torch.float16}
    setup["scaler"] = torch.amp.GradScaler("cpu", init_scale=2.0**40)
    assert answer("gradients", setup).verdict is Verdict.OK
    assert answer("overfit_batch", setup).verdict is Verdict.OK


def test_a_layer_that_starts_at_zero_is_no_fault() -> None:
    setup = models.gpt()
    with torch.no_grad():
        for block in setup["model"].blocks:
            block.out.weight.zero_()
    found = answer("gradients", setup)
    assert found.verdict is Verdict.OK
    assert "only after the first update" in found.statement
