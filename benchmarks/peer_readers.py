"""One reading of a log, timed from inside: `python benchmarks/peer_readers.py FORMAT READER SMALL LOG`.

Run by `readers.py`, for a peer with the Python that has it.  SMALL is read first, so that imports, pools and
caches are there; of LOG's reading it prints CPU seconds, KiB added to the peak memory, and values held.
"""

import json
import os
import re
import resource
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

Held = list[np.ndarray]


def descentry(path: Path) -> Held:
    """Ours: every chunk's arrays are kept."""
    from descentry.sources.places.find import find

    held: Held = []
    for chunk in find(path)[0].chunks():
        held.append(chunk.steps)
        held += [column.values for column in chunk.columns.values()]
    return held


def polars(path: Path) -> Held:
    """`read_csv`, every column as an array."""
    import polars as pl

    return [column.to_numpy() for column in pl.read_csv(path).get_columns()]


def orjson_lines(path: Path) -> Held:
    """A plain loop: each line parsed, its values appended to a list a key."""
    from orjson import loads

    columns: dict[str, list[float]] = {}
    with path.open("rb") as lines:
        for line in lines:
            _append(columns, loads(line).items())
    return [np.array(values) for values in columns.values()]


def orjson_history(path: Path) -> Held:
    """The document parsed, and a loop over its history: a list of steps and of values a key."""
    from orjson import loads

    columns: dict[str, tuple[list[int], list[float]]] = {}
    for entry in loads(path.read_bytes())["log_history"]:
        step = entry["step"]
        for name, value in entry.items():
            if name != "step":
                column = columns.get(name)
                if column is None:
                    column = columns[name] = ([], [])
                column[0].append(step)
                column[1].append(value)
    return [np.array(values) for column in columns.values() for values in column]


def wandb(path: Path) -> Held:
    """wandb's own reader, which its versions up to 0.19 have."""
    from wandb.proto.wandb_internal_pb2 import Record
    from wandb.sdk.internal.datastore import DataStore

    store = DataStore()
    store.open_for_scan(str(path))
    columns: dict[str, list[float]] = {}
    while (data := store.scan_data()) is not None:
        record = Record()
        record.ParseFromString(data)
        if record.WhichOneof("record_type") == "history":
            items = record.history.item
            _append(
                columns,
                (
                    ((it.nested_key[0] if it.nested_key else it.key), json.loads(it.value_json))
                    for it in items
                ),
            )
    return [np.array(values) for values in columns.values()]


def regex_lines(path: Path) -> Held:
    """One expression a line, made for this very log."""
    match = re.compile(r"iter (\d+): loss ([\d.naif+-]+), time ([\d.]+)ms, mfu ([-\d.]+)%").match
    rows = []
    with path.open() as lines:
        for line in lines:
            found = match(line)
            if found:
                rows.append((int(found[1]), float(found[2]), float(found[3]), float(found[4])))
    return [np.array(rows)]


def mlflow(path: Path) -> Held:
    """mlflow's client, metric by metric."""
    os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"
    from mlflow.tracking import MlflowClient

    client = MlflowClient(tracking_uri=path.absolute().as_uri())
    (run,) = (folder for folder in (path / "0").iterdir() if folder.is_dir())
    histories = [client.get_metric_history(run.name, file.name) for file in (run / "metrics").iterdir()]
    return [np.array([(m.step, m.timestamp, m.value) for m in history]) for history in histories]


def _append(columns: dict[str, list[float]], items: Iterable[tuple[str, float]]) -> None:
    for name, value in items:
        column = columns.get(name)
        if column is None:
            column = columns[name] = []
        column.append(value)


PEERS: dict[str, tuple[str, Callable[[Path], Held]]] = {
    "csv": ("polars", polars),
    "jsonl": ("orjson", orjson_lines),
    "trainer_state": ("orjson", orjson_history),
    "text": ("re", regex_lines),
    "wandb": ("wandb", wandb),
    "mlflow": ("mlflow", mlflow),
}
"""By format: the library that the peer needs, and its reading."""


def main() -> None:
    """Reads and prints what it took."""
    format, reader, small, log = sys.argv[1:]
    read = descentry if reader == "own" else PEERS[format][1]
    read(Path(small))
    peak = _peak_kib()
    start = time.process_time()
    held = read(Path(log))
    cpu_s = time.process_time() - start
    print(cpu_s, _peak_kib() - peak, sum(map(np.size, held)), sum(array.nbytes for array in held))


def _peak_kib() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak // 1024 if sys.platform == "darwin" else peak


if __name__ == "__main__":
    main()
