"""What probes measure, what they cost the training (nothing but time), and what ends them."""

import math
import warnings
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from tests.probes import trainings  # noqa: E402
from torch import Tensor, nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402

from descentry.probes import NonFinite, Probes, ProbeWarning  # noqa: E402
from descentry.probes.groups import groups  # noqa: E402
from descentry.record.errors import UsageError  # noqa: E402
from descentry.record.roles import Role  # noqa: E402
from descentry.sources.roles import resolve  # noqa: E402


def mlp() -> Any:
    torch.manual_seed(0)
    return trainings.layers(nn.ReLU, 2)


def step(model: Any, optimizer: Any, at: int = 0, scale: float = 1.0) -> None:
    inputs, wanted = trainings.clusters(at)
    optimizer.zero_grad()
    F.cross_entropy(model(inputs) * scale, wanted).backward()
    optimizer.step()


def n_hooks(model: Any) -> int:
    return sum(len(one._forward_hooks) + len(one._forward_pre_hooks) for one in model.modules())


@pytest.mark.parametrize("kind", ["mlp", "gpt"])
def test_training_under_probes_is_bit_identical(kind: str) -> None:
    weights, losses = [], []
    for every in (None, 3):
        torch.manual_seed(5)
        model = mlp() if kind == "mlp" else trainings.TinyGpt()
        optimizer = torch.optim.AdamW(model.parameters(), 1e-2)
        batches = trainings.clusters if kind == "mlp" else trainings.counting
        _, rows = trainings.train(model, optimizer, 30, every, batches=batches)
        weights.append([one.detach().clone() for one in model.parameters()])
        losses.append([row["train_loss"] for row in rows])
    assert losses[0] == losses[1]
    assert all(torch.equal(one, other) for one, other in zip(*weights, strict=True))


def test_between_samples_no_hook_sits_on_the_model() -> None:
    model = mlp()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    probes = Probes(model, optimizer, every=3)
    for at in range(7):
        assert (n_hooks(model) > 0) == (at % 3 == 0)
        step(model, optimizer, at)
        assert bool(probes.take()) == (at % 3 == 0)
    probes.close()
    assert n_hooks(model) == 0
    assert not optimizer._optimizer_step_pre_hooks


def test_norms_and_ratios_are_those_of_the_update() -> None:
    model = mlp()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    probes = Probes(model, optimizer, every=1)
    before = model[2].weight.detach().clone(), model[2].bias.detach().clone()
    step(model, optimizer)
    values = probes.take()
    gradient = math.hypot(float(model[2].weight.grad.norm()), float(model[2].bias.grad.norm()))
    size = math.hypot(*(float(one.detach().norm()) for one in model[2].parameters()))
    assert values["grad_norm/module/2"] == pytest.approx(gradient, rel=1e-5)
    assert values["weight_norm/module/2"] == pytest.approx(size, rel=1e-5)
    assert values["update_ratio/module/2"] == pytest.approx(0.1 * gradient / size, rel=1e-4)
    whole = math.hypot(*(float(one.grad.norm()) for one in model.parameters()))
    assert values["grad_norm/global"] == pytest.approx(whole, rel=1e-5)
    assert not torch.equal(before[0], model[2].weight)
    assert probes.take() == {}


def test_activations_are_those_of_the_pass() -> None:
    model = mlp()
    with torch.no_grad():
        model[0].bias[:8] = -1e3
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    probes = Probes(model, optimizer, every=1)
    inputs, _ = trainings.clusters(0)
    out = model[1](model[0](inputs)).detach()
    step(model, optimizer)
    values = probes.take()
    assert values["activation_mean/module/1"] == pytest.approx(float(out.mean()), rel=1e-5)
    assert values["activation_std/module/1"] == pytest.approx(float(out.std(correction=0)), rel=1e-5)
    assert values["activation_zeros/module/1"] == pytest.approx(float((out == 0).float().mean()), abs=1e-6)
    assert values["dead_units/module/1"] == pytest.approx(float((out == 0).all(0).float().mean()), abs=1e-6)
    assert values["dead_units/module/1"] >= 8 / trainings.WIDTH


def test_every_series_gets_the_role_that_its_pattern_looks_for() -> None:
    model = nn.Sequential(trainings.layers(nn.ReLU, 2), nn.Tanh())
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    probes = Probes(model, optimizer)
    step(model, optimizer)
    gpt = trainings.TinyGpt()
    other = Probes(gpt, torch.optim.SGD(gpt.parameters(), 0.1))
    inputs, wanted = trainings.counting(0)
    F.cross_entropy(gpt(inputs).flatten(0, 1), wanted.flatten()).backward()
    other.before_step()
    other.after_step()
    names = [*probes.take(), *other.take()]
    roles = {
        "grad_norm/module": Role.MODULE_GRAD_NORM,
        "grad_norm/global": Role.GRAD_NORM,
        "weight_norm/module": Role.WEIGHT_NORM,
        "weight_norm/global": Role.WEIGHT_NORM,
        "update_ratio/module": Role.UPDATE_RATIO,
        "update_ratio/global": Role.UPDATE_RATIO,
        "dead_units/module": Role.DEAD_UNITS,
        "saturation/module": Role.SATURATION,
        "max_attention_logit/layer": Role.MAX_LOGIT,
        "activation_mean/module": Role.METRIC,
        "activation_std/module": Role.METRIC,
        "activation_zeros/module": Role.METRIC,
    }
    found = resolve([*names, "train_loss"])
    assert {"/".join(name.split("/")[:2]): found[name] for name in names} == roles
    assert all(found[name] is roles["/".join(name.split("/")[:2])] for name in names)
    assert resolve([*names, "grad_norm"])["grad_norm"] is Role.GRAD_NORM


@pytest.mark.parametrize("fused", [True, False])
def test_the_largest_attention_logit_is_seen(fused: bool) -> None:
    class Attention(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.q, self.k = nn.Linear(8, 8), nn.Linear(8, 8)

        def forward(self, x: Tensor) -> Tensor:
            q, k = self.q(x)[:, None], self.k(x)[:, None]
            if fused:
                return F.scaled_dot_product_attention(q, k, k, is_causal=True)
            future = torch.ones(5, 5, dtype=torch.bool).triu(1)
            return ((q @ k.transpose(-1, -2)) / 8**0.5).masked_fill(future, float("-inf")).softmax(-1) @ k

    torch.manual_seed(0)
    model, x = Attention(), torch.randn(1, 5, 8)
    scores = (model.q(x) @ model.k(x).transpose(1, 2) / 8**0.5).tril() + torch.full((5, 5), -1e9).triu(1)
    probes = Probes(model)
    model(x).sum().backward()
    probes.before_step()
    probes.after_step()
    assert probes.take()["max_attention_logit/layer/0"] == pytest.approx(
        float(scores.detach().max()), rel=1e-5
    )
    with pytest.raises(TypeError):
        torch.nn.functional.softmax()  # the watch is over: nothing stands between


class Loses(nn.Module):
    """Gives a NaN forward or backward at will."""

    def __init__(self) -> None:
        super().__init__()
        self.inner, self.how = nn.Linear(trainings.WIDTH, trainings.WIDTH), ""

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.inner(x)
        if self.how == "forward":
            return out * float("nan")
        # The root of 0 has an infinite slope.
        return out + (out * 0).abs().sqrt() if self.how == "backward" else out


@pytest.mark.parametrize(("how", "module"), [("forward", "3"), ("backward", "2.inner")])
def test_the_first_module_that_is_not_finite_is_told_at_its_step_when_armed(how: str, module: str) -> None:
    torch.manual_seed(0)
    width = trainings.WIDTH
    model = nn.Sequential(nn.Linear(8, width), nn.ReLU(), Loses(), nn.Linear(width, 4))
    optimizer = torch.optim.SGD(model.parameters(), 0.01)
    probes = Probes(model, optimizer, every=100)
    probes.arm()
    for at in range(8):
        model[2].how = how if at == 5 else ""
        step(model, optimizer, at)
        assert (probes.nonfinite is None) == (at < 5)
        assert bool(probes.take()) == (at == 0)
        if at == 5:
            break
    assert probes.nonfinite == NonFinite(5, how, module)


def test_passes_in_evaluation_mode_and_further_micro_batches_are_not_measured() -> None:
    model = mlp()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    inputs, wanted = trainings.clusters(0)
    probes = Probes(model, optimizer)
    model.eval()
    model(inputs * 100)
    model.train()
    for scale in (1.0, 50.0):
        F.cross_entropy(model(inputs * scale), wanted).backward()
    optimizer.step()
    out = probes.take()["activation_std/module/0"]
    fresh = mlp()
    assert out == pytest.approx(float(fresh[0](inputs).detach().std(correction=0)), rel=1e-5)


def test_a_scaled_gradient_is_measured_without_its_scale() -> None:
    norms = []
    for scale in (1.0, 1024.0):
        model = mlp()
        optimizer = torch.optim.SGD(model.parameters(), 0.1)
        probes, scaler = Probes(model, optimizer), torch.amp.GradScaler("cpu", init_scale=scale)
        inputs, wanted = trainings.clusters(0)
        scaler.scale(F.cross_entropy(model(inputs), wanted)).backward()
        scaler.step(optimizer)
        norms.append(probes.take()["grad_norm/global"])
    assert norms[0] == pytest.approx(norms[1], rel=1e-5)


def test_sparse_gradients_and_16_bits_are_measured() -> None:
    model = nn.Sequential(nn.Embedding(10, 4, sparse=True), nn.Flatten(), nn.Linear(12, 3)).to(torch.bfloat16)
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    probes = Probes(model, optimizer)
    model(torch.tensor([[1, 2, 3]])).float().sum().backward()
    optimizer.step()
    values = probes.take()
    assert probes.error is None
    assert values["grad_norm/module/0"] > 0


def test_what_goes_wrong_in_a_probe_ends_the_probes_and_not_the_training(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from descentry.probes import activations

    def broken(*_: object) -> None:
        raise RuntimeError("broken\nprobe")

    monkeypatch.setattr(activations.Activations, "_note", broken)
    model = mlp()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    probes = Probes(model, optimizer, every=1)
    with pytest.warns(ProbeWarning, match="RuntimeError: broken probe; the training goes on"):
        step(model, optimizer)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        step(model, optimizer, 1)
    assert isinstance(probes.error, RuntimeError)
    assert not torch._C._len_torch_function_stack()
    assert probes.take() == {}
    assert n_hooks(model) == 0


def test_a_pass_that_raises_leaves_no_watch_behind() -> None:
    model = trainings.TinyGpt()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    probes = Probes(model, optimizer)
    with pytest.raises(IndexError):
        model(torch.full((2, 5), 99))
    assert not torch._C._len_torch_function_stack()
    probes.close()


def test_layers_of_other_libraries_are_measured() -> None:
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(0)
    config = transformers.GPT2Config(vocab_size=40, n_positions=16, n_embd=32, n_layer=2, n_head=2,
                                     bos_token_id=0, eos_token_id=0)  # fmt: skip
    model = transformers.GPT2LMHeadModel(config).train()
    optimizer = torch.optim.AdamW(model.parameters(), 1e-3)
    probes = Probes(model, optimizer, every=1)
    ids = torch.randint(40, (4, 16))
    model(input_ids=ids, labels=ids).loss.backward()
    optimizer.step()
    values = probes.take()
    assert probes.error is None
    assert values["activation_std/module/transformer.h.0.mlp.c_fc"] > 0
    assert values["max_attention_logit/layer/1"] > 0


def test_recurrent_layers_are_measured_by_their_norms() -> None:
    class Recurrent(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner, self.head = nn.LSTM(8, 16, batch_first=True), nn.Linear(16, 4)

        def forward(self, x: Tensor) -> Tensor:
            out: Tensor = self.head(self.inner(x[:, None])[0][:, -1])
            return out

    model = Recurrent()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    probes = Probes(model, optimizer, every=1)
    step(model, optimizer)
    values = probes.take()
    assert probes.error is None
    assert values["update_ratio/module/inner"] > 0


def test_many_modules_are_measured_by_block() -> None:
    model = nn.ModuleDict(
        {"blocks": nn.ModuleList(nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2)) for _ in range(40))}
    )
    model["head"] = nn.Linear(2, 2)
    names = [group.name for group in groups(model)]
    assert names == [*(f"blocks.{at}" for at in range(40)), "head"]
    assert sum(len(group.weights) for group in groups(model)) == 162


def test_the_optimizer_inside_a_wrapper_is_hooked() -> None:
    accelerate = pytest.importorskip("accelerate")
    model = mlp()
    accelerator = accelerate.Accelerator(cpu=True)
    model, optimizer = accelerator.prepare(model, torch.optim.SGD(model.parameters(), 0.1))
    probes = Probes(model, optimizer, every=1)
    for at in range(3):
        step(model, optimizer, at)
        assert probes.take()["grad_norm/global"] > 0


def test_a_wrong_argument_is_told() -> None:
    with pytest.raises(UsageError, match="model is int; expected"):
        Probes(3)
    with pytest.raises(UsageError, match="optimizer is str; expected"):
        Probes(mlp(), "adam")
    with pytest.raises(UsageError, match="every is 0; expected 1"):
        Probes(mlp(), every=0)


def test_the_context_takes_the_hooks_away() -> None:
    model = mlp()
    with Probes(model):
        assert n_hooks(model) > 0
    assert n_hooks(model) == 0
