"""The user's own function, found by `module:function`, and what it returns."""

import importlib
import importlib.util
import inspect
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from descentry.preflight.face import preflight
from descentry.preflight.wall import outcome, told
from descentry.record.errors import UsageError

EXPECTED = "expected module:function or file.py:function"
OPTIONS = tuple(inspect.signature(preflight).parameters)
NEEDED = ("model", "optimizer", "batch")


def parts(spec: str) -> dict[str, Any]:
    """The arguments of `preflight` that a function of the user's returns, as a dict or as attributes of an object.

    Raises UsageError, in one line, where the spec, the module, the function or what it returns is not as expected.
    """
    place, colon, name = spec.rpartition(":")
    if not (place and colon and name):
        raise UsageError(f"preflight {spec}: {EXPECTED}")
    function = _function(spec, _module(spec, place), name)
    given = outcome(function)
    if isinstance(given, Exception):
        raise UsageError(f"preflight {spec}: {name}() raised {told(given)}")
    return _arguments(spec, given)


def _module(spec: str, place: str) -> ModuleType:
    path = Path(place)
    load: Callable[[], ModuleType]
    if place.endswith(".py"):
        if not path.is_file():
            raise UsageError(f"preflight {spec}: no file {place}; {EXPECTED}")
        load = lambda: _of_file(path)  # noqa: E731
    else:
        sys.path.insert(0, "")
        load = lambda: importlib.import_module(place)  # noqa: E731
    module = outcome(load)
    if isinstance(module, Exception):
        raise UsageError(f"preflight {spec}: importing {place} raised {told(module)}; {EXPECTED}")
    return module


def _of_file(path: Path) -> ModuleType:
    sys.path.insert(0, str(path.parent.resolve()))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def _function(spec: str, module: ModuleType, name: str) -> Callable[[], Any]:
    found = getattr(module, name, None)
    if not callable(found):
        what = "is nothing that can be called" if hasattr(module, name) else "is not in it"
        raise UsageError(f"preflight {spec}: {name} {what}; expected a function without arguments")
    call: Callable[[], Any] = found
    return call


def _arguments(spec: str, given: Any) -> dict[str, Any]:
    fields = given if isinstance(given, Mapping) else {
        name: getattr(given, name) for name in OPTIONS if hasattr(given, name)
    }  # fmt: skip
    missing = [name for name in NEEDED if fields.get(name) is None]
    if missing:
        raise UsageError(
            f"preflight {spec}: what it returned ({type(given).__name__}) has no {', '.join(missing)}; expected a dict "
            f"with model, optimizer, batch, loss_fn"
        )
    unknown = sorted(str(name) for name in fields if name not in OPTIONS)
    if unknown:
        raise UsageError(f"preflight {spec}: no option {unknown[0]!r}; expected one of {', '.join(OPTIONS)}")
    return dict(fields)
