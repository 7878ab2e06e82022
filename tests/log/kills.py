"""Writers that are killed at random moments, and what must be found of them.

`python -m tests.log.kills --kills 1000` kills so many and prints what was found.

A child process writes rows (session, step) as fast as it can and puts the newest acknowledged step into memory
that it shares with its parent; the parent kills it at a random moment, from its first instruction on, and starts
the next one on the same folder.  Then every session must hold its rows from 0 up, without a gap, up to the
acknowledged one at least, and sessions must stand in order.
"""

import argparse
import mmap
import os
import random
import signal
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import descentry
from descentry.log.wall import LogWarning

MAX_WAIT_S = 0.03
WIDTHS = (1, 5, 5, 5, 40, 400)
"""Values a row: wide rows are torn at the edges of pages."""


@dataclass
class Toll:
    """What the kills left: sums over all sessions."""

    n_kills: int = 0
    n_acknowledged: int = 0
    n_read: int = 0
    n_repaired: int = 0


def killed(folder: Path, session: int, rng: random.Random, shared: memoryview) -> int:
    """One writer's life; how many rows were acknowledged."""
    shared[0] = 0
    width, wait_s = rng.choice(WIDTHS), rng.uniform(0, MAX_WAIT_S)
    child = os.fork()
    if child == 0:
        try:
            write_for_ever(folder, session, width, shared)
        finally:
            os._exit(1)
    time.sleep(wait_s)
    os.kill(child, signal.SIGKILL)
    status = os.waitpid(child, 0)[1]
    assert os.WIFSIGNALED(status), "the writer ended by itself"
    return shared[0]


def write_for_ever(folder: Path, session: int, width: int, shared: memoryview) -> None:
    """Rows of a session until the end."""
    warnings.simplefilter("ignore", LogWarning)
    log = descentry.Log(folder)
    step = 0
    while True:
        values = {f"x{i}": step + i / 7 for i in range(width - 1)}
        log.write(step, session=session, **values)
        if log.flush():
            step += 1
            shared[0] = step


def check(folder: Path, acknowledged: list[int]) -> Toll:
    """Raises AssertionError where an acknowledged row is lost, doubled, changed or out of order."""
    run = descentry.read(folder)
    curve = run.curves["session"]
    found: dict[int, int] = {}
    newest = 0
    for session, step in zip(curve.values.astype(int).tolist(), curve.steps.tolist(), strict=True):
        assert session >= newest, f"session {session} stands after session {newest}"
        newest = session
        assert found.get(session, 0) == step, (
            f"session {session}: step {step} after {found.get(session, 0)} rows"
        )
        found[session] = step + 1
    for session, n in enumerate(acknowledged):
        n_found = found.get(session, 0)
        assert n <= n_found <= n + 1, f"session {session}: {n} acknowledged, {n_found} found"
    for name, its in run.curves.items():
        if name.startswith("x"):
            assert its.values.tolist() == [step + int(name[1:]) / 7 for step in its.steps.tolist()], name
    odd = {event.kind for event in run.events} - {"resume", "repair"}
    assert not odd, odd
    n_repaired = sum(event.count for event in run.events if event.kind == "repair")
    return Toll(len(acknowledged), sum(acknowledged), sum(found.values()), n_repaired)


@contextmanager
def shared_memory() -> Iterator[memoryview]:
    """A number in memory that a killed child leaves as it was: written at once, not byte by byte."""
    with mmap.mmap(-1, 8) as memory, memoryview(memory) as view, view.cast("q") as number:
        yield number


def toll(folder: Path, n_kills: int, seed: int) -> Toll:
    """Kills so many writers of one folder, one after the other, and checks what they left."""
    rng = random.Random(seed)
    with shared_memory() as shared:
        acknowledged = [killed(folder, session, rng, shared) for session in range(n_kills)]
    with descentry.Log(folder) as log:
        log.write(0, session=n_kills)
    return check(folder, acknowledged)


def main() -> None:
    """Kills, and tells."""
    options = argparse.ArgumentParser(description="kills writers of a run folder at random moments")
    options.add_argument("--kills", type=int, default=1000)
    options.add_argument("--per-folder", type=int, default=50)
    options.add_argument("--seed", type=int, default=0)
    chosen = options.parse_args()
    warnings.simplefilter("ignore", LogWarning)
    whole = Toll()
    with tempfile.TemporaryDirectory() as root:
        for start in range(0, chosen.kills, chosen.per_folder):
            n = min(chosen.per_folder, chosen.kills - start)
            part = toll(Path(root) / str(start), n, chosen.seed + start)
            whole.n_kills += part.n_kills
            whole.n_acknowledged += part.n_acknowledged
            whole.n_read += part.n_read - 1
            whole.n_repaired += part.n_repaired
    print(f"{whole.n_kills} kills: {whole.n_acknowledged} rows acknowledged, {whole.n_read} read, "
          f"{whole.n_repaired} torn tails repaired; none lost, doubled or out of order")  # fmt: skip


if __name__ == "__main__":
    main()
