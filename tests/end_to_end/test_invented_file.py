"""A small file from end to end: publish, count, look at it from every side, run again."""

from __future__ import annotations

import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError

import pytest

from invented_calls import hour_of_calls, write_newest_first
from running import (
    LOOPBACK_ADDRESSES,
    Digest,
    Sfcrime,
    alive,
    command_line,
    listening_addresses,
    opened_to_others,
)
from sfcrime.domain.outcomes import Accounting
from sfcrime.machine.own_folder import memory_folder
from sfcrime.pipeline.activity import StreamActivity, read_activity

pytestmark = pytest.mark.end_to_end

HOURS = 50
BROKEN: list[object] = [
    17,
    {**hour_of_calls(3)[0], "crime_id": "18275000l"},
    {**hour_of_calls(4)[0], "crime_id": "900000001", "call_date_time": "1999-12-31T23:59:59"},
]
ACCOUNTING = {
    "read": 2013,
    "counted": 2000,
    "duplicate": 10,
    "late": 0,
    "rejected": 3,
    "gaps": 0,
}


@dataclass(frozen=True)
class Finished:
    """What was seen of the run, and the folder it left."""

    sfcrime: Sfcrime
    file: Path
    code: int
    out: str
    ui_page: str
    ui_url: str
    listened_on: set[str]
    opened_to_others: list[str]
    """Under a umask of 0, while it ran."""
    left_alive: list[str]

    @property
    def run_arguments(self) -> list[str]:
        return ["run", "--source", str(self.file), *TO_THE_END, "--no-dashboard"]


TO_THE_END = ["--speed", "max", "--until-caught-up", "--port", "0"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Finished]:
    folder = tmp_path_factory.mktemp("invented")
    calls: list[object] = [call for hour in range(HOURS) for call in hour_of_calls(hour)]
    calls += [*calls[100:110], *BROKEN]  # ten calls of the first hours once more
    file = folder / "calls.json"
    write_newest_first(file, calls)
    sfcrime = Sfcrime(folder / "data", umask=0)
    arguments = ["run", "--source", str(file), *TO_THE_END, "--ui-port", "0"]
    with sfcrime.started(*arguments) as run:
        page, url = _streaming_page(sfcrime.data_dir)
        tree = run.tree()
        listened_on = listening_addresses(tree)
        open_files = [
            file
            for place in (sfcrime.data_dir, memory_folder(sfcrime.data_dir))
            if place.exists()
            for file in opened_to_others(place)
        ]
        assert any("SparkSubmit" in command_line(each) for each in tree)
        assert any("kafka.Kafka" in command_line(each) for each in tree)
        code = run.wait()
        yield Finished(
            sfcrime, file, code, run.log(), page, url, listened_on, open_files, alive(tree)
        )


def _streaming_page(data_dir: Path) -> tuple[str, str]:
    """The Structured Streaming tab, as soon as it shows the query."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        url = read_activity(data_dir, StreamActivity).ui_url
        if url:
            try:
                with urllib.request.urlopen(  # noqa: S310 - loopback, as the next test checks
                    f"{url}/StreamingQuery/", timeout=10
                ) as answer:
                    page = answer.read().decode()
            except URLError:
                continue
            if "calls" in page:
                return page, url
        time.sleep(0.05)
    raise AssertionError("the Spark UI never showed the query")


def test_the_run_ends_by_itself_when_everything_is_accounted_for(finished: Finished) -> None:
    assert finished.code == 0, finished.out
    assert "read 2,013 = counted 2,000 + duplicate 10 + late 0 + rejected 3" in finished.out
    assert finished.left_alive == []


def test_a_run_that_ends_by_itself_had_its_page_to_the_end(finished: Finished) -> None:
    """Even one so short that the page had hardly begun to start."""
    log = (finished.sfcrime.data_dir / "run" / "dashboard.log").read_text("utf-8")
    assert "Traceback" not in log


def test_the_spark_ui_shows_the_query_on_loopback(finished: Finished) -> None:
    assert finished.ui_url.startswith("http://127.0.0.1:")
    assert "Structured Streaming" in finished.ui_page
    assert "Active Streaming Queries" in finished.ui_page


def test_nothing_listens_beyond_loopback(finished: Finished) -> None:
    assert finished.listened_on
    assert finished.listened_on <= LOOPBACK_ADDRESSES


def test_nobody_else_can_open_what_a_run_makes_whatever_the_umask(finished: Finished) -> None:
    assert finished.opened_to_others == []
    assert opened_to_others(finished.sfcrime.data_dir) == []


def test_a_run_writes_no_line_for_each_batch(finished: Finished) -> None:
    """There are ten a second, for months."""
    log = (finished.sfcrime.data_dir / "run" / "stream.log").read_text("utf-8")
    assert "Spark UI: " in log
    assert "batch 0" not in log


def test_status_says_what_became_of_every_record(finished: Finished) -> None:
    status = finished.sfcrime("status", "--json").json
    assert status["accounting"] == ACCOUNTING
    assert status["source"] == "calls.json"
    assert status["synthetic"] is False
    assert status["settings"]["lateness_rule"] == "on"
    assert status["settings"]["lateness_s"] == 604_800
    assert status["freshness"]["as_of"] == "2018-10-04T01:58:30"
    assert sum(each["end_offset"] for each in status["partitions"]) == 2013


def test_the_report_of_raw_labels_has_every_cell(finished: Finished) -> None:
    answer = finished.sfcrime(
        "report", "--by", "type,disposition", "--every", "all", "--raw", "--json"
    ).json
    rows = {(row["type"], row["disposition"]): row["calls"] for row in answer["rows"]}
    assert rows == {
        ("Passing Call", "HAN"): 1500,
        ("Traf Violation Cite", "CIT"): 350,
        ("Poss", "ND"): 100,
        ("22500e", ""): 50,
    }


def test_the_report_by_hour_has_every_hour(finished: Finished) -> None:
    answer = finished.sfcrime("report", "--by", "disposition", "--every", "hour", "--json").json
    by_hour: dict[str, int] = {}
    for row in answer["rows"]:
        by_hour[row["window_start"]] = by_hour.get(row["window_start"], 0) + row["calls"]
    assert len(by_hour) == 50
    assert (min(by_hour), max(by_hour)) == ("2018-10-02T00:00:00", "2018-10-04T01:00:00")
    assert set(by_hour.values()) == {40}


def test_the_rejected_records_are_listed_by_reason(finished: Finished) -> None:
    answer = finished.sfcrime("rejected", "--json").json
    assert answer["by_reason"] == {
        "not-an-object": 1,
        "bad-call-id": 1,
        "year-out-of-range": 1,
    }
    assert len(answer["rejected"]) == 3


def test_no_record_is_late(finished: Finished) -> None:
    answer = finished.sfcrime("late", "--json").json
    assert (answer["late"], answer["total"], answer["allowed_lateness_s"]) == ([], 0, 604_800)


def test_the_audit_finds_no_difference(finished: Finished) -> None:
    audit = finished.sfcrime("audit", "--json")
    assert audit.code == 0, audit.err
    assert audit.json["cells"] == 200
    assert audit.json["differing"] == 0
    assert audit.json["accounting"] == ACCOUNTING


def test_a_second_run_publishes_and_counts_nothing_again(finished: Finished) -> None:
    before = finished.sfcrime.digest()
    assert before == Digest(Accounting(2013, 2000, 10, 0, 3, 0), 200, before.sha256)

    again = finished.sfcrime(*finished.run_arguments)

    assert again.code == 0, again.out + again.err
    assert "lag 0; producer done" in again.out
    assert finished.sfcrime.digest() == before
    producer_log = (finished.sfcrime.data_dir / "run" / "producer.log").read_text()
    assert "Published 0 records to its end; 2,013 were there already." in producer_log


def test_another_source_is_refused_and_nothing_changes(finished: Finished, tmp_path: Path) -> None:
    before = finished.sfcrime.digest()
    other = tmp_path / "other.json"
    write_newest_first(other, [*hour_of_calls(0)])

    refused = finished.sfcrime("produce", str(other))

    assert refused.code == 1
    assert "One topic holds one source." in refused.err
    assert finished.sfcrime.digest() == before
