"""The command `descentry`: finds the verb, and turns whatever happens into an exit code."""

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import NoReturn

import click

from descentry._version import __version__
from descentry.cli.outcome import BAD_USAGE, INTERRUPTED, OK, UNREADABLE, crash
from descentry.cli.output import complain
from descentry.record.errors import DescentryError, UsageError

VERBS = ("diagnose", "watch", "plot", "serve", "read", "preflight", "explain", "demo", "completion")
"""Each is a file of this folder with a click command called `command`."""


class Verbs(click.Group):
    """The verbs; the file of a verb is imported when the verb is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every verb, in the order of the help."""
        del ctx
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The verb's command, or None for a word that is no verb."""
        del ctx
        if cmd_name not in VERBS:
            return None
        command = import_module(f"descentry.cli.{cmd_name}").command
        assert isinstance(command, click.Command)
        return command


@click.group(
    cls=Verbs,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 fine, 1 a finding at or above --fail-on, 2 bad usage, 3 an input cannot be read, "
    "130 interrupted.",
)
@click.version_option(__version__, "--version", prog_name="descentry")
@click.pass_context
def group(context: click.Context) -> None:
    """Say what is wrong with a training run, since which step, why, and what to do.

    \b
    Examples:
      descentry demo
      descentry diagnose runs/a/train.jsonl
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


def run(arguments: Sequence[str] | None = None) -> int:
    """The exit code of one command line (`sys.argv` by default)."""
    try:
        code = group.main(arguments, prog_name="descentry", standalone_mode=False)
        return code if isinstance(code, int) else OK
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.ClickException as error:
        return _bad_usage(error)
    except UsageError as error:
        complain(str(error))
        return BAD_USAGE
    except (KeyboardInterrupt, click.Abort):
        return INTERRUPTED
    except DescentryError as error:
        complain(str(error))
        return UNREADABLE
    except OSError as error:
        complain(f"stdout: cannot be written ({error.strerror or error}); check the space on its disk")
        return UNREADABLE
    except Exception as error:  # the last door: no traceback reaches a user
        complain(crash(" ".join(map(str, arguments or sys.argv[1:])), error))
        return UNREADABLE


def _bad_usage(error: click.ClickException) -> int:
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "descentry"
    message = " ".join(error.format_message().split())
    complain(f"{message.rstrip('.')}; see {path} --help")
    return BAD_USAGE


def main() -> NoReturn:
    """The entry point."""
    sys.exit(run())
