"""The wall between the probes and the training loop: what goes wrong in a probe ends the probes, never the training."""

import warnings
from collections.abc import Callable


class ProbeWarning(UserWarning):
    """Why the probes have stopped measuring: told once."""


def failure(call: Callable[[], object]) -> Exception | None:
    """The error that `call` raised, or None.  KeyboardInterrupt and SystemExit pass."""
    try:
        call()
    except Exception as error:
        return error
    return None


def tell(error: Exception) -> None:
    """Warn that the probes have stopped.  Under `-W error` it is silent: the loop goes on."""
    text = (
        f"probes stopped: {type(error).__name__}: {' '.join(str(error).split())[:300]}; the training goes on"
    )
    failure(lambda: warnings.warn(text, ProbeWarning, stacklevel=6))
