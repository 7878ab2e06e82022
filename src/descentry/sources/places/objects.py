"""Logs on object storage and web servers: `s3://`, `gs://`, `az://`, `http(s)://`, through obstore (extra `cloud`).

To find the logs below a prefix only the first 64 KiB of each object are fetched, into a temporary folder; a log is
fetched whole when it is read and dropped again after it.  Following fetches what an object has grown by.
"""

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from descentry.record.errors import InputError
from descentry.sources.places.archives import looked_for
from descentry.sources.places.buckets import Bucket
from descentry.sources.places.mirrors import Mirror, Mirrors, Synced, place
from descentry.sources.places.spool import Kept, Spool, renamed
from descentry.sources.protocol import Log

N_AT_ONCE = 16


tells_skipped = True
"""`logs` takes a list for what cannot be read beside the logs."""


def logs(address: str, skipped: list[InputError] | None = None) -> list[Log]:
    """The logs at an address, of one object or below a prefix; `skipped` as in `find`.

    Raises UnreadableError, UnknownFormatError.
    """
    bucket = Bucket(address)
    spool = Spool()
    name = address.rstrip("/").rsplit("/", 1)[-1] or "logs"
    folder = spool.folder / re.sub(r"[^\w.=-]", "_", name)
    hidden = spool.folder / ".fetching"
    mirrors = [
        Mirror(bucket, entry, place(folder, entry.path, bucket.prefix), hidden) for entry in bucket.entries()
    ]
    with ThreadPoolExecutor(N_AT_ONCE) as pool:
        list(pool.map(Mirror.sample, mirrors))
    root = folder if folder.is_dir() else mirrors[0].copy
    problems: list[InputError] = []
    try:
        found = looked_for(root, problems)
    except InputError as error:
        raise renamed(error, str(root), address) from error
    if skipped is not None:
        skipped += [renamed(error, str(root), address.rstrip("/")) for error in problems]
    return [_synced(log, spool, mirrors, root, address) for log in found]


def _synced(log: Log, spool: Spool, mirrors: list[Mirror], root: Path, address: str) -> Log:
    bucket = mirrors[0].bucket
    own = [mirror for mirror in mirrors if mirror.copy == log.path or log.path in mirror.copy.parents]
    folder = log.path if own and log.path.is_dir() else None
    # What lies in an archive has no object of its own: the archive has.
    prefix = "/".join((bucket.prefix, *log.path.relative_to(root).parts)).strip("/") if folder else ""
    synced = Synced(log.reader, Mirrors(own or mirrors, folder, prefix))
    names = str(root), address.rstrip("/")
    return replace(log, reader=Kept(synced, spool, *names), where=log.place.replace(*names))
