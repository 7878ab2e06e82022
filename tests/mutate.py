"""Feeds mutated logs to every reader: no crash, no hang, no more than 512 MiB.  A script, no test.

`python tests/mutate.py [--inputs 100000] [--seed 0] [--keep DIR]`: seeds are the files of tests/samples and the
made logs of the reader tests; each input takes one to eight mutations.  The first input of each fault is kept in DIR.
Every fault that it ever found stands in tests/sources as a test.
"""

import argparse
import bz2
import gzip
import io
import lzma
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import warnings
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.sources import made_logs

from descentry.record.errors import InputError
from descentry.sources.places.targets import all_logs

ROOT = Path(__file__).parent
LIMIT_S = 10
LIMIT_BYTES = 512 << 20
SMALL = 1 << 16
"""Larger seeds are cut: mutations must hit what a reader looks at."""
WORDS = [
    b"nan", b"-inf", b"1e999", b"99999999999999999999", b"-1", b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b'"', b"{", b"}",
    b"[", b"]", b",", b"\t", b"\r", b"\n", b"\n\n", b": ", b"=", b"\\u0000", b"\xed\xa0\x80", b"step", b"loss",
    b"0x10", b"1_000", b"\x1f\x8b\x08", b"PK\x03\x04", b"SQLite format 3\0", b"PAR1", b"\x7f" * 9, b"\x80" * 10,
]  # fmt: skip


def seeds() -> Iterator[tuple[str, bytes]]:
    """(file name, content) of every sample."""
    for path in sorted((ROOT / "samples").rglob("*")):
        if path.is_file() and path.suffix not in (".md", ".py") and not path.name.endswith(".truth.json"):
            yield path.name, path.read_bytes()[:SMALL]
    for name, encode in made_logs.FILES.values():
        yield name, encode(made_logs.ROWS)
    rows = made_logs.jsonl(made_logs.ROWS)
    for ending, pack in (("gz", gzip.compress), ("bz2", bz2.compress), ("xz", lzma.compress)):
        yield f"a.jsonl.{ending}", pack(rows)
    inner = zipped({"b.csv": made_logs.csv(made_logs.ROWS), "c.jsonl.gz": gzip.compress(rows)})
    yield "a.zip", zipped({"a.csv": made_logs.csv(made_logs.ROWS), "inner.zip": inner})
    yield "export.csv", wandb_export().encode()
    yield "export.json", own_export()
    yield "various.wandb", various()


def zipped(files: dict[str, bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return content.getvalue()


def wandb_export() -> str:
    """A chart of two runs, as W&B's page saves it."""
    names = ("loss", "loss__MIN", "loss__MAX")
    heads = [f"{run} - train/{name}" for run in ("a", "b") for name in names]
    lines = [",".join(f'"{step / 8 if step % 3 else ""}"' for _ in heads) for step in range(40)]
    return "\n".join(
        [",".join(f'"{head}"' for head in ("Step", *heads)), *(f'"{i}",{x}' for i, x in enumerate(lines))]
    )


def own_export() -> bytes:
    """What `descentry read --json` prints."""
    with tempfile.TemporaryDirectory() as folder:
        path = made_logs.written(Path(folder), "csv")
        command = [sys.executable, "-m", "descentry", "read", "--json", str(path)]
        return subprocess.run(command, capture_output=True, check=True).stdout


def various() -> bytes:
    """Rows of many shapes, some without a step."""
    return made_logs.wandb((i, {f"k{i % 50}": i / 8, f"val/j{i % 7}": float(i)}) for i in range(200))


def cut(data: bytearray, rng: random.Random) -> None:
    del data[rng.randrange(len(data) + 1) :]


def drop(data: bytearray, rng: random.Random) -> None:
    at = rng.randrange(len(data) + 1)
    del data[at : at + rng.choice((1, 2, 4, 16, 256))]


def double(data: bytearray, rng: random.Random) -> None:
    at = rng.randrange(len(data) + 1)
    data[at:at] = data[at : at + rng.choice((1, 8, 64, 1024))] * rng.choice((1, 2, 50))


def flip(data: bytearray, rng: random.Random) -> None:
    if data:
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def scramble(data: bytearray, rng: random.Random) -> None:
    at = rng.randrange(len(data) + 1)
    data[at : at + 8] = rng.randbytes(8)


def word(data: bytearray, rng: random.Random) -> None:
    at = rng.randrange(len(data) + 1)
    new = rng.choice(WORDS)
    data[at : at + rng.choice((0, len(new)))] = new


def move(data: bytearray, rng: random.Random) -> None:
    at, n = rng.randrange(len(data) + 1), rng.randrange(200)
    piece = data[at : at + n]
    del data[at : at + n]
    to = rng.randrange(len(data) + 1)
    data[to:to] = piece


MUTATIONS: list[Callable[[bytearray, random.Random], None]] = [
    cut,
    drop,
    double,
    flip,
    flip,
    scramble,
    word,
    word,
    move,
]


class TooLongError(BaseException):
    """An input took more than LIMIT_S seconds."""


def alarm(*_: object) -> None:
    raise TooLongError


def fed(path: Path) -> str:
    """What became of an input: a word; faults raise."""
    signal.setitimer(signal.ITIMER_REAL, LIMIT_S)
    try:
        n_rows = sum(chunk.n_rows for log in all_logs(str(path)) for chunk in log.chunks())
    except InputError as error:
        if "\n" in str(error):
            raise ValueError(f"an error of several lines: {error!r}") from error
        return "refused"
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    return "read" if n_rows else "empty"


def main() -> int:
    """0 when no input broke anything."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, default=Path("mutants"))
    options = parser.parse_args()
    signal.signal(signal.SIGALRM, alarm)
    warnings.simplefilter("error")
    samples, rng = list(seeds()), random.Random(options.seed)
    outcomes: Counter[str] = Counter()
    faults: Counter[str] = Counter()
    slowest, started = (0.0, ""), time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        for i in range(options.inputs):
            name, data = rng.choice(samples)
            mutant = bytearray(data)
            for _ in range(rng.randint(1, 8)):
                rng.choice(MUTATIONS)(mutant, rng)
            path = Path(folder) / name
            path.write_bytes(mutant)
            begun = time.monotonic()
            try:
                outcomes[fed(path)] += 1
            except (Exception, TooLongError) as error:  # a fault is what this looks for
                last = traceback.extract_tb(error.__traceback__)[-1]
                fault = f"{type(error).__name__} at {last.filename}:{last.lineno}"
                outcomes["FAULT"] += 1
                faults[fault] += 1
                if faults[fault] == 1:
                    options.keep.mkdir(exist_ok=True)
                    (options.keep / f"{i}-{name}").write_bytes(mutant)
                    print(f"{i} {name}: {fault}: {error}", flush=True)
            slowest = max(slowest, (time.monotonic() - begun, f"{i}-{name}"))
            path.unlink()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << (0 if sys.platform == "darwin" else 10)
    print(dict(outcomes), f"slowest {slowest[0]:.2f} s ({slowest[1]}), peak {peak >> 20} MiB,", end=" ")
    print(f"{time.monotonic() - started:.0f} s in all")
    return int(outcomes["FAULT"] > 0 or peak > LIMIT_BYTES)


if __name__ == "__main__":
    sys.exit(main())
