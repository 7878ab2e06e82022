"""The armour, rule by rule: each of these requests would pass without the rule that is named."""

import asyncio
import json
from typing import Any

import pytest

from descentry.web.access import Access, hosts_of
from descentry.web.requests import host_name
from descentry.web.security import MOST_BODY, MOST_HEADERS, Armour

ACCESS = Access("t" * 43, hosts_of("127.0.0.1"))
COOKIE = f"{ACCESS.cookie_name}={ACCESS.cookie_value}"
TOLD: list[str] = []


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Reads the body, answers with its length; some addresses misbehave."""
    n_bytes, is_more = 0, True
    while is_more:
        message = await receive()
        n_bytes += len(message.get("body", b""))
        is_more = message.get("more_body", False)
    if scope["path"] == "/api/breaks":
        raise RuntimeError("/secret/place holds 42")
    headers = [(b"cache-control", b"max-age=1000"), (b"x-frame-options", b"ALLOWALL")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": str(n_bytes).encode()})


def test_the_armours_headers_stand_once() -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.request", "body": b""}

    scope = {
        "type": "http", "scheme": "http", "method": "GET", "path": "/api/health", "headers": [(b"host", b"localhost")],
    }  # fmt: skip
    asyncio.run(Armour(application, ACCESS, TOLD.append)(scope, receive, send))
    names = [key.decode().lower() for key, _ in sent[0]["headers"]]
    assert sorted(set(names)) == sorted(names)


def ask(
    path: str = "/api/runs",
    method: str = "GET",
    body: tuple[bytes, ...] = (b"",),
    query: str = "",
    host: str | None = "127.0.0.1:8000",
    **headers: str,
) -> tuple[int, dict[str, str], str]:
    """Status, headers and body of an answer."""
    pairs = [(key.replace("_", "-").encode(), value.encode("latin-1")) for key, value in headers.items()]
    pairs += [] if host is None else [(b"host", host.encode())]
    scope = {
        "type": "http", "scheme": "http", "method": method, "path": path, "query_string": query.encode(),
        "headers": pairs,
    }  # fmt: skip
    pieces = iter(body)
    sent: list[Any] = []

    async def receive() -> Any:
        piece = next(pieces, b"")
        return {"type": "http.request", "body": piece, "more_body": len(piece) > 0}

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(Armour(application, ACCESS, TOLD.append)(scope, receive, send))
    answered = {key.decode().lower(): value.decode() for key, value in sent[0]["headers"]}
    return sent[0]["status"], answered, b"".join(one.get("body", b"") for one in sent).decode()


def status(*args: Any, **options: Any) -> int:
    return ask(*args, **options)[0]


BEARER = {"authorization": f"Bearer {ACCESS.token}"}


def test_the_token_or_its_cookie_lets_in() -> None:
    assert status(**BEARER) == 200
    assert status(cookie=COOKIE) == 200
    assert status(cookie=f"other=1; {COOKIE}; more=2") == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": "Bearer "},
        {"authorization": f"Bearer {'u' * 43}"},
        {"authorization": f"Basic {ACCESS.token}"},
        {"authorization": "Bearer t\xe9"},
        {"cookie": f"{ACCESS.cookie_name}={ACCESS.token}"},
        {"cookie": f"{ACCESS.cookie_name}="},
        {"cookie": f"another={ACCESS.cookie_value}"},
    ],
)
def test_a_missing_or_wrong_token_is_refused_everywhere(headers: dict[str, str]) -> None:
    for path in ("/", "/api/runs", "/openapi.json", "/assets/page.js", "/api/health/", "/API/HEALTH"):
        assert status(path, **headers) == 401


def test_a_wrong_bearer_is_not_saved_by_a_cookie() -> None:
    assert status(authorization="Bearer wrong", cookie=COOKIE) == 401


def test_health_is_the_one_public_address_and_only_for_reading() -> None:
    assert status("/api/health") == 200
    assert status("/api/health", "POST") == 401


def test_tokens_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    import hmac

    compared = []
    real = hmac.compare_digest
    monkeypatch.setattr(hmac, "compare_digest", lambda a, b: compared.append((a, b)) or real(a, b))
    status(authorization="Bearer guess")
    status(cookie=f"{ACCESS.cookie_name}=guess")
    assert (b"guess", ACCESS.token.encode()) in compared
    assert (b"guess", ACCESS.cookie_value.encode()) in compared


def test_the_token_in_the_address_is_traded_for_a_strict_cookie() -> None:
    code, headers, _ = ask("/runs/ab cd", query=f"token={ACCESS.token}&q=lr%3D1")
    assert (code, headers["location"]) == (303, "/runs/ab%20cd?q=lr%3D1")
    assert headers["set-cookie"] == f"{COOKIE}; Path=/; HttpOnly; SameSite=Strict"
    assert ACCESS.token not in str(headers)
    assert headers["cache-control"] == "no-store"


def test_the_token_in_the_address_serves_neither_the_api_nor_a_change() -> None:
    assert status("/api/runs", query=f"token={ACCESS.token}") == 401
    assert status("/", "POST", query=f"token={ACCESS.token}", origin="http://127.0.0.1:8000") == 401
    assert status("/", query="token=wrong") == 401


@pytest.mark.parametrize("path", ["//evil.example/x", "/\\evil.example", "/a\r\nset-cookie: x=1"])
def test_the_redirect_stays_here_whatever_the_path(path: str) -> None:
    location = ask(path, query=f"token={ACCESS.token}")[1]["location"]
    assert location.startswith("/")
    assert not location.startswith(("//", "/\\"))
    assert "\n" not in location


@pytest.mark.parametrize(
    ("host", "code"),
    [
        ("localhost", 200), ("LOCALHOST:99", 200), ("[::1]:8000", 200), ("127.0.0.1.", 200),
        ("evil.example", 421), ("127.0.0.1.evil.example", 421), ("evil.example:8000", 421), ("", 421), (None, 421),
        ("127.0.0.1@evil.example", 421), ("127.0.0.1:notaport", 421), ("127.0.0.1, evil.example", 421),
    ],
)  # fmt: skip
def test_only_the_own_names_are_answered(host: str | None, code: int) -> None:
    assert status(host=host, **BEARER) == code
    assert status("/api/health", host=host) == code


def test_a_host_name_is_read_without_its_port() -> None:
    assert [host_name(one) for one in ("A:1", "[::1]", "a/b", None)] == ["a", "::1", None, None]


SAME = "http://127.0.0.1:8000"


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"origin": SAME}, 200),
        ({"origin": SAME, "sec_fetch_site": "same-origin"}, 200),
        ({"sec_fetch_site": "same-origin"}, 200),
        ({}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "http://127.0.0.1:9999"}, 403),
        ({"origin": "https://127.0.0.1:8000"}, 403),
        ({"origin": SAME, "sec_fetch_site": "cross-site"}, 403),
        ({"origin": SAME, "sec_fetch_site": "same-site"}, 403),
        ({"sec_fetch_site": "none"}, 403),
    ],
)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_a_change_by_cookie_needs_a_page_of_this_server(
    method: str, headers: dict[str, str], code: int
) -> None:
    assert status("/api/x", method, cookie=COOKIE, **headers) == code


def test_a_change_by_bearer_needs_no_page_but_no_foreign_one() -> None:
    assert status("/api/x", "POST", **BEARER) == 200
    assert status("/api/x", "POST", **BEARER, origin="http://evil.example") == 403


@pytest.mark.parametrize("method", ["OPTIONS", "TRACE", "CONNECT", "PROPFIND"])
def test_other_methods_are_not_served_and_nothing_is_said_of_other_origins(method: str) -> None:
    code, headers, _ = ask(method=method, **BEARER, origin="http://evil.example")
    assert code == 405
    assert not [name for name in headers if name.startswith("access-control")]


def test_a_large_body_is_refused_as_announced_and_as_it_comes() -> None:
    half = (b"x" * (MOST_BODY // 2),)
    assert status("/api/x", "POST", half * 2, **BEARER) == 200
    assert status("/api/x", "POST", (*half * 2, b"y"), **BEARER) == 413
    assert status("/api/x", "POST", content_length=str(MOST_BODY + 1), **BEARER) == 413
    assert status("/api/x", "POST", content_length="-1", **BEARER) == 400
    assert status("/api/x", "POST", content_length="1e3", **BEARER) == 400


def test_large_headers_and_addresses_are_refused() -> None:
    assert status(**BEARER, x_more="y" * MOST_HEADERS) == 431
    assert status("/" + "a" * MOST_HEADERS, **BEARER) == 431


def test_every_answer_has_the_headers_and_the_api_is_never_cached() -> None:
    for path, options in (
        ("/api/runs", BEARER),
        ("/api/runs", {}),
        ("/api/breaks", BEARER),
        ("/api/health", {}),
    ):
        headers = ask(path, **options)[1]
        assert "default-src 'self'" in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["x-frame-options"] == "DENY"
        assert headers["cache-control"] == "no-store"
    assert ask("/assets/page.js", **BEARER)[1]["cache-control"] == "max-age=1000"


def test_an_error_leaks_nothing_and_is_told_to_the_operator() -> None:
    TOLD.clear()
    code, _, body = ask("/api/breaks", **BEARER)
    assert (code, set(json.loads(body))) == (500, {"error"})
    assert "secret" not in body
    assert "RuntimeError" not in body
    assert TOLD == ["RuntimeError: /secret/place holds 42"]


def test_a_websocket_is_closed() -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(Armour(application, ACCESS, TOLD.append)({"type": "websocket"}, None, send))  # type: ignore[arg-type]
    assert sent == [{"type": "websocket.close", "code": 1008}]
