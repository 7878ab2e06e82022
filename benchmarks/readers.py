"""Reading 1,000,000 points of each format against the peer that reads it: paired CPU ratios, medians.

`python benchmarks/readers.py [FORMAT …] [--points N] [--runs N] [--with LIBRARY=PYTHON …] [--keep FOLDER]`

A peer that this Python does not have is left out, unless `--with wandb=/path/to/python` names one that has it
(wandb's reader in Python needs `wandb<0.20`).  Every reading is a process of its own; imports are outside.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from made_formats import MAKERS
from measured import told
from peer_readers import PEERS

CHILD = Path(__file__).with_name("peer_readers.py")
MAKER = CHILD.with_name("made_formats.py")
GOALS = {"csv": 2.0, "jsonl": 1.2, "trainer_state": 1.2, "text": 1.5, "wandb": 1 / 3, "mlflow": 1 / 20}
"""Most CPU seconds for each of the peer's."""
SHARES = {"mlflow": 4}
"""Formats whose peer is too slow for all points: so much smaller is their log."""
SMALL = 3000
"""Points of the log that is read before the clock starts."""


@dataclass(frozen=True)
class Reading:
    """What one reading took.  `added_mib`: peak memory above what it was before, less the arrays held."""

    cpu_s: float
    added_mib: float
    n_values: int


def main() -> None:
    """Prints a line a format."""
    options = _options()
    pythons = dict(pair.split("=", 1) for pair in options.pythons)
    with tempfile.TemporaryDirectory() as made:
        folder = Path(options.keep or made)
        for format in options.formats or MAKERS:
            n_points = options.points // SHARES.get(format, 1)
            small, log = made_log(folder, format, SMALL), made_log(folder, format, n_points)
            compare(format, pythons, small, log, options.runs)


def made_log(folder: Path, format: str, n_points: int) -> Path:
    """The log of that many points, made unless it is there; by a child, whose memory is not inherited."""
    name, _ = MAKERS[format]
    path = folder / str(n_points) / name
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run([sys.executable, str(MAKER), format, str(path), str(n_points)], check=True)
    return path


def compare(format: str, pythons: Mapping[str, str], small: Path, log: Path, n_runs: int) -> None:
    """Reads in turn `n_runs` times and prints the medians."""
    library = PEERS[format][0]
    python = pythons.get(library, sys.executable)
    has_peer = (
        subprocess.run([python, "-c", f"import {library}"], capture_output=True, check=False).returncode == 0
    )
    own, peer = [], []
    for _ in range(n_runs):
        own.append(reading(sys.executable, format, "own", small, log))
        if has_peer:
            peer.append(reading(python, format, "peer", small, log))
    print(
        f"{format:<14} ours {_cpu_s(own):8.3f} cpu s, {own[0].n_values} values,"
        f" {max(one.added_mib for one in own):6.0f} MiB over the arrays"
    )
    if not has_peer:
        print(f"{format:<14} {library} is not installed: --with {library}=PYTHON")
        return
    ratio = statistics.median(a.cpu_s / b.cpu_s for a, b in zip(own, peer, strict=True))
    print(
        f"{format:<14} peer {_cpu_s(peer):8.3f} cpu s, {max(one.added_mib for one in peer):6.0f} MiB ({library})"
    )
    print(told(f"{format}, CPU against the peer's", ratio, "x", round(GOALS[format], 3)), flush=True)


def reading(python: str, format: str, reader: str, small: Path, log: Path) -> Reading:
    """One reading in a process of its own.  Raises CalledProcessError when it fails."""
    command = [python, str(CHILD), format, reader, str(small), str(log)]
    said = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    cpu_s, peak_kib, n_values, n_bytes = said.split("\n")[-2].split()
    return Reading(float(cpu_s), int(peak_kib) / 1024 - int(n_bytes) / 2**20, int(n_values))


def _cpu_s(readings: Sequence[Reading]) -> float:
    return statistics.median(one.cpu_s for one in readings)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("formats", nargs="*", metavar="FORMAT", help=", ".join(MAKERS))
    parser.add_argument("--points", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--with", dest="pythons", nargs="+", default=[], metavar="LIBRARY=PYTHON")
    parser.add_argument("--keep", help="folder in which the logs are made and left for the next call")
    return parser.parse_args()


if __name__ == "__main__":
    main()
