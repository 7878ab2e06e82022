"""What is checked: the parts of a training loop, as the user hands them over."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Setup:
    """A model with all that trains it.  The fields are those of `descentry.preflight`, which explains them."""

    model: Any
    optimizer: Any
    batch: Any
    loss_fn: Callable[..., Any] | None = None
    vocab_size: int | None = None
    scheduler: Any = None
    scaler: Any = None
    autocast: Any = None
    tokenizer: Any = None
    train_step: Callable[..., Any] | None = None
    checkpoint: tuple[Callable[[Any], object], Callable[[Any], object]] | None = None
    causal: bool | None = None
    frozen: Sequence[str] | None = None
    loss_takes: str | None = None
    overfit_steps: int = 200
    overfit_seconds: float = 30.0
    progress: Callable[[str], None] | None = None

    def weights(self) -> dict[str, Any]:
        """The parameters that ask for a gradient, by name."""
        return {name: one for name, one in self.model.named_parameters() if one.requires_grad}

    def tell(self, text: str) -> None:
        """Show how far a long check has come."""
        if self.progress is not None:
            self.progress(text)
