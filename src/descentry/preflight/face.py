"""`descentry.preflight`: the call that every door makes.  It loads torch when it is called."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from descentry.probes.unwrapped import unwrapped
from descentry.record.errors import UsageError

if TYPE_CHECKING:
    from descentry.preflight.answer import Check
    from descentry.preflight.result import Result


def preflight(
    model: Any,
    optimizer: Any,
    batch: Any,
    loss_fn: Callable[..., Any] | None = None,
    *,
    vocab_size: int | None = None,
    scheduler: Any = None,
    scaler: Any = None,
    autocast: Any = None,
    tokenizer: Any = None,
    train_step: Callable[..., Any] | None = None,
    checkpoint: tuple[Callable[[Any], object], Callable[[Any], object]] | None = None,
    causal: bool | None = None,
    frozen: Sequence[str] | None = None,
    loss_takes: str | None = None,
    overfit_steps: int = 200,
    overfit_seconds: float = 30.0,
    progress: Callable[[str], None] | None = None,
    checks: "Sequence[Check] | None" = None,
) -> "Result":
    """A `Result` of all checks: it prints itself as a table; `.ok` is False where one found a fault.

    Afterwards model, optimizer, scheduler, scaler and random numbers are, bit by bit, what they were before.  That
    takes a second copy of weights, gradients and optimizer state (up to four while a checkpoint is tried).

    `batch`: a tensor, a tuple whose last member are the targets, or a mapping (Hugging Face).
    `loss_fn`: takes (outputs, targets) as those of torch do, or (model, batch); None: the model gives its own loss.
    `loss_takes`: "outputs" or "model", where the first parameter's name does not say it.
    `vocab_size`: tokens or classes; without it they are counted in the logits.
    `autocast`: a dtype, or a function that makes the context of your forward pass.
    `tokenizer`: something with `decode`, or a function of a list of ids, for the examples that are shown.
    `train_step`: the body of your own loop for one update, as a function of the batch or of nothing.
    `checkpoint`: your own (save, load), functions of a path; without them the state dicts are tried.
    `causal`: whether an output may see later inputs; None: decided by whether the targets are the inputs, moved.
    `frozen`: beginnings of the names of parameters that are meant not to train; () says that all are meant to.
    `overfit_steps`, `overfit_seconds`: bounds of the attempt to overfit the batch.  More: slow learners pass.
    `progress`: is called with a line of text now and then.

    Raises UsageError where torch is missing or model, batch and loss do not fit together.
    """
    try:
        import torch  # noqa: F401
    except ImportError as error:
        raise UsageError("preflight needs an extra: pip install 'descentry[torch]'") from error
    from descentry.preflight.run import checked_setup

    return checked_setup(
        checks,
        model=getattr(model, "_orig_mod", model),  # a compiled model's own: its weights are the same
        optimizer=unwrapped(optimizer),
        batch=batch,
        loss_fn=loss_fn,
        vocab_size=vocab_size,
        scheduler=scheduler,
        scaler=scaler,
        autocast=autocast,
        tokenizer=tokenizer,
        train_step=train_step,
        checkpoint=checkpoint,
        causal=causal,
        frozen=frozen,
        loss_takes=loss_takes,
        overfit_steps=overfit_steps,
        overfit_seconds=overfit_seconds,
        progress=progress,
    )
