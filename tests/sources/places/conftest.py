"""A web server and an S3 server of our own, on loopback."""

import functools
import http.server
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from descentry.sources.places.buckets import Bucket


class Web(http.server.SimpleHTTPRequestHandler):
    """A plain web server: it knows HEAD and GET, and no ranges."""

    def log_message(self, *_: object) -> None:
        """Keeps stderr for the tests."""


@pytest.fixture
def web(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """The address and the folder of a web server."""
    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Web, directory=str(tmp_path))
    )
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", tmp_path
    server.shutdown()
    thread.join()
    server.server_close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def s3() -> Iterator[Bucket]:
    """The address of an S3 server of our own, which the environment names."""
    pytest.importorskip("moto.server")
    port = free_port()
    server = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    patch = pytest.MonkeyPatch()
    named = {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}", "AWS_REGION": "us-east-1"}
    for name, value in {**named, "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}.items():
        patch.setenv(name, value)
    try:
        made = wait_for(f"http://127.0.0.1:{port}/logs")
        assert made == 200
        yield Bucket("s3://logs")
    finally:
        patch.undo()
        server.terminate()
        server.wait(30)


def wait_for(address: str) -> int:
    """The answer to making a bucket, once the server is up."""
    for _ in range(200):
        try:
            request = urllib.request.Request(address, method="PUT")
            with urllib.request.urlopen(request, timeout=5) as answer:
                return int(answer.status)
        except OSError:
            time.sleep(0.1)
    return 0
