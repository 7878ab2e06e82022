"""Walks a folder for files and folders that a reader takes, in sorted order; links are not followed.

Readers that own a folder (event files, an MLflow run) are asked before those of the files inside it.
"""

import os
import re
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

from descentry.formats.blocks import head
from descentry.record.errors import InputError
from descentry.sources.protocol import Reader
from descentry.sources.registry import readers

NO_LOGS = re.compile(
    r"\.(pyc?|ipynb|md|rst|html?|css|jsx?|tsx?|cu?|cpp|h|so|png|jpe?g|gif|svg|pdf|mp4|pth?|ckpt|bin|safetensors|onnx"
    r"|h5|np[yz]|pkl|ya?ml|toml|ini|lock|zip|tar|model)"
)
"""Endings that are not opened while a folder is searched; a file that is named itself is always opened."""

CHECKPOINT = "checkpoint-"
STATE = "trainer_state.json"
OWN_ALL = ("mlflow", "deepspeed_csv")
"""Formats that own everything in their folder."""
EVENTS = ".tfevents."

Found = tuple[Path, Reader | None]
Look = Callable[[Path], Reader | None]


def recognised(path: Path, start: bytes) -> Reader | None:
    """The first reader that takes the file or folder, or None."""
    return next((reader for reader in readers() if reader.matches(path, start)), None)


def reader_of_file(path: Path) -> Reader | None:
    """The reader that takes a file, or None; it is opened for that."""
    try:
        return recognised(path, head(path))
    except InputError:
        return None


def walk(
    folder: Path, seen: list[Path], taken: Collection[Path] = (), look: Look = reader_of_file
) -> Iterator[Found]:
    """Each log below `folder` with its reader; files that were looked at are added to `seen`.

    The event files of the folders in `taken` belong to a run above them; `look` says which reader takes a file.
    """
    files, folders = _entries(folder)
    owner = None if folder in taken else recognised(folder, b"")
    if owner is not None:
        yield folder, owner
        if owner.format in OWN_ALL or getattr(owner, "owns_folder", False):
            return
    is_its: Callable[[Path], bool] | None = getattr(owner, "owns_file", None)
    parts_of: Callable[[Path], list[Path]] | None = getattr(owner, "parts", None)
    parts = () if parts_of is None else parts_of(folder)
    has_wandb = any(path.suffix == ".wandb" for path in files)
    for path in files:
        if EVENTS in path.name and (owner is not None or folder in taken):
            continue
        if is_its is not None and is_its(path):
            continue
        if not has_wandb or path.suffix == ".wandb":
            seen.append(path)
            yield path, look(path)
    for inner in folders:
        if not (has_wandb and inner.name in ("files", "logs", "tmp")):
            yield from walk(inner, seen, parts, look)
    if STATE not in {path.name for path in files}:
        yield from _newest_checkpoint(folder, seen, look)


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
            if (EVENTS in path.name or not NO_LOGS.fullmatch(path.suffix.lower()))
            and not path.name.startswith(".")
        ),
        sorted(path for path in folders if not path.name.startswith((".", "__", CHECKPOINT))),
    )


def _newest_checkpoint(folder: Path, seen: list[Path], look: Look) -> Iterator[Found]:
    """The `trainer_state.json` of the newest checkpoint: each holds the history of those before it."""
    copies = [
        path for path in folder.glob(f"{CHECKPOINT}*/{STATE}") if path.is_file() and not path.is_symlink()
    ]
    if copies:
        newest = max(copies, key=lambda path: (_count(path.parent.name), path.parent.name))
        seen.append(newest)
        yield newest, look(newest)


def _count(name: str) -> int:
    digits = name.removeprefix(CHECKPOINT)
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 20 else -1
