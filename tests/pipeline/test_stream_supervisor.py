"""A stream that runs alone: started again where it ends, ended where it is told to."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Mapping
from pathlib import Path
from threading import Event, Thread
from typing import cast

import pytest

from other_program import STAYS, OtherProgram
from running import settings_in, wait_until
from sfcrime.errors import AlreadyRunning, SfcrimeError, UsageError
from sfcrime.machine.child import last_lines
from sfcrime.machine.own_folder import DATA_FOLDER, file_lock, take_folder
from sfcrime.pipeline.activity import SupervisionActivity, read_activity
from sfcrime.pipeline.job_watch import JobWatch
from sfcrime.pipeline.stream_supervisor import StreamSupervisor
from sfcrime.settings import KafkaSettings, Settings

UNTIL_TOLD = (
    "import signal, sys\n"
    "signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])\n"
    "print('waits', flush=True)\n"
    "signal.sigwait([signal.SIGTERM])\n"
    "sys.exit({code})"
)
"""Ends with a code of its own once it is told to."""


DEAF = (
    "import signal\n"
    "signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])\n"
    "print('waits', flush=True)\n"
    "signal.pause()"
)
"""Hears nothing that it is told."""


class Supervised:
    """A stream of another program; what was said of it."""

    def __init__(self, settings: Settings, program: str) -> None:
        self.said: list[str] = []
        self.stop = Event()
        self.part = OtherProgram("stream", [], settings, program=program)
        self.supervisor = StreamSupervisor(settings, [], self.said.append)
        kept = self.supervisor._stream
        kept.process = kept.part.process = self.part


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    yield settings_in(tmp_path / "data", KafkaSettings())


def test_a_stream_that_ends_in_order_ends_its_supervisor(settings: Settings) -> None:
    stream = Supervised(settings, "pass")
    assert stream.supervisor.run(stream.stop) == 0
    assert stream.part.starts == 1
    assert stream.said == []


def test_an_error_of_its_first_start_is_its_supervisors_exit_code(settings: Settings) -> None:
    stream = Supervised(settings, "raise SystemExit(4)")
    assert stream.supervisor.run(stream.stop) == 4
    assert stream.part.starts == 1


@pytest.mark.parametrize("code", [0, 7])
def test_told_to_stop_it_waits_for_the_streams_own_end(settings: Settings, code: int) -> None:
    stream = Supervised(settings, UNTIL_TOLD.format(code=code))

    def stop_it() -> None:
        wait_until(lambda: "waits" in last_lines(stream.part.log_path), "its start")
        stream.stop.set()

    beside = Thread(target=stop_it)
    beside.start()
    try:
        assert stream.supervisor.run(stream.stop) == code
    finally:
        beside.join()
    assert stream.part.exit_code == code


class Looks:
    """Stands in for the look at the job's store."""

    gets_on = False

    def __init__(self, hangs: str = "", error: SfcrimeError | None = None) -> None:
        self._hangs, self._error = hangs, error

    def look(self, ends: Mapping[int, int], *, kafka_answers: bool) -> None:
        if self._error is not None:
            raise self._error

    def hangs(self) -> str:
        return self._hangs

    def was_killed(self) -> None:
        self._hangs = ""


def test_told_to_stop_it_ends_a_stream_that_hangs(settings: Settings) -> None:
    stream = Supervised(settings, DEAF)
    stream.supervisor._stream._watch = cast("JobWatch", Looks())

    def stop_it() -> None:
        wait_until(lambda: "waits" in last_lines(stream.part.log_path), "its start")
        hangs = Looks("gave no sign of life for 60 s")
        stream.stop.set()
        stream.supervisor._stream._watch = cast("JobWatch", hangs)

    beside = Thread(target=stop_it)
    beside.start()
    try:
        assert stream.supervisor.run(stream.stop) == 1
    finally:
        beside.join()
    assert stream.part.exit_code == -signal.SIGKILL
    assert stream.said == ["the stream gave no sign of life for 60 s"]


def test_an_error_of_the_supervisor_itself_is_not_taken_for_one_that_the_stream_told(
    settings: Settings,
) -> None:
    stream = Supervised(settings, STAYS)
    unread = UsageError("The password file is open to all.", rule="", next_step="")
    stream.supervisor._stream._watch = cast("JobWatch", Looks(error=unread))
    with pytest.raises(UsageError):
        stream.supervisor.run(stream.stop)
    assert stream.part.exit_code == -signal.SIGKILL


def test_a_killed_stream_is_noted_as_down_and_not_started_without_a_broker(
    settings: Settings,
) -> None:
    stream = Supervised(settings, STAYS)

    def kill_and_stop() -> None:
        wait_until(lambda: stream.part.child is not None, "the start")
        assert stream.part.child is not None
        os.kill(stream.part.child.pid, signal.SIGKILL)

        def is_down() -> bool:
            parts = read_activity(settings.data_dir, SupervisionActivity).parts
            return bool(parts) and parts[0].reason == "was killed by signal 9"

        wait_until(is_down, "the note that it is down")
        stream.stop.set()

    beside = Thread(target=kill_and_stop)
    beside.start()
    try:
        assert stream.supervisor.run(stream.stop) == 0
    finally:
        stream.stop.set()
        beside.join()
    assert stream.said == ["the stream was killed by signal 9; starting it again"]
    assert stream.part.starts == 1
    # Nobody supervises after its end, and views see that at once.
    assert read_activity(settings.data_dir, SupervisionActivity) == SupervisionActivity()


def test_beside_another_supervisor_it_starts_nothing_and_leaves_its_files_alone(
    settings: Settings,
) -> None:
    stream = Supervised(settings, "pass")
    take_folder(settings.data_dir, DATA_FOLDER)
    with (
        file_lock(settings.data_dir / "run.lock", wait=False),
        pytest.raises(AlreadyRunning, match="Another supervisor works in"),
    ):
        stream.supervisor.run(stream.stop)
    assert stream.part.starts == 0
    assert not (settings.data_dir / "run").exists()
