"""TensorBoard event files: one file, or the folders that are one run.

Written by torch's SummaryWriter, tensorboardX, TensorFlow 1 and 2, and what stands on them (accelerate,
Lightning, detectron2, Keras).  Consecutive scalars of one step form one row; most values are float32 on disk.  A
histogram is read as the series of its quantiles, `tag/p0` to `tag/p100`; texts and pictures are passed over; the
settings of the hparams plugin are the config.  A record that cannot be decoded is skipped and told with its byte;
the rest goes on.  A SessionLog START is a `resume`; steps that it declares void stay in the log, and this is told as
`purged`.  The files of a folder are read in the order of their names, which is that of their times.  Folders that
are parts of one run (see `parts`) are merged by step.
"""

from collections.abc import Iterator
from pathlib import Path

from descentry.formats.tfrecord import is_head
from descentry.record.chunk import Chunk
from descentry.sources.tensorboard.folder import MARK, follow_folder, read_folder
from descentry.sources.tensorboard.parts import is_run, part_at, parts_of
from descentry.sources.tensorboard.together import Together, follow_together, read_together, renamed

format = "tensorboard"
can_verify = True


def matches(path: Path, head: bytes) -> bool:
    """True for an event file, and for a folder of a run that holds some, itself or in its parts."""
    if head:
        return is_head(head) and (MARK in path.name or b"brain.Event:" in head[:64])
    return is_run(path)


def parts(path: Path) -> list[Path]:
    """The folders below that of a run which are read with it."""
    return [part.folder for part in parts_of(path).found if part.folder != path]


def read(path: Path, *, verify: bool = False) -> Iterator[Chunk]:
    """The whole log as chunks.  `verify` checks the checksum of every record.  Raises UnreadableError."""
    found = parts_of(path).found
    if any(part.folder != path for part in found):
        yield from read_together(path, found, verify=verify)
        return
    alone = part_at(path if found else path.parent)
    for chunk in read_folder(path, verify=verify):
        yield renamed(chunk, alone.name_of)


def follow(path: Path) -> Iterator[Chunk]:
    """The log as it grows; files and folders that come later are taken up.  Raises UnreadableError."""
    if path.is_dir():
        yield from follow_together(Together(path, part_at(path)))
        return
    alone = part_at(path.parent)
    for chunk in follow_folder(path):
        yield renamed(chunk, alone.name_of)
