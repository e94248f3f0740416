"""What makes way for others has the lowest priority, and so has what it starts."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import os, subprocess, sys
from pathlib import Path
from sfcrime.machine.priority import make_way
make_way()
look = "import os; from pathlib import Path; print(os.getpriority(os.PRIO_PROCESS, 0))"
subprocess.run([sys.executable, "-c", look])
"""


@pytest.mark.parametrize("path", [None, "/nowhere"], ids=["all programs", "no ionice"])
def test_a_process_and_its_children_get_the_lowest_priority(path: str | None) -> None:
    program = PROGRAM if path is None else f"import os; os.environ['PATH'] = {path!r}{PROGRAM}"
    ran = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        start_new_session=True,  # or Linux would let the rest of the tests make way, too
    )

    assert ran.stdout.split() == ["19"]
    assert ran.stderr == ""
