"""The options of `descentry watch` that say whom else to tell, and the sinks that they ask for."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from descentry.cli import options
from descentry.cli.output import complain
from descentry.record.finding import Severity

if TYPE_CHECKING:
    from descentry.watch.sinks.protocol import Sink

Command = Callable[..., Any]

_OPTIONS = (
    click.option("--notify", "urls", metavar="URL", multiple=True,
                 help="Send findings to this service, as apprise knows it. Repeatable."),
    click.option("--notify-on", type=click.Choice(options.SEVERITIES[:3]), default="warning", show_default=True,
                 help="Send findings this severe or worse."),
    click.option("--notify-every", metavar="TIME", default="10m", show_default=True,
                 help="At most one message in this time; the others are joined."),
    click.option("--exec", "programs", metavar="CMD", multiple=True,
                 help="Run CMD for each change, no shell; the event is its stdin. Repeatable."),
    click.option("--exec-timeout", metavar="TIME", default="60s", show_default=True, help="Then CMD is killed."),
    click.option("--prometheus", metavar="[HOST:]PORT",
                 help="Serve metrics there; HOST is 127.0.0.1 if not given."),
)  # fmt: skip


def sinks(command: Command) -> Command:
    """`--notify`, `--exec`, `--prometheus` and theirs; their values are the keywords of `sinks_of`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def sinks_of(
    urls: tuple[str, ...],
    notify_on: str,
    notify_every: str,
    programs: tuple[str, ...],
    exec_timeout: str,
    prometheus: str | None,
) -> "list[Sink]":
    """Everyone who is to be told; each is imported when it is asked for.  Raises UsageError."""
    from descentry.watch.ends import seconds

    every_s, timeout_s = seconds(notify_every), seconds(exec_timeout)
    made: list[Sink] = []
    if urls:
        from descentry.watch.sinks.notify import Notify

        made.append(Notify(urls, Severity(notify_on), every_s))
    if programs:
        from descentry.watch.sinks.command import Command as Program

        made += [Program(line, timeout_s) for line in programs]
    if prometheus is not None:
        from descentry.watch.sinks.prometheus import Prometheus, address

        endpoint = Prometheus(*address(prometheus))
        complain(f"metrics at {endpoint.where}")
        made.append(endpoint)
    return made
