"""Ids of runs from their paths: what tells them apart, without what says only the format."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

GENERIC = frozenset({
    "trainer_state", "trainer_log", "metrics", "results", "log", "logs", "history", "train", "scalars",
    "stdout", "output", "progress",
})  # fmt: skip
"""File names that a framework gives to every run: the folder's name says more."""
ENDINGS = (
    ".gz", ".zst", ".bz2", ".xz", ".zip", ".csv", ".tsv", ".jsonl", ".json", ".ndjson", ".log", ".txt", ".out",
    ".wandb", ".parquet", ".arrow", ".arrows", ".feather", ".db", ".sqlite", ".sqlite3",
)  # fmt: skip


def file_id(path: Path) -> str:
    """The id of a run whose log is named itself."""
    stem = _stem(path.name)
    if not _is_generic(stem):
        return stem
    return path.absolute().parent.name or stem


def named(root: Path, paths: Sequence[Path]) -> list[str]:
    """Ids for the logs found below `root`, unique: short where that tells apart, else the path."""
    short = [_short(root, path) for path in paths]
    counts = Counter(short)
    ids = [
        name if counts[name] == 1 else path.relative_to(root).as_posix()
        for name, path in zip(short, paths, strict=True)
    ]
    return _unique([name if name != "." else root.absolute().name or "run" for name in ids])


def _short(root: Path, path: Path) -> str:
    relative = path.relative_to(root)
    if path.is_dir():
        return relative.as_posix()
    stem = _stem(path.name)
    parent = relative.parent
    return parent.as_posix() if _is_generic(stem) else (parent / stem).as_posix()


def _stem(name: str) -> str:
    stem = name
    for ending in ENDINGS:
        if stem.lower().endswith(ending) and len(stem) > len(ending):
            stem = stem[: -len(ending)]
    return stem


def _is_generic(stem: str) -> bool:
    return stem.lower() in GENERIC or ".tfevents." in stem or stem.startswith("golden_values")


def _unique(names: Sequence[str]) -> list[str]:
    """The names, with a number where one comes again."""
    taken: dict[str, None] = {}
    for name in names:
        candidate, n = name, 2
        while candidate in taken:
            candidate, n = f"{name}#{n}", n + 1
        taken[candidate] = None
    return list(taken)
