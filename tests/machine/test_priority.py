"""What makes way for others has the lowest priority, and so has what it starts."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from sfcrime.machine.priority import lower

PROGRAM = """
import os, subprocess, sys
from pathlib import Path
from sfcrime.machine.priority import make_way
make_way()
look = "import os; from pathlib import Path; print(os.getpriority(os.PRIO_PROCESS, 0))"
subprocess.run([sys.executable, "-c", look])
"""


def test_a_process_that_was_started_gets_the_priority_that_is_asked_for() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", "input()"], stdin=subprocess.PIPE, start_new_session=True
    ) as child:
        lower(child.pid, 10)

        assert os.getpriority(os.PRIO_PROCESS, child.pid) == 10
        child.communicate(b"\n")
        lower(child.pid, 10)  # one that has ended is nobody's matter


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
