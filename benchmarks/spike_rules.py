"""How soon a live run's faults are told, beside two rules in wide use: a Markdown table.

`python benchmarks/spike_rules.py [--lab FOLDER] [--corpus FOLDER]`

Every rule sees the training loss alone.  Runs: those of the lab's cached set and of a folder of real logs with
`LABELS.json` that surely hold a spike, NaN or divergence of known onset; and those that surely hold none, for false
alarms.  The two rules are written anew from their published description, with their defaults.
"""

import argparse
import json
import math
import statistics
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import descentry
from descentry.guard.gate import Gatekeeper
from descentry.guard.monitor import Monitor, Row
from descentry.guard.rules import Gate
from descentry.record.roles import Role

LAB = Path(__file__).parents[1] / "lab/cached"
CORPUS = Path(__file__).parents[2] / "shared/corpus"
KINDS = ("spike", "nan", "divergence")
EARLY = 0.01
"""An alarm up to this share of the run before the onset is one of it: labels are read off by eye."""
Losses = list[float]


@dataclass(frozen=True)
class Marked:
    """A training loss and where it goes wrong, as an index; None where it does not."""

    name: str
    losses: Losses
    onset: int | None


def spike_detection(losses: Losses, window: int = 10, warmup: int = 1, rtol: float = 2.0) -> list[int]:
    """Alarms of Lightning Fabric's SpikeDetection.

    Not finite, or worse than the last value that was kept and off the mean of the last `window` kept ones by `rtol`
    times that mean.  An alarm is not kept.
    """
    kept, last, alarms = deque[float](maxlen=window), 0.0, []
    for i, loss in enumerate(losses):
        mean = sum(kept) / len(kept) if kept else math.nan
        is_spike = loss > last and abs(loss - mean) >= abs(rtol * mean)
        if i >= warmup and (not math.isfinite(loss) or is_spike):
            alarms.append(i)
        elif math.isfinite(loss):
            kept.append(loss)
            last = loss
    return alarms


def kill_loss_spike(
    losses: Losses, patience: int = 4, multiple: float = 2.0, highest: float = 10.0
) -> list[int]:
    """Alarms of LLM Foundry's KillLossSpike.

    Twice the mean of the window for more than `patience` values in a row; or, after two windows, half of the window
    above a cap, the largest loss of the first window but at most `highest`.  Window: a twentieth of the run, at least
    100.
    """
    size = max(100, round(0.05 * len(losses)))
    values = np.array(losses)
    means = [float(values[i - size : i].mean()) for i in range(size, len(losses))]
    cap = min(max(losses[:size]), highest)
    n_high = np.cumsum(np.append(0, values > cap))
    in_a_row, alarms = 0, []
    for i, mean in enumerate(means, size):
        in_a_row = in_a_row + 1 if losses[i] >= multiple * mean else 0
        if in_a_row > patience or (i >= 2 * size and n_high[i] - n_high[i - size] >= size / 2):
            alarms.append(i)
    return alarms


def gate(losses: Losses) -> list[int]:
    """Vetoes of the guard's gate, before the update."""
    keeper, alarms = Gatekeeper(Gate()), []
    for i, loss in enumerate(losses):
        if keeper.judge(i, loss, None):
            alarms.append(i)
        keeper.digest()
    return alarms


def findings(losses: Losses) -> list[int]:
    """When the guard's monitor says spike, nan or divergence of warning or worse, live."""
    monitor, alarms = Monitor(background=False), []
    for i, loss in enumerate(losses):
        monitor.push(Row(i, {"train_loss": loss}))
        said = monitor.standing.findings
        if said and any(one.pattern in KINDS and one.severity.rank >= 2 for one in said):
            alarms.append(i)
    return alarms


def guard(losses: Losses) -> list[int]:
    """Either of the two."""
    return sorted({*gate(losses), *findings(losses)})


RULES: dict[str, Callable[[Losses], list[int]]] = {
    "guard: gate and findings": guard,
    "guard: gate alone, before the update": gate,
    "SpikeDetection (Lightning Fabric)": spike_detection,
    "KillLossSpike (LLM Foundry)": kill_loss_spike,
}


def lab_runs(folder: Path) -> Iterator[Marked]:
    """The lab's runs."""
    for truth in sorted(folder.glob("*.truth.json")):
        told = json.loads(truth.read_text())
        log = truth.with_name(truth.name.replace(".truth.json", ".jsonl.gz"))
        yield from marked(log, told["must"], told["may"], told["onset"], told["kind"] != "fault")


def corpus_runs(folder: Path) -> Iterator[Marked]:
    """The real logs that were labelled."""
    for name, told in sorted(json.loads((folder / "LABELS.json").read_text()).items()):
        if not told["too_short"]:
            yield from marked(
                folder / name, told["must"], told["may"], told["onset"], "healthy" in told["must"]
            )


def marked(
    path: Path, must: list[str], may: list[str], onset: dict[str, list[int]], is_sound: bool
) -> Iterator[Marked]:
    """The run with the longest training loss, where it is surely wrong since a known step or surely sound."""
    wrong = [step for kind in KINDS if kind in must for step in onset.get(kind, [])]
    if not wrong and (not is_sound or {*KINDS} & {*must, *may}):
        return
    curves = [c for run in descentry.runs(path) for c in run.curves.values() if c.role is Role.TRAIN_LOSS]
    curve = max(curves, key=len, default=None)
    if curve is not None and len(curve) >= 20:
        later = np.flatnonzero(curve.steps >= min(wrong)) if wrong else []
        at = int(later[0]) if len(later) else None
        if not wrong or at is not None:
            yield Marked(path.name, curve.values.tolist(), at)


def row(name: str, rule: Callable[[Losses], list[int]], runs: list[Marked]) -> str:
    """One line of the table."""
    delays, saved, n_false, n_sound = [], [], 0, 0
    for run in runs:
        alarms = rule(run.losses)
        if run.onset is None:
            n_sound, n_false = n_sound + 1, n_false + bool(alarms)
            continue
        n_rest = len(run.losses) - run.onset
        first = next((i for i in alarms if i >= run.onset - EARLY * len(run.losses)), None)
        delay = None if first is None else max(0, first - run.onset)
        delays += [] if delay is None else [delay]
        saved.append(0.0 if delay is None else 1.0 - delay / n_rest)
    middle, late = (f"{np.quantile(delays, q):.0f}" for q in (0.5, 0.9)) if delays else ("", "")
    told = f"{len(delays)} of {len(saved)} | {middle} | {late} | {100 * statistics.mean(saved):.0f} %"
    return f"| {name} | {told} | {n_false} of {n_sound} |"


def main() -> None:
    """Prints a table for each set of runs that is there."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lab", type=Path, default=LAB)
    parser.add_argument("--corpus", type=Path, default=CORPUS)
    options = parser.parse_args()
    sets = {"the lab's cached runs": (lab_runs, options.lab), "real logs": (corpus_runs, options.corpus)}
    for name, (runs_of, folder) in sets.items():
        if not folder.is_dir():
            continue
        runs = list(runs_of(folder))
        print(
            f"\n| {name} | told | points late, median | 90 % | rest of the run saved | false alarms in sound runs |"
        )
        print("| --- | ---: | ---: | ---: | ---: | ---: |")
        for title, rule in RULES.items():
            print(row(title, rule, runs), flush=True)


if __name__ == "__main__":
    main()
