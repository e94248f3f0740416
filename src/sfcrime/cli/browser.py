"""Opens an address in the user's browser."""

from __future__ import annotations

import sys
from pathlib import Path

from sfcrime.machine.child import Child, start_child


def open_browser(url: str, log_path: Path) -> Child:
    """Asks the machine's browser to open an address, and does not wait.

    In a process without the terminal: where there is no other browser than one of text, it would
    take the place of what the terminal shows.

    Args:
        url: of a page.
        log_path: takes what the browser's starter prints.

    Returns:
        the process that asks; it ends by itself.
    """
    return start_child([sys.executable, "-m", "webbrowser", url], log_path)
