"""Which packer a file's first bytes tell of: gz, zst, bz2, xz."""

from pathlib import Path

from descentry.formats import gunzip, unstreams, unzstd
from descentry.formats.gunzip import Unpacker
from descentry.record.errors import UnreadableError
from descentry.record.event import Event

MAGICS = (gunzip.MAGIC, unzstd.MAGIC, unstreams.XZ_MAGIC, *unstreams.BZ2_MAGICS)


def unpacker_for(start: bytes, size: int, path: Path) -> Unpacker | None:
    """What decompresses a file that begins like this; None where it is not packed.

    Raises UnreadableError where the library for it is not installed.
    """
    if start.startswith(gunzip.MAGIC):
        return gunzip.Gunzip(size)
    if not start.startswith(MAGICS):
        return None
    try:
        if start.startswith(unzstd.MAGIC):
            return unzstd.Unzstd(size)
        return unstreams.unxz(size) if start.startswith(unstreams.XZ_MAGIC) else unstreams.unbz2(size)
    except ImportError as error:
        packer = error.name or "a packer"
        problem = f"is packed in a way that needs the library {packer}"
        advice = (
            "pip install 'descentry[zst]'" if packer == "zstandard" else "unpack it and name what comes out"
        )
        raise UnreadableError(str(path), problem, advice) from error


def damaged(path: Path, unpacker: Unpacker) -> Event:
    """The event that tells what `unpacker` met, and where."""
    message = f"{unpacker.problem}; what came before was read"
    return Event("torn_tail", message, f"{path.name}@byte {unpacker.n_in}")
