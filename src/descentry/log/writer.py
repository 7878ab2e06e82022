"""`Log`: always save your losses.

    log = descentry.Log("runs/a")
    log.write(step, loss=loss, lr=lr)

The one door between a training loop and a run folder: nothing that happens behind it is raised into the loop.
"""

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from time import time
from types import TracebackType
from typing import TYPE_CHECKING, Any

from descentry.formats.run_folder import MIRROR
from descentry.log import lives
from descentry.log.appender import Appender
from descentry.log.lines import PLAIN, Lines, as_numbers, fast_line
from descentry.log.place import Place
from descentry.log.sync import Syncer, synced
from descentry.log.wall import Told, outcome
from descentry.record.errors import UsageError

if TYPE_CHECKING:
    from descentry.log.mirror import Mirror

_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://|(?:s3a?|gs|gcs|az|abfss?|https?|file|wandb|mlflow):/")
"""Addresses, and what pathlib makes of the usual ones; a drive of Windows has one letter."""


class Log:
    """An append-only run folder, written from a training loop.

    `folder`: made where it is missing; `metrics.jsonl` in it grows by one line a call.
    `resume`: True goes on in a log that is there, and repairs a tail that was torn; False refuses one.
    `config`: settings of the run, by name.
    `mirror_tensorboard`: True also writes event files to `__tensorboard__` in the folder; a path names another.
    `fsync_s`: None leaves the disk to the system (a power failure may cost the last half minute, the end of the
    process nothing); a number hands over what was written at least that often, in a thread; 0 at each flush.

    Raises UsageError here, where no loop runs yet: for a folder that is no path or an address (`s3://…`), a
    negative `fsync_s`, and an existing log with `resume=False`.  Nothing else is raised, here or later: what goes
    wrong is warned of, once per kind, and rows that cannot be written wait in memory.  Threads may share a log; a
    forked child that writes gets a file of its own.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        resume: bool = True,
        config: Mapping[str, object] | None = None,
        mirror_tensorboard: bool | str | os.PathLike[str] = False,
        *,
        fsync_s: float | None = None,
    ) -> None:
        if fsync_s is not None and not fsync_s >= 0:
            raise UsageError(f"fsync_s is {fsync_s}, expected None or a number of seconds from 0 up")
        self._prepare(_folder(folder), _mirror_folder(folder, mirror_tensorboard), fsync_s, resume=resume)
        self._appender.open()
        self._place.must_be_new = False
        if config:
            self.config(config)

    def _prepare(self, folder: Path, mirror: Path | None, fsync_s: float | None, *, resume: bool) -> None:
        """All but opening a file."""
        self.folder = folder
        self.is_closed = False
        self._has_lost = False
        self._told = Told(str(folder))
        self._lines = Lines(self._told)
        self._place = Place(folder, self._told, resume=resume)
        self._fsync_s = fsync_s
        self._syncer = Syncer(fsync_s) if fsync_s else None
        self._appender = Appender(self._place.open_file, self._lines.notice, self._told, self._syncer)
        self._append: Callable[[bytes], None] = self._appender.append
        self._mirror = None if mirror is None else _mirror_at(mirror)
        lives.keep(self)

    @property
    def path(self) -> Path:
        """The file that is written."""
        return self._place.path

    def write(self, step: Any = None, values: Mapping[str, Any] | None = None, /, **more: Any) -> None:
        """One row: the values of a step, by name; `values` for names that are no Python words.

        A number, or the scalar of any array library, is kept exactly, NaN and infinities too.  What is no number is
        kept as text in the row's `odd`, told once.  When this returns, the row is in the kernel: it outlives the
        process, however that ends.
        """
        if type(values) is dict:
            more = {**values, **more}
            values = None
        if values is None:
            if type(step) is int and PLAIN.issuperset(map(type, more.values())):
                if self._is_written(step, more):
                    return
            elif (numbers := as_numbers(step, more)) is not None and self._is_written(*numbers):
                return
        self._guarded(lambda: self._write_odd(step, values, more))

    def _is_written(self, step: int, values: dict[str, Any]) -> bool:
        """Writes a row of Python's own numbers; False where it needs care."""
        now = time()
        line = fast_line(step, now, values)
        if line is None:
            return False
        self._lines.step = step
        self._append(line)
        if self._mirror is not None:
            self._mirror.append(step, values, now)
        return True

    def _write_odd(self, step: Any, values: Any, more: Mapping[str, Any]) -> None:
        for row in self._lines.rows(step, values, more):
            self._append(row.line)
            if self._mirror is not None and row.values:
                self._mirror.append(row.step, row.values, row.wall_time)

    def event(self, kind: str, message: str = "") -> None:
        """Notes in the log that something happened at the step of the last row: `log.event("data", "shard 7")`."""
        self._guarded(lambda: self._append(self._lines.event(kind, message)))

    def config(self, settings: Mapping[str, Any] | None = None, /, **more: Any) -> None:
        """Notes settings of the run.  Later ones of the same name count."""
        self._guarded(lambda: self._append(self._lines.config(settings, more)))

    def flush(self) -> bool:
        """True when every row so far is in the kernel (with `fsync_s=0`: on the disk).

        False while some wait in memory, and for good once one was lost: dropped, or written to a closed log.
        """
        is_done = not self._appender.held or self._appender.flush()
        if self._mirror is not None:
            self._mirror.appender.flush()
        if self._fsync_s == 0:
            is_done &= self.is_closed or synced(self._appender) >= 0
        return is_done and not (self._has_lost or self._appender.has_dropped)

    def close(self) -> None:
        """Flushes and lets the folder go; what still cannot be written is lost, and told.  Again: nothing."""
        if self.is_closed:
            return
        self.is_closed = True
        self._append = self._refuse
        if self._syncer is not None:
            self._syncer.close()
        n_held = len(self._appender.held)
        if self._fsync_s is not None:
            self._appender.flush()
            self._has_lost |= synced(self._appender) < 0 and self._fsync_s == 0
        if not self._appender.close():
            self._has_lost = True
            self._told("lost", f"{n_held} lines could not be written before the end and are lost")
        if self._mirror is not None and not self._mirror.appender.close():
            self._told("mirror", f"{self._mirror.folder} lacks rows that could not be written")
        self._mirror = None

    def _refuse(self, _line: bytes) -> None:
        self._has_lost = True
        self._told("closed", "the log is closed: what is written now is lost; make a new Log to go on")

    def _guarded(self, call: Callable[[], object]) -> None:
        if self.is_closed:
            self._refuse(b"")
            return
        error = outcome(call)
        if isinstance(error, Exception):
            self._has_lost = True
            self._told("failed", f"a call was not logged ({type(error).__name__}: {str(error)[:200]})")

    def forked(self) -> None:
        """In a forked child: the file, and what waits for it or was lost, are the parent's."""
        self._has_lost = False
        self._place.renew()
        self._appender.forget()
        if self._mirror is not None:
            self._mirror.appender.forget()

    def __enter__(self) -> "Log":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __copy__(self) -> "Log":
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> "Log":
        return self

    def __reduce__(self) -> tuple[Callable[..., "Log"], tuple[Path, Path | None, float | None]]:
        return _unopened, (self.folder, None if self._mirror is None else self._mirror.folder, self._fsync_s)

    def __del__(self) -> None:
        if not getattr(self, "is_closed", True):
            self.close()

    def __repr__(self) -> str:
        return f"Log({str(self.folder)!r})"


def _folder(given: str | os.PathLike[str]) -> Path:
    try:
        spelled = os.fspath(given)
    except TypeError:
        spelled = ""
    if not isinstance(spelled, str) or not spelled or "\0" in spelled:
        raise UsageError(f"{given!r:.80} is no path of a folder; name one, such as runs/a")
    if _ADDRESS.match(spelled):
        raise UsageError(
            f"{spelled!r:.80} is an address, expected a folder of this machine; log to one, such as runs/a, and "
            "copy it there"
        )
    return Path(spelled).absolute()


def _mirror_folder(
    folder: str | os.PathLike[str], mirror: bool | str | os.PathLike[str] | None
) -> Path | None:
    if mirror is None or mirror is False:
        return None
    return _folder(folder) / MIRROR if mirror is True else _folder(mirror)


def _mirror_at(folder: Path) -> "Mirror":
    """Loaded when asked for: its checksums need numpy, the log itself does not."""
    from descentry.log.mirror import Mirror

    return Mirror(folder, Told(str(folder)))


def _unopened(folder: Path, mirror: Path | None, fsync_s: float | None) -> Log:
    """The log in another process, to which it was pickled: it takes a file once it writes."""
    log = Log.__new__(Log)
    log._prepare(folder, mirror, fsync_s, resume=True)
    return log
