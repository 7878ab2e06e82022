"""TensorBoard event files as torch and TensorFlow write them, made quickly: columns of bytes, the same every time."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from descentry.formats.crc32c import masked, masked_rows

TAGS = ("train/loss", "train/learning_rate", "train/grad_norm", "train/loss_scale", "perf/tokens_per_s")
START = 1.78e9
VERSION = b"\x09" + np.float64(START).tobytes() + b"\x1a\x0dbrain.Event:2"
LIMITS = (1, 1 << 7, 1 << 14, 1 << 21, 1 << 28)
"""Steps below each have as many bytes as its place says: 0 is left out."""
Bytes = NDArray[np.uint8]


def sized(number: int, body: bytes) -> bytes:
    """A field of a message; `body` is shorter than 128 bytes."""
    return bytes([number << 3 | 2, len(body)]) + body


def value(tag: str, *, as_tensor: bool) -> bytes:
    """A Summary of one value that is still 0: the number stands in the last four bytes, or before the metadata."""
    name, number = sized(1, tag.encode()), bytes(4)
    if not as_tensor:
        return sized(5, sized(1, name + b"\x15" + number))
    metadata = sized(9, sized(1, sized(1, b"scalars")) + b"\x20\x01")
    return sized(5, sized(1, name + sized(8, b"\x08\x01\x12\x00" + sized(4, number)) + metadata))


def records(
    steps: NDArray[np.int64], walls: NDArray[np.float64], values: NDArray[np.float64], body: bytes
) -> Bytes:
    """One record a step: uint8[n, size].  All steps have as many bytes."""
    width = int(np.searchsorted(LIMITS, steps[0], side="right"))
    size = 9 + (1 + width) * (width > 0) + len(body)
    out = np.zeros((len(steps), 12 + size + 4), np.uint8)
    payload = out[:, 12:-4]
    payload[:, 0] = 0x09
    payload[:, 1:9] = walls.astype("<f8")[:, None].view(np.uint8)
    if width:
        payload[:, 9] = 0x10
    for i in range(width):
        payload[:, 10 + i] = (steps >> (7 * i) & 0x7F) | (0x80 if i < width - 1 else 0)
    payload[:, size - len(body) :] = np.frombuffer(body, np.uint8)
    at = size - len(body) + (body.index(b"\x22\x04") + 2 if b"\x22\x04" in body else len(body) - 4)
    payload[:, at : at + 4] = values.astype("<f4")[:, None].view(np.uint8)
    length = size.to_bytes(8, "little")
    out[:, :12] = np.frombuffer(length + masked(length).to_bytes(4, "little"), np.uint8)
    out[:, -4:] = masked_rows(payload).astype("<u4")[:, None].view(np.uint8)
    return out


def blocks(n_steps: int, *, as_tensor: bool) -> Iterator[list[Bytes]]:
    """The records by range of steps, and there by tag."""
    rng = np.random.default_rng(7)
    for start in range(0, n_steps, 1 << 14):
        for low, high in zip((0, *LIMITS[:-1]), LIMITS, strict=True):
            steps = np.arange(max(start, low), min(start + (1 << 14), high, n_steps))
            if len(steps):
                noise = rng.normal(1, 0.1, (len(TAGS), len(steps)))
                bodies = [value(tag, as_tensor=as_tensor) for tag in TAGS]
                walls = [START + steps * 0.1 + i * 1e-4 for i in range(len(TAGS))]
                columns = zip(walls, noise, bodies, strict=True)
                yield [records(steps, wall, values, body) for wall, values, body in columns]


def write(path: Path, n_points: int, kind: str) -> None:
    """An event file.  `kind`: regular, tensor, mixed (evaluations between), dropped, shuffled."""
    rng = np.random.default_rng(8)
    length = len(VERSION).to_bytes(8, "little")
    head = length + masked(length).to_bytes(4, "little") + VERSION + masked(VERSION).to_bytes(4, "little")
    evaluation = [value(f"eval/task_{i:02d}/accuracy", as_tensor=False) for i in range(12)]
    path.parent.mkdir(parents=True)
    with path.open("wb") as file:
        file.write(head)
        for columns in blocks(n_points // len(TAGS), as_tensor=kind == "tensor"):
            if kind in ("regular", "tensor"):
                file.write(np.concatenate(columns, axis=1).tobytes())
                continue
            for at in range(0, len(columns[0]), 100):
                file.write(irregular([column[at : at + 100] for column in columns], kind, rng))
                if len(columns[0]) >= at + 100:
                    last = np.array([at + 99])
                    file.write(
                        b"".join(records(last, last + START, last, one).tobytes() for one in evaluation)
                    )


def irregular(columns: list[Bytes], kind: str, rng: np.random.Generator) -> bytes:
    """A hundred steps: one record in ten left out unless `mixed`, in any order where `shuffled`."""
    n = len(columns[0])
    keys = rng.random((n, len(columns))) if kind == "shuffled" else np.tile(np.arange(len(columns)), (n, 1))
    is_kept = rng.random((n, len(columns))) >= (0.0 if kind == "mixed" else 0.1)
    return b"".join(
        columns[tag][row].tobytes()
        for row, order in enumerate(np.argsort(keys, axis=1).tolist())
        for tag in order
        if is_kept[row, tag]
    )
