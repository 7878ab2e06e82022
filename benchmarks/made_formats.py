"""The same run in six formats: a loss with noise, a learning rate and a gradient norm, three series a row.

`python benchmarks/made_formats.py FORMAT PATH POINTS`
"""

import json
import struct
import sys
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from made_rows import values

START = 1_750_000_000.0
NAMES = ("train_loss", "lr", "grad_norm")
N_SERIES = len(NAMES)

Row = tuple[int, float, float, float]


def rows(n_points: int) -> Iterator[Row]:
    """step, loss, learning rate and gradient norm, `n_points` values in all."""
    n_rows = n_points // N_SERIES
    for step, (loss, lr, norm, _) in enumerate(values(n_rows)):
        yield step, loss, lr, norm


def csv(path: Path, n_points: int) -> None:
    """A header and nine digits a number, as pandas writes it when asked."""
    with path.open("w") as out:
        out.write(",".join(("step", *NAMES)) + "\n")
        out.writelines(f"{step},{loss:.9g},{lr:.9g},{norm:.9g}\n" for step, loss, lr, norm in rows(n_points))


def jsonl(path: Path, n_points: int) -> None:
    """One object a line, in Python's own spelling."""
    with path.open("w") as out:
        for step, *row in rows(n_points):
            out.write(json.dumps({"step": step, **dict(zip(NAMES, row, strict=True))}) + "\n")


def trainer_state(path: Path, n_points: int) -> None:
    """The Trainer's document, indented and sorted as it writes it."""
    n_rows = n_points // N_SERIES
    with path.open("w") as out:
        out.write('{\n  "epoch": 3.0,\n  "global_step": ' + str(n_rows) + ',\n  "log_history": [')
        for step, loss, lr, norm in rows(n_points):
            entry = {
                "epoch": 3 * step / n_rows,
                "grad_norm": norm,
                "learning_rate": lr,
                "loss": round(loss, 4),
            }
            spelt = json.dumps({**entry, "step": step + 1}, indent=2).replace("\n", "\n    ")
            out.write((",\n    " if step else "\n    ") + spelt)
        out.write(f'\n  ],\n  "max_steps": {n_rows}\n}}\n')


def text(path: Path, n_points: int) -> None:
    """nanoGPT's lines: loss, time and mfu."""
    with path.open("w") as out:
        out.write("tokens per iteration will be: 491,520\nnumber of parameters: 123.59M\n")
        for step, loss, _, norm in rows(n_points):
            if step % 2000 == 0:
                out.write(f"step {step}: train loss {loss:.4f}, val loss {loss + 0.02:.4f}\n")
            out.write(f"iter {step}: loss {loss:.4f}, time {130 * norm:.2f}ms, mfu {41 / norm:.2f}%\n")


def mlflow(path: Path, n_points: int) -> None:
    """A run of the file store: one file a metric, `milliseconds value step` a line."""
    run = path / "0" / ("a" * 32)
    for folder in ("metrics", "params", "tags", "artifacts"):
        (run / folder).mkdir(parents=True)
    _write_meta(path, run)
    for at, name in enumerate(NAMES, 1):
        with (run / "metrics" / name).open("w") as out:
            out.writelines(f"{int(START + row[0]) * 1000} {row[at]!r} {row[0]}\n" for row in rows(n_points))


def _write_meta(store: Path, run: Path) -> None:
    stage = "lifecycle_stage: {}\n"
    (store / "0" / "meta.yaml").write_text(
        f"artifact_location: file://{store}/0\nexperiment_id: '0'\nname: Default\n" + stage.format("active")
    )
    (run / "meta.yaml").write_text(
        f"artifact_uri: file://{run}/artifacts\nend_time: null\nentry_point_name: ''\nexperiment_id: '0'\n"
        f"run_id: {run.name}\nrun_name: made\nrun_uuid: {run.name}\nsource_name: ''\nsource_type: 4\n"
        f"source_version: ''\nstart_time: {int(START) * 1000}\nstatus: 1\ntags: []\nuser_id: u\n"
        + stage.format("active")
    )


def wandb(path: Path, n_points: int) -> None:
    """W&B's local file as wandb 0.13 to 0.31 fill it: items with nested keys, the step in a field of its own."""
    with path.open("wb") as out:
        log = _Records(out)
        for step, *row in rows(n_points):
            series = {
                **dict(zip(NAMES, row, strict=True)),
                "_timestamp": START + step,
                "_runtime": 0.1 * step,
                "_step": step,
            }
            items = b"".join(
                _sized(1, _sized(2, k.encode()) + _sized(16, repr(v).encode())) for k, v in series.items()
            )
            history = items + _sized(2, b"\x08" + _varint(step))
            log.add(b"\x08" + _varint(step + 1) + _sized(2, history))


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def _sized(number: int, body: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(body)) + body


class _Records:
    """LevelDB's framing: blocks of 32 KiB, a record in as many pieces as it needs."""

    BLOCK = 32768
    FULL, FIRST, MIDDLE, LAST = 1, 2, 3, 4

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._at = out.write(b":W&B\xe1\xbe\x00")

    def add(self, payload: bytes) -> None:
        """Writes one record."""
        is_first = True
        while is_first or payload:
            left = self.BLOCK - self._at % self.BLOCK
            if left < 7:
                self._at += self._out.write(bytes(left))
                left = self.BLOCK
            piece, payload = payload[: left - 7], payload[left - 7 :]
            kind = (
                (self.FIRST if payload else self.FULL) if is_first else self.MIDDLE if payload else self.LAST
            )
            checksum = zlib.crc32(piece, zlib.crc32(bytes((kind,))))
            self._at += self._out.write(struct.pack("<IHB", checksum, len(piece), kind) + piece)
            is_first = False


MAKERS: dict[str, tuple[str, Callable[[Path, int], None]]] = {
    "csv": ("log.csv", csv),
    "jsonl": ("log.jsonl", jsonl),
    "trainer_state": ("trainer_state.json", trainer_state),
    "text": ("stdout.txt", text),
    "wandb": ("run-made.wandb", wandb),
    "mlflow": ("mlruns", mlflow),
}
"""By format: the name of its file or folder, and what writes it."""


if __name__ == "__main__":
    MAKERS[sys.argv[1]][1](Path(sys.argv[2]), int(sys.argv[3]))
