"""The guard in a JAX loop with Optax: refusals, rates and clipping inside the compiled update, states to go back to.

transform = guarded(optax.adamw(schedule))                      # wraps any optimizer
@jax.jit
def train_step(params, opt_state, batch, told):
    loss, grads = jax.value_and_grad(loss_of)(params, batch)
    updates, new = transform.update(grads, opt_state, params, told=told)
    return optax.apply_updates(params, updates), new, loss, optax.global_norm(grads)

loop = Loop(guard, (params, transform.init(params)), data=batches)
for step in loop.steps(n):
    params, opt_state = loop.state
    params, opt_state, loss, norm = train_step(params, opt_state, next(batches), loop.told)
    loop.take(guard.observe(step, loss=loss, grad_norm=norm), (params, opt_state))
"""

import copy
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from descentry.guard.actions import Action, Checkpoint, ClipTo, RollBack, ScaleLr, SkipBatch, Stop
from descentry.guard.wall import Wall
from descentry.integrations.rates import Rates
from descentry.integrations.ring import Ring
from descentry.integrations.room import Room
from descentry.integrations.watcher import Keeps

_log = logging.getLogger("descentry.guard")


class Told(NamedTuple):
    """What the guard asks of an update.  As arrays, so that another value compiles nothing anew.

    `rate`: factor on the updates, which for a rate that multiplies them is a factor on the rate; `clip`: largest global
    norm of the gradients, infinite: as they come; `may`: whether the update is applied at all.
    """

    rate: Any = 1.0
    clip: Any = float("inf")
    may: Any = True


def guarded(inner: optax.GradientTransformation) -> optax.GradientTransformationExtraArgs:
    """The optimizer with one more argument to `update`, `told`; its state is that of `inner`.

    None: `inner` itself is traced, so that the compiled program is the one without a guard, and gives the same bits.
    An update that may not be is zero, and leaves the optimizer's state as it was, counts of steps included.
    """
    wrapped = optax.with_extra_args_support(inner)

    def update(
        grads: Any, state: Any, params: Any = None, *, told: Told | None = None, **extra: Any
    ) -> tuple[Any, Any]:
        if told is None:
            return wrapped.update(grads, state, params, **extra)  # type: ignore[no-any-return,unused-ignore]
        norm = optax.global_norm(grads)
        shrunk = jnp.where(norm > told.clip, told.clip / norm, 1.0)
        grads = jax.tree.map(lambda one: one * shrunk.astype(one.dtype), grads)
        updates, new = wrapped.update(grads, state, params, **extra)
        updates = jax.tree.map(lambda one: one * jnp.asarray(told.rate, one.dtype), updates)
        zeros = jax.tree.map(jnp.zeros_like, updates)
        return chosen(told.may, updates, zeros), chosen(told.may, new, state)

    return optax.GradientTransformationExtraArgs(wrapped.init, update)


def chosen(first: Any, when_true: Any, when_false: Any) -> Any:
    """One of two trees of the same shape, NaN of the other not mixed in; `first` may be traced."""
    return jax.tree.map(lambda one, other: jnp.where(first, one, other), when_true, when_false)


def apply_or_skip(may: Any, params: Any, updates: Any, new: Any, old: Any) -> tuple[Any, Any]:
    """(params, optimizer state) with the update applied, or as they were: for an optimizer that is not wrapped."""
    return chosen(may, optax.apply_updates(params, updates), params), chosen(may, new, old)


def with_rate(state: Any, rate: float, name: str = "learning_rate") -> Any:
    """The state of `optax.inject_hyperparams` with another rate.  KeyError: it has no hyperparameter of that name."""
    usual = state.hyperparams[name]
    return state._replace(hyperparams={**state.hyperparams, name: jnp.asarray(rate, usual.dtype)})


class Loop:
    """Steps, checkpoints and what the guard asked for, around a train step that is a pure function.

    `state`: any tree of arrays (parameters, optimizer state, random key); what `take` is given becomes the next one.
    `data`: an iterator with `state_dict`, `load_state_dict` and `skip` that goes back too, or None.  `every`: steps
    between checkpoints, `n_kept` at most, copied to the host's memory, so that buffers may be donated.  `stopped`: the
    guard's Stop, once it has come; `told`: for the next update.
    """

    def __init__(
        self, guard: Keeps, state: Any, *, data: Any = None, every: int = 100, n_kept: int = 12
    ) -> None:
        self.guard, self.state, self.data, self.every = guard, state, data, every
        self.kept = Ring[tuple[Any, Any]](n_kept)
        self.rates, self.clip, self.wall, self.room = Rates(), float("inf"), Wall(), Room()
        self.stopped: Stop | None = None
        self._next = 0
        self._saves_next = False

    @property
    def told(self) -> Told | None:
        """What the next update is to be; None where nothing was asked for: the program without a guard."""
        if self.rates.factor == 1.0 and self.clip == float("inf"):
            return None
        return Told(jnp.float32(self.rates.factor), jnp.float32(self.clip), jnp.bool_(True))

    def steps(self, n_steps: int, first: int = 0) -> Iterator[int]:
        """The steps to train: back again after a roll back, no more after a stop."""
        self._next = first
        while self._next < n_steps and self.stopped is None:
            step = self._next
            if step not in self.kept.steps and (step == first or step % self.every == 0 or self._saves_next):
                self.wall.call(lambda step=step: self._save(step), None)
            self._saves_next = False
            self.rates.begin(step)
            self._next = step + 1
            yield step

    def take(self, action: Action, new: Any) -> None:
        """The state after this step: `new`; for a refused update the one before it; for a roll back, that one's.

        The state before must not have been donated to the train step where updates are to be refused.
        """
        old, self.state = self.state, new
        match action:
            case SkipBatch():
                self.state = old
            case RollBack():
                self.state = old
                self.wall.call(lambda: self._roll_back(action), None)
            case ScaleLr(factor, for_steps):
                self.rates.scale(factor, for_steps, after=1)
            case ClipTo(norm):
                self.clip = norm
            case Checkpoint():
                self._saves_next = True
            case Stop():
                self.state, self.stopped = old, action

    def _save(self, step: int) -> None:
        if not self.room.holds(sum(getattr(leaf, "nbytes", 0) for leaf in jax.tree.leaves(self.state))):
            return
        data = None if self.data is None else self.data.state_dict()
        for gone, _ in self.kept.keep(step, (jax.tree.map(_copied, self.state), data)):
            self.guard.forgotten(gone)
        self.guard.saved(step)

    def _roll_back(self, action: RollBack) -> None:
        if action.to_step not in self.kept.steps:
            _log.warning("no checkpoint of step %d is there; training goes on", action.to_step)
            return
        state, data = self.kept[action.to_step]
        self.kept.drop_after(action.to_step)
        self.state, self._next = jax.tree.map(_restored, state), action.to_step
        self.rates.scale(action.rate, None)
        self.clip = self.clip if action.clip is None else action.clip
        if self.data is not None:
            self.data.load_state_dict(data)
            self.data.skip(action.skip)


@dataclass(frozen=True, slots=True)
class _Leaf:
    """An array on the host, and where it lay; `key`: how its random bits are made, where it is a random key."""

    values: Any
    sharding: Any
    key: Any = None


def _copied(leaf: Any) -> Any:
    if not isinstance(leaf, jax.Array):
        return copy.deepcopy(leaf)
    if jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key):
        bits = jax.random.key_data(leaf)
        return _Leaf(jax.device_get(bits), bits.sharding, jax.random.key_impl(leaf))
    return _Leaf(jax.device_get(leaf), leaf.sharding)


def _restored(leaf: Any) -> Any:
    if not isinstance(leaf, _Leaf):
        return copy.deepcopy(leaf)
    array = jax.device_put(leaf.values, leaf.sharding)
    return array if leaf.key is None else jax.random.wrap_key_data(array, impl=leaf.key)
