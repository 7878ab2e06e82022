"""Every error that Descentry raises on purpose.

    DescentryError
    ├── InputError            an input cannot be used (exit code 3)
    │   ├── UnreadableError   not there, not a file, no permission, a device
    │   ├── UnknownFormatError  no reader knows it: empty, binary, not a log
    │   └── DamagedError      a known format, damaged so that nothing can be kept
    └── UsageError            a wrong option or argument (exit code 2)

Each message says where, what was found, what was expected and what to do.
"""


class DescentryError(Exception):
    """The root: catching it catches every error that Descentry raises on purpose."""


class InputError(DescentryError):
    """An input that cannot be used.  `str()` is one line: `where: what is wrong; what to do`."""

    def __init__(self, where: str, problem: str, advice: str = "") -> None:
        self.where = where
        self.problem = problem
        self.advice = advice
        super().__init__(f"{where}: {problem}" + (f"; {advice}" if advice else ""))

    def __reduce__(self) -> tuple[type["InputError"], tuple[str, str, str]]:
        return type(self), (self.where, self.problem, self.advice)


class UnreadableError(InputError):
    """The path is missing, is no regular file or folder, or may not be read."""


class UnknownFormatError(InputError):
    """No reader recognises the content."""


class DamagedError(InputError):
    """A known format, damaged so badly that no point can be kept."""


class UsageError(DescentryError):
    """A wrong option or argument."""
