"""Makes the samples anew: `python -m tests.make_samples [FOLDER] [PART …]`, from the root of the repository.

Needs the libraries that tests/samples/README.md names; their values and truths replace what stands there.
"""

import shutil
import sys
import tempfile
from importlib import import_module
from pathlib import Path

PARTS = (
    "event_files", "tables", "lightning_csv", "keras_logs", "trainer", "printed", "databases",
    "consoles", "megatron_text", "fairseq_text", "openmmlab", "dicts", "written_tables", "sweeps",
    "tracker_archives", "tracker_folders", "arrow_tables", "boosting_text", "boxes_text",
)  # fmt: skip


def main(arguments: list[str]) -> None:
    """Writes every sample into a fresh folder, then puts it into the place of the old ones."""
    target = Path(arguments[0] if arguments else "tests/samples")
    with tempfile.TemporaryDirectory() as fresh:
        for part in arguments[1:] or PARTS:
            import_module(f"tests.make_samples.{part}").make(Path(fresh))
        for made in sorted(Path(fresh).iterdir()):
            shutil.rmtree(target / made.name, ignore_errors=True)
            shutil.copytree(made, target / made.name)
            print(f"{target / made.name}: {sum(path.is_file() for path in made.rglob('*'))} files")


if __name__ == "__main__":
    main(sys.argv[1:])
