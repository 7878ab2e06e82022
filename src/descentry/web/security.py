"""The armour around the application: every request passes here first, every answer last.

Plain ASGI, so that answers that stream are not held back.  What is refused is told in one JSON object that names no
path, no setting and no version.
"""

import json
from collections.abc import Callable

from descentry.web.access import Access
from descentry.web.requests import SAFE, App, Asked, Message, Receive, Scope, Send, asked, is_same_origin

MOST_BODY = 1 << 20
"""Bytes of a request's body."""
MOST_HEADERS = 1 << 14
"""Bytes of a request's headers and address."""
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"})
PUBLIC = frozenset({"/api/health"})
POLICY = "; ".join([
    "default-src 'self'", "img-src 'self' data:", "object-src 'none'", "base-uri 'none'", "form-action 'none'",
    "frame-ancestors 'none'",
])  # fmt: skip
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
UNCACHED = "no-store"
REASONS = {
    400: "the request is malformed",
    401: "the token is missing or wrong; open the address that descentry serve has printed",
    403: "a page of another origin may not do this",
    405: "this method is not served",
    413: f"the body is larger than {MOST_BODY} bytes",
    421: "this server does not answer under that host name",
    431: f"the headers are larger than {MOST_HEADERS} bytes",
    500: "something went wrong here; the server's own log says more",
}


class Armour:
    """Lets in who may ask, bounds what is sent, and puts the headers on every answer.

    `tell` takes one line for an error that nobody foresaw; the client learns nothing of it.
    """

    def __init__(self, app: App, access: Access, tell: Callable[[str], None]) -> None:
        self._app = app
        self._access = access
        self._tell = tell

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One connection's message exchange."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        one = asked(scope)
        answer = Answer(send, one)
        status = self._refusal(one)
        if status is not None:
            await answer.refuse(status)
        elif self._is_trade(one):
            await answer.redirect(one.without_token(), self._cookie())
        else:
            await self._pass(scope, receive, answer)

    async def _pass(self, scope: Scope, receive: Receive, answer: "Answer") -> None:
        body = Body(receive)
        try:
            await self._app(scope, body.receive, answer.send)
        except TooLargeError:
            await answer.refuse(413)
        except Exception as error:  # the wall: nothing of an error reaches the client
            self._tell(f"{type(error).__name__}: {error}")
            await answer.refuse(500)

    def _refusal(self, one: Asked) -> int | None:
        """The status with which a request is turned away; None where it is let in."""
        if one.n_header_bytes > MOST_HEADERS:
            return 431
        if one.host is None or one.host not in self._access.hosts:
            return 421
        if one.method not in METHODS:
            return 405
        length = one.all("content-length")
        if len(length) > 1 or not all(text.isascii() and text.isdigit() for text in length):
            return 400
        if any(int(text) > MOST_BODY for text in length):
            return 413
        return None if one.path in PUBLIC and one.method in SAFE else self._identity(one)

    def _identity(self, one: Asked) -> int | None:
        """Who asks: the token's holder, or a page of this server in a browser that has traded it for the cookie."""
        bearer = one.bearer()
        if bearer is not None:
            is_foreign = bool(one.all("origin")) and not is_same_origin(one)
            return 401 if not self._access.is_token(bearer) else 403 if is_foreign else None
        if self._is_trade(one):
            return None
        if not any(map(self._access.is_cookie, one.cookies(self._access.cookie_name))):
            return 401
        return 403 if one.method not in SAFE and not is_same_origin(one) else None

    def _is_trade(self, one: Asked) -> bool:
        """Whether a page is asked for with the right token in its address."""
        if one.method not in SAFE or one.path.startswith("/api/") or one.bearer() is not None:
            return False
        return self._access.is_token(one.token() or "")

    def _cookie(self) -> str:
        return f"{self._access.cookie_name}={self._access.cookie_value}; Path=/; HttpOnly; SameSite=Strict"


class TooLargeError(Exception):
    """A body that was announced as small, or not at all, and is too large."""


class Body:
    """A request's body, counted on its way."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._n_bytes = 0

    async def receive(self) -> Message:
        """The next message.  Raises TooLargeError."""
        message = await self._receive()
        if message["type"] == "http.request":
            self._n_bytes += len(message.get("body", b""))
            if self._n_bytes > MOST_BODY:
                raise TooLargeError
        return message


class Answer:
    """What is sent back, with the armour's headers."""

    def __init__(self, send: Send, one: Asked) -> None:
        self._send = send
        self._asked = one
        self._has_begun = False

    async def send(self, message: Message) -> None:
        """A message of the application."""
        if message["type"] == "http.response.start":
            self._has_begun = True
            kept = [(key, value) for key, value in message.get("headers", []) if not _is_own(key)]
            caching = next((value for key, value in kept if key.lower() == b"cache-control"), None)
            if caching is None or self._asked.path.startswith("/api/"):
                kept = [(key, value) for key, value in kept if key.lower() != b"cache-control"]
                kept.append((b"cache-control", UNCACHED.encode()))
            message = {**message, "headers": [*kept, *_own()]}
        await self._send(message)

    async def refuse(self, status: int) -> None:
        """A short reason; nothing where the answer has begun: it is broken off."""
        if self._has_begun:
            return
        body = json.dumps({"error": REASONS[status]}).encode() + b"\n"
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        if status == 401:
            headers.append((b"www-authenticate", b"Bearer"))
        if status in (400, 413, 431):
            headers.append((b"connection", b"close"))
        await self._whole(status, headers, body)

    async def redirect(self, address: str, cookie: str) -> None:
        """To the same page without the token, which the cookie now stands for."""
        headers = [(b"location", address.encode("latin-1")), (b"set-cookie", cookie.encode())]
        await self._whole(303, [*headers, (b"content-length", b"0")], b"")

    async def _whole(self, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
        await self.send({"type": "http.response.start", "status": status, "headers": headers})
        is_bare = self._asked.method == "HEAD"
        await self._send({"type": "http.response.body", "body": b"" if is_bare else body})


def _is_own(key: bytes) -> bool:
    return key.decode("latin-1").lower() in HEADERS


def _own() -> list[tuple[bytes, bytes]]:
    return [(key.encode(), value.encode()) for key, value in HEADERS.items()]
