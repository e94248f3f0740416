"""Child processes: started, watched, ended, and never left behind."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sfcrime.kafka.broker_record import (
    ProcessIdentity,
    identity_of,
    is_alive,
    noted_identity,
    stop_identity,
)
from sfcrime.machine import child as child_module
from sfcrime.machine.child import descendants, last_lines, start_child

SLEEPER = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(600)"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    "print('up', flush=True); time.sleep(600)",
]


def wait_until_up(log: Path) -> None:
    deadline = time.monotonic() + 20
    while "up" not in last_lines(log):
        assert time.monotonic() < deadline, "the child never came up"
        time.sleep(0.01)


def test_a_child_writes_its_output_to_a_log_of_this_users_and_its_exit_code_is_known(
    tmp_path: Path,
) -> None:
    log = tmp_path / "a" / "log"
    users = os.umask(0)
    try:
        program = "import os, sys; print(oct(os.umask(0)), 'out'); sys.exit(7)"
        child = start_child([sys.executable, "-c", program], log)
    finally:
        os.umask(users)

    assert child.wait(20) == 7
    assert child.exit_code == 7
    assert not child.is_running()
    assert last_lines(log) == "0o77 out"
    assert [stat.S_IMODE(each.stat().st_mode) for each in (log.parent, log)] == [0o700, 0o600]


def test_a_child_gets_the_given_environment_and_nothing_of_ours(tmp_path: Path) -> None:
    child = start_child(["/usr/bin/env"], tmp_path / "log", environment={"ONLY": "this"})

    child.wait(20)

    lines = last_lines(tmp_path / "log").splitlines()
    assert "ONLY=this" in lines
    assert not [line for line in lines if line.startswith(("PATH=", "HOME="))]


def test_a_child_is_ended_in_order(tmp_path: Path) -> None:
    child = start_child(SLEEPER, tmp_path / "log")
    wait_until_up(tmp_path / "log")
    noted = noted_identity(child.pid)
    assert is_alive(noted)

    assert child.stop() == -signal.SIGTERM
    assert not is_alive(noted)


def test_a_child_that_ignores_the_request_is_killed_after_the_bound(tmp_path: Path) -> None:
    child = start_child(STUBBORN, tmp_path / "log")
    wait_until_up(tmp_path / "log")

    assert child.stop(grace_s=0.2) == -signal.SIGKILL


def test_a_child_has_its_own_session_so_ctrl_c_does_not_reach_it(tmp_path: Path) -> None:
    child = start_child(SLEEPER, tmp_path / "log")
    wait_until_up(tmp_path / "log")
    try:
        assert os.getsid(child.pid) == child.pid
        assert os.getsid(child.pid) != os.getsid(0)
    finally:
        child.stop()


def test_a_session_is_killed_as_a_whole(tmp_path: Path) -> None:
    starts_another = (
        "from pathlib import Path; from sfcrime.machine.child import start_child; import time\n"
        f"log = Path({str(tmp_path / 'inner')!r})\n"
        f"print(start_child({STUBBORN!r}, log, own_session=False).pid, flush=True)\n"
        "time.sleep(600)"
    )
    child = start_child([sys.executable, "-c", starts_another], tmp_path / "log")
    wait_until_up(tmp_path / "inner")
    inner = identity_of(int(last_lines(tmp_path / "log")))
    assert inner is not None
    assert os.getsid(inner.pid) == child.pid

    child.kill_session()

    assert child.exit_code == -signal.SIGKILL
    assert not is_alive(inner)
    child.kill_session()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children with their parent")
def test_a_child_does_not_outlive_a_parent_that_is_killed(tmp_path: Path) -> None:
    log = tmp_path / "log"
    parent = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import time; from pathlib import Path; from sfcrime.machine.child import start_child\n"
            f"child = start_child({SLEEPER!r}, Path({str(log)!r}))\n"
            "print(child.pid, flush=True); time.sleep(600)",
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout is not None
    child = identity_of(int(parent.stdout.readline()))
    wait_until_up(log)
    assert child is not None

    parent.kill()
    parent.communicate()  # closes its pipe too

    deadline = time.monotonic() + 10
    while is_alive(child):
        assert time.monotonic() < deadline, "the child outlived its parent"
        time.sleep(0.01)


def test_a_process_is_recognised_by_its_start_and_not_by_its_number_alone(tmp_path: Path) -> None:
    child = start_child(SLEEPER, tmp_path / "log")
    wait_until_up(tmp_path / "log")
    another = ProcessIdentity(child.pid, "another start")
    try:
        assert is_alive(noted_identity(child.pid))
        assert not is_alive(another)

        stop_identity(another)
        assert child.is_running()

        stop_identity(noted_identity(child.pid))
        assert child.wait(10) == -signal.SIGTERM
    finally:
        child.stop()


def test_a_process_that_ended_has_no_identity(tmp_path: Path) -> None:
    child = start_child([sys.executable, "-c", ""], tmp_path / "log")
    child.wait(20)

    assert identity_of(child.pid) is None


def test_the_last_lines_of_a_log_that_does_not_exist_are_empty(tmp_path: Path) -> None:
    assert last_lines(tmp_path / "none") == ""


WITH_A_STOPPED_CHILD = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
below = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
os.kill(below.pid, signal.SIGSTOP)
print(below.pid, "up", flush=True)
time.sleep(600)
"""


def test_what_is_stopped_below_a_child_that_does_not_end_is_killed_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")  # a small system has no `ps`
    child = start_child([sys.executable, "-c", WITH_A_STOPPED_CHILD], tmp_path / "log")
    wait_until_up(tmp_path / "log")
    below = noted_identity(int(last_lines(tmp_path / "log").split()[0]))
    assert descendants(child.pid) == [below.pid]
    try:
        assert child.stop(grace_s=0.2) == -signal.SIGKILL
        deadline = time.monotonic() + 20
        while is_alive(below):
            assert time.monotonic() < deadline, "it was left behind"
            time.sleep(0.01)
    finally:
        stop_identity(below, grace_s=0)


def test_each_column_of_ps_is_asked_for_by_itself_where_a_heading_would_end_the_list(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []

    def listed(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        asked.extend(command)
        return subprocess.CompletedProcess(command, 0, "7 1\n8 7\n9 8\n6 1\n", "")

    with monkeypatch.context() as patched:
        patched.setattr(child_module.sys, "platform", "darwin")
        patched.setattr(child_module.subprocess, "run", listed)
        assert descendants(7) == [8, 9]
        identity_of(7)
    assert [each for each in asked if "," in each] == []
