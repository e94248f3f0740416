"""The broker that the other parts need: started again where it is ours, waited for where not."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread

import pytest

from running import settings_in, wait_until
from sfcrime.errors import GivenUp
from sfcrime.kafka.broker import RunningBroker, open_kafka, start_broker
from sfcrime.kafka.broker_record import running_bootstrap_servers
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

    def __init__(self, _: KafkaSettings, cluster_id: str | None) -> None:
        pass

    def keep_asking(self) -> None:
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
    assert said == ["the broker was killed by signal 9; starting it again", "the broker is back"]
    state = kept.part.as_state()
    assert state == PartState("broker", "up", state.since_ms, 1, "was killed by signal 9")


@pytest.mark.kafka
def test_a_command_waits_for_a_broker_that_is_being_started_again(
    broker: tuple[Settings, RunningBroker],
) -> None:
    """It may not start one of its own: the folder is taken."""
    settings, running = broker
    os.kill(running.pid, signal.SIGKILL)
    wait_until(lambda: running.exit_code is not None, "its end")
    kept = KeptBroker(settings, running, [].append)
    waited = Event()
    found: list[str] = []

    def ask() -> None:
        with open_kafka(settings.at_servers(""), lambda _: waited.set()) as opened:
            found.append(opened.kafka.bootstrap_servers)

    asking = Thread(target=ask)
    asking.start()
    assert waited.wait(30)
    wait_until(lambda: kept.look() is None and kept.part.state == "up", "up", 60)
    asking.join(30)
    kept.end()

    assert found == [running.bootstrap_servers]


@pytest.mark.kafka
def test_a_start_that_cannot_be_noted_leaves_no_broker_that_nobody_knows_of(
    broker: tuple[Settings, RunningBroker], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a full disk: it would keep port and folder from the next."""
    settings, running = broker
    os.kill(running.pid, signal.SIGKILL)
    wait_until(lambda: running.exit_code is not None, "its end")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("sfcrime.kafka.broker.write_record", full)
        with pytest.raises(OSError, match="No space left"):
            running.start_again()
    assert running.exit_code is not None

    running.start_again()
    kept = KeptBroker(settings, running, [].append)
    wait_until(lambda: kept.look() is None and kept.part.state == "up", "up", 60)
    kept.end()
