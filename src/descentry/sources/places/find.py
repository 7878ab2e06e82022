"""Finds the logs in a file or folder and says which reader takes each.

A folder is walked in sorted order, symbolic links are not followed.  Formats that own a folder (event
files, an MLflow run) are asked before the files inside it.
"""

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from descentry.formats.blocks import head
from descentry.record.errors import InputError, UnknownFormatError, UnreadableError
from descentry.sources.places.run_ids import file_id, named
from descentry.sources.protocol import Log, OneRun, Reader
from descentry.sources.registry import readers

NO_LOGS = re.compile(
    r"\.(pyc?|ipynb|md|rst|html?|css|jsx?|tsx?|cu?|cpp|h|so|png|jpe?g|gif|svg|pdf|mp4|pth?|ckpt|bin|safetensors|onnx"
    r"|h5|np[yz]|pkl|parquet|arrow|ya?ml|toml|ini|lock|zip|tar|model)"
)
"""Endings that are not opened while a folder is searched; a file that is named itself is always opened."""

CHECKPOINT = "checkpoint-"
STATE = "trainer_state.json"


_LOG_LIKE = re.compile(r".*\.(log|txt|out|csv|tsv|jsonl|ndjson|json)(\.gz|\.zst)?", re.IGNORECASE | re.DOTALL)
_MAY_BE_ANYTHING = re.compile(r".*\.(txt|json)(\.gz|\.zst)?", re.IGNORECASE | re.DOTALL)
_TRAINS = re.compile(rb"loss|epoch|\bstep|\biter", re.IGNORECASE)


def find(path: Path, skipped: list[Path] | None = None) -> list[Log]:
    """The logs at `path`, in sorted order, with ids that are unique in the list.  Never empty.

    Files in a folder that look like logs, but that no reader knows, are added to `skipped`.
    Raises UnreadableError when the path is missing or may not be read, UnknownFormatError when no reader
    recognises it, or nothing in the folder.
    """
    if _is_folder(path):
        return _in_folder(path, [] if skipped is None else skipped)
    start = head(path)
    reader = recognised(path, start)
    if reader is None:
        raise UnknownFormatError(str(path), *_what_it_is(start))
    return runs_in(Log(file_id(path), reader.format, path, reader))


def runs_in(log: Log) -> list[Log]:
    """The runs of one place: itself, or each of those that its reader finds in it.  Raises InputError."""
    list_runs = getattr(log.reader, "runs", None)
    if list_runs is None:
        return [log]
    found: Sequence[tuple[str, OneRun]] = list_runs(log.path)
    if not found:
        raise UnknownFormatError(log.place, "holds no run yet", "wait until one has logged")
    if len(found) == 1:
        return [replace(log, reader=found[0][1])]
    return [replace(log, run=f"{log.run}/{run}", reader=one) for run, one in found]


def recognised(path: Path, start: bytes) -> Reader | None:
    """The first reader that takes the file or folder, or None."""
    return next((reader for reader in readers() if reader.matches(path, start)), None)


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


def _what_it_is(start: bytes) -> tuple[str, str]:
    """Problem and advice for a file that nobody knows."""
    if not start.strip():
        return "is empty", "wait until the run has logged, or name another file"
    if b"\0" in start[:1024] and not start.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "holds binary data of no known log format", "export the run as CSV or JSON lines"
    if start.lstrip()[:1] in (b"{", b"["):
        return (
            "is JSON, but holds no series of a known layout",
            "expected one object per line with numbers by name",
        )
    return (
        "is text, but no line looks like a logged row",
        "expected CSV, JSON lines, or lines with step and loss",
    )


def _in_folder(root: Path, skipped: list[Path]) -> list[Log]:
    try:
        os.scandir(root).close()
    except OSError as error:
        problem = error.strerror or str(error)
        raise UnreadableError(str(root), f"cannot be opened ({problem})", "check its permissions") from error
    seen: list[Path] = []
    walked = list(_walk(root, seen))
    found = [(path, reader) for path, reader in walked if reader is not None]
    skipped += [path for path, reader in walked if reader is None and _looks_like_log(path)]
    if not found:
        raise UnknownFormatError(str(root), _what_was_seen(seen), "name a folder or file with a training log")
    ids = named(root, [path for path, _ in found])
    logs: list[Log] = []
    problems: list[InputError] = []
    for run, (path, reader) in zip(ids, found, strict=True):
        try:
            logs += runs_in(Log(run, reader.format, path, reader))
        except InputError as error:
            problems.append(error)
            skipped.append(path)
    if problems and not logs:
        raise problems[0]
    return logs


def _looks_like_log(path: Path) -> bool:
    """Whether a file that no reader knows has the name of a log, and words of one where the name says little."""
    if not _LOG_LIKE.fullmatch(path.name):
        return False
    try:
        start = head(path)
    except InputError:
        return True
    return bool(start.strip()) and (not _MAY_BE_ANYTHING.fullmatch(path.name) or bool(_TRAINS.search(start)))


def _what_was_seen(seen: Sequence[Path]) -> str:
    if not seen:
        return "holds no files that could be logs"
    names = ", ".join(path.name for path in seen[:3]) + (", …" if len(seen) > 3 else "")
    return f"holds no known training log ({len(seen)} file{'s' * (len(seen) != 1)} looked at: {names})"


def _walk(folder: Path, seen: list[Path]) -> Iterator[tuple[Path, Reader | None]]:
    """Each log below `folder` with its reader; files that were looked at are added to `seen`."""
    files, folders = _entries(folder)
    owner = recognised(folder, b"")
    if owner is not None:
        yield folder, owner
        if owner.format in ("mlflow", "deepspeed_csv") or getattr(owner, "owns_folder", False):
            return
    has_wandb = any(path.suffix == ".wandb" for path in files)
    for path in files:
        if owner is not None and ".tfevents." in path.name:
            continue
        if not has_wandb or path.suffix == ".wandb":
            seen.append(path)
            yield path, _reader_of_file(path)
    for inner in folders:
        if not (has_wandb and inner.name in ("files", "logs", "tmp")):
            yield from _walk(inner, seen)
    if STATE not in {path.name for path in files}:
        yield from _newest_checkpoint(folder, seen)


def _entries(folder: Path) -> tuple[list[Path], list[Path]]:
    """Regular files worth a look and folders, both sorted; hidden ones, links and checkpoints left out."""
    files, folders = [], []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(Path(entry.path))
                elif entry.is_file(follow_symlinks=False):
                    files.append(Path(entry.path))
    except OSError:
        return [], []
    return (
        sorted(
            path
            for path in files
            if not NO_LOGS.fullmatch(path.suffix.lower()) and not path.name.startswith(".")
        ),
        sorted(path for path in folders if not path.name.startswith((".", "__", CHECKPOINT))),
    )


def _reader_of_file(path: Path) -> Reader | None:
    try:
        return recognised(path, head(path))
    except InputError:
        return None


def _newest_checkpoint(folder: Path, seen: list[Path]) -> Iterator[tuple[Path, Reader | None]]:
    """The `trainer_state.json` of the newest checkpoint: each holds the history of those before it."""
    copies = [
        path for path in folder.glob(f"{CHECKPOINT}*/{STATE}") if path.is_file() and not path.is_symlink()
    ]
    if copies:
        newest = max(copies, key=lambda path: (_count(path.parent.name), path.parent.name))
        seen.append(newest)
        yield newest, _reader_of_file(newest)


def _count(name: str) -> int:
    digits = name.removeprefix(CHECKPOINT)
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 20 else -1
