"""Logs on object storage and web servers: `s3://`, `gs://`, `az://`, `http(s)://`, through obstore (extra `cloud`).

To find the logs below a prefix only the first 64 KiB of each object are fetched, into a temporary folder; a log is
fetched whole when it is read and dropped again after it.  Following fetches what an object has grown by.
"""

import os
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from descentry.formats.blocks import HEAD, WITNESS
from descentry.record.chunk import Chunk
from descentry.record.errors import InputError, UnknownFormatError, UnreadableError
from descentry.record.event import Event
from descentry.sources.places.archives import is_archive, unpack
from descentry.sources.places.find import NO_LOGS, find
from descentry.sources.places.spool import Kept, Spool, renamed
from descentry.sources.protocol import Log, OneRun
from descentry.sources.rows import with_events

MAX_OBJECTS = 200_000
N_AT_ONCE = 16
WHOLE = re.compile(r".*\.(db|sqlite3?|parquet|arrow|feather|zip|tar|tgz)(\.gz|\.zst)?", re.IGNORECASE)
"""Objects that cannot be recognised, or listed, by their first bytes alone."""
MAX_BYTES = 4 * 2**30
"""An object larger than this is not fetched."""
_ADVICE = "check the address, the network and the credentials in the environment"


def logs(address: str) -> list[Log]:
    """The logs at an address, of one object or below a prefix.  Raises UnreadableError, UnknownFormatError."""
    bucket = Bucket(address)
    spool = Spool()
    name = address.rstrip("/").rsplit("/", 1)[-1] or "logs"
    folder = spool.folder / re.sub(r"[^\w.=-]", "_", name)
    objects = bucket.listing()
    mirrors = [Mirror(bucket, path, size, _place(folder, path, bucket.prefix)) for path, size in objects]
    with ThreadPoolExecutor(N_AT_ONCE) as pool:
        list(pool.map(Mirror.sample, mirrors))
    root = folder if folder.is_dir() else mirrors[0].copy
    try:
        found = find(_unpacked(root, spool) if root.is_file() else root)
    except InputError as error:
        raise renamed(error, str(root), address) from error
    return [_synced(log, spool, mirrors, root, address) for log in found]


def _synced(log: Log, spool: Spool, mirrors: list["Mirror"], root: Path, address: str) -> Log:
    own = [mirror for mirror in mirrors if mirror.copy == log.path or log.path in mirror.copy.parents]
    where = str(log.path).replace(str(root), address.rstrip("/"))
    reader = Kept(Synced(log.reader, tuple(own)), spool, str(root), address.rstrip("/"))
    return replace(log, reader=reader, where=where)


def _unpacked(path: Path, spool: Spool) -> Path:
    """The file, or the folder that an archive was unpacked to."""
    start = path.read_bytes()[:HEAD]
    if not is_archive(start):
        return path
    folder = spool.folder / "unpacked"
    folder.mkdir()
    unpack(path, start, folder)
    return folder


def _place(folder: Path, path: str, prefix: str) -> Path:
    """Where the copy of an object goes: below `folder` by its path after the prefix; the object itself is `folder`."""
    rest = path[len(prefix) :].strip("/") if path.startswith(prefix) else path
    parts = [part for part in rest.split("/") if part not in ("", ".", "..")]
    return folder.joinpath(*parts)


class Bucket:
    """One store, opened by its address.  Raises UnreadableError where obstore is missing or says no."""

    def __init__(self, address: str) -> None:
        self.address = address
        parts = urlsplit(address)
        is_web = parts.scheme in ("http", "https")
        self.prefix = unquote(parts.path).strip("/")
        if parts.scheme in ("az", "abfs", "abfss") and "@" not in parts.netloc:
            self.prefix = self.prefix.partition("/")[2]
        self.is_web = is_web
        if parts.query:
            self.prefix += "?" + parts.query
        self._obstore = _library(address)
        root = address[: len(address) - len(parts.path + ("?" + parts.query if parts.query else ""))]
        self._store = self.call(lambda: self._opened(root if parts.scheme not in ("az",) else address))

    def _opened(self, root: str) -> Any:
        from datetime import timedelta

        insecure = root.startswith("http://") or os.environ.get("AWS_ENDPOINT_URL", "").startswith("http://")
        options: dict[str, Any] = {"timeout": "30s", "connect_timeout": "10s"}
        if insecure:
            options["allow_http"] = True
        retry = {"max_retries": 3, "retry_timeout": timedelta(seconds=30)}
        return self._obstore.store.from_url(root, client_options=options, retry_config=retry)

    def call(self, what: Callable[[], Any]) -> Any:
        """What a call of obstore gives.  Raises UnreadableError."""
        try:
            return what()
        except FileNotFoundError as error:
            raise UnreadableError(self.address, "no such object", "check the address") from error
        except (self._obstore.exceptions.BaseError, OSError, ValueError) as error:
            problem = str(error).split("\n", 1)[0][:200]
            raise UnreadableError(self.address, f"cannot be fetched ({problem})", _ADVICE) from error

    def listing(self) -> list[tuple[str, int]]:
        """(path, bytes) of each object that could be a log, sorted.  Raises UnreadableError where there is none."""
        if self.is_web:
            return [(self.prefix, self.size(self.prefix))]
        found: list[tuple[str, int]] = []
        for batch in self.call(lambda: list(self._obstore.list(self._store, self.prefix or None))):
            found += [(meta["path"], meta["size"]) for meta in batch if _could_be_log(meta["path"])]
        if not found and self.prefix:
            found = [(self.prefix, self.size(self.prefix))]
        if not found:
            raise UnknownFormatError(self.address, "holds no objects that could be logs", "name one log")
        if len(found) > MAX_OBJECTS:
            raise UnreadableError(self.address, f"holds {len(found)} objects", "name a longer prefix")
        return sorted(found)

    def size(self, path: str) -> int:
        """The size of an object now.  Raises UnreadableError."""
        return int(self.call(lambda: self._obstore.head(self._store, path))["size"])

    def part(self, path: str, start: int, stop: int) -> bytes:
        """The bytes start:stop of an object.  Raises UnreadableError."""
        if stop <= start:
            return b""
        if self.is_web and start == 0:
            # Plain web servers know no ranges; what is looked at from its start is wanted whole.
            return bytes(self.call(lambda: self._obstore.get(self._store, path).bytes()))[:stop]
        return bytes(self.call(lambda: self._range(path, start, stop)))

    def _range(self, path: str, start: int, stop: int) -> Any:
        try:
            return self._obstore.get_range(self._store, path, start=start, end=stop)
        except self._obstore.exceptions.NotSupportedError:
            return bytes(self._obstore.get(self._store, path).bytes())[start:stop]


def _could_be_log(path: str) -> bool:
    name = path.rsplit("/", 1)[-1]
    suffix = "." + name.rsplit(".", 1)[-1].lower() if "." in name else ""
    if ".tfevents." in name:
        return True
    return not name.startswith(".") and (bool(WHOLE.fullmatch(name)) or not NO_LOGS.fullmatch(suffix))


def _library(address: str) -> Any:
    try:
        import obstore
        import obstore.store
    except ImportError as error:
        advice = "pip install 'descentry[cloud]', or copy the log here"
        raise UnreadableError(address, "needs the library obstore", advice) from error
    return obstore


PART = 8 << 20


@dataclass(slots=True)
class Mirror:
    """One object and its local copy, which holds the object's first bytes."""

    bucket: Bucket
    path: str
    size: int
    copy: Path

    def sample(self) -> None:
        """Fetches the first bytes; all of what cannot be recognised by them.  Raises UnreadableError."""
        if self.size > MAX_BYTES:
            raise UnreadableError(
                f"{self.bucket.address}: {self.path}", f"holds {self.size} bytes", "copy it here"
            )
        self.copy.parent.mkdir(parents=True, exist_ok=True)
        whole = self.bucket.is_web or bool(WHOLE.fullmatch(self.path))
        with self.copy.open("wb") as file:
            file.write(self.bucket.part(self.path, 0, self.size if whole else min(HEAD, self.size)))

    def sync(self) -> bool:
        """Whether anything was fetched: what the object has grown by, or all of it where it was rewritten."""
        now = self.bucket.size(self.path)
        known = self.copy.stat().st_size
        if now == known and now == self.size:
            return False
        self.size = now
        back = min(known, WITNESS)
        if now < known or self.bucket.part(self.path, known - back, known) != self._tail(known - back, back):
            self.copy.unlink()
            known = 0
        with self.copy.open("ab") as file:
            for start in range(known, now, PART):
                file.write(self.bucket.part(self.path, start, min(now, start + PART)))
        return now != known

    def _tail(self, start: int, n: int) -> bytes:
        with self.copy.open("rb") as file:
            file.seek(start)
            return file.read(n)

    def shrink(self) -> None:
        """Keeps the first bytes only, by which the log is recognised."""
        if not self.bucket.is_web and not WHOLE.fullmatch(self.path) and self.copy.stat().st_size > HEAD:
            os.truncate(self.copy, HEAD)


@dataclass(frozen=True, slots=True)
class Synced:
    """A reader of copies that are fetched before they are read."""

    inner: OneRun
    mirrors: tuple[Mirror, ...]

    @property
    def can_verify(self) -> bool:
        """Whether the reader can check every checksum."""
        return bool(getattr(self.inner, "can_verify", False))

    def read(self, path: Path, **options: bool) -> Iterator[Chunk]:
        """The whole log; its copy is dropped at the end."""
        for mirror in self.mirrors:
            mirror.sync()
        try:
            yield from self.inner.read(path, **options)
        finally:
            for mirror in self.mirrors:
                mirror.shrink()

    def follow(self, path: Path) -> Iterator[Chunk]:
        """The log as it grows; asks the store again whenever nothing new was here.

        A store that does not answer for a while, or an object that is gone for the moment, is waited for, and told
        once each time.
        """
        for mirror in self.mirrors:
            mirror.sync()
        is_away = False
        for chunk in self.inner.follow(path):
            problem = "" if chunk.n_rows else self._synced()
            if problem and not is_away:
                yield with_events(chunk, [Event("unreachable", problem, self.mirrors[0].bucket.address)])
            else:
                yield chunk
            is_away = bool(problem)

    def _synced(self) -> str:
        """Fetches what is new; what is wrong where that cannot be done now, in words."""
        try:
            for mirror in self.mirrors:
                mirror.sync()
        except UnreadableError as error:
            return f"{error.problem}: tried again"
        return ""
