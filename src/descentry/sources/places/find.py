"""Finds the logs in a file or folder and says which reader takes each.

A folder is walked (`walk`); several logs of one run are one (`same_run`).
"""

import os
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from descentry.formats.blocks import head
from descentry.record.errors import InputError, UnknownFormatError, UnreadableError
from descentry.sources.places.run_ids import file_id, named
from descentry.sources.places.same_run import without_copies
from descentry.sources.places.training_table import TABLE, is_training_table
from descentry.sources.places.waiting import ADVICE, Waiting, too_little
from descentry.sources.places.walk import Look, reader_of_file, recognised, walk
from descentry.sources.protocol import Log, OneRun, Reader

WAITING = Waiting()
NO_LOG = "holds no known log"
"""What is told of a file that looks like a log, and that no reader knows."""

_LOG_LIKE = re.compile(
    r".*\.(log|txt|out|csv|tsv|jsonl|ndjson|json)(\.gz|\.zst|\.bz2|\.xz)?", re.IGNORECASE | re.DOTALL
)
_MAY_BE_ANYTHING = re.compile(r".*\.(txt|json)(\.gz|\.zst|\.bz2|\.xz)?", re.IGNORECASE | re.DOTALL)
_SETTINGS = re.compile(
    r"(.*[_.-])?(config|params|hparams|hyperparams|hyperparameters|args|arguments|settings|metadata|index|vocab"
    r"|tokenizer|special_tokens_map)\.json",
    re.IGNORECASE | re.DOTALL,
)
"""Settings name what a training has, and hold lists of numbers, too; they are logs only where they are named."""
_TRAINS = re.compile(rb"loss|epoch|\bstep|\biter", re.IGNORECASE)


def find(
    path: Path, skipped: list[InputError] | None = None, *, live: bool = False, look: Look = reader_of_file
) -> list[Log]:
    """The logs at `path`, in sorted order, with ids that are unique in the list.  Never empty.

    `live`: a file of text that no reader knows yet is a log, too, which waits for its first rows when followed.
    What a folder holds beside them that looks like a log and cannot be read is added to `skipped`, each as the
    error that it would be if it were named itself.  `look`: what says of a file in a folder which reader takes it, for
    who looks again and again.
    Raises UnreadableError when the path is missing or may not be read, UnknownFormatError when no reader
    recognises it, or nothing in the folder.
    """
    if _is_folder(path):
        return _in_folder(path, [] if skipped is None else skipped, look)
    start = head(path)
    reader = recognised(path, start)
    if reader is None and live and WAITING.matches(path, start):
        return [Log(file_id(path), WAITING.format, path, WAITING)]
    if reader is None:
        raise UnknownFormatError(str(path), *_what_it_is(start))
    return runs_in(Log(file_id(path), reader.format, path, reader))


def runs_in(log: Log) -> list[Log]:
    """The runs of one place: itself, or each of those that its reader finds in it.  Raises InputError."""
    list_runs = getattr(log.reader, "runs", None)
    if list_runs is None:
        return [log]
    found: Sequence[tuple[str, OneRun]] = list_runs(log.path)
    if not found:
        raise UnknownFormatError(log.place, "holds no run yet", "wait until one has logged")
    if len(found) == 1:
        return [replace(log, reader=found[0][1])]
    return [replace(log, run=f"{log.run}/{run}", reader=one) for run, one in found]


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


def _what_it_is(start: bytes) -> tuple[str, str]:
    """Problem and advice for a file that nobody knows."""
    if problem := too_little(start):
        return problem, ADVICE
    if b"\0" in start[:1024] and not start.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "holds binary data of no known log format", "export the run as CSV or JSON lines"
    if start.lstrip()[:1] in (b"{", b"["):
        return (
            "is JSON, but holds no series of a known layout",
            "expected one object per line with numbers by name",
        )
    return (
        "is text, but no line looks like a logged row",
        "expected CSV, JSON lines, or lines with step and loss",
    )


def _in_folder(root: Path, skipped: list[InputError], look: Look) -> list[Log]:
    try:
        os.scandir(root).close()
    except OSError as error:
        problem = error.strerror or str(error)
        raise UnreadableError(str(root), f"cannot be opened ({problem})", "check its permissions") from error
    seen: list[Path] = []
    found: list[tuple[Path, Reader]] = []
    hidden: Counter[str] = Counter()
    for path, reader in walk(root, seen, look=look):
        why = _hidden(path, reader) if path != root else ""
        if why:
            hidden[why] += 1
        elif reader is not None and _is_asked_for(path, reader, skipped):
            found.append((path, reader))
        elif reader is None and _looks_like_log(path):
            skipped.append(UnknownFormatError(str(path), NO_LOG))
    skipped += (_left_out(root, why, n) for why, n in hidden.items())
    logs = _listed(root, found, skipped)
    if not logs and skipped and not _are_unknown(skipped):
        raise next(error for error in skipped if error.problem != NO_LOG)
    if not logs:
        raise UnknownFormatError(str(root), _what_was_seen(seen), "name a folder or file with a training log")
    return _renamed(root, logs, without_copies(logs))


def _hidden(path: Path, reader: Reader | None) -> str:
    """Why a run that was found, but not named, is not wanted; "" for one that is."""
    tell: Callable[[Path], str] | None = getattr(reader, "hidden", None)
    return "" if tell is None else tell(path)


def _left_out(root: Path, why: str, n: int) -> InputError:
    runs = "a run that" if n == 1 else f"{n} runs, each of which"
    return UnreadableError(str(root), f"left out {runs} {why}", "name such a run itself to read it")


def _renamed(root: Path, logs: Sequence[Log], kept: list[Log]) -> list[Log]:
    """The logs that stay, with ids as short as they can be now."""
    if len(kept) == len(logs):
        return kept
    before, after = (dict(_names(root, its)) for its in (logs, kept))
    return [replace(log, run=after[log.path] + log.run[len(before[log.path]) :]) for log in kept]


def _names(root: Path, logs: Sequence[Log]) -> Iterator[tuple[Path, str]]:
    paths = list(dict.fromkeys(log.path for log in logs))
    return zip(paths, named(root, paths), strict=True)


def _are_unknown(skipped: Sequence[InputError]) -> bool:
    return all(error.problem == NO_LOG for error in skipped)


def _listed(root: Path, found: Sequence[tuple[Path, Reader]], skipped: list[InputError]) -> list[Log]:
    """The runs of each place that was found; a place that cannot be read is added to `skipped`."""
    logs: list[Log] = []
    for run, (path, reader) in zip(named(root, [path for path, _ in found]), found, strict=True):
        try:
            logs += runs_in(Log(run, reader.format, path, reader))
        except InputError as error:
            skipped.append(error)
    return logs


def _is_asked_for(path: Path, reader: Reader, skipped: list[InputError]) -> bool:
    """Whether a file that was found, but not named, is taken for a log: a table or a document may hold anything."""
    if reader.format != TABLE:
        return not (_SETTINGS.fullmatch(path.name) and path.is_file()) and not _is_task(path)
    try:
        return is_training_table(path)
    except InputError as error:
        skipped.append(error)
        return False


def _is_task(path: Path) -> bool:
    """Whether the file is what ClearML tells of the task whose metrics lie beside it."""
    return path.name == "task.json" and (path.parent / "metrics.jsonl").is_file()


def _looks_like_log(path: Path) -> bool:
    """Whether a file that no reader knows has the name of a log, and words of one where the name says little."""
    if not _LOG_LIKE.fullmatch(path.name) or _SETTINGS.fullmatch(path.name):
        return False
    try:
        start = head(path)
    except InputError:
        return True
    return bool(start.strip()) and (not _MAY_BE_ANYTHING.fullmatch(path.name) or bool(_TRAINS.search(start)))


def _what_was_seen(seen: Sequence[Path]) -> str:
    if not seen:
        return "holds no files that could be logs"
    names = ", ".join(path.name for path in seen[:3]) + (", …" if len(seen) > 3 else "")
    return f"holds no known training log ({len(seen)} file{'s' * (len(seen) != 1)} looked at: {names})"
