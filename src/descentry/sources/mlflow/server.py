"""Questions to an MLflow server over its REST interface (2.0): JSON in, JSON out, bounded in time and size.

Credentials come from the address or from MLflow's own variables: MLFLOW_TRACKING_TOKEN, or
MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD.  A redirection is not followed: it would carry them along.
"""

import base64
import os
import time
from collections.abc import Iterator, Mapping
from http.client import HTTPException, HTTPMessage
from typing import IO, Any
from urllib.error import HTTPError, URLError
from urllib.parse import SplitResult, unquote, urlencode, urlsplit
from urllib.request import HTTPRedirectHandler, OpenerDirector, Request, build_opener

import orjson

from descentry.record.errors import UnreadableError
from descentry.sources.json.values import BadJson, parsed
from descentry.sources.notes import quoted

TIMEOUT_S = 30.0
"""For a connection, and for one answer as a whole twice as long."""
MAX_ANSWER = 64 << 20
MAX_NESTED = 1_000_000
"""Lists and objects in one answer; a point, a parameter or a tag is one."""
MAX_PAGES = 100_000
EXPECTED = "expected mlflow://host:port, with /experiment and /run where only these are meant"


class _Staying(HTTPRedirectHandler):
    """Refuses to be sent elsewhere."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> None:
        del req, fp, code, msg, headers, newurl


class Address:
    """The parts of `mlflow://[user:password@]host[:port][/experiment[/run]]`; `mlflow+https` is encrypted.

    Raises UnreadableError for anything else.
    """

    def __init__(self, text: str) -> None:
        try:
            parts = urlsplit(text)
            host = parts.hostname and (f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname)
            port = f":{parts.port}" if parts.port else ""
        except ValueError as error:
            raise UnreadableError(quoted(text, 80), f"is no address ({error})", EXPECTED) from error
        names = [unquote(name) for name in parts.path.split("/") if name]
        if not host or parts.scheme not in ("mlflow", "mlflow+http", "mlflow+https") or len(names) > 2:
            raise UnreadableError(f"{parts.scheme}://{host or ''}", "is no address of runs", EXPECTED)
        self.shown = f"{parts.scheme}://{host}{port}"
        """Without credentials."""
        self.url = f"{'https' if parts.scheme.endswith('https') else 'http'}://{host}{port}/api/2.0/mlflow/"
        self.experiment, self.run = (*names, None, None)[:2]
        self.authorization = _authorization(parts)


def _authorization(parts: SplitResult) -> str:
    token = os.environ.get("MLFLOW_TRACKING_TOKEN", "")
    user = unquote(parts.username or "") or os.environ.get("MLFLOW_TRACKING_USERNAME", "")
    password = unquote(parts.password or "") or os.environ.get("MLFLOW_TRACKING_PASSWORD", "")
    if user and password:
        return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
    return f"Bearer {token}" if token else ""


class Server:
    """An MLflow server.  Every question raises UnreadableError, with the place `where`, when it has no answer."""

    def __init__(self, address: Address) -> None:
        self.where = address.shown
        self._url = address.url
        self._headers = {"Accept": "application/json", "User-Agent": "descentry"}
        if address.authorization:
            self._headers["Authorization"] = address.authorization
        self._opener: OpenerDirector = build_opener(_Staying)

    def get(self, question: str, values: Mapping[str, object]) -> dict[str, Any]:
        """The answer to a question with its values in the address."""
        given = {name: value for name, value in values.items() if value is not None}
        return self._asked(Request(f"{self._url}{question}?{urlencode(given)}", headers=self._headers))

    def pages(self, question: str, values: Mapping[str, object], items: str) -> Iterator[Mapping[str, Any]]:
        """What stands under `items` in each page of an answer to a search."""
        token: object = None
        for _ in range(MAX_PAGES):
            body = orjson.dumps({**values, **({"page_token": token} if token else {})})
            headers = {**self._headers, "Content-Type": "application/json"}
            answer = self._asked(Request(self._url + question, body, headers, method="POST"))
            yield from objects(answer, items)
            token = answer.get("next_page_token")
            if not token:
                return
        raise UnreadableError(
            self.where, f"has more than {MAX_PAGES} pages of {items}", "name one experiment"
        )

    def _asked(self, request: Request) -> dict[str, Any]:
        try:
            with self._opener.open(request, timeout=TIMEOUT_S) as response:
                body = self._body(response)
            if body.count(b"[") + body.count(b"{") > MAX_NESTED:
                raise UnreadableError(
                    self.where, "answers with too many items at once", "name one experiment"
                )
            answer = parsed(body)
        except HTTPError as error:
            with error:
                raise self._refusal(error) from error
        except (URLError, HTTPException, OSError, ValueError) as error:
            raise self._failure(error) from error
        if not isinstance(answer, dict):
            raise UnreadableError(self.where, "does not answer as an MLflow server", "check host and port")
        return answer

    def _body(self, response: IO[bytes]) -> bytes:
        """The answer's content."""
        until = time.monotonic() + 2 * TIMEOUT_S
        parts: list[bytes] = []
        n_bytes = 0
        while part := response.read(1 << 16):
            parts.append(part)
            n_bytes += len(part)
            if n_bytes > MAX_ANSWER:
                problem = f"answers with more than {MAX_ANSWER >> 20} MiB at once"
                raise UnreadableError(self.where, problem, "read its database instead")
            if time.monotonic() > until:
                raise UnreadableError(self.where, f"took more than {2 * TIMEOUT_S:g} s", "try again")
        return b"".join(parts)

    def _refusal(self, error: HTTPError) -> UnreadableError:
        if error.code in (401, 403):
            advice = "set MLFLOW_TRACKING_TOKEN, or MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD"
            return UnreadableError(self.where, f"refuses access (status {error.code})", advice)
        if error.code in (301, 302, 303, 307, 308):
            place = quoted(error.headers.get("Location", "elsewhere"), 200)
            return UnreadableError(self.where, f"sends on to {place}", "name that address")
        try:
            told = parsed(error.read(4096))
        except (BadJson, HTTPException, OSError):
            told = {}
        message = told.get("message") if isinstance(told, dict) else None
        said = f": {quoted(message, 200)}" if isinstance(message, str) else ""
        return UnreadableError(self.where, f"answers with status {error.code}{said}", "check the address")

    def _failure(self, error: Exception) -> UnreadableError:
        if isinstance(error, BadJson):
            return UnreadableError(self.where, "does not answer as an MLflow server", "check host and port")
        reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
        problem = f"cannot be reached ({quoted(str(reason), 120)[1:-1]})"
        return UnreadableError(self.where, problem, "check that the server runs, and host and port")


def objects(answer: Mapping[str, Any], items: str) -> Iterator[Mapping[str, Any]]:
    """The objects of a list in an answer; what is no list, or no object in it, is passed over."""
    found = answer.get(items)
    return (item for item in found if isinstance(item, dict)) if isinstance(found, list) else iter(())
