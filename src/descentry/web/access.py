"""Who is let in: one token, the cookie that it is traded for, and the names under which the server answers."""

import hmac
import os
import secrets
import socket
import stat
from dataclasses import dataclass
from hashlib import sha256
from ipaddress import ip_address
from pathlib import Path

from descentry.record.errors import UnreadableError, UsageError

N_BYTES = 32
"""Bytes of a fresh token: 256 bits."""
LEAST_CHARACTERS = 22
"""Of a token that somebody brings: 128 bits in base64."""
MOST_CHARACTERS = 512
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Access:
    """The token, and the host names (lower case, no port) under which the server may be asked.

    The cookie's value is made from the token, so that a stolen cookie does not give the token away; its name tells two
    servers on one host apart.
    """

    token: str
    hosts: frozenset[str]

    @property
    def cookie_name(self) -> str:
        """The cookie's name."""
        return f"descentry-{self._made('name')[:12]}"

    @property
    def cookie_value(self) -> str:
        """The cookie's value."""
        return self._made("value")

    def is_token(self, given: str) -> bool:
        """Whether it is the token; takes as long for any answer."""
        return hmac.compare_digest(given.encode(errors="replace"), self.token.encode())

    def is_cookie(self, given: str) -> bool:
        """Whether it is the cookie's value; takes as long for any answer."""
        return hmac.compare_digest(given.encode(errors="replace"), self.cookie_value.encode())

    def _made(self, word: str) -> str:
        return hmac.new(self.token.encode(), f"descentry cookie {word}".encode(), sha256).hexdigest()


def is_loopback(host: str) -> bool:
    """Whether a server bound to it is reached from this machine alone."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def check_bind(host: str, *, is_remote_allowed: bool, has_token_file: bool) -> None:
    """None; raises UsageError for an address that others reach, unless that is asked for with a token of one's own."""
    if is_loopback(host) or (is_remote_allowed and has_token_file):
        return
    raise UsageError(
        f"--host {host}: others could reach it; expected a loopback address such as 127.0.0.1, or both "
        "--allow-remote and --token-file (and TLS in front of it)"
    )


def hosts_of(host: str, more: tuple[str, ...] = ()) -> frozenset[str]:
    """The names under which a server bound to `host` is asked, and those that the user adds."""
    own = () if is_loopback(host) else (host, socket.gethostname())
    return frozenset(name.strip("[]").lower() for name in (*_LOOPBACK, host, *own, *more))


def fresh_token() -> str:
    """A token of 256 random bits, safe in an address."""
    return secrets.token_urlsafe(N_BYTES)


def token_in(path: Path) -> str:
    """The token that a file holds; a missing file is made, with a fresh one, readable by its owner alone.

    Raises UnreadableError where it cannot be read or made, UsageError where others may read it or it is too short.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _kept_token(path)
    except OSError as error:
        raise UnreadableError(str(path), f"cannot be made ({error.strerror})", "name another file") from error
    token = fresh_token()
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(token + "\n")
    return token


def _kept_token(path: Path) -> str:
    try:
        mode = path.stat().st_mode
        with path.open("rb") as file:
            token = file.read(MOST_CHARACTERS + 2).decode("ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableError(str(path), f"holds no readable token ({error})", "remove it") from error
    if stat.S_IMODE(mode) & 0o077:
        raise UsageError(
            f"--token-file {path}: mode {stat.S_IMODE(mode):o}, others may read it; expected 600: chmod 600"
        )
    is_plain = all(char.isalnum() or char in "-_." for char in token)
    if not LEAST_CHARACTERS <= len(token) <= MOST_CHARACTERS or not is_plain:
        raise UsageError(
            f"--token-file {path}: {len(token)} characters, expected {LEAST_CHARACTERS} to {MOST_CHARACTERS} letters, "
            "digits, - or _; remove the file to have one made"
        )
    return token
