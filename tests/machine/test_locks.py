"""Locks between processes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from sfcrime.machine.own_folder import LockHeld, file_lock


def test_a_held_lock_is_refused_and_free_again_afterwards(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "lock"
    with file_lock(path, wait=False), pytest.raises(LockHeld), file_lock(path, wait=False):
        pass

    with file_lock(path, wait=False):
        assert path.exists()


def test_a_killed_holder_frees_its_lock(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys, time; from pathlib import Path\n"
            "from sfcrime.machine.own_folder import file_lock\n"
            f"with file_lock(Path({str(path)!r}), wait=False):\n"
            "    print('held', flush=True); time.sleep(600)",
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(LockHeld), file_lock(path, wait=False):
        pass

    holder.kill()
    holder.communicate()  # closes its pipe too

    with file_lock(path, wait=False):
        pass
