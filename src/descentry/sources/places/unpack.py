"""Copies what could be a log out of an archive, and of the archives in it, into a folder; notes what is left out."""

import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from descentry.formats.blocks import head
from descentry.record.errors import DamagedError, InputError, UnknownFormatError, UnreadableError
from descentry.record.event import Event
from descentry.sources.notes import quoted
from descentry.sources.places.member import Member
from descentry.sources.places.members import BROKEN, ENCRYPTED, MAX_RATIO, TAR, TAR_AT, ZIPS, members
from descentry.sources.places.spool import MAX_BYTES, copied
from descentry.sources.places.tar_stream import TarDamage
from descentry.sources.places.walk import NO_LOGS, recognised

MAX_FILES = 20_000
"""To write more than that many takes longer than to unpack the archive with its own tool."""
ANY_BYTES = 256 << 20
"""So much any archive may unfold to; beyond it, `MAX_RATIO` times its own size."""
OTHERS = {
    b"7z\xbc\xaf\x27\x1c": "a 7z archive",
    b"Rar!\x1a\x07": "a rar archive",
    b"MSCF\0\0\0\0": "a cab archive",
    b"\x04\x22\x4d\x18": "a file packed with lz4",
    b"LZIP\x01": "a file packed with lzip",
    b"\x1f\x9d\x90": "a file packed with compress (.Z)",
}
"""What is known by its first bytes and not read."""
ENDINGS = (
    ".zip",
    ".tar",
    ".tgz",
    ".tbz2",
    ".txz",
    ".tar.gz",
    ".tar.zst",
    ".tar.bz2",
    ".tar.xz",
    ".7z",
    ".rar",
)
"""Names of archives inside archives."""
N_NAMES = 3
LOOSE = ("csv", "jsonl", "text")
"""Formats that take almost anything, an archive of such logs among it."""


def is_archive(path: Path, start: bytes) -> bool:
    """Whether a file that (decompressed) starts so is an archive, read as if it were a folder or not read at all.

    Some trackers write a zip that is one log: it is none to be looked into.
    """
    if not start.startswith(ZIPS):
        return start.startswith(tuple(OTHERS)) or start[TAR_AT : TAR_AT + len(TAR)] == TAR
    reader = recognised(path, start)
    return reader is None or reader.format in LOOSE


class Unpacking:
    """One unpacking of the archive at `path`.

    `n_files`: how many files were copied; `damage`: what ended it early, in words, "" where nothing did.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.n_files = 0
        self.damage = ""
        self._limit = min(MAX_BYTES, max(ANY_BYTES, MAX_RATIO * path.stat().st_size))
        self._n_bytes = 0
        self._others: list[str] = []
        self._left_out: dict[str, list[str]] = {}

    def into(self, folder: Path, start: bytes) -> None:
        """Copies what could be a log into the new `folder`.  Raises InputError where there is nothing."""
        if other := _other(start):
            raise UnknownFormatError(
                str(self.path), f"is {other}: not read here", "unpack it and name the folder"
            )
        folder.mkdir()
        self._copy(self.path, start, folder, is_inner=False)
        if not self.n_files:
            raise self._nothing()

    def events(self) -> Iterator[Event]:
        """What the archive holds and is not read."""
        if self.damage:
            message = f"the archive is damaged ({self.damage}); what came before was read"
            yield Event("torn_tail", message, self.path.name)
        for why, names in self._left_out.items():
            message = f"{_shown(names)} left out of the archive: {why}"
            yield Event("left_out", message, self.path.name, len(names))

    def _copy(self, path: Path, start: bytes, folder: Path, *, is_inner: bool) -> None:
        try:
            for member in members(path, start):
                self._take(member, folder, is_inner=is_inner)
        except BROKEN as error:
            inner = f"{path.name}: " if is_inner else ""
            self.damage = self.damage or inner + (" ".join(str(error).split())[:120] or type(error).__name__)

    def _take(self, member: Member, folder: Path, *, is_inner: bool) -> None:
        target = _inside(folder, member.name)
        is_named_so = member.name.lower().endswith(ENDINGS)
        if target is None:
            self._leave(member.name, "the name leads out of it, or comes twice")
        elif not is_named_so and not could_be_log(target):
            self._others.append(member.name)
        elif member.left_out:
            self._leave(member.name, member.left_out)
        elif is_named_so and is_inner:
            self._leave(member.name, "an archive in an archive in an archive")
        elif self._has_folder(member, target) and self._is_copied(member, target) and is_named_so:
            self._open_inner(member.name, target)

    def _has_folder(self, member: Member, target: Path) -> bool:
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
        except (OSError, ValueError):
            self._leave(member.name, "another file stands where its folder should be")
            return False
        return True

    def _is_copied(self, member: Member, target: Path) -> bool:
        if self.n_files >= MAX_FILES:
            raise DamagedError(
                str(self.path), f"holds more than {MAX_FILES} files", "unpack it and name a log"
            )
        try:
            copied(lambda n: self._counted(member.read(n)), target, f"{self.path}/{member.name}")
        except TarDamage:
            # A tar ends here; what there is of its last file is the beginning of a log.
            self.n_files += target.stat().st_size > 0
            raise
        except BROKEN:
            target.unlink()
            self._leave(member.name, "damaged")
            return False
        self.n_files += 1
        return True

    def _counted(self, data: bytes) -> bytes:
        self._n_bytes += len(data)
        if self._n_bytes > self._limit:
            problem = f"unfolds to more than {self._limit} bytes"
            raise DamagedError(str(self.path), problem, "unpack it and name a log")
        return data

    def _open_inner(self, name: str, target: Path) -> None:
        """Makes a folder of an archive that was copied, unless the archive itself is a log."""
        self.n_files -= 1
        try:
            start = head(target)
        except InputError as error:
            target.unlink()
            self._leave(name, error.problem)
            return
        if not is_archive(target, start):
            # A folder's archives are passed over by their endings.
            os.replace(target, target.with_suffix("") if not target.with_suffix("").exists() else target)
            self.n_files += 1
            return
        packed = target.with_name(target.name + ".packed")
        os.replace(target, packed)
        if other := _other(start):
            self._leave(name, f"{other}, not read here")
        else:
            target.mkdir()
            self._copy(packed, start, target, is_inner=True)
        packed.unlink()

    def _leave(self, name: str, why: str) -> None:
        self._left_out.setdefault(why, []).append(name)

    def _nothing(self) -> InputError:
        """The error of an archive in which nothing could be a log."""
        if self.damage:
            problem = f"is a damaged archive ({self.damage})"
            return DamagedError(str(self.path), problem, "unpack what can be saved")
        if ENCRYPTED in self._left_out:
            problem = f"holds {_shown(self._left_out[ENCRYPTED])}, encrypted"
            return UnreadableError(str(self.path), problem, "unpack it with its password and name the folder")
        for why, names in self._left_out.items():
            return DamagedError(str(self.path), f"holds {_shown(names)}: {why}", "unpack it and name a log")
        seen = f" ({_shown(self._others)})" if self._others else ""
        problem = f"is an archive without a file that could be a log{seen}"
        return UnknownFormatError(str(self.path), problem, "name a log")


def _other(start: bytes) -> str:
    return next((what for magic, what in OTHERS.items() if start.startswith(magic)), "")


def _shown(names: list[str]) -> str:
    some = ", ".join(quoted(name) for name in names[:N_NAMES]) + (", …" if len(names) > N_NAMES else "")
    return some if len(names) == 1 else f"{len(names)} files ({some})"


def could_be_log(path: Path) -> bool:
    """Whether a file of that name is worth a look."""
    # The name of an event file ends in a host's, which may look like any ending.
    return ".tfevents." in path.name or (
        not NO_LOGS.fullmatch(path.suffix.lower()) and not path.name.startswith(".")
    )


def _inside(folder: Path, name: str) -> Path | None:
    """Where a member goes; None for a name that leads elsewhere, or is odd."""
    parts = PurePosixPath(name.replace("\\", "/")).parts
    odd = any(part in ("..", "/") or ":" in part or "\0" in part or len(part) > 200 for part in parts)
    if odd or not parts or len(parts) > 50:
        return None
    target = folder.joinpath(*parts)
    try:
        return None if target.exists() else target
    except (OSError, ValueError):
        return None
