"""Probes: one class that samples every k-th update of a training and gives what it measured as flat numbers."""

from collections.abc import Callable, Sequence
from typing import Any

from descentry.probes.activations import Activations
from descentry.probes.attention import FirstPass, LogitWatch
from descentry.probes.groups import groups
from descentry.probes.nonfinite import Finite, NonFinite
from descentry.probes.norms import Norms, Values
from descentry.probes.unwrapped import unwrapped
from descentry.probes.wall import failure, tell
from descentry.record.errors import UsageError


class Probes:
    """Measures a model while it trains, every `every`-th update, without changing a bit of it.

        probes = Probes(model, optimizer)
        …; loss.backward(); optimizer.step(); log.write(step, loss=loss, **probes.take())

    `every`: updates between samples.  Lower: earlier findings, higher cost (docs/probes.md).
    `frozen`: beginnings of the names of parameters that are meant not to train: they are left out.
    `updates`: whether to measure the size of updates, which holds a copy of the weights during a sampled one.
    `attention`: whether to measure attention logits.
    Without an optimizer, call `before_step` and `after_step` yourself.  Between samples no hook sits on the model, and
    nothing waits for the device.  What goes wrong in a probe ends the probes (`error`), never the training.

    Raises UsageError where model or optimizer are none, or `every` is below 1.
    """

    def __init__(
        self,
        model: Any,
        optimizer: Any = None,
        every: int = 100,
        *,
        frozen: Sequence[str] = (),
        updates: bool = True,
        attention: bool = True,
    ) -> None:
        optimizer = unwrapped(optimizer)
        _check(model, optimizer, every)
        self.every = every
        self.nonfinite: NonFinite | None = None
        """The first module that was not finite, in the latest update in which one was seen."""
        self.error: Exception | None = None
        self._model, self._optimizer = model, optimizer
        self._groups, self._updates, self._attention = groups(model, frozen), updates, attention
        self._is_armed, self._n_updates = False, 0
        self._sample: _Sample | None = None
        self._taken: Values = {}
        self._handles: list[Any] = []
        if optimizer is not None:
            self._handles.append(optimizer.register_step_pre_hook(lambda *_: self.before_step()))
            self._handles.append(optimizer.register_step_post_hook(lambda *_: self.after_step()))
        self._guarded(self._open)

    def take(self) -> Values:
        """What the last update's sample measured, by series; empty when it was none or was taken already."""
        taken, self._taken = self._taken, {}
        return taken

    def arm(self, armed: bool = True) -> None:
        """Look at every update for the first module that is not finite, until disarmed.  Costs a wait a step."""
        self._is_armed = armed
        if armed and self._sample is None:
            self._guarded(self._open)

    def before_step(self) -> None:
        """To be called with all gradients in place, before the update; an optimizer's hook does it."""
        sample = self._sample
        if sample is not None:
            self._guarded(lambda: sample.before(getattr(self._optimizer, "grad_scale", None)))

    def after_step(self) -> None:
        """To be called when the update is made; an optimizer's hook does it."""
        if self._sample is not None:
            self._guarded(self._close)
        self._n_updates += 1
        if self.error is None and (self._is_armed or self._n_updates % self.every == 0):
            self._guarded(self._open)

    def close(self) -> None:
        """Take all hooks away; what was measured last can still be taken."""
        if self._sample is not None:
            self._sample.remove()
            self._sample = None
        for handle in self._handles:
            handle.remove()
        self._handles.clear()
        self._is_armed = False

    def __enter__(self) -> "Probes":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _open(self) -> None:
        is_whole = self._n_updates % self.every == 0
        norms = Norms(self._groups, self._updates) if is_whole else None
        self._sample = _Sample(self._model, norms, is_whole and self._attention, self._guarded)

    def _close(self) -> None:
        sample, self._sample = self._sample, None
        if sample is not None:
            sample.remove()
            values, lost = sample.after(self._n_updates)
            self.nonfinite = lost or self.nonfinite
            self._taken = values

    def _guarded(self, call: Callable[[], object]) -> None:
        """Call it; should it raise, the probes come to their end."""
        if self.error is not None:
            return
        error = failure(call)
        if error is not None:
            self.error = error
            failure(self.close)
            tell(error)


class _Sample:
    """One update that is measured.  Without `norms` only what is not finite is looked for."""

    def __init__(
        self,
        model: Any,
        norms: Norms | None,
        attention: bool,
        guarded: Callable[[Callable[[], object]], None],
    ) -> None:
        self._norms, self._is_ready = norms, False
        self._finite = Finite(model)
        self._handles = self._finite.hooks(guarded)
        self._activations = Activations(model) if norms is not None else None
        if self._activations is not None:
            self._handles += self._activations.hooks(guarded)
        self._watch = LogitWatch(guarded) if attention else None
        if self._watch is not None:
            self._handles.append(FirstPass(model, self._watch))

    def remove(self) -> None:
        """Take the hooks away."""
        for handle in self._handles:
            handle.remove()
        self._handles.clear()

    def before(self, scale: Any) -> None:
        """Take what stands before the update."""
        self._is_ready = True
        if self._norms is not None:
            self._norms.before(scale)

    def after(self, update: int) -> tuple[Values, NonFinite | None]:
        """All values of the sample, and the first module that was not finite."""
        if not self._is_ready:
            return {}, None
        found = {} if self._activations is None else dict(self._activations.found)
        logits = [] if self._watch is None else self._watch.found
        found.update({f"max_attention_logit/layer/{at}": logit for at, logit in enumerate(logits)})
        flags = self._finite.flags()
        norms = self._norms or Norms((), updates=False)
        values, others = norms.after([*found.values(), *flags])
        measured = dict(zip(found, others, strict=False))
        lost = self._finite.first(others[len(found) :], update)
        return ({**values, **measured} if self._norms is not None else {}), lost


def _check(model: Any, optimizer: Any, every: int) -> None:
    if not hasattr(model, "named_parameters"):
        raise UsageError(f"probes: model is {type(model).__name__}; expected a torch.nn.Module")
    if optimizer is not None and not hasattr(optimizer, "register_step_pre_hook"):
        raise UsageError(f"probes: optimizer is {type(optimizer).__name__}; expected a torch.optim.Optimizer")
    if every < 1:
        raise UsageError(f"probes: every is {every}; expected 1 or more updates between samples")
