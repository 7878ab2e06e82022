"""`descentry serve DIR…`: the dashboard over folders of logs, for who holds the token."""

import signal
import webbrowser
from importlib.util import find_spec
from pathlib import Path
from threading import current_thread, main_thread
from types import FrameType
from typing import TYPE_CHECKING

import click

from descentry.cli.outcome import INTERRUPTED, OK
from descentry.cli.output import complain, say
from descentry.record.errors import UsageError

if TYPE_CHECKING:
    from socket import socket

    from descentry.web.access import Access
    from descentry.web.server import Served

NEEDED = ("fastapi", "uvicorn", "sse_starlette")


@click.command(name="serve", short_help="The dashboard over folders of logs, in a browser.")
@click.argument("folders", metavar="DIR...", nargs=-1, required=True, type=click.Path())
@click.option("--port", type=click.IntRange(0, 65535), default=0, show_default="any that is free",
              help="Where to listen.")  # fmt: skip
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--allow-remote", is_flag=True, help="Let --host be one that others reach; needs --token-file.")
@click.option("--allow-host", "names", metavar="NAME", multiple=True,
              help="A name under which the server is asked, too (behind a proxy). Repeatable.")  # fmt: skip
@click.option("--token-file", metavar="FILE", type=click.Path(path_type=Path),
              help="Holds the token; made if it is not there.")  # fmt: skip
@click.option("--cache", metavar="DIR", type=click.Path(path_type=Path),
              help="Where to keep what was read.  [default: the user's cache folder]")  # fmt: skip
@click.option("--open/--no-open", "opens", default=False, help="Open the browser.")
def command(
    folders: tuple[str, ...],
    port: int,
    host: str,
    allow_remote: bool,
    names: tuple[str, ...],
    token_file: Path | None,
    cache: Path | None,
    opens: bool,
) -> int:
    """Serve the runs in every DIR, in any format, as pages and as an API; new runs and points appear by themselves.

    Prints one line, the address with its token, once it answers. Only this machine reaches it. Ctrl-C ends.

    \b
    Examples:
      descentry serve runs/
      descentry serve --port 8000 --open runs/ /data/logs
    """
    check_extra()
    from descentry.web.access import Access, check_bind, fresh_token, hosts_of, token_in
    from descentry.web.kept import default_folder
    from descentry.web.server import bound, real_roots, served

    check_bind(host, is_remote_allowed=allow_remote, has_token_file=token_file is not None)
    roots = real_roots(folders)
    token = fresh_token() if token_file is None else token_in(token_file)
    access = Access(token, hosts_of(host, names))
    one = served(roots, access, cache or default_folder(), complain)
    try:
        return _serve(one, bound(host, port), access, opens)
    finally:
        one.close()


def check_extra() -> None:
    """None; raises UsageError where what serves is not installed."""
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise UsageError(f"serve needs {', '.join(missing)}, not installed; pip install 'descentry[serve]'")


def _serve(one: "Served", listening: "socket", access: "Access", opens: bool) -> int:
    from descentry.web.server import uvicorn_server

    host, port = listening.getsockname()[:2]
    address = f"http://{f'[{host}]' if ':' in host else host}:{port}/?token={access.token}"

    def ready() -> None:
        say(address + "\n")
        if opens:
            webbrowser.open(address)

    server = uvicorn_server(one, ready)
    if current_thread() is main_thread():
        signal.signal(signal.SIGTERM, _interrupt)
    try:
        server.run(sockets=[listening])
    except KeyboardInterrupt:  # uvicorn has ended in order, and hands the signal on
        return INTERRUPTED
    finally:
        listening.close()
    return OK


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    """Whoever is asked to terminate ends as by Ctrl-C."""
    raise KeyboardInterrupt
