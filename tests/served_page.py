"""The real `sfcrime dashboard` as tests start it, and start it again."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

from page_in_browser import ReadersPage
from running import Sfcrime, Started, wait_until
from sfcrime.store import STORE_FILE

_ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+")
OpenPage = Callable[..., AbstractContextManager[ReadersPage]]
"""Opens a fresh window; its flags are those of `page_in_browser.readers_page`."""


class Server:
    """`sfcrime dashboard` over a data folder; once started again, at the same address."""

    def __init__(self, data_dir: Path, environment: Mapping[str, str] | None = None) -> None:
        self.store = data_dir / STORE_FILE
        self._sfcrime = Sfcrime(data_dir, environment or {})
        self._port = 0
        self.address = ""

    @contextmanager
    def running(self) -> Iterator[Started]:
        """Runs while the block does."""
        with self._sfcrime.started("dashboard", "--dashboard-port", str(self._port)) as started:
            started.wait_for(lambda: bool(_ADDRESS.search(started.log())), "the page's address")
            found = _ADDRESS.search(started.log())
            assert found
            self.address = found[0]
            self._port = int(found[0].rpartition(":")[2])
            yield started

    def knows_batch(self, batch: int) -> bool:
        """Whether its cells and changes reach so far."""
        try:
            with urlopen(f"{self.address}/api/v1/names", timeout=10) as answer:  # noqa: S310
                names = json.load(answer)
            with urlopen(f"{self.address}/api/v1/changes", timeout=10) as answer:  # noqa: S310
                changes = json.load(answer)
        except HTTPError:
            return False
        return bool(names["meta"]["batch"] == changes["meta"]["batch"] == batch)


def until_gone(started: Started) -> None:
    """Until a server that was told to end has ended."""
    wait_until(lambda: not started.is_running(), "the end of the server")
