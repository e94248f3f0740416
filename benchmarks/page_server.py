"""`sfcrime dashboard` as benchmarks start it: a process of its own on a free port."""

from __future__ import annotations

import re
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from usage import Roles

from sfcrime.machine.child import Child, last_lines, start_child

GIVE_UP_S = 120.0
SERVER = "page server"
ROLES: Roles = (
    (b"\0sfcrime\0dashboard", SERVER),
    (b"committer.py", "committer"),
    (b"chromium", "browser"),
    (b"playwright", "browser"),
)
"""Of the processes below a benchmark of the page."""
_LOOK_S = 0.01
_ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+")


@dataclass(frozen=True, slots=True)
class PageServer:
    """A running server that answers."""

    child: Child
    address: str
    """http://127.0.0.1:PORT"""
    answers_after_s: float
    """From its start to the first answer of `/healthz`."""
    whole_after_s: float
    """From its start to the first answer that needs all cells, where it was waited for."""

    @property
    def pid(self) -> int:
        return self.child.pid

    @property
    def port(self) -> int:
        return int(self.address.rpartition(":")[2])


@contextmanager
def page_server(
    data_dir: Path, log_path: Path, *, await_cells: bool = True
) -> Iterator[PageServer]:
    """Starts a server over a data folder, and ends it with the block.

    Args:
        data_dir: its store may come later.
        log_path: takes what the server says.
        await_cells: waits until the server has the whole store, which must be there.

    Raises:
        TimeoutError: it ended, or does not answer within `GIVE_UP_S`.
    """
    began = time.monotonic()
    child = start_child(
        [
            *(sys.executable, "-m", "sfcrime", "dashboard"),
            *("--dashboard-port", "0", "--data-dir", str(data_dir)),
        ],
        log_path,
    )
    try:
        address = _await_address(child, began)
        _await_answer(child, f"{address}/healthz", began)
        answers = time.monotonic() - began
        if await_cells:
            _await_answer(child, f"{address}/api/v1/names", began)
        yield PageServer(child, address, answers, time.monotonic() - began)
    finally:
        child.stop()


def _await_address(child: Child, began: float) -> str:
    while time.monotonic() < began + GIVE_UP_S and child.wait(_LOOK_S) is None:
        found = _ADDRESS.search(child.log_path.read_text(encoding="utf-8", errors="replace"))
        if found:
            return found[0]
    raise TimeoutError(f"the server named no address: {last_lines(child.log_path)}")


def _await_answer(child: Child, url: str, began: float) -> None:
    """Until the URL is answered with 200."""
    while time.monotonic() < began + GIVE_UP_S and child.wait(_LOOK_S) is None:
        try:
            with urllib.request.urlopen(url, timeout=5):  # noqa: S310 - a server of ours
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            continue
    raise TimeoutError(f"no answer from {url}: {last_lines(child.log_path)}")
