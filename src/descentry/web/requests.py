"""One request as the armour looks at it: method, path, headers by name, cookies, query."""

from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

SAFE = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, slots=True)
class Asked:
    """The parts of a request that decide whether it is let in."""

    method: str
    path: str
    query: str
    headers: tuple[tuple[str, str], ...]
    scheme: str

    def all(self, name: str) -> list[str]:
        """Every value of a header, in order; the name in lower case."""
        return [value for key, value in self.headers if key == name]

    def one(self, name: str) -> str | None:
        """The value of a header that comes exactly once; None where it is missing or comes again."""
        values = self.all(name)
        return values[0] if len(values) == 1 else None

    @property
    def host(self) -> str | None:
        """The host name that is asked for, in lower case and without its port; None where it is missing or odd."""
        return host_name(self.one("host"))

    @property
    def n_header_bytes(self) -> int:
        """Bytes of all headers and of the address."""
        return sum(len(key) + len(value) for key, value in self.headers) + len(self.path) + len(self.query)

    def cookies(self, name: str) -> list[str]:
        """Every value of a cookie."""
        pairs = [pair.strip().partition("=") for line in self.all("cookie") for pair in line.split(";")]
        return [value for key, _, value in pairs if key == name]

    def bearer(self) -> str | None:
        """The token of `Authorization: Bearer`; None where there is none."""
        scheme, _, token = (self.one("authorization") or "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" else None

    def token(self) -> str | None:
        """The token in the address; None where there is none."""
        return next((value for key, value in parse_qsl(self.query) if key == "token"), None)

    def without_token(self) -> str:
        """The address, on this server, without the token."""
        rest = urlencode([(key, value) for key, value in parse_qsl(self.query) if key != "token"])
        return "/" + quote(self.path.lstrip("/\\"), safe="/") + (f"?{rest}" if rest else "")


def asked(scope: Scope) -> Asked:
    """The request of an ASGI scope."""
    headers = tuple(
        (key.decode("latin-1").lower(), value.decode("latin-1")) for key, value in scope["headers"]
    )
    query = scope.get("query_string", b"").decode("latin-1")
    return Asked(scope["method"], scope["path"], query, headers, scope.get("scheme", "http"))


def host_name(header: str | None) -> str | None:
    """`localhost` of `Localhost:8080`, `::1` of `[::1]:8080`; None for what is no host with an optional port."""
    if not header or any(char in header for char in "/@\\?# \t,"):
        return None
    try:
        parts = urlsplit(f"//{header}")
        _ = parts.port  # a ValueError for a port that is none
    except ValueError:
        return None
    return parts.hostname.lower().rstrip(".") if parts.hostname else None


def is_same_origin(one: Asked) -> bool:
    """Whether the browser says that a page of this server asks: at least one header must, and none deny it."""
    site, origin = one.all("sec-fetch-site"), one.all("origin")
    said = [word == "same-origin" for word in site]
    said += [word == f"{one.scheme}://{one.one('host')}" for word in origin]
    return bool(said) and all(said)
