"""All that serves a set of folders, put together: index, followed runs, application, armour, uvicorn."""

import os
import resource
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from descentry._version import __version__
from descentry.record.errors import UnreadableError, UsageError
from descentry.report.jsonable import Json
from descentry.web.access import Access
from descentry.web.answers import Answers
from descentry.web.app import make_app
from descentry.web.entries import Entry
from descentry.web.hub import Hub
from descentry.web.index import Index
from descentry.web.kept import Kept
from descentry.web.live import Live
from descentry.web.requests import App
from descentry.web.security import MOST_HEADERS, Armour

MOST_CONNECTIONS = 2000
"""Answered at once; more are told to come again (503)."""
MOST_FILES = 4096
"""Connections, logs and their folders that are open at once."""
GRACE_S = 2
"""How long open answers may take at the end."""


@dataclass(frozen=True, slots=True)
class Served:
    """The parts of a server; `start` and `close` are called once."""

    app: App
    hub: Hub
    index: Index
    live: Live

    def start(self) -> None:
        """Begin to look and to follow."""
        self.live.start()
        self.index.start()

    def close(self) -> None:
        """End all threads and processes."""
        self.hub.close()
        self.index.close()
        self.live.close()


def real_roots(folders: Sequence[str]) -> tuple[str, ...]:
    """The folders as real paths, each once, none below another.  Raises UnreadableError."""
    roots: list[str] = []
    for folder in folders:
        if not os.path.isdir(folder):
            raise UnreadableError(folder, "is no folder", "name a folder that holds training logs")
        roots.append(os.path.realpath(folder))
    inner = {one for one in roots for other in roots if one != other and Path(one).is_relative_to(other)}
    return tuple(one for one in dict.fromkeys(roots) if one not in inner)


def served(
    roots: Sequence[str], access: Access, cache: Path, tell: Callable[[str], None], n_workers: int = 2
) -> Served:
    """The parts of a server for these real paths.  Raises UnreadableError where the cache cannot be used."""
    hub = Hub()
    kept = Kept(cache, roots, __version__, tell)
    followed: list[Live] = []
    index = Index(roots, kept, hub, tell, lambda run_id: followed[0].has(run_id), n_workers)

    def put(entry: Entry, state: str, made: Json) -> None:
        row = {
            **made,
            "changed": os.path.getmtime(entry.place.path) if os.path.exists(entry.place.path) else None,
        }
        index.entries.put(entry.place, state, row)
        kept.add(entry.place, state, row)

    followed.append(Live(roots, put, lambda run_id, n: hub.tell("grown", {"id": run_id, "n_rows": n}), tell))
    app = make_app(Answers(index, followed[0], __version__), hub, __version__)
    return Served(Armour(app, access, tell), hub, index, followed[0])


def bound(host: str, port: int) -> socket.socket:
    """A socket that listens there; port 0: any that is free.  Raises UsageError where it cannot."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host.strip("[]"), port))
    except OSError as error:
        listening.close()
        raise UsageError(
            f"--host {host} --port {port}: cannot listen there ({error.strerror}); name another port, or 0 for any"
        ) from error
    return listening


def uvicorn_server(one: Served, ready: Callable[[], None]) -> "Server":
    """A server that calls `ready` once it listens; `run(sockets=[…])` ends by SIGINT, SIGTERM or `should_exit`."""
    config = uvicorn.Config(
        one.app, http="h11", ws="none", lifespan="off", log_config=None, log_level="critical", access_log=False,
        server_header=False, date_header=False, proxy_headers=False, h11_max_incomplete_event_size=2 * MOST_HEADERS,
        limit_concurrency=MOST_CONNECTIONS, timeout_keep_alive=5, timeout_graceful_shutdown=GRACE_S,
    )  # fmt: skip
    return Server(config, one, ready)


class Server(uvicorn.Server):
    """uvicorn, with our parts begun before it listens and ended before it waits for open answers."""

    def __init__(self, config: uvicorn.Config, one: Served, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._one = one
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin, listen, say so."""
        _allow_files()
        self._one.start()
        await super().startup(sockets)
        if not self.should_exit:
            self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the pages that listen first: they would never end by themselves."""
        self._one.hub.close()
        await super().shutdown(sockets)


def _allow_files() -> None:
    """Let this process open as many files as it may need, where the system's own limit is lower and not hard."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if hard == resource.RLIM_INFINITY else min(MOST_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
