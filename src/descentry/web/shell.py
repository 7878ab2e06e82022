"""The page that carries the built front end: no script or style of its own, so that the policy stays strict."""

from descentry.assets.web_files import web_file

FILES = {"page.js": "text/javascript; charset=utf-8", "page.css": "text/css; charset=utf-8"}
"""Built files that are served, below /assets."""
_SHELL = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Descentry</title>
<link rel="icon" href="data:,">
{head}
</head>
<body data-view="dashboard">
<div id="page"><p>{words}</p></div>
<script id="descentry-data" type="application/json">{{"schema": "descentry/serve/1"}}</script>
</body>
</html>
"""
_BUILT = (
    '<link rel="stylesheet" href="/assets/page.css">\n<script type="module" src="/assets/page.js"></script>'
)


def shell() -> str:
    """The page; where the front end was not built into this installation, it says so."""
    if web_file("page.js") is None:
        words = (
            "The pages were not built into this installation of descentry; the API is served all the same. Install a "
            "wheel, or build them: cd frontend &amp;&amp; npm ci &amp;&amp; npm run build"
        )
        return _SHELL.format(head="", words=words)
    return _SHELL.format(head=_BUILT, words="This page needs JavaScript, which this server sends.")


def asset(name: str) -> tuple[str, str] | None:
    """Text and media type of a built file; None for a name that is none of them."""
    text = web_file(name) if name in FILES else None
    return None if text is None else (text, FILES[name])
