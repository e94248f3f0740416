"""A broker that goes away under a running query."""

from __future__ import annotations

import os
import signal
import time

import pytest

from running import Sfcrime, settings_in
from sfcrime.kafka.broker import start_broker
from sfcrime.settings import JvmSettings, KafkaSettings

pytestmark = [pytest.mark.end_to_end, pytest.mark.kafka]


def test_a_stream_whose_broker_was_killed_stops_within_ten_seconds(
    sfcrime: Sfcrime, jvm: JvmSettings
) -> None:
    with start_broker(settings_in(sfcrime.data_dir, KafkaSettings(port=0))) as broker:
        assert sfcrime("produce", "--limit", "100", "--speed", "max").code == 0
        with sfcrime.started("stream") as stream:
            stream.wait_for(lambda: sfcrime.read() == 100, "the topic to be counted")
            os.kill(broker.pid, signal.SIGKILL)
            driver_log = sfcrime.data_dir / "spark" / "driver.log"
            stream.wait_for(
                lambda: "could not be established" in driver_log.read_text("utf-8"),
                "the query to ask for a broker that is gone",
            )
            began = time.monotonic()
            stream.signal(signal.SIGTERM)
            assert stream.wait(30) == 0, stream.log()
            assert time.monotonic() - began < 10
