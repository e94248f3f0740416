"""What processes use, from samples of them."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from sfcrime.machine.usage import Sample, UsageMeter


def test_cpu_time_is_found_between_two_moments() -> None:
    burn = "import time\nbegan = time.process_time()\nwhile time.process_time() < began + 1: pass"
    child = subprocess.Popen([sys.executable, "-c", burn])
    with UsageMeter([child.pid], lambda pid: "burner") as meter:
        began = time.time()
        child.wait(60)
        ended = time.time()

    cpu_s = sum(meter.cpu_between(began, ended).values())
    assert 0.4 < cpu_s < 1.5
    half_s = sum(meter.cpu_between(began, (began + ended) / 2).values())
    assert 0 < half_s < cpu_s


def _watched() -> UsageMeter:
    meter = UsageMeter([], str)
    meter.samples = [
        Sample(100.0, {"driver": 1.0}, {"driver": 3_000_000}, machine_s=50.0),
        Sample(110.0, {"driver": 5.0}, {"driver": 9_000_000, "worker": 1_000_000}, machine_s=55.0),
        Sample(120.0, {"driver": 6.0, "worker": 2.0}, {"worker": 4_000_000}, machine_s=60.0),
    ]
    return meter


def test_between_two_looks_cpu_time_is_in_proportion() -> None:
    meter = _watched()

    assert meter.cpu_between(105.0, 110.0) == pytest.approx({"driver": 2.0, "worker": 0.0})
    assert meter.cpu_between(105.0, 115.0) == pytest.approx({"driver": 2.5, "worker": 1.0})
    assert meter.cpu_between(0.0, 999.0) == pytest.approx({"driver": 5.0, "worker": 2.0})


def test_each_role_has_a_peak_of_its_own() -> None:
    assert _watched().peak_mb_by_role() == {"driver": 9.0, "worker": 4.0}


def test_what_the_machine_did_besides_is_somebody_elses() -> None:
    assert _watched().others_share() == pytest.approx(3.0 / 10.0)  # 10 s of the machine, 7 its own
