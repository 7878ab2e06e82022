"""Small logs in every format, made by encoders of our own."""

import json
import struct
import zlib
from collections.abc import Iterable
from pathlib import Path

from descentry.formats.crc32c import masked

Pairs = dict[str, float]


def varint(value: int) -> bytes:
    value &= 0xFFFFFFFFFFFFFFFF
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def sized(number: int, body: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(body)) + body


def record(payload: bytes) -> bytes:
    length = struct.pack("<Q", len(payload))
    return length + struct.pack("<I", masked(length)) + payload + struct.pack("<I", masked(payload))


def event(step: int, body: bytes, wall: float = 1.7e9) -> bytes:
    head = b"\x09" + struct.pack("<d", wall) + (b"\x10" + varint(step) if step else b"")
    return record(head + body)


def simple(tag: str, value: float) -> bytes:
    return sized(5, sized(1, sized(1, tag.encode()) + b"\x15" + struct.pack("<f", value)))


def tensor(tag: str, body: bytes, plugin: str | None = "scalars") -> bytes:
    metadata = b"" if plugin is None else sized(9, sized(1, sized(1, plugin.encode())))
    return sized(5, sized(1, sized(1, tag.encode()) + sized(8, body) + metadata))


VERSION = record(b"\x09" + struct.pack("<d", 1.7e9) + sized(3, b"brain.Event:2"))


def events(rows: Iterable[tuple[int, Pairs]]) -> bytes:
    return VERSION + b"".join(event(step, simple(tag, x)) for step, row in rows for tag, x in row.items())


def wandb(rows: Iterable[tuple[int, Pairs]]) -> bytes:
    out = bytearray(b":W&B\xe1\xbe\x00")
    for step, row in rows:
        items = {**row, "_step": step, "_timestamp": 1.7e9 + step}
        body = b"".join(
            sized(1, sized(2, k.encode()) + sized(16, json.dumps(v).encode())) for k, v in items.items()
        )
        _append(out, sized(2, body))
    return bytes(out)


def _append(out: bytearray, payload: bytes) -> None:
    first = True
    while first or payload:
        left = 32768 - len(out) % 32768
        if left < 7:
            out += bytes(left)
            left = 32768
        piece, payload = payload[: left - 7], payload[left - 7 :]
        kind = (1 if not payload else 2) if first else (4 if not payload else 3)
        out += struct.pack("<IHB", zlib.crc32(piece, zlib.crc32(bytes([kind]))), len(piece), kind) + piece
        first = False


ROWS: list[tuple[int, Pairs]] = [
    (
        10 * i,
        {"train_loss": 4.0 / (i + 1), "lr": 1e-3 * (i % 7), "grad_norm": float("nan") if i == 5 else 0.5 + i},
    )
    for i in range(40)
]


def csv(rows: Iterable[tuple[int, Pairs]]) -> bytes:
    lines = [f"{step},{','.join(map(repr, row.values()))}" for step, row in rows]
    return ("step,train_loss,lr,grad_norm\n" + "\n".join(lines) + "\n").encode()


def jsonl(rows: Iterable[tuple[int, Pairs]]) -> bytes:
    return "".join(json.dumps({"step": step, **row}) + "\n" for step, row in rows).encode()


def trainer_state(rows: Iterable[tuple[int, Pairs]]) -> bytes:
    history = [{**row, "step": step} for step, row in rows]
    return json.dumps({"global_step": 390, "log_history": history, "max_steps": 400}, indent=1).encode()


def golden(rows: Iterable[tuple[int, Pairs]]) -> bytes:
    rows = list(rows)
    metrics = {
        name: {
            "start_step": 0,
            "end_step": 400,
            "step_interval": 10,
            "values": {str(s): row[name] for s, row in rows},
        }
        for name in rows[0][1]
    }
    return json.dumps(metrics).encode()


def columns(rows: Iterable[tuple[int, Pairs]]) -> bytes:
    rows = list(rows)
    return json.dumps(
        {"step": [s for s, _ in rows], **{k: [r[k] for _, r in rows] for k in rows[0][1]}}
    ).encode()


FILES = {
    "csv": ("a.csv", csv),
    "jsonl": ("a.jsonl", jsonl),
    "tensorboard": ("events.out.tfevents.1700000000.host.1.0", events),
    "wandb": ("run-abc.wandb", wandb),
    "trainer_state": ("trainer_state.json", trainer_state),
    "megatron_golden": ("golden_values.json", golden),
    "json": ("history.json", columns),
}


def written(folder: Path, format: str, rows: Iterable[tuple[int, Pairs]] = tuple(ROWS)) -> Path:
    name, encode = FILES[format]
    path = folder / name
    path.write_bytes(encode(rows))
    return path


def mlflow(folder: Path, rows: Iterable[tuple[int, Pairs]] = tuple(ROWS)) -> Path:
    (folder / "metrics").mkdir(parents=True)
    (folder / "params").mkdir()
    (folder / "params" / "batch_size").write_text("32")
    (folder / "meta.yaml").write_text("run_name: a\n")
    rows = list(rows)
    for name in rows[0][1]:
        lines = [f"{1700000000000 + step} {row[name]!r} {step}" for step, row in rows]
        (folder / "metrics" / name).write_text("\n".join(lines) + "\n")
    return folder
