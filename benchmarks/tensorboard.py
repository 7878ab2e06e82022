"""TensorBoard event files: CPU seconds of reading them against rustboard's load, and peak memory.

`python benchmarks/tensorboard.py [--points N] [--runs N] [--memory-points N]`

The ratios need the packages `tensorboard-data-server` and nothing else; without it our own seconds are printed.
rustboard keeps all points, as our reader does, and is measured until it says that its load cycle is over.
"""

import argparse
import importlib.util
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from measured import MIB, cost, told

GOALS = {"regular": 0.3, "tensor": 0.3, "mixed": 1.1, "dropped": 1.1, "shuffled": 1.1}
VERIFIED = 1.5
MEMORY_MIB = 300
NAME = "events.out.tfevents.1780000000.host.1.0"
COLLECT = """
import sys
from pathlib import Path
from descentry.sources.tensorboard import reader as tensorboard
chunks = list(tensorboard.read(Path(sys.argv[1]), verify=sys.argv[2] == "verify"))
n_bytes = sum(chunk.steps.nbytes + chunk.wall_times.nbytes for chunk in chunks)
n_bytes += sum(c.rows.nbytes + c.values.nbytes for chunk in chunks for c in chunk.columns.values())
Path(sys.argv[3]).write_text(str(n_bytes))
"""


def main() -> None:
    """Prints CPU seconds and ratios by kind of file, then the memory."""
    options = _options()
    with tempfile.TemporaryDirectory() as folder:
        large = Path(folder) / "large" / NAME
        _write(large, options.memory_points, "regular")
        _memory(large, options.memory_points)
        for kind, goal in GOALS.items():
            path = Path(folder) / kind / NAME
            _write(path, options.points, kind)
            _compare(path, kind, goal, options.runs)


def _write(path: Path, n_points: int, kind: str) -> None:
    """Writes a file in a process of its own, so that this one stays small."""
    script = "import sys; from pathlib import Path; from event_logs import write;"
    script += "write(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3])"
    command = [sys.executable, "-c", script, str(path), str(n_points), kind]
    subprocess.run(command, check=True, cwd=Path(__file__).parent)


def _compare(path: Path, kind: str, goal: float, n_runs: int) -> None:
    for name, verify, limit in ((kind, False, goal), (f"{kind}, every checksum", True, VERIFIED)):
        pairs = [(_own_cpu_s(path, verify=verify), _peer_cpu_s(path, verify=verify)) for _ in range(n_runs)]
        own = statistics.median(mine for mine, _ in pairs)
        if any(peer is None for _, peer in pairs):
            print(f"{name:<44} {own:10.3f} cpu s")
            continue
        ratio = statistics.median(mine / peer for mine, peer in pairs if peer is not None)
        print(told(f"{name}: {own:.2f} cpu s, against rustboard", ratio, "x", limit))


def _own_cpu_s(path: Path, *, verify: bool) -> float:
    from descentry.sources.tensorboard import reader as tensorboard

    start = time.process_time()
    chunks = list(tensorboard.read(path, verify=verify))
    seconds = time.process_time() - start
    assert sum(len(column.values) for chunk in chunks for column in chunk.columns.values()) > 0
    return seconds


def _peer_cpu_s(path: Path, *, verify: bool) -> float | None:
    """User and system seconds of rustboard until all is loaded; None when it is not installed."""
    if importlib.util.find_spec("tensorboard_data_server") is None:
        return None
    import tensorboard_data_server

    before = os.times()
    options = ["--port", "0", "--reload", "once", "--samples-per-plugin", "scalars=all", "-v"]
    options += ["--checksum"] if verify else []
    binary = tensorboard_data_server.server_binary()
    command = [binary, "--logdir", str(path.parent), *options]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as server:
        assert server.stderr is not None
        any(re.search(r"load cycle \(", line) for line in server.stderr)
        server.terminate()
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def _memory(path: Path, n_points: int) -> None:
    idle = cost([sys.executable, "-c", "import numpy"])
    with tempfile.TemporaryDirectory() as folder:
        size = Path(folder) / "n_bytes"
        found = cost([sys.executable, "-c", COLLECT, str(path), "", str(size)])
        arrays = int(size.read_text())
    print(f"{n_points} points: {found.cpu_s:.2f} cpu s, arrays of {arrays / MIB:.0f} MiB")
    print(told("peak memory over the arrays", (found.peak_bytes - arrays) / MIB, "MiB", MEMORY_MIB))
    print(f"  of which Python and numpy: {idle.peak_bytes / MIB:.0f} MiB")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=1_000_000)
    parser.add_argument("--memory-points", type=int, default=10_000_000)
    parser.add_argument("--runs", type=int, default=5)
    return parser.parse_args()


if __name__ == "__main__":
    main()
