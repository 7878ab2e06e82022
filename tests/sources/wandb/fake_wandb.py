"""A W&B server of a few runs, on loopback: it answers the questions that `wandb.Api` asks to read histories."""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

ENTITY, PROJECT = "team", "proj"
_OPERATION = re.compile(r"(?:query|mutation)\s+(\w+)")


@dataclass
class FakeRun:
    """A run: its Parquet files as bytes, and rows that are not in them yet."""

    files: list[bytes]
    last_step: int
    config: dict[str, Any] = field(default_factory=dict)
    live: list[dict[str, Any]] = field(default_factory=list)


class FakeWandb:
    """`url` is where it listens; `runs` may change while it does; `asked` lists the operations."""

    def __init__(self, runs: dict[str, FakeRun]) -> None:
        self.runs = runs
        self.asked: list[str] = []
        self.url = ""

    def answer(self, operation: str, variables: dict[str, Any]) -> dict[str, Any]:
        """The `data` of a GraphQL answer."""
        if operation == "Viewer":
            return {"viewer": {"id": "v", "entity": ENTITY, "username": "u", "email": "", "flags": "{}",
                               "teams": {"edges": [{"node": {"name": ENTITY}}]}}}  # fmt: skip
        if operation == "GetDefaultEntity":
            return {"viewer": {"id": "v", "entity": ENTITY}}
        is_here = (variables.get("entity"), variables.get("project")) == (ENTITY, PROJECT)
        if operation == "Runs":
            return {"project": self._listing() if is_here else None}
        name = str(variables.get("name") or variables.get("runName") or variables.get("run"))
        run = self.runs.get(name) if is_here else None
        if run is not None and operation == "HistoryPage":
            return {
                "project": {"run": {"history": _page(run.live, variables["minStep"], variables["maxStep"])}}
            }
        return {"project": {"run": None if run is None else self._run(name, run, operation)}}

    def _listing(self) -> dict[str, Any]:
        edges = [{"node": self._run(name, run, "Run"), "cursor": name} for name, run in self.runs.items()]
        page = {"endCursor": None, "hasNextPage": False}
        return {"internalId": "1", "runCount": len(edges), "readOnly": True,
                "runs": {"edges": edges, "pageInfo": page}}  # fmt: skip

    def _run(self, name: str, run: FakeRun, operation: str) -> dict[str, Any]:
        if operation == "RunHistoryKeys":
            return {"historyKeys": {"lastStep": run.last_step, "keys": {}, "sets": []}}
        if operation == "RunParquetHistory":
            urls = [f"{self.url}/files/{name}/{i}.parquet" for i in range(len(run.files))]
            first = [{"_step": row["_step"]} for row in run.live]
            return {"parquetHistory": {"parquetUrls": urls, "liveData": first}}
        config = {key: {"value": value} for key, value in run.config.items()}
        return {
            "id": name, "projectId": "1", "tags": [], "name": name, "displayName": f"{name} shown",
            "sweepName": None, "state": "running", "config": json.dumps(config), "group": None,
            "jobType": None, "commit": None, "readOnly": True, "createdAt": "2026-01-01T00:00:00Z",
            "heartbeatAt": "2026-01-01T00:00:00Z", "description": "", "notes": None,
            "systemMetrics": "{}", "summaryMetrics": "{}", "historyLineCount": run.last_step + 1,
            "user": {"name": "u", "username": "u"}, "historyKeys": {"lastStep": run.last_step},
        }  # fmt: skip


def _page(rows: list[dict[str, Any]], start: int, stop: int) -> list[str]:
    """The rows of some steps, each spelled as JSON."""
    return [json.dumps(row) for row in rows if start <= row["_step"] < stop]


@contextmanager
def serving(runs: dict[str, FakeRun]) -> Iterator[FakeWandb]:
    """The server, until the block ends."""
    fake = FakeWandb(runs)

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            """Says nothing."""

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if not self.path.endswith("/graphql"):
                self._send(b"{}", "application/json")
                return
            question = json.loads(body)
            named = _OPERATION.search(question["query"])
            operation = named[1] if named else ""
            fake.asked.append(operation)
            data = fake.answer(operation, question.get("variables") or {})
            self._send(json.dumps({"data": data}).encode(), "application/json")

        def do_GET(self) -> None:
            parts = re.fullmatch(r"/files/([^/]+)/(\d+)\.parquet", self.path)
            if parts is None:
                self.send_error(404)
                return
            self._send(fake.runs[parts[1]].files[int(parts[2])], "application/octet-stream")

        def _send(self, content: bytes, kind: str) -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    fake.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
