"""Probes inside a network that trains: norms, updates, activations, attention logits, where numbers were lost.

    from descentry.probes import Probes
    probes = Probes(model, optimizer)          # samples every 100th update
    log.write(step, loss=loss, **probes.take())

torch is loaded when `Probes` is asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from descentry.record.errors import UsageError

if TYPE_CHECKING:
    from descentry.probes.nonfinite import NonFinite as NonFinite
    from descentry.probes.probes import Probes as Probes
    from descentry.probes.wall import ProbeWarning as ProbeWarning

_HOMES = {
    "NonFinite": "descentry.probes.nonfinite",
    "ProbeWarning": "descentry.probes.wall",
    "Probes": "descentry.probes.probes",
}

__all__ = ["NonFinite", "ProbeWarning", "Probes"]


def __getattr__(name: str) -> object:
    """Load a name from its own module when it is first used (PEP 562).  Raises UsageError without torch."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(
            f"module 'descentry.probes' has no attribute {name!r}; it has {', '.join(__all__)}"
        )
    try:
        value = getattr(import_module(home), name)
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        raise UsageError("probes need an extra: pip install 'descentry[torch]'") from error
    globals()[name] = value
    return value
