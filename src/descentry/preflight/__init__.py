"""What an expert checks by hand before a long run: `descentry.preflight(model, optimizer, batch, loss_fn)`."""

import sys
from types import ModuleType


class _Callable(ModuleType):
    """A package that answers to its own name: once a part of it is imported, `descentry.preflight` is this."""

    def __call__(self, *arguments: object, **options: object) -> object:
        """What `descentry.preflight.face.preflight` returns."""
        from descentry.preflight.face import preflight

        return preflight(*arguments, **options)  # type: ignore[arg-type]


sys.modules[__name__].__class__ = _Callable
