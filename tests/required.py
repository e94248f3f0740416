"""Programs that some tests need and a machine may lack.

A test that needs one calls its function, and is skipped with the reason where the program is not
there. Where the variable `TESTS_REQUIRE` names it (`node,chromium`, as CI does), it fails instead:
a skip would hide that nothing was tested.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import NoReturn

import pytest

VARIABLE = "TESTS_REQUIRE"
LEAST_NODE = (20, 19)
"""What page/package.json asks for."""


def needs_node() -> Path:
    """Where npm is; Node is new enough."""
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        lacking("node", "there is no Node with npm on PATH (Debian: packages nodejs and npm)")
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    version = re.match(r"v(\d+)\.(\d+)", said)
    if version is None or (int(version[1]), int(version[2])) < LEAST_NODE:
        lacking("node", f"Node is {said.strip()}; {'.'.join(map(str, LEAST_NODE))} is needed")
    return Path(npm)


def needs_chromium() -> Path:
    """Where Chromium is."""
    chromium = shutil.which("chromium")
    if chromium is None:
        lacking("chromium", "there is no chromium on PATH (Debian: package chromium)")
    return Path(chromium)


def lacking(program: str, why: str) -> NoReturn:
    """Ends the test: skipped, or failed where the program is required.

    Args:
        program: as `TESTS_REQUIRE` names it.
        why: what is not there.
    """
    if program in os.environ.get(VARIABLE, "").split(","):
        pytest.fail(f"{VARIABLE} names {program}: {why}")
    pytest.skip(why)
