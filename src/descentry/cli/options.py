"""Options that several verbs share, and how their values are read."""

from collections.abc import Callable
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import click

from descentry.record.errors import UsageError
from descentry.record.roles import Role

if TYPE_CHECKING:
    from collections.abc import Iterable

Command = Callable[..., Any]
SEVERITIES = ("critical", "warning", "info", "never")


def logs(command: Command) -> Command:
    """One or more LOG arguments; a shell completes them as paths."""
    return click.argument("logs", metavar="LOG...", nargs=-1, required=True, type=click.Path())(command)


def roles(command: Command) -> Command:
    """`--role R=NAME`, as often as needed."""
    text = "Series NAME plays role R, whatever its name suggests: --role val_loss=eval/ce. Repeatable."
    return click.option("--role", "roles", metavar="R=NAME", multiple=True, callback=_roles, help=text)(
        command
    )


def run(command: Command) -> Command:
    """`--run ID`."""
    return click.option("--run", metavar="ID", help="Only the run with this id.")(command)


def formats(*words: str) -> Callable[[Command], Command]:
    """`--format` with these words, the first of them the default, and `--json` for short."""

    def add(command: Command) -> Command:
        short = click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
        kind = click.Choice(words)
        text = "What to print on stdout."
        choice = click.option(
            "--format", "format_", type=kind, default=words[0], show_default=True, help=text
        )
        return choice(short(command))

    return add


def knowledge(command: Command) -> Command:
    """What the user knows of the runs: `--vocab-size`, `--loss-function`, and `--alarm-rate`."""
    size = click.option(
        "--vocab-size",
        type=click.IntRange(min=2),
        metavar="N",
        help="Tokens or classes: ln N is the loss of a uniform guess.",
    )
    function = click.option(
        "--loss-function",
        metavar="NAME",
        help="What the loss is, if the log does not tell: mse, bce, hinge, ...",
    )
    rate = click.option(
        "--alarm-rate",
        type=float,
        metavar="P",
        help="Healthy runs that may be alarmed at; lower: later, surer.  [default: 0.001]",
    )
    return size(function(rate(command)))


def fail_on(command: Command) -> Command:
    """`--fail-on`."""
    return click.option(
        "--fail-on",
        type=click.Choice(SEVERITIES),
        default="never",
        show_default=True,
        help="Exit with 1 on a finding this severe or worse.",
    )(command)


def verbose(command: Command) -> Command:
    """`-v`."""
    return click.option("-v", "--verbose", is_flag=True, help="Evidence, all causes and warnings, too.")(
        command
    )


def no_curve(command: Command) -> Command:
    """`--no-curve`."""
    return click.option("--no-curve", is_flag=True, help="Leave the picture out.")(command)


def _roles(_context: click.Context, _parameter: click.Parameter, given: tuple[str, ...]) -> dict[str, Role]:
    return dict(_role(item) for item in given)


def _role(item: str) -> tuple[str, Role]:
    word, equals, name = item.partition("=")
    if not equals or not name:
        raise click.BadParameter(f"{item!r} is no R=NAME; write it like val_loss=eval/ce")
    if word not in set(Role):
        raise click.BadParameter(f"no role {word!r}; {near(word, Role)}; roles: {', '.join(Role)}")
    return name, Role(word)


def near(word: str, known: "Iterable[str]") -> str:
    """`did you mean a, b?`, or that nothing is near."""
    close = get_close_matches(word.lower(), [str(item) for item in known], n=3, cutoff=0.5)
    return f"did you mean {', '.join(close)}?" if close else "nothing near it"


def check_used(roles: "dict[str, Role]", seen: set[str]) -> None:
    """Raise UsageError for a `--role` whose series is in none of the runs that were `seen`."""
    for name, role in roles.items():
        if seen and name not in seen:
            series = f"{near(name, sorted(seen))}; series: {', '.join(sorted(seen)[:20])}"
            raise UsageError(f"--role {role}={name}: no series {name!r} in the log; {series}")
