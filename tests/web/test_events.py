"""Server-sent events of a real server: what comes, goes and changes; who does not listen is let go."""

import asyncio
import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.web.logs import folder, rows, write
from tests.web.served import Running, httpx, running, until

from descentry.web.hub import MOST_PAGES, MOST_WAITING, Hub


class Listener:
    """Collects the events of a server in a thread."""

    def __init__(self, server: Running) -> None:
        self.heard: list[tuple[str, dict[str, Any]]] = []
        self._server = server
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()
        until(lambda: self.words("hello"))

    def words(self, word: str) -> list[dict[str, Any]]:
        return [data for event, data in self.heard if event == word]

    def is_ended(self) -> bool:
        return not self._thread.is_alive()

    def _listen(self) -> None:
        headers = {"authorization": f"Bearer {self._server.access.token}"}
        with (
            httpx.Client(headers=headers, timeout=None) as client,
            client.stream("GET", f"{self._server.address}/api/events") as answer,
        ):
            event = ""
            for line in answer.iter_lines():
                if line.startswith("event: "):
                    event = line.removeprefix("event: ")
                elif line.startswith("data: "):
                    self.heard.append((event, json.loads(line.removeprefix("data: "))))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Running]:
    with running(folder(tmp_path / "runs"), tmp_path / "cache") as one:
        one.read_runs(3)
        yield one


def test_runs_that_come_change_and_go_are_told(server: Running, tmp_path: Path) -> None:
    listener = Listener(server)
    late = write(tmp_path / "runs/late.jsonl", rows(0, 60))
    until(lambda: [one for one in listener.words("changed") if one["row"]["run"] == "late"])
    (added,) = listener.words("added")
    assert added["row"]["verdict"] == "unread"
    late.unlink()
    until(lambda: listener.words("gone"))
    assert listener.words("gone") == [{"id": added["id"]}]


def test_a_finding_of_a_run_that_nobody_looks_at_is_told(server: Running, tmp_path: Path) -> None:
    listener = Listener(server)
    with (tmp_path / "runs/a/calm.jsonl").open("a") as file:
        file.write(rows(120, 160, nan_from=125))
    until(lambda: listener.words("opened"))
    (opened,) = listener.words("opened")
    assert (opened["run"], opened["finding"]["pattern"]) == ("a/calm", "nan")
    assert opened["finding"]["is_open"]


def test_points_and_findings_of_a_run_that_is_looked_at_are_told_once(
    server: Running, tmp_path: Path
) -> None:
    run_id = next(run["id"] for run in server.runs() if run["run"] == "a/calm")
    server.get(f"/api/runs/{run_id}")
    listener = Listener(server)
    with (tmp_path / "runs/a/calm.jsonl").open("a") as file:
        file.write(rows(120, 160, nan_from=125))
    until(lambda: listener.words("opened"))
    assert {"id": run_id, "n_rows": 40} in listener.words("grown")
    until(lambda: server.runs(q="calm")[0]["last_step"] == 159)
    assert [one["finding"]["pattern"] for one in listener.words("opened")] == ["nan"]


def test_listeners_end_with_the_server(tmp_path: Path) -> None:
    with running(folder(tmp_path / "runs"), tmp_path / "cache") as server:
        listener = Listener(server)
    until(listener.is_ended)


def test_a_page_that_does_not_read_is_let_go_and_the_others_hear_on(
    server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("descentry.web.app.SLOW_S", 0.2)
    listener = Listener(server)
    host, port = server.address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        lines = [
            f"GET /api/events HTTP/1.1\r\nHost: {host}",
            f"Authorization: Bearer {server.access.token}",
            "",
            "",
        ]
        slow.sendall("\r\n".join(lines).encode())
        until(lambda: len(server.parts.hub) == 2)
        # Bounded: so much that no socket's buffers hold it.
        for _ in range(600):
            server.parts.hub.tell("noise", {"text": "x" * 100_000})
            if len(server.parts.hub) == 1:
                break
            heard = len(listener.words("noise"))
            until(lambda heard=heard: len(listener.words("noise")) > heard)
        until(lambda: len(server.parts.hub) == 1)
    assert server.get("/api/health").status_code == 200
    assert not listener.is_ended()


def test_what_waits_for_one_page_is_bounded() -> None:
    async def overflow() -> int:
        hub = Hub()
        page = hub.listen()
        await anext(page)
        for n in range(3 * MOST_WAITING):
            hub.tell("noise", {"n": n})
        await asyncio.sleep(0)
        return len([one async for one in page])

    assert asyncio.run(overflow()) == 0


def test_the_number_of_pages_is_bounded() -> None:
    async def crowd() -> int:
        hub = Hub()
        pages = [hub.listen() for _ in range(MOST_PAGES + 5)]
        first = [await anext(page, None) for page in pages]
        hub.close()
        for page in pages:
            await page.aclose()  # type: ignore[attr-defined]
        return sum(one is not None for one in first)

    assert asyncio.run(crowd()) == MOST_PAGES


def test_a_closed_hub_ends_its_pages_and_takes_no_new_ones() -> None:
    async def ended() -> tuple[int, int]:
        hub = Hub()
        page = hub.listen()
        await anext(page)
        hub.close()
        return len([one async for one in page]), len([one async for one in hub.listen()])

    assert asyncio.run(ended()) == (0, 0)
