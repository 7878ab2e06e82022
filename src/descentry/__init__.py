"""Descentry reads the losses that a training run writes and says what is wrong, since when and why.

    run = descentry.read("train.jsonl")          # descentry.runs(folder) yields many
    report = descentry.diagnose(run)             # .verdict, .findings, .causes
    log = descentry.Log("runs/a")                # log.write(step, loss=loss): saved as it comes
    guard = descentry.Guard("acting")            # action = guard.observe(step, loss=loss, grad_norm=norm)

Everything is loaded when first used: `import descentry` alone costs next to nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from descentry._version import __version__ as __version__

if TYPE_CHECKING:
    from descentry import steer as steer
    from descentry.calls import diagnose as diagnose
    from descentry.calls import read as read
    from descentry.calls import runs as runs
    from descentry.guard.actions import Checkpoint as Checkpoint
    from descentry.guard.actions import ClipTo as ClipTo
    from descentry.guard.actions import Continue as Continue
    from descentry.guard.actions import RollBack as RollBack
    from descentry.guard.actions import ScaleLr as ScaleLr
    from descentry.guard.actions import SkipBatch as SkipBatch
    from descentry.guard.actions import Stop as Stop
    from descentry.guard.guard import Guard as Guard
    from descentry.guard.rules import Policy as Policy
    from descentry.log.writer import Log as Log
    from descentry.notebook import Report as Report
    from descentry.notebook import Run as Run
    from descentry.preflight.face import preflight as preflight
    from descentry.record.errors import DamagedError as DamagedError
    from descentry.record.errors import DescentryError as DescentryError
    from descentry.record.errors import InputError as InputError
    from descentry.record.errors import UnknownFormatError as UnknownFormatError
    from descentry.record.errors import UnreadableError as UnreadableError
    from descentry.record.errors import UsageError as UsageError
    from descentry.record.event import Event as Event
    from descentry.record.finding import Evidence as Evidence
    from descentry.record.finding import Finding as Finding
    from descentry.record.finding import Severity as Severity
    from descentry.record.report import Cause as Cause
    from descentry.record.report import Remedy as Remedy
    from descentry.record.report import RunReport as RunReport
    from descentry.record.roles import Role as Role
    from descentry.record.run import Curve as Curve

_HOMES = {
    "Cause": "descentry.record.report",
    "Checkpoint": "descentry.guard.actions",
    "ClipTo": "descentry.guard.actions",
    "Continue": "descentry.guard.actions",
    "Curve": "descentry.record.run",
    "DamagedError": "descentry.record.errors",
    "DescentryError": "descentry.record.errors",
    "Event": "descentry.record.event",
    "Evidence": "descentry.record.finding",
    "Finding": "descentry.record.finding",
    "Guard": "descentry.guard.guard",
    "InputError": "descentry.record.errors",
    "Log": "descentry.log.writer",
    "Policy": "descentry.guard.rules",
    "Remedy": "descentry.record.report",
    "Report": "descentry.notebook",
    "Role": "descentry.record.roles",
    "RollBack": "descentry.guard.actions",
    "Run": "descentry.notebook",
    "RunReport": "descentry.record.report",
    "ScaleLr": "descentry.guard.actions",
    "Severity": "descentry.record.finding",
    "SkipBatch": "descentry.guard.actions",
    "Stop": "descentry.guard.actions",
    "UnknownFormatError": "descentry.record.errors",
    "UnreadableError": "descentry.record.errors",
    "UsageError": "descentry.record.errors",
    "diagnose": "descentry.calls",
    "preflight": "descentry.preflight.face",
    "read": "descentry.calls",
    "runs": "descentry.calls",
    "steer": "descentry.steer",
}

__all__ = [
    "Cause",
    "Checkpoint",
    "ClipTo",
    "Continue",
    "Curve",
    "DamagedError",
    "DescentryError",
    "Event",
    "Evidence",
    "Finding",
    "Guard",
    "InputError",
    "Log",
    "Policy",
    "Remedy",
    "Report",
    "Role",
    "RollBack",
    "Run",
    "RunReport",
    "ScaleLr",
    "Severity",
    "SkipBatch",
    "Stop",
    "UnknownFormatError",
    "UnreadableError",
    "UsageError",
    "__version__",
    "diagnose",
    "preflight",
    "read",
    "runs",
    "steer",
]


def __getattr__(name: str) -> object:
    """Load a name of the face from its own module when it is first used (PEP 562)."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'descentry' has no attribute {name!r}; it has {', '.join(__all__)}")
    module = import_module(home)
    value = module if home == f"descentry.{name}" else getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
