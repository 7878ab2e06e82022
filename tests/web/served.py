"""A real server on the loopback in a thread, over a folder of a test; it is ended by the test."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

for needed in ("fastapi", "uvicorn", "sse_starlette"):
    pytest.importorskip(needed)
httpx = pytest.importorskip("httpx")

from descentry.web.access import Access, fresh_token, hosts_of  # noqa: E402
from descentry.web.server import Served, bound, real_roots, served, uvicorn_server  # noqa: E402

DEADLINE_S = 30.0


@dataclass(frozen=True)
class Running:
    """The address, the token, the parts, what was told to the operator, and a client that holds the token."""

    address: str
    access: Access
    parts: Served
    told: list[str]
    client: Any

    def get(self, path: str, **query: Any) -> Any:
        return self.client.get(path, params=query)

    def runs(self, **query: Any) -> list[dict[str, Any]]:
        return list(self.get("/api/runs", **query).raise_for_status().json()["runs"])

    def read_runs(self, n: int) -> list[dict[str, Any]]:
        """The list, once it holds n runs and all are read."""
        until(lambda: len(self.runs()) == n and all(run["verdict"] != "unread" for run in self.runs()))
        return self.runs(sort="name", order="rising")


def until(holds: Callable[[], object]) -> None:
    """Wait for what must come; a failure where it does not."""
    end = time.monotonic() + DEADLINE_S
    while not holds():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.02)


@contextmanager
def running(root: Path, cache: Path, n_workers: int = 0) -> Iterator[Running]:
    """A server over `root`."""
    told: list[str] = []
    access = Access(fresh_token(), hosts_of("127.0.0.1"))
    parts = served(real_roots([str(root)]), access, cache, told.append, n_workers)
    listening = bound("127.0.0.1", 0)
    begun = threading.Event()
    server = uvicorn_server(parts, begun.set)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    address = f"http://127.0.0.1:{listening.getsockname()[1]}"
    client = httpx.Client(
        base_url=address, headers={"authorization": f"Bearer {access.token}"}, timeout=DEADLINE_S
    )
    try:
        assert begun.wait(DEADLINE_S)
        yield Running(address, access, parts, told, client)
    finally:
        server.should_exit = True
        thread.join(DEADLINE_S)
        client.close()
        parts.close()
        listening.close()
    assert not thread.is_alive()
