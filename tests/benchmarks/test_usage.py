"""What processes hold and used, by what they are."""

from __future__ import annotations

import subprocess
import sys

from usage import Watch, memory_by_role

ROLES = ((b"held = bytes", "holder"),)


def test_memory_is_found_by_role() -> None:
    hold = "held = bytes(50_000_000).replace(b'\\0', b'x'); print(flush=True); input()"
    child = subprocess.Popen(
        [sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with child:
        assert child.stdout is not None and child.stdin is not None
        child.stdout.readline()
        held = memory_by_role([child.pid], ROLES)["holder"]
        child.stdin.write(b"\n")

    assert 50 <= held.pss_mb <= held.rss_mb < 150


def test_a_process_that_is_gone_holds_nothing() -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()

    assert memory_by_role([child.pid]) == {}


def test_a_watch_reports_what_a_process_used() -> None:
    hold = "held = bytes(50_000_000).replace(b'\\0', b'x'); import time; time.sleep(1.5)"
    with Watch([(child := subprocess.Popen([sys.executable, "-c", hold])).pid], ROLES) as watch:
        child.wait(60)

    usage = watch.usage
    assert 1.5 < usage.seconds < 20
    assert usage.peak_rss_mb_by_role == {"holder": usage.peak_rss_mb}
    assert 50 <= usage.peak_rss_mb < 150
    assert 0 < usage.cpu_s < usage.seconds
