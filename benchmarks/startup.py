"""CPU seconds to start: `--help`, a small diagnosis, and the import against numpy's.

`python benchmarks/startup.py [--runs N]`
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

from made_rows import write_csv
from measured import DESCENTRY, median_cpu_s, paired, ratio, told


def main() -> None:
    """Prints medians of paired runs; every command has run once before, so bytecode is there, as installed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=9)
    n_runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "train.csv"
        write_csv(path, 1000)
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = str(Path(folder) / "bytecode")
        commands = {
            "bare": (sys.executable, "-c", "pass"),
            "numpy": (sys.executable, "-c", "import numpy"),
            "descentry": (sys.executable, "-c", "import descentry"),
            "help": (*DESCENTRY, "--help"),
            "diagnose": (*DESCENTRY, "diagnose", str(path), "--json"),
        }
        paired(commands, 1)
        costs = paired(commands, n_runs)
    print(f"{n_runs} paired runs; an empty Python takes {median_cpu_s(costs['bare']):.3f} cpu s")
    print(told("descentry --help", median_cpu_s(costs["help"]), "cpu s", 0.3))
    print(told("diagnose of a CSV of 1,000 rows", median_cpu_s(costs["diagnose"]), "cpu s", 0.6))
    print(told("import descentry against import numpy", ratio(costs["descentry"], costs["numpy"]), "x", 1.3))


if __name__ == "__main__":
    main()
