"""A small MLflow server on loopback: the few questions of the REST interface that a reader asks, paged."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

History = list[tuple[int, int, object]]
"""step, timestamp, value"""


@dataclass
class FakeServer:
    """Experiments by id, runs by experiment, histories by (run, metric); `page` items in each answer."""

    experiments: dict[str, str] = field(default_factory=dict)
    runs: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    histories: dict[tuple[str, str], History] = field(default_factory=dict)
    page: int = 3
    pages_history: bool = True
    answer: Callable[[BaseHTTPRequestHandler], bool] | None = None
    asked: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    port: int = 0

    @property
    def address(self) -> str:
        return f"mlflow://127.0.0.1:{self.port}"

    def reply(self, question: str, values: dict[str, Any]) -> dict[str, object]:
        start = int(values.get("page_token") or 0)
        if question == "runs/get":
            return {"run": {"data": self._data(values["run_id"])}}
        name, items = self._items(question, values)
        if question == "metrics/get-history" and not self.pages_history:
            return {name: items}
        answer: dict[str, object] = {name: items[start : start + self.page]}
        if start + self.page < len(items):
            answer["next_page_token"] = str(start + self.page)
        return answer

    def _data(self, run: str) -> dict[str, object]:
        latest = {key: max(history) for (of, key), history in self.histories.items() if of == run and history}
        metrics = [
            {"key": key, "step": at[0], "timestamp": at[1], "value": at[2]} for key, at in latest.items()
        ]
        return {
            "metrics": metrics,
            "params": [{"key": "lr", "value": "0.5"}, {"key": "model", "value": "tiny"}],
        }

    def _items(self, question: str, values: dict[str, Any]) -> tuple[str, list[dict[str, object]]]:
        if question == "experiments/search":
            return "experiments", [
                {"experiment_id": id, "name": name} for id, name in self.experiments.items()
            ]
        if question == "runs/search":
            found = [run for id in values["experiment_ids"] for run in self.runs.get(id, [])]
            return "runs", [{"info": {"run_id": id, "run_name": name}} for id, name in found]
        history = sorted(self.histories[values["run_id"], values["metric_key"]], key=lambda at: at[1])
        return "metrics", [{"step": s, "timestamp": t, "value": v} for s, t, v in history]


@contextmanager
def serving(server: FakeServer) -> Iterator[FakeServer]:
    """The server while it runs, on a port of its own."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            values = {name: value[0] for name, value in parse_qs(urlsplit(self.path).query).items()}
            self._reply(values)

        def do_POST(self) -> None:
            self._reply(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

        def _reply(self, values: dict[str, Any]) -> None:
            question = urlsplit(self.path).path.removeprefix("/api/2.0/mlflow/")
            server.asked.append(question)
            server.headers.append(dict(self.headers))
            if server.answer is not None and server.answer(self):
                return
            content = json.dumps(server.reply(question, values)).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        server.port = http.server_address[1]
        thread = Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            http.shutdown()
            thread.join()
