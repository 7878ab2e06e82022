"""The report in one file: the page's script and style inlined with its data, no request to anywhere.

The policy in its head lets run what these two hashes name and nothing else; data are JSON that no parser of HTML ends.
"""

import base64
import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from html import escape

from descentry.assets.web_files import web_file
from descentry.record.errors import UsageError
from descentry.report.jsonable import Json, dumps
from descentry.report.page import page

_ORDER = ("critical", "warning", "undetermined", "healthy")
_TEMPLATE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<div id="page"><p>This report needs JavaScript, which stands in this file; the same words are in the text and Markdown \
reports.</p></div>
<script id="descentry-data" type="application/json">{data}</script>
<script type="module">{script}</script>
</body>
</html>
"""


def html(runs: Sequence[Json], version: str, made_at: datetime | None = None) -> str:
    """The whole file; `runs` from `page.run_page`, shown with the worst first.

    `made_at`: now, if not given.  UsageError: the front end was not built into this installation.
    """
    script, style = built()
    ordered = sorted(runs, key=lambda one: _ORDER.index(str(one["report"]["verdict"])))  # type: ignore[index]
    when = (made_at or datetime.now(UTC)).strftime("%Y-%m-%d %H:%M UTC")
    script, style = script.replace("</script", "<\\/script"), style.replace("</style", "<\\/style")
    return _TEMPLATE.format(
        policy=_policy(script, style),
        title=escape(_title(ordered)),
        style=style,
        data=inert(page(ordered, version, when)),
        script=script,
    )


def built() -> tuple[str, str]:
    """Script and style of the page.  UsageError: the front end was not built into this installation."""
    script, style = web_file("page.js"), web_file("page.css")
    if script is None or style is None:
        raise UsageError(
            "the page was not built into this installation of descentry, expected assets/web/page.js; "
            "install a wheel, or build it: cd frontend && npm ci && npm run build"
        )
    return script, style


def inert(document: Json) -> str:
    """A document as JSON that may stand inside a script element: no `<` is left that could end it."""
    return dumps(document).decode().strip().replace("<", "\\u003c").replace("\u2028", "\\u2028")


def _title(runs: Sequence[Json]) -> str:
    if len(runs) == 1:
        report = runs[0]["report"]
        return f"{report['verdict']}: {report['run']} – Descentry"  # type: ignore[index]
    return f"{len(runs)} runs – Descentry"


def _policy(script: str, style: str) -> str:
    allowed = {"script-src": _hash(script), "style-src": _hash(style), "img-src": "data:"}
    rules = [f"{name} {what}" for name, what in allowed.items()]
    return "; ".join(["default-src 'none'", *rules, "base-uri 'none'", "form-action 'none'"])


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
