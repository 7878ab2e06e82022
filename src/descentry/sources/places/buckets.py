"""Object stores and web servers through obstore (extra `cloud`): opened, listed, fetched; errors in one line.

`clouds` tells what they ask for.
"""

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

from descentry.record.errors import UnknownFormatError, UnreadableError
from descentry.sources.places.clouds import AZURE, CLOUDS, METADATA, no_credentials, require_credentials
from descentry.sources.places.unpack import could_be_log

MAX_OBJECTS = 200_000
WHOLE = re.compile(
    r".*\.(db|sqlite3?|parquet|arrow|feather|zip|tar|tgz|tbz2|txz|7z|rar)(\.gz|\.zst|\.bz2|\.xz)?",
    re.IGNORECASE | re.DOTALL,
)
"""Objects that cannot be recognised, or listed, by their first bytes alone."""
STATUS = re.compile(r" - Server returned non-2xx status code: (\d{3})")
REGION = " - Received redirect without LOCATION"
CONNECT_S = 5
_BLOCK = 8 << 20
_ADVICE = "check the address, the network and the credentials in the environment"


class ChangedError(UnreadableError):
    """The object was written anew while it was fetched."""


class Entry(NamedTuple):
    """An object as it is now; another write of the same size differs in `tag` or `modified`."""

    path: str
    size: int
    tag: str
    modified: str


class Bucket:
    """One store, opened by its address.  Raises UnreadableError where obstore is missing or says no."""

    def __init__(self, address: str) -> None:
        self.address = address
        parts = urlsplit(address)
        self.is_web = parts.scheme in ("http", "https")
        self._cloud = CLOUDS.get(parts.scheme.lower())
        self._obstore = library(address)
        self.prefix = unquote(parts.path).strip("/")
        if parts.scheme in ("az", "abfs", "abfss") and "@" not in parts.netloc:
            self.prefix = self.prefix.partition("/")[2]
        if parts.query:
            self.prefix += "?" + parts.query
        if not parts.netloc.strip("@"):
            what = "server" if self.is_web else "container" if self._cloud is AZURE else "bucket"
            expected = f"expected {parts.scheme}://{what}/{'file' if self.is_web else 'prefix'}"
            raise UnreadableError(address, f"names no {what}", expected)
        if self._cloud is not None:
            require_credentials(address, self._cloud, has_account="@" in parts.netloc)
        root = address[: len(address) - len(parts.path + ("?" + parts.query if parts.query else ""))]
        self._store = self.call(lambda: self._opened(root if parts.scheme != "az" else address))

    def _opened(self, root: str) -> Any:
        from datetime import timedelta

        insecure = root.startswith("http://") or os.environ.get("AWS_ENDPOINT_URL", "").startswith("http://")
        options: dict[str, Any] = {"timeout": "30s", "connect_timeout": f"{CONNECT_S}s"}
        if insecure:
            options["allow_http"] = True
        retry = {"max_retries": 2, "retry_timeout": timedelta(seconds=15)}
        return self._obstore.store.from_url(root, client_options=options, retry_config=retry)

    def call(self, what: Callable[[], Any]) -> Any:
        """What a call of obstore gives.  Raises UnreadableError."""
        try:
            return what()
        except FileNotFoundError as error:
            problem = "no such bucket" if "NoSuchBucket" in str(error) else "no such object"
            raise UnreadableError(self.address, problem, "check the address") from error
        except (self._obstore.exceptions.BaseError, OSError, ValueError) as error:
            raise self._refusal(str(error)) from error

    def _refusal(self, text: str) -> UnreadableError:
        """What obstore says, in one line.

        The status is read where obstore writes it: ports, paths, tags and times have digits and words of their own.
        """
        first = text.split("\n", 1)[0]
        told = STATUS.search(first)
        status = int(told[1]) if told else 0
        if METADATA[0] in first and self._cloud is not None:
            return no_credentials(self.address, self._cloud)
        if "NoSuchBucket" in text:
            return UnreadableError(self.address, "no such bucket", "check the address")
        if REGION in first or "PermanentRedirect" in text:
            return UnreadableError(self.address, "lies in another region", "set AWS_REGION to the bucket's")
        if status in (401, 403):
            advice = self._cloud.advice if self._cloud is not None else _ADVICE
            return UnreadableError(self.address, "may not be read with the credentials that are set", advice)
        if status == 412:
            return ChangedError(self.address, "was changed while it was fetched", "try again")
        problem = first.rsplit(" - ", 1)[-1].removeprefix("HTTP error: ")[:200]
        return UnreadableError(self.address, f"cannot be fetched ({problem})", _ADVICE)

    def listing(self, prefix: str) -> list[Entry]:
        """The objects below a prefix that could be logs, sorted.  Raises UnreadableError."""
        found: list[Entry] = []
        for batch in self.call(lambda: self._obstore.list(self._store, prefix or None)):
            found += [_entry(meta) for meta in batch if wanted(meta["path"])]
            if len(found) > MAX_OBJECTS:
                raise UnreadableError(self.address, f"holds {len(found)} objects", "name a longer prefix")
        return sorted(found)

    def entries(self) -> list[Entry]:
        """What stands at the address: objects below it, or the one it names.  Raises InputError for nothing."""
        found = [] if self.is_web else self.call(lambda: self.listing(self.prefix))
        if not found and self.prefix:
            found = [self.entry(self.prefix)]
        if not found:
            raise UnknownFormatError(self.address, "holds no objects that could be logs", "name one log")
        return list(found)

    def entry(self, path: str) -> Entry:
        """An object as it is now.  Raises UnreadableError."""
        return _entry(self.call(lambda: self._obstore.head(self._store, path)))

    def fetch(self, entry: Entry, start: int, stop: int, target: Path) -> None:
        """Appends the bytes start:stop of an object to a file.  Raises UnreadableError.

        Plain web servers know no ranges: there, all is fetched and what is known already is skipped.
        """
        with target.open("ab") as file:
            if stop > start:
                at, pieces = self.call(lambda: self._pieces(entry, start, stop))
                for data in self._cut(pieces, at, start, stop):
                    file.write(data)

    def _pieces(self, entry: Entry, start: int, stop: int) -> tuple[int, Iterator[Any]]:
        """Where the answer of the store begins, and its bytes in pieces."""
        options: dict[str, Any] = {"if_match": entry.tag} if entry.tag and not self.is_web else {}
        ranged = {**options, "range": (start, stop)} if start > 0 or not self.is_web else options
        try:
            result = self._obstore.get(self._store, entry.path, options=ranged)
        except self._obstore.exceptions.NotSupportedError:
            return 0, self._obstore.get(self._store, entry.path).stream(min_chunk_size=_BLOCK)
        return start if ranged is not options else 0, result.stream(min_chunk_size=_BLOCK)

    def _cut(self, pieces: Iterator[Any], at: int, start: int, stop: int) -> Iterator[bytes]:
        """The bytes start:stop of pieces of which the first begins at byte `at`."""
        while at < stop and (piece := self.call(lambda: next(pieces, None))) is not None:
            data = bytes(piece)
            yield data[max(0, start - at) : stop - at]
            at += len(data)


def _entry(meta: Any) -> Entry:
    return Entry(meta["path"], int(meta["size"]), str(meta.get("e_tag") or ""), str(meta["last_modified"]))


def wanted(path: str) -> bool:
    """Whether an object could be a log, or hold some."""
    name = Path(path.rsplit("/", 1)[-1])
    return could_be_log(name) or (not name.name.startswith(".") and bool(WHOLE.fullmatch(name.name)))


def library(address: str) -> Any:
    """obstore.  Raises UnreadableError where it is not installed."""
    try:
        import obstore
        import obstore.store
    except ImportError as error:
        advice = "pip install 'descentry[cloud]', or copy the log here"
        raise UnreadableError(address, "needs the library obstore", advice) from error
    return obstore
