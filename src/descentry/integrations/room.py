"""How much memory is left on this machine: checkpoints must never be what ends a training."""

import logging
import math
from dataclasses import dataclass
from pathlib import Path

SHARE = 0.5
"""A copy takes at most this share of the memory that is left: the training needs the rest."""
_log = logging.getLogger("descentry.guard")
_MEMINFO = Path("/proc/meminfo")
_CGROUP = Path("/sys/fs/cgroup")


@dataclass
class Room:
    """Says whether a copy may be made, and tells once where none may."""

    is_told: bool = False

    def holds(self, size: float) -> bool:
        """Whether so many bytes may be taken now."""
        left = memory_left()
        if left * SHARE >= size:
            return True
        if not self.is_told:
            self.is_told = True
            _log.warning(
                "no checkpoint is kept: one takes %.3g GB, %.3g GB of memory are left, of which a share of %g "
                "may be used; a folder would hold it",
                size / 1e9, left / 1e9, SHARE,
            )  # fmt: skip
        return False


def memory_left(meminfo: Path = _MEMINFO, cgroup: Path = _CGROUP) -> float:
    """Bytes that this process may still take: of the machine, and of its container (cgroup 2).  inf: not known."""
    return min(_of_machine(meminfo), _of_container(cgroup))


def _of_machine(meminfo: Path) -> float:
    for line in _text(meminfo).splitlines():
        name, _, value = line.partition(":")
        if name == "MemAvailable":
            return _number(value.split()[0] if value.split() else "") * 1024.0
    return math.inf


def _of_container(cgroup: Path) -> float:
    most, used = _number(_text(cgroup / "memory.max")), _number(_text(cgroup / "memory.current"))
    return max(0.0, most - used) if math.isfinite(used) else math.inf


def _number(text: str) -> float:
    """The number; inf for `max` and for what is none."""
    return float(text) if text.strip().isdigit() else math.inf


def _text(path: Path) -> str:
    try:
        return path.read_text("ascii", "replace")
    except OSError:
        return ""
