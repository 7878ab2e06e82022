"""Logs as they lie below a folder, small enough to be read at once."""

import json
from pathlib import Path


def rows(first: int, last: int, level: float = 2.0, nan_from: int | None = None) -> str:
    """JSON lines of a calm loss."""
    lines = []
    for step in range(first, last):
        loss = level + 1.0 / (1 + step) + 0.01 * (step * 7919 % 13 - 6) / 6
        is_nan = nan_from is not None and step >= nan_from
        lines.append(f'{{"step": {step}, "loss": {"NaN" if is_nan else loss}, "lr": 0.001}}\n')
    return "".join(lines)


def write(path: Path, text: str, **config: object) -> Path:
    """A log with settings in its first line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    head = json.dumps({"config": config}) + "\n" if config else ""
    path.write_text(head + text)
    return path


def folder(root: Path) -> Path:
    """Three runs: calm, NaN at the end, and with settings."""
    write(root / "a/calm.jsonl", rows(0, 120))
    write(root / "b/broken.jsonl", rows(0, 120, nan_from=100))
    write(root / "c/tuned.jsonl", rows(0, 120, level=3.0), learning_rate=0.5, tags=["baseline", "v2"])
    return root
