"""What a part of its own refuses before it starts a broker."""

from __future__ import annotations

from running import Sfcrime


def test_a_producer_starts_no_broker_for_a_source_that_is_not_there(sfcrime: Sfcrime) -> None:
    for source, said in (("missing.json", "is not there"), ("missing/*.csv", "No file fits")):
        ran = sfcrime("produce", source)

        assert ran.code == 2
        assert said in ran.err
        assert not sfcrime.data_dir.exists()


def test_a_producer_starts_no_broker_for_a_speed_that_cannot_be(sfcrime: Sfcrime) -> None:
    ran = sfcrime("produce", "--speed", "0")

    assert ran.code == 2
    assert "--speed 1800x" in ran.err
    assert not sfcrime.data_dir.exists()
