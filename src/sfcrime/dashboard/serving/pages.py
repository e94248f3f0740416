"""The built page's files; where they are missing, a page that says how to build them.

The four views are one page, which shows what its address asks for.
"""

from __future__ import annotations

from pathlib import Path

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

VIEWS = ("/", "/history", "/pipeline", "/trust")
FOLDER = Path(__file__).parents[1] / "page"
_INDEX = "index.html"

_NOT_BUILT = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>sfcrime: the page is not built</title>
<h1>The page is not built</h1>
<p>Its files are not in this installation. In a copy of the project, with Node, build them:</p>
<pre>cd page &amp;&amp; npm ci &amp;&amp; npm run build</pre>
<p>The API answers without them: <a href="/api/v1/overview">/api/v1/overview</a>.</p>
"""


class _Assets(StaticFiles):
    """Files whose names change with their content."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response


def page_routes(folder: Path = FOLDER) -> list[BaseRoute]:
    """The routes of the views, of the assets, and of the files beside the page.

    Args:
        folder: of the built files; it is looked at once.
    """
    if not (folder / _INDEX).is_file():
        return [Route(view, _not_built) for view in VIEWS]
    files = StaticFiles(directory=folder)

    def file_at(name: str, path: str) -> Route:
        async def answer(request: Request) -> Response:
            response = await files.get_response(name, request.scope)
            response.headers["Cache-Control"] = "no-cache"
            return response

        return Route(path, answer)

    beside = [each.name for each in folder.iterdir() if each.is_file() and each.name != _INDEX]
    return [
        *(file_at(_INDEX, view) for view in VIEWS),
        *(file_at(name, f"/{name}") for name in sorted(beside)),
        Mount("/assets", _Assets(directory=folder / "assets", check_dir=False)),
    ]


async def _not_built(_: Request) -> Response:
    return HTMLResponse(_NOT_BUILT, status_code=503, headers={"Cache-Control": "no-cache"})
