"""The built-in policies: one TOML file each under `policies/`."""

import tomllib
from functools import cache
from importlib.resources import files

from descentry.guard.rules import Policy, parse
from descentry.record.errors import UsageError


def builtin_names() -> tuple[str, ...]:
    """The names of the built-in policies, sorted."""
    entries = files("descentry.guard").joinpath("policies").iterdir()
    return tuple(sorted(entry.name[:-5] for entry in entries if entry.name.endswith(".toml")))


@cache
def builtin(name: str) -> Policy:
    """The built-in policy of that name; one that `joins` others is the sum of them.  UsageError: there is none."""
    if name not in builtin_names():
        raise UsageError(f"no policy is called {name!r}; built in: {', '.join(builtin_names())}")
    told = tomllib.loads(files("descentry.guard").joinpath("policies", f"{name}.toml").read_text("utf-8"))
    if "joins" in told:
        return Policy.of(*told["joins"])
    return parse(told, name)
