"""What is ordered of a service's processes happens in them: once, and nowhere else."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from service import Service

from sfcrime.store import STORE_FILE

OPEN_A_STORE = """
import sys
from pathlib import Path
from sfcrime.store.writer import open_writer
open_writer(Path(sys.argv[1]), history_rows=10).close()
"""
SAY_THE_TIME = "import time; print(int(time.time()), time.time_ns() // 10**9)"


@pytest.fixture
def service(tmp_path: Path) -> Service:
    """Not started: its folder of orders alone is used."""
    return Service(tmp_path, "embedded", 1, with_page=False)


def python(service: Service, code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env={**os.environ, **service.sfcrime.environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_whoever_reaches_an_ordered_point_is_killed_once(service: Service, tmp_path: Path) -> None:
    service.orders.kill_at("opening")

    killed = python(service, OPEN_A_STORE, str(tmp_path / STORE_FILE))
    assert killed.returncode == -signal.SIGKILL
    assert service.orders.were_carried_out()
    again = python(service, OPEN_A_STORE, str(tmp_path / STORE_FILE))
    assert again.returncode == 0, again.stderr


def test_nobody_is_killed_at_another_point(service: Service, tmp_path: Path) -> None:
    service.orders.kill_at("in-commit")

    assert python(service, OPEN_A_STORE, str(tmp_path / STORE_FILE)).returncode == 0
    assert not service.orders.were_carried_out()


def test_a_clock_is_moved_for_those_it_is_meant_for_and_no_longer(service: Service) -> None:
    def off_by(of: str, until_s: float) -> list[int]:
        service.orders.move_clock(of, -86_400, until_s)
        said = python(service, SAY_THE_TIME).stdout.split()
        return [round((int(each) - time.time()) / 3_600) for each in said]

    soon_s = time.monotonic() + 600
    assert off_by("print(int", soon_s) == [-24, -24]
    assert service.orders.was_clock_moved()
    assert off_by("sfcrime produce", soon_s) == [0, 0]
    assert not service.orders.was_clock_moved()
    assert off_by("print(int", time.monotonic() - 1) == [0, 0]
