"""`descentry demo`: the bundled log, diagnosed."""

import click

from descentry.assets.demo import demo_log
from descentry.cli import options
from descentry.cli.diagnose import command as diagnose
from descentry.cli.output import say


@click.command(name="demo", short_help="Diagnose the bundled log of a run that went wrong.")
@options.formats("text", "json")
@options.verbose
def command(format_: str, as_json: bool, verbose: bool) -> int:
    """Diagnose the bundled log of a run that went wrong, to see what a report looks like.

    \b
    Examples:
      descentry demo
      descentry demo -v
    """
    as_json = as_json or format_ == "json"
    flags = [flag for flag, given in (("--json", as_json), ("-v", verbose)) if given]
    with demo_log() as path:
        code = diagnose.main([*flags, str(path)], prog_name="descentry demo", standalone_mode=False)
    if not as_json:
        say("\nThis is a bundled log. Your own: descentry diagnose LOG\n")
    return code if isinstance(code, int) else 0
