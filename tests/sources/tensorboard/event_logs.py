"""Event files of every shape for properties, and the obvious reader that they are compared with."""

import random
import struct

from tests.sources.made_logs import VERSION, event, simple, sized, tensor

from descentry.formats.tfevents import Kind, event_of
from descentry.record.chunk import Chunk

Rows = list[tuple[int, dict[str, str]]]


def float_tensor(tag: str, value: float, plugin: str | None) -> bytes:
    return tensor(tag, b"\x08\x01" + sized(4, struct.pack("<f", value)), plugin)


def double_tensor(tag: str, value: float) -> bytes:
    return tensor(tag, b"\x08\x02" + sized(6, struct.pack("<d", value)), "scalars")


def half_tensor(tag: str, value: float) -> bytes:
    return tensor(tag, b"\x08\x13" + sized(13, b"\x80\x78"), "scalars") if value else b""


def many(tags: list[str], value: float) -> bytes:
    return sized(5, b"".join(simple(tag, value + i)[2:] for i, tag in enumerate(tags)))


def made_up(seed: int, n_steps: int) -> bytes:
    """A log of `n_steps` steps whose habits the seed decides."""
    rng = random.Random(seed)
    tags = [
        f"{rng.choice(('train', 'val', 'a'))}/{'x' * rng.choice((1, 1, 3))}{i}"
        for i in range(rng.randint(1, 6))
    ]
    style = rng.choice(("simple", "tensor", "double", "once", "together", "mixed"))
    dropped = rng.choice((0.0, 0.0, 0.1))
    step = rng.choice((0, 100, 16_300, 2_097_000, -50))
    seen: set[str] = set()
    out = [VERSION]
    for i in range(n_steps):
        wall = 1.7e9 + i * 0.25
        if style == "together":
            out.append(event(step, many(tags, rng.random()), wall))
        else:
            order = rng.sample(tags, len(tags)) if rng.random() < dropped else tags
            out += [
                event(step, body_of(style, tag, rng, seen), wall) for tag in order if rng.random() >= dropped
            ]
        if i % 50 == 49:
            out += [event(step, simple(f"eval/{j}", rng.random()), wall) for j in range(3)]
        if rng.random() < dropped / 10:
            out.append(
                event(step, tensor("text", b"\x08\x07" + sized(8, rng.randbytes(rng.randint(0, 40))), "text"))
            )
        step += rng.choice((1, 1, 1, 1, 0, -3)) if dropped else 1
    return b"".join(out)


def body_of(style: str, tag: str, rng: random.Random, seen: set[str]) -> bytes:
    """One value in the way of that style."""
    value = rng.choice((rng.random(), rng.random(), float("nan"), float("inf")))
    if style == "mixed":
        style = rng.choice(("simple", "tensor", "double", "half"))
    if style == "tensor":
        return float_tensor(tag, value, "scalars")
    if style == "once":
        is_new = tag not in seen
        seen.add(tag)
        return float_tensor(tag, value, "scalars" if is_new else None)
    if style == "double":
        return double_tensor(tag, value)
    return half_tensor(tag, 1.0) if style == "half" else simple(tag, value)


def naive_rows(data: bytes) -> Rows:
    """The rows of a log without damage or histograms, record by record; values as Python spells them."""
    rows: Rows = []
    at = 0
    while at + 16 <= len(data):
        (size,) = struct.unpack_from("<Q", data, at)
        if at + 16 + size > len(data):
            break
        found = event_of(data[at + 12 : at + 12 + size])
        at += 16 + size
        for value in found.values:
            if value.kind is Kind.SCALAR:
                if not rows or rows[-1][0] != found.step or value.tag in rows[-1][1]:
                    rows.append((found.step, {}))
                rows[-1][1][value.tag] = repr(value.number.value)
    return rows


def rows_of(chunk: Chunk) -> Rows:
    rows: Rows = [(step, {}) for step in chunk.steps.tolist()]
    for name, column in chunk.columns.items():
        for row, value in zip(column.rows.tolist(), column.values.tolist(), strict=True):
            rows[row][1][name] = repr(value)
    return rows
