"""A JAX loop under the guard: the wrapped optimizer is the same bit for bit, refusals and roll backs undo exactly."""

from typing import Any

import pytest

jax = pytest.importorskip("jax")
optax = pytest.importorskip("optax")
pytestmark = [pytest.mark.filterwarnings("ignore::DeprecationWarning")]

import jax.numpy as jnp  # noqa: E402
import numpy as np  # noqa: E402
from tests.integrations.scripted import Failing, Scripted  # noqa: E402

from descentry.guard.actions import (  # noqa: E402
    Checkpoint,
    ClipTo,
    Continue,
    RollBack,
    ScaleLr,
    SkipBatch,
    Stop,
)
from descentry.guard.guard import Guard  # noqa: E402
from descentry.integrations import room  # noqa: E402
from descentry.integrations.optax import Loop, Told, apply_or_skip, guarded, with_rate  # noqa: E402

N_STEPS = 30
OPTIMIZERS = {
    "sgd": lambda: optax.sgd(optax.cosine_decay_schedule(0.1, N_STEPS), momentum=0.9),
    "adamw": lambda: optax.chain(optax.clip_by_global_norm(1.0), optax.adamw(0.05)),
    "injected": lambda: optax.inject_hyperparams(optax.adam)(0.05),
}
WEIGHTS = jnp.array([1.0, -2.0, 0.5])


class Batches:
    """Batches by position."""

    def __init__(self) -> None:
        self.position = 0

    def __next__(self) -> Any:
        self.position += 1
        x = np.random.default_rng(self.position).normal(size=(8, 3)).astype("float32")
        return x, x @ np.asarray(WEIGHTS)

    def skip(self, n: int) -> None:
        self.position += n

    def state_dict(self) -> int:
        return self.position

    def load_state_dict(self, state: int) -> None:
        self.position = state


def step_of(transform: Any, is_guarded: bool) -> Any:
    def loss_of(params: Any, key: Any, batch: Any) -> Any:
        kept = jax.random.bernoulli(key, 0.8, batch[0].shape)
        return jnp.mean((batch[0] * kept @ params["w"] + params["b"] - batch[1]) ** 2)

    def step(state: Any, batch: Any, told: Any) -> Any:
        params, opt_state, key = state
        key, used = jax.random.split(key)
        loss, grads = jax.value_and_grad(loss_of)(params, used, batch)
        extra = {"told": told} if is_guarded else {}
        updates, opt_state = transform.update(grads, opt_state, params, **extra)
        return (optax.apply_updates(params, updates), opt_state, key), loss, optax.global_norm(grads)

    return jax.jit(step)


def begun(transform: Any) -> Any:
    params = {"w": jnp.zeros(3), "b": jnp.zeros(())}
    return params, transform.init(params), jax.random.key(0)


def alone(name: str) -> tuple[Any, list[float]]:
    transform = OPTIMIZERS[name]()
    state, step, batches, losses = begun(transform), step_of(transform, False), Batches(), []
    for _ in range(N_STEPS):
        state, loss, _ = step(state, next(batches), None)
        losses.append(float(loss))
    return state, losses


def looped(name: str, guard: Any, **options: Any) -> tuple[Loop, list[tuple[int, float]]]:
    transform = guarded(OPTIMIZERS[name]())
    batches = Batches()
    loop, step_fn = Loop(guard, begun(transform), data=batches, every=5, **options), step_of(transform, True)
    losses = []
    for step in loop.steps(N_STEPS):
        new, loss, norm = step_fn(loop.state, next(batches), loop.told)
        losses.append((step, float(loss)))
        try:
            action = guard.observe(step, loss=loss, grad_norm=norm)
        except RuntimeError:
            action = Continue()
        loop.take(action, new)
    return loop, losses


def same(one: Any, other: Any) -> bool:
    pairs = zip(jax.tree.leaves(one[:2]), jax.tree.leaves(other[:2]), strict=True)
    return all(np.array_equal(a, b) for a, b in pairs)


@pytest.mark.parametrize("guard", [lambda: Guard(act=True, background=False), Failing], ids=["acts", "fails"])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_healthy_run_is_the_same_bit_for_bit(name: str, guard: Any) -> None:
    state, losses = alone(name)
    loop, told = looped(name, guard())
    assert [loss for _, loss in told] == losses
    assert same(state, loop.state)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_run_that_goes_back_and_does_nothing_else_is_the_same_bit_for_bit(name: str) -> None:
    state, losses = alone(name)
    loop, told = looped(name, Scripted({17: RollBack(10)}))
    assert [step for step, _ in told] == [*range(18), *range(10, N_STEPS)]
    assert [loss for _, loss in told[18:]] == losses[10:]
    assert same(state, loop.state)
    assert loop.wall.faults == []


def test_batches_are_passed_over_and_rates_change() -> None:
    guard = Scripted({17: RollBack(10, skip=9, rate=0.5, clip=0.25)})
    loop, _ = looped("sgd", guard)
    assert loop.data.position == N_STEPS + 9
    assert (float(loop.told.rate), float(loop.told.clip)) == (0.5, 0.25)
    assert guard.steps == [0, 5, 10, 15, 15, 20, 25]


def test_a_refused_update_leaves_everything_as_it_was() -> None:
    transform = guarded(OPTIMIZERS["adamw"]())
    state, step = begun(transform), step_of(transform, True)
    loop = Loop(Scripted(), state)
    new, _, _ = step(loop.state, next(Batches()), loop.told)
    loop.take(SkipBatch("odd"), new)
    assert loop.state is state
    refused, _, _ = step(state, next(Batches()), Told(may=False))
    assert same(state, refused)
    nan = jax.tree.map(lambda one: one * jnp.nan, next(Batches()))
    assert same(state, step(state, nan, Told(may=False))[0])


def test_rates_and_clipping_act_on_the_update() -> None:
    transform = guarded(optax.sgd(1.0))
    grads = {"w": jnp.array([3.0, 4.0])}
    state = transform.init(grads)

    def moved(**told: Any) -> list[float]:
        return transform.update(grads, state, grads, told=Told(**told))[0]["w"].tolist()

    assert moved() == [-3.0, -4.0]
    assert moved(rate=0.5) == [-1.5, -2.0]
    assert moved(clip=1.0) == pytest.approx([-0.6, -0.8])
    assert transform.update(grads, state, grads)[0]["w"].tolist() == [-3.0, -4.0]


def test_one_program_serves_all_rates_and_one_none() -> None:
    transform = guarded(OPTIMIZERS["sgd"]())
    step, loop = step_of(transform, True), Loop(Scripted(), begun(transform))
    for _ in loop.steps(6):
        new, _, _ = step(loop.state, next(Batches()), loop.told)
        loop.take(ScaleLr(0.5, 2), new)
    loop.take(ClipTo(0.1), loop.state)
    step(loop.state, next(Batches()), loop.told)
    assert step._cache_size() == 2


def test_a_factor_holds_for_the_steps_after_it() -> None:
    loop, seen = Loop(Scripted(), ()), []
    for step in loop.steps(6):
        seen.append(loop.rates.factor)
        loop.take(ScaleLr(0.1, 2) if step == 1 else Continue(), ())
    assert seen == [1.0, 1.0, 0.1, 0.1, 1.0, 1.0]


def test_a_stop_ends_it_and_checkpoints_are_made_when_asked_for() -> None:
    guard = Scripted({7: Checkpoint(), 11: Stop("enough")})
    loop, losses = looped("sgd", guard)
    assert losses[-1][0] == 11
    assert guard.steps == [0, 5, 8, 10]
    assert loop.stopped == Stop("enough")


def test_a_checkpoint_that_is_not_there_is_told(caplog: pytest.LogCaptureFixture) -> None:
    _, losses = looped("sgd", Scripted({7: RollBack(3)}))
    assert [step for step, _ in losses] == list(range(N_STEPS))
    assert "no checkpoint of step 3" in caplog.text


def test_an_optimizer_that_is_not_wrapped() -> None:
    transform = OPTIMIZERS["injected"]()
    params = {"w": jnp.ones(2)}
    state = transform.init(params)
    updates, new = transform.update(params, state, params)
    assert same(apply_or_skip(False, params, updates, new, state), (params, state))
    assert not same(apply_or_skip(True, params, updates, new, state), (params, state))
    slower, _ = transform.update(params, with_rate(state, 0.0), params)
    assert slower["w"].tolist() == [0.0, 0.0]
    with pytest.raises(KeyError):
        with_rate(state, 0.0, "rate")


def test_without_room_in_memory_nothing_is_kept_and_training_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    guard = Scripted()
    with monkeypatch.context() as patched:
        patched.setattr(room, "memory_left", lambda: 10.0)
        loop, losses = looped("sgd", guard)
    assert guard.steps == loop.kept.steps == []
    assert [loss for _, loss in losses] == alone("sgd")[1]
