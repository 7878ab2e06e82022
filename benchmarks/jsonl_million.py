"""Diagnosis of 1,000,000 rows x 4 series of JSON lines: CPU seconds and peak memory of the whole process.

`python benchmarks/jsonl_million.py [--rows N] [--runs N] [--peer "CMD {path}"]`
"""

import argparse
import shlex
import tempfile
from collections.abc import Sequence
from pathlib import Path

from made_rows import write_jsonl
from measured import DESCENTRY, MIB, median_cpu_s, paired, peak_mib, ratio, told


def main() -> None:
    """Prints what it took, and the ratio to the peer where one is named."""
    options = _options()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "train.jsonl"
        write_jsonl(path, options.rows)
        print(
            f"{options.rows} rows x 4 series, {path.stat().st_size / MIB:.0f} MiB, {options.runs} paired runs"
        )
        commands: dict[str, Sequence[str]] = {"descentry": (*DESCENTRY, "diagnose", str(path), "--json")}
        if options.peer:
            commands["peer"] = tuple(part.replace("{path}", str(path)) for part in shlex.split(options.peer))
        costs = paired(commands, options.runs, may_fail=("peer",))
    own = costs["descentry"]
    print(told("diagnose --json", median_cpu_s(own), "cpu s", 4.0))
    print(told("diagnose --json, peak", peak_mib(own), "MiB", 400))
    if options.peer:
        peer = costs["peer"]
        print(f"peer: {median_cpu_s(peer):.2f} cpu s, {peak_mib(peer):.0f} MiB")
        print(told("CPU against the peer's", ratio(own, peer), "x", 0.25))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--peer", help='another tool, e.g. "runmedic diagnose {path}"')
    return parser.parse_args()


if __name__ == "__main__":
    main()
