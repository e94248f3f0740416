"""What a process uses, between two moments."""

from __future__ import annotations

import subprocess
import sys
import time

from sfcrime.tuning.processes import UsageMeter


def test_cpu_time_is_found_between_two_moments() -> None:
    burn = "import time\nbegan = time.process_time()\nwhile time.process_time() < began + 1: pass"
    with UsageMeter([(child := subprocess.Popen([sys.executable, "-c", burn])).pid]) as meter:
        began = time.time()
        child.wait(60)
        ended = time.time()

    cpu_s = sum(meter.cpu_between(began, ended).values())
    assert 0.4 < cpu_s < 1.5
    half_s = sum(meter.cpu_between(began, (began + ended) / 2).values())
    assert 0 < half_s < cpu_s
