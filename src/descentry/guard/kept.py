"""The guard's state as bytes, and back: nothing but its own plain types is ever made from them.

A checkpoint may come from a stranger.  Pickle is used for its exactness, and held to a short list: classes that are
defined in the rooms below, by their own name, and the few constructors of NumPy's arrays and of plain containers.
"""

import base64
import io
import pickle
import zlib
from collections.abc import Mapping
from typing import Any

from descentry.guard.wall import text
from descentry.record.errors import UsageError

ROOMS = ("guard", "patterns", "record", "signal", "stream")
OTHERS = {
    "builtins": {"set", "frozenset"},
    "collections": {"deque", "OrderedDict", "defaultdict", "Counter"},
    "numpy": {"dtype", "ndarray"},
    "numpy._core.multiarray": {"_reconstruct", "scalar"},
    "numpy.core.multiarray": {"_reconstruct", "scalar"},
    "numpy._core.numeric": {"_frombuffer"},
    "numpy.core.numeric": {"_frombuffer"},
}
VERSION = 1
"""Of a state."""
MAX_BYTES = 1 << 30
"""No state is larger once it is unpacked."""


def dumps(state: object) -> bytes:
    """The state as bytes, for `loads`."""
    return pickle.dumps(state, protocol=5)


def loads(kept: bytes) -> Any:
    """The state.  UsageError: the bytes are damaged, or ask for what is no part of a guard's state."""
    try:
        return _Loader(io.BytesIO(kept)).load()
    except UsageError:
        raise
    except (
        pickle.UnpicklingError,
        EOFError,
        LookupError,
        ValueError,
        TypeError,
        AttributeError,
        ImportError,
    ) as error:
        raise UsageError(f"a guard's state of {len(kept)} bytes cannot be read: {error}") from None


def state_of(parts: Mapping[str, Any]) -> dict[str, Any]:
    """The parts as a checkpoint holds them: a number and a text."""
    return {"version": VERSION, "state": packed(dumps(parts))}


def parts_of(state: Mapping[str, Any]) -> dict[str, Any]:
    """The parts of `state_of`.  UsageError: of another version, damaged, or without a course."""
    if state.get("version") != VERSION:
        raise UsageError(f"a guard's state of version {text(state.get('version'))}, expected {VERSION}")
    parts = loads(unpacked(state["state"]))
    if not isinstance(parts, dict) or not isinstance(parts.get("course"), bytes):
        raise UsageError("a guard's state without a course")
    return {**parts, "course": loads(parts["course"])}


def packed(kept: bytes) -> str:
    """The bytes as text, so that JSON holds them too."""
    return base64.b64encode(zlib.compress(kept, 1)).decode("ascii")


def unpacked(told: str) -> bytes:
    """The bytes of `packed`.  UsageError: it is none."""
    try:
        unpacker = zlib.decompressobj()
        kept = unpacker.decompress(base64.b64decode(told, validate=True), MAX_BYTES)
    except (ValueError, TypeError, zlib.error) as error:
        raise UsageError(f"a guard's state cannot be read: {error}") from None
    if not unpacker.eof:
        raise UsageError(f"a guard's state is cut short, or has more than {MAX_BYTES} bytes")
    return kept


class _Loader(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        """Only what a state is made of.  A dotted name would lead through a module to what it imports."""
        if name in OTHERS.get(module, ()):
            return super().find_class(module, name)
        parts = module.split(".")
        if parts[0] == "descentry" and len(parts) > 2 and parts[1] in ROOMS and name.isidentifier():
            found = super().find_class(module, name)
            if (
                isinstance(found, type)
                and found.__module__ == module
                and not issubclass(found, BaseException)
            ):
                return found
        raise UsageError(f"a guard's state asks for {module}.{name}, which is no part of one")
