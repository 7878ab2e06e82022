"""Cost of whole commands: CPU seconds and peak memory of a child process, medians of paired runs.

The parent stays small on purpose: a child's peak memory starts from what it inherits.
"""

import os
import statistics
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

DESCENTRY = (sys.executable, "-m", "descentry")
MIB = 1 << 20


@dataclass(frozen=True)
class Cost:
    """What one run of a command took: user + system CPU seconds, and peak resident bytes."""

    cpu_s: float
    peak_bytes: int


def cost(command: Sequence[str], *, accepted: Sequence[int] = (0,)) -> Cost:
    """Runs a command with its output thrown away.  Raises SystemExit when it ends with another exit code."""
    nowhere = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    process = os.posix_spawnp(command[0], list(command), os.environ, file_actions=nowhere)
    _, status, usage = os.wait4(process, 0)
    code = os.waitstatus_to_exitcode(status)
    if code not in accepted:
        raise SystemExit(f"{' '.join(command)}: exit code {code}, expected one of {tuple(accepted)}")
    unit = 1 if sys.platform == "darwin" else 1024
    return Cost(usage.ru_utime + usage.ru_stime, usage.ru_maxrss * unit)


def paired(
    commands: Mapping[str, Sequence[str]], n_runs: int, *, may_fail: Sequence[str] = ()
) -> dict[str, list[Cost]]:
    """The costs of each command, run in turn `n_runs` times, so that a busy machine slows all alike.

    `may_fail`: names of commands that may end with 1, as tools do that answer a finding with it.
    """
    costs: dict[str, list[Cost]] = {name: [] for name in commands}
    for _ in range(n_runs):
        for name, command in commands.items():
            costs[name].append(cost(command, accepted=(0, 1) if name in may_fail else (0,)))
    return costs


def median_cpu_s(costs: Sequence[Cost]) -> float:
    """The median of the CPU seconds."""
    return statistics.median(one.cpu_s for one in costs)


def peak_mib(costs: Sequence[Cost]) -> float:
    """The highest peak, in MiB."""
    return max(one.peak_bytes for one in costs) / MIB


def ratio(costs: Sequence[Cost], base: Sequence[Cost]) -> float:
    """The median over the pairs of CPU seconds against `base`."""
    return statistics.median(one.cpu_s / other.cpu_s for one, other in zip(costs, base, strict=True))


def told(name: str, value: float, unit: str, goal: float) -> str:
    """One line: what was measured against its goal."""
    word = "met" if value <= goal else "MISSED"
    return f"{name:<44} {value:10.3f} {unit:<5} goal {goal:g} {word}"
