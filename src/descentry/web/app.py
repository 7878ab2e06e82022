"""The application: addresses to answers.  Its armour (`security`) stands around it."""

import math
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from sse_starlette.sse import EventSourceResponse
from starlette.exceptions import HTTPException

from descentry.record.errors import InputError
from descentry.report.jsonable import Json, dumps
from descentry.web.answers import Answers, NotHereError, StillReadingError, told
from descentry.web.hub import Hub
from descentry.web.shapes import Health, Listing, Problem, RunDetails, StillReading
from descentry.web.shell import asset, shell

MOST_RUNS = 10_000
"""Runs in one answer."""
MOST_COLUMNS = 20_000
"""Columns of one window."""
MOST_WORDS = 500
PING_S = 15
SLOW_S = 5.0
"""A page that takes no byte for so long is let go."""
JSON_TYPE, BINARY_TYPE = "application/json", "application/octet-stream"
PAGES = ("/", "/runs", "/runs/{rest:path}", "/compare", "/compare/{rest:path}")
"""Addresses of the front end: the page is the same, the address is its state."""

Sort = Literal["changed", "name", "verdict", "last_loss", "last_step", "n_points"]
Verdict = Literal["critical", "warning", "undetermined", "healthy", "unreadable", "unread"]


def make_app(answers: Answers, hub: Hub, version: str) -> FastAPI:
    """The application without its armour."""
    app = FastAPI(title="Descentry", version=version, docs_url=None, redoc_url=None)
    _add_errors(app)
    errors: dict[int | str, dict[str, Any]] = {
        404: {"model": Problem}, 409: {"model": Problem}, 422: {"model": Problem}
    }  # fmt: skip

    def health() -> Response:
        """Whether the server answers."""
        return _json({"status": "ok"})

    def runs(
        q: Annotated[str, Query(max_length=MOST_WORDS)] = "",
        verdict: Verdict | None = None,
        sort: Sort = "changed",
        order: Literal["falling", "rising"] = "falling",
        offset: Annotated[int, Query(ge=0, le=10**9)] = 0,
        limit: Annotated[int, Query(ge=0, le=MOST_RUNS)] = 1000,
    ) -> Response:
        """The runs that have all words of `q` in name, format, tags, settings (`lr=0.1`) or findings."""
        return _json(answers.listing(q, verdict, sort, order == "rising", offset, limit))

    def run(run_id: str) -> Response:
        """One run: its row, settings, curves, and what the log tells."""
        return _json(answers.run(run_id))

    def report(run_id: str) -> Response:
        """`descentry/report/1`, as of `descentry diagnose --json`."""
        return _json(answers.report(run_id))

    def page(run_id: str) -> Response:
        """`descentry/page/1`: what the page of a run draws."""
        return _json(answers.page(run_id, datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")))

    def series(
        run_id: str,
        name: str,
        first: Annotated[float | None, Query(alias="from", allow_inf_nan=False)] = None,
        last: Annotated[float | None, Query(alias="to", allow_inf_nan=False)] = None,
        width: Annotated[int, Query(ge=1, le=MOST_COLUMNS)] = 1000,
    ) -> Response:
        """A stretch of one series in at most `width` columns, as `descentry/series/1` (docs/serve.md)."""
        span = -math.inf if first is None else first, math.inf if last is None else last
        return Response(answers.series(run_id, name, *span, width), media_type=BINARY_TYPE)

    async def events() -> EventSourceResponse:
        """What happens, as server-sent events."""
        return EventSourceResponse(_events(hub), ping=PING_S, send_timeout=SLOW_S)

    async def index_page() -> Response:
        return Response(shell(), media_type="text/html; charset=utf-8")

    async def built(name: str) -> Response:
        found = asset(name)
        if found is None:
            raise NotHereError
        return Response(found[0], media_type=found[1], headers={"cache-control": "no-cache"})

    binary: dict[int | str, dict[str, Any]] = {
        200: {"content": {BINARY_TYPE: {"schema": {"type": "string", "format": "binary"}}}}, **errors
    }  # fmt: skip
    reports: dict[int | str, dict[str, Any]] = {202: {"model": StillReading}, **errors}
    app.add_api_route("/api/health", health, responses={200: {"model": Health}})
    app.add_api_route("/api/runs", runs, responses={200: {"model": Listing}, **errors})
    app.add_api_route("/api/runs/{run_id}", run, responses={200: {"model": RunDetails}, **errors})
    app.add_api_route("/api/runs/{run_id}/report", report, responses=reports)
    app.add_api_route("/api/runs/{run_id}/page", page, responses=reports)
    app.add_api_route("/api/runs/{run_id}/series", series, response_class=Response, responses=binary)
    app.add_api_route("/api/events", events, response_class=EventSourceResponse)
    app.add_api_route("/assets/{name}", built, include_in_schema=False)
    for address in PAGES:
        app.add_api_route(address, index_page, include_in_schema=False)
    return app


async def _events(hub: Hub) -> AsyncIterator[dict[str, str]]:
    async for one in hub.listen():
        yield {"event": one.event, "data": one.data}


def _add_errors(app: FastAPI) -> None:
    """Errors as `{"error": …}`; none says more than who asked knows."""

    async def not_here(_request: Request, _error: Exception) -> Response:
        return _json({"error": "there is no such run or series"}, 404)

    async def unreadable(_request: Request, error: Exception) -> Response:
        assert isinstance(error, InputError)
        return _json({"error": f"the log {told(error)}"}, 409)

    async def still_reading(_request: Request, error: Exception) -> Response:
        assert isinstance(error, StillReadingError)
        return _json({"error": "the log is still being read", "n_rows": error.n_rows}, 202)

    async def malformed(_request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        names = sorted({str(one["loc"][-1]) for one in error.errors()})
        return _json({"error": f"not understood: {', '.join(names)[:200]}"}, 422)

    async def refused(_request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        words = {404: "there is nothing at this address", 405: "this method is not served"}
        return _json({"error": words.get(error.status_code, "the request is malformed")}, error.status_code)

    async def failed(_request: Request, _error: Exception) -> Response:
        return _json({"error": "something went wrong here; the server's own log says more"}, 500)

    app.add_exception_handler(Exception, failed)
    app.add_exception_handler(NotHereError, not_here)
    app.add_exception_handler(StillReadingError, still_reading)
    app.add_exception_handler(InputError, unreadable)
    app.add_exception_handler(RequestValidationError, malformed)
    app.add_exception_handler(HTTPException, refused)


def _json(document: Json, status: int = 200) -> Response:
    return Response(dumps(document), status, media_type=JSON_TYPE)
