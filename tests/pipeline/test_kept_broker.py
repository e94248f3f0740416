"""The broker that the other parts need: started again where it is ours, waited for where not."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytest

from running import settings_in, wait_until
from sfcrime.errors import GivenUp
from sfcrime.kafka import broker as broker_module
from sfcrime.kafka.broker import RunningBroker, start_broker
from sfcrime.kafka.broker_record import BrokerRecord, running_bootstrap_servers
from sfcrime.kafka.broker_start import Launch, record_of
from sfcrime.machine.child import Child
from sfcrime.machine.watched_time import watched_s
from sfcrime.pipeline import kept_broker
from sfcrime.pipeline.activity import PartState
from sfcrime.pipeline.kept_broker import KeptBroker
from sfcrime.settings import JvmSettings, KafkaSettings, Settings, SupervisionSettings


@dataclass
class FakeWatch:
    """What is known of Kafka, set by hand."""

    silent_s: float = 0.0
    as_of_s: float = 0.0
    problem: str = "Connection refused"

    def __init__(self, _: KafkaSettings) -> None:
        pass

    @property
    def answers(self) -> bool:
        return self.silent_s < 3

    def end(self) -> None:
        pass

    def is_silent(self, seconds: float) -> None:
        self.silent_s, self.as_of_s = seconds, watched_s() - seconds


@pytest.fixture
def fake_watch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_broker, "TopicWatch", FakeWatch)


def outside(give_up_after_s: int) -> tuple[KeptBroker, FakeWatch, list[str]]:
    said: list[str] = []
    settings = Settings(
        kafka=KafkaSettings(bootstrap_servers="kafka.example:9092"),
        supervision=SupervisionSettings(give_up_after_s=give_up_after_s),
    )
    kept = KeptBroker(settings, None, said.append)
    assert isinstance(kept.topic, FakeWatch)
    return kept, kept.topic, said


@pytest.mark.usefixtures("fake_watch")
def test_an_outside_broker_is_waited_for_and_said_to_be_back() -> None:
    kept, watch, said = outside(60)
    watch.is_silent(0)
    kept.look()
    assert kept.part.state == "up"
    watch.is_silent(4)
    kept.look()
    kept.look()
    assert kept.part.state == "down"
    watch.is_silent(0)
    kept.look()

    assert kept.part.state == "up"
    assert said == ["the broker does not answer; waiting for it", "the broker is back"]


@pytest.mark.usefixtures("fake_watch")
def test_an_outside_broker_is_given_up_after_the_bound_with_its_last_words() -> None:
    kept, watch, _ = outside(0)
    watch.is_silent(4)
    with pytest.raises(GivenUp) as raised:
        kept.look()
    assert raised.value.exit_code == 4
    assert "at last it does not answer" in raised.value.happened


@pytest.fixture
def broker(tmp_path: Path, jvm: JvmSettings) -> Iterator[tuple[Settings, RunningBroker]]:
    kafka = KafkaSettings(port=0)
    settings = settings_in(tmp_path, kafka)
    with start_broker(settings) as running:
        yield settings.at_servers(running.bootstrap_servers), running


@pytest.mark.kafka
def test_our_broker_comes_back_on_its_port_after_a_kill_and_is_found_once_it_answers(
    broker: tuple[Settings, RunningBroker],
) -> None:
    settings, running = broker
    said: list[str] = []
    kept = KeptBroker(settings, running, said.append)

    def look_until(state: str) -> None:
        wait_until(lambda: kept.look() is None and kept.part.state == state, state, 60)

    look_until("up")
    first, servers = running.pid, running.bootstrap_servers
    os.kill(first, signal.SIGKILL)
    look_until("down")
    assert running_bootstrap_servers(settings.data_dir) is None
    look_until("up")
    kept.end()

    assert running.pid != first
    assert running_bootstrap_servers(settings.data_dir) == servers
    assert said == ["the broker was killed (signal 9); starting it again", "the broker is back"]
    state = kept.part.as_state()
    assert state == PartState("broker", "up", state.since_ms, 1, "was killed (signal 9)")


class Sleeper:
    """Stands for the process of a broker."""

    pid = os.getpid()

    def __init__(self) -> None:
        self.graces_s: list[float] = []

    def stop(self, grace_s: float) -> None:
        self.graces_s.append(grace_s)


def test_a_broker_gets_no_longer_to_end_than_it_is_given(tmp_path: Path) -> None:
    sleeper = Sleeper()
    child = cast(Child, sleeper)
    record = record_of(child, "127.0.0.1:9092", answers=True)
    running = RunningBroker(Launch(tmp_path, [], False), child, record, 8.0, ExitStack())
    running.stop(2.0)
    running.stop()
    assert sleeper.graces_s == [2.0, 8.0]


def test_a_full_disk_only_puts_off_that_others_find_the_broker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[BrokerRecord] = []
    is_full = True

    def write(_: Path, record: BrokerRecord) -> None:
        if is_full:
            raise OSError(28, "No space left on device")
        written.append(record)

    monkeypatch.setattr(broker_module, "write_record", write)
    monkeypatch.setattr(broker_module, "start_on", lambda *_: Sleeper())
    child = cast(Child, Sleeper())
    record = record_of(child, "127.0.0.1:9092", answers=True)
    running = RunningBroker(Launch(tmp_path, [], False), child, record, 1.0, ExitStack())

    running.start_again()
    running.note_answers()
    assert written == []
    is_full = False
    running.note_answers()
    running.note_answers()
    assert [each.answers for each in written] == [True]
