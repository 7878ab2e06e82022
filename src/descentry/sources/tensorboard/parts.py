"""Which folders of event files are one run, and what their series are called in it.

Three writers spread one run over folders that lie side by side:

* Keras and TensorFlow's estimators name one for each split (`train`, `validation`, `eval`) and log the same tags in
  each: `loss` of `validation` is the series `validation/loss`.
* `add_scalars("loss", {"train": …, "val": …})` of torch and tensorboardX gives each key a folder, `loss_train` and
  `loss_val`, beside the writer's own file, and logs the one tag `loss` in it: the series `loss/train`, `loss/val`.
* `add_hparams` of torch makes a folder that is named by the time, for the settings and last figures of the run.

All three are recognised by folders that hold event files themselves; with any other name beside them, folders of
splits may be runs that were called so, and stay runs of their own.
"""

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from descentry.formats.blocks import head
from descentry.formats.proto import BadMessage
from descentry.formats.tfevents import Event, event_of
from descentry.formats.tfrecord import Records
from descentry.record.errors import InputError
from descentry.sources.json.values import clean_name
from descentry.sources.tensorboard.folder import MARK, event_files

SPLITS = frozenset({
    "train", "training", "validation", "val", "valid", "dev", "eval", "evaluation", "test",
})  # fmt: skip
HPARAMS = "_hparams_/"
"""What the tags begin with under which `add_hparams` keeps the settings."""
MAX_PEEKED = 100
"""Records of a file that are looked at for its tags."""
MAX_FOLDERS = 1000
"""Folders beside each other that may be the keys of `add_scalars`."""
_TIME = re.compile(r"1[0-9]{9}(\.[0-9]{1,9})?")


Naming = Callable[[str], str]
"""From a tag to the name of its series."""


class Part(NamedTuple):
    """A folder of event files, and what the series of a tag in it is called."""

    folder: Path
    name_of: Naming


class Parts(NamedTuple):
    """The folders of a run, and what to look at again to see whether there are more: folders, undecided files."""

    found: list[Part]
    watched: list[Path]


def parts_of(run: Path) -> Parts:
    """The folders of one run: itself, where it holds event files, then those that belong to it, sorted."""
    has_own = bool(event_files(run))
    folders = _folders(run)
    files = {folder: event_files(folder) for folder in folders} if has_own or _names_split(folders) else {}
    splits = [folder for folder in files if folder.name.lower() in SPLITS and files[folder]]
    others = [folder for folder in files if folder not in splits and files[folder]]
    tags = {folder: _tags(files[folder][0]) for folder in others if has_own}
    keyed = {folder: name_of for folder in tags if (name_of := _by_tags(folder, tags[folder]))}
    is_split = len(keyed) == len(others) and (has_own or len(splits) > 1 or _holds_nothing_else(splits))
    found = [
        *([Part(run, _unchanged)] if has_own else []),
        *(Part(folder, name_of) for folder, name_of in keyed.items()),
        *(Part(folder, _below(folder.name)) for folder in splits if is_split),
    ]
    undecided = [files[folder][0] for folder in tags if not tags[folder]]
    return Parts(found, [run, *folders, *undecided])


def is_run(folder: Path) -> bool:
    """Whether a folder is that of a run: looked at once, since every folder of a walk is asked."""
    may_be = False
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if MARK in entry.name and entry.is_file(follow_symlinks=False):
                    return True
                may_be |= entry.name.lower() in SPLITS
    except OSError:
        return False
    return may_be and bool(parts_of(folder).found)


def part_at(folder: Path) -> Part:
    """The folder alone, its series called as in the run that it is a part of."""
    whole = folder.absolute()
    if whole.name.lower() in SPLITS or "_" in whole.name:
        for part in parts_of(whole.parent).found:
            if part.folder.name == whole.name:
                return Part(folder, part.name_of)
    return Part(folder, _unchanged)


def _names_split(folders: list[Path]) -> bool:
    return any(folder.name.lower() in SPLITS for folder in folders)


def _folders(run: Path) -> list[Path]:
    try:
        with os.scandir(run) as entries:
            found = [
                Path(entry.path)
                for entry in entries
                if entry.is_dir(follow_symlinks=False) and not entry.name.startswith(".")
            ]
    except OSError:
        return []
    return sorted(found)[:MAX_FOLDERS]


def _holds_nothing_else(splits: list[Path]) -> bool:
    """Whether the only folder of a split holds event files and folders alone: else it is a run of that name."""
    if not splits:
        return False
    with os.scandir(splits[0]) as entries:
        return all(
            MARK in entry.name or entry.is_dir() for entry in entries if not entry.name.startswith(".")
        )


def _by_tags(folder: Path, tags: set[str]) -> Naming | None:
    """How the tags of a folder beside a writer's own file are called in its run; None for a run of its own."""
    if _TIME.fullmatch(folder.name) and any(tag.startswith(HPARAMS) for tag in tags):
        return _unchanged
    if len(tags) != 1:
        return None
    (tag,) = tags
    start = tag.replace("/", "_") + "_"
    key = folder.name.removeprefix(start)
    return _named(tag, clean_name(f"{tag}/{key}")) if folder.name.startswith(start) and key else None


def _tags(file: Path) -> set[str]:
    """The tags of the first records of a file."""
    found: set[str] = set()
    try:
        records = Records().feed(head(file))
    except InputError:
        return found
    for (_, payload, _), _ in zip(records, range(MAX_PEEKED), strict=False):
        found.update(value.tag for value in _event(payload).values)
    return found


def _event(payload: bytes) -> Event:
    try:
        return event_of(payload)
    except BadMessage:
        return event_of(b"")


def _unchanged(tag: str) -> str:
    return tag


def _below(folder: str) -> Naming:
    start = f"{clean_name(folder)}/"
    return lambda tag: start + tag


def _named(tag: str, name: str) -> Naming:
    """Calls the one tag `name`; one that should come later goes below it."""
    return lambda other: name if other == clean_name(tag) else f"{name}/{other}"
