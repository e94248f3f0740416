"""Which source is opened, and where it is cut."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from threading import Event
from zoneinfo import ZoneInfo

import msgspec
import pytest

from invented_calls import hour_of_calls, write_newest_first
from sfcrime.domain.calls import SourceIdentity, SourceRecord
from sfcrime.errors import UsageError
from sfcrime.pipeline.publishing import open_source, publish_source, records_until_present
from sfcrime.pipeline.refusals import require_publishable
from sfcrime.settings import KafkaSettings, Settings, SourceSettings, StoreSettings


def _settings(
    tmp_path: Path, source: SourceSettings, kafka: KafkaSettings | None = None
) -> Settings:
    store = StoreSettings(data_dir=str(tmp_path))
    return Settings(source=source, store=store, kafka=kafka or KafkaSettings())


class TimedSource:
    """Records that are published at given moments."""

    def __init__(self, published_ms: list[int]) -> None:
        self._published_ms = published_ms
        self.identity = SourceIdentity("file:1", "timed", synthetic=False)
        self.total: int | None = len(published_ms)

    def records(self, start: int = 0) -> Iterator[SourceRecord]:
        for number in range(start, len(self._published_ms)):
            yield SourceRecord(number, None, b"", self._published_ms[number])

    def close(self) -> None:
        """Nothing is held."""


def test_until_the_present_a_source_ends_before_its_first_record_of_the_future() -> None:
    year_2100_ms = 4_102_444_800_000
    source = TimedSource([0, 1, year_2100_ms, 2])

    assert [record.sequence for record in records_until_present(source)] == [0, 1]
    assert [record.sequence for record in records_until_present(source, 1)] == [1]
    assert list(records_until_present(source, 2)) == []


def test_a_file_is_a_source_of_its_records(tmp_path: Path) -> None:
    file = tmp_path / "calls.json"
    write_newest_first(file, [*hour_of_calls(0)])
    settings = _settings(tmp_path / "data", SourceSettings(source=str(file)))

    source = open_source(settings)

    assert source.identity.title == "calls.json"
    assert source.total == 40
    source.close()


def test_what_a_killed_producer_left_of_its_sort_is_removed(tmp_path: Path) -> None:
    file = tmp_path / "calls.json"
    write_newest_first(file, [*hour_of_calls(0)])
    settings = _settings(tmp_path / "data", SourceSettings(source=str(file)))
    folder = settings.data_dir / "run" / f"{settings.kafka.topic}.order"
    killed = open_source(settings)
    (left,) = folder.glob("sfcrime-order-*")

    source = open_source(settings)

    assert [each.name for each in folder.glob("sfcrime-order-*")] != [left.name]
    assert not left.exists()
    source.close()
    assert list(folder.glob("sfcrime-order-*")) == []
    killed.close()


def test_a_file_that_is_not_there_is_a_usage_error(tmp_path: Path) -> None:
    settings = _settings(tmp_path, SourceSettings(source=str(tmp_path / "none.json")))
    with pytest.raises(UsageError, match=r"none\.json"):
        open_source(settings)


def test_several_names_and_patterns_are_one_source_of_each_file_once(tmp_path: Path) -> None:
    for hour in range(3):
        write_newest_first(tmp_path / f"{hour}.json", [*hour_of_calls(hour)])
    names = f"{tmp_path}/[01].json\n{tmp_path}/2.json\n{tmp_path}/1.json"

    source = open_source(_settings(tmp_path / "data", SourceSettings(source=names)))

    assert source.identity.title == "0.json, 1.json, 2.json"
    assert source.total == 120
    source.close()


@pytest.mark.parametrize("source", ["synthetic\ncalls.csv", "", "\n"])
def test_the_city_beside_a_file_and_nothing_at_all_are_refused(tmp_path: Path, source: str) -> None:
    with pytest.raises(UsageError, match="One topic holds one source"):
        require_publishable(_settings(tmp_path, SourceSettings(source=source)))


def test_a_city_starts_on_the_day_that_was_asked_for(tmp_path: Path) -> None:
    settings = _settings(tmp_path, SourceSettings(seed=3, start="2024-02-29"))
    assert open_source(settings).identity.name == ("synthetic:seed=3:start=2024-02-29")


@pytest.mark.kafka
def test_a_new_city_starts_sixty_days_ago_and_goes_on_with_that_day(
    tmp_path: Path, topic: Callable[[], KafkaSettings]
) -> None:
    kafka = topic()
    today = datetime.now(ZoneInfo("America/Los_Angeles")).date()
    fresh = open_source(_settings(tmp_path, SourceSettings(seed=9), kafka))
    days = [f"synthetic:seed=9:start={today - timedelta(days=ago)}" for ago in (60, 61)]
    assert fresh.identity.name in days  # 61: midnight has just passed

    first = SourceSettings(seed=9, start=str(date(2025, 3, 1)), speed="max", limit=5)
    settings = _settings(tmp_path, first, kafka)
    published = publish_source(settings, open_source(settings), Event(), print)
    assert (published.sent, published.finished) == (5, True)

    again = _settings(tmp_path, msgspec.structs.replace(first, start=""), kafka)
    assert open_source(again).identity.name == "synthetic:seed=9:start=2025-03-01"
    other = _settings(tmp_path, msgspec.structs.replace(first, start="", seed=10), kafka)
    days = [day.replace("seed=9", "seed=10") for day in days]
    assert open_source(other).identity.name in days
