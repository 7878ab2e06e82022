"""The built front end: files of `assets/web`, made by `npm run build` and put into the wheel."""

from functools import lru_cache
from importlib.resources import files


@lru_cache(maxsize=8)
def web_file(name: str) -> str | None:
    """The text of a built file; None where the front end was not built into this installation."""
    file = files("descentry.assets") / "web" / name
    return file.read_text("utf-8") if file.is_file() else None
