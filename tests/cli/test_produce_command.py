"""`sfcrime produce` against a real broker: what it prints, and that it goes on where it was."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from invented_calls import hour_of_calls, write_newest_first
from running import Ran, Sfcrime
from sfcrime.kafka.topic import Topic
from sfcrime.pipeline.activity import ProducerActivity, read_activity
from sfcrime.settings import KafkaSettings

pytestmark = pytest.mark.kafka

Produce = Callable[..., Ran]

MADE = "Made the topic with replication factor 1; it is 3 where as many brokers are up.\n"
"""What the first run adds, on a cluster of one broker."""


@pytest.fixture
def kafka(topic: Callable[[], KafkaSettings]) -> KafkaSettings:
    return topic()


@pytest.fixture
def produce(sfcrime: Sfcrime, kafka: KafkaSettings) -> Produce:
    """Runs `sfcrime produce` on a topic of its own."""

    def run(*arguments: str, typed: str | None = None) -> Ran:
        place = ("--bootstrap-servers", kafka.bootstrap_servers, "--topic", kafka.topic)
        return sfcrime("produce", *arguments, *place, "--speed", "max", typed=typed)

    return run


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "calls.json"
    write_newest_first(path, [*hour_of_calls(0), *hour_of_calls(1)])
    return path


def test_a_file_is_published_once_however_often_it_is_asked_for(
    produce: Produce, file: Path, sfcrime: Sfcrime, kafka: KafkaSettings
) -> None:
    first = produce(str(file), "--limit", "30")
    assert (first.code, first.out) == (
        0,
        "Published 30 records to its end; 0 were there already.\n" + MADE,
    )
    second = produce(str(file), "--json")
    assert json.loads(second.out) == {
        "sent": 50,
        "already_there": 30,
        "last_sequence": 79,
        "finished": True,
        "made_replicas": 0,
    }
    third = produce(str(file))
    assert third.out == "Published 0 records to its end; 80 were there already.\n"

    assert sum(Topic(kafka).end_offsets().values()) == 80
    assert read_activity(sfcrime.data_dir, ProducerActivity) == ProducerActivity(
        already_there=80, step="done", finished=True
    )


def test_the_number_of_partitions_is_that_of_the_first_run(
    produce: Produce, file: Path, kafka: KafkaSettings
) -> None:
    assert produce(str(file), "--partitions", "3", "--limit", "10").code == 0
    assert produce(str(file), "--partitions", "5").code == 0
    assert len(Topic(kafka).end_offsets()) == 3


def test_a_source_that_is_not_there_is_a_usage_error_and_makes_no_topic(
    produce: Produce, tmp_path: Path
) -> None:
    ran = produce(str(tmp_path / "missing.json"))
    assert ran.code == 2
    assert "missing.json" in ran.err
    assert "Traceback" not in ran.err


def test_a_file_that_breaks_off_is_unreadable(produce: Produce, tmp_path: Path) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text('[{"crime_id":"1"}, {"crime_id"')
    ran = produce(str(broken))
    assert ran.code == 3
    assert "is not JSON at byte" in ran.err


def test_several_files_are_one_source_and_a_changed_set_of_them_is_refused(
    produce: Produce, tmp_path: Path, kafka: KafkaSettings
) -> None:
    for hour in range(3):
        write_csv(tmp_path / f"hour-{hour}.csv", hour_of_calls(hour))
    pattern, one = str(tmp_path / "hour-[01].csv"), str(tmp_path / "hour-1.csv")

    first = produce(pattern, one, "--limit", "50")
    assert first.out == "Published 50 records to its end; 0 were there already.\n" + MADE
    rest = produce(str(tmp_path / "hour-0.csv"), one)
    assert rest.out == "Published 30 records to its end; 50 were there already.\n"

    for changed in ([pattern, str(tmp_path / "hour-2.csv")], [one]):
        refused = produce(*changed)
        assert refused.code == 1
        assert f"The topic {kafka.topic} holds 'hour-0.csv, hour-1.csv' (files:" in refused.err
    assert sum(Topic(kafka).end_offsets().values()) == 80


def test_standard_input_is_a_source_and_the_same_bytes_go_on(
    produce: Produce, file: Path, sfcrime: Sfcrime, kafka: KafkaSettings
) -> None:
    text = file.read_text(encoding="utf-8")

    first = produce("-", "--limit", "30", typed=text)
    assert first.out == "Published 30 records to its end; 0 were there already.\n" + MADE
    assert produce("-", typed=text).out.startswith("Published 50 records")
    assert produce(str(file)).out == "Published 0 records to its end; 80 were there already.\n"
    other = produce("-", typed=text.replace("100000001", "100000002"))
    assert (other.code, "'standard input' (file:" in other.err) == (1, True)
    assert list((sfcrime.data_dir / "run").glob("sfcrime-*")) == []


def write_csv(path: Path, calls: list[dict[str, str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(calls[0]))
        writer.writeheader()
        writer.writerows(calls)
