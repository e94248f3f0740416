"""The synthetic city: reproducible, reachable anywhere, and like the real one.

Expected figures are those measured on the 199,999 real calls; tolerances are about five standard
errors of a sample of 200,000 (a share p: sqrt(p(1-p)/200,000), 0.0022 of a half at most twice).
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from datetime import UTC, date, datetime
from itertools import islice, pairwise
from statistics import mean, variance

import pytest

from sfcrime.domain.calls import CALL_FIELDS, SourceIdentity, SourceRecord
from sfcrime.domain.standard_descriptions import STANDARD_DESCRIPTIONS
from sfcrime.domain.wall_clock import from_datetime
from sfcrime.errors import UsageError
from sfcrime.sources.city_hours import HOUR_US, plan_hour, records_in_hour
from sfcrime.sources.synthetic import (
    SyntheticCity,
    open_synthetic_source,
    parse_synthetic_identity,
)

START = date(2018, 10, 2)
SAMPLE = 200_000
FIRST = SourceRecord(
    sequence=0,
    key=b"182750001",
    value=(
        b'{"crime_id": "182750001", '
        b'"original_crime_type_name": "Trespasser", '
        b'"report_date": "2018-10-02T00:00:00.000", '
        b'"call_date": "2018-10-02T00:00:00.000", '
        b'"offense_date": "2018-10-02T00:00:00.000", '
        b'"call_time": "00:00", '
        b'"call_date_time": "2018-10-02T00:00:00.000", '
        b'"disposition": "ADV", '
        b'"address": "2700 Block Of Pine St", '
        b'"city": "San Francisco", '
        b'"state": "CA", '
        b'"agency_id": "synthetic", '
        b'"address_type": "Premise Address", '
        b'"common_location": ""}'
    ),
    published_at_ms=1538463600000,
)


def hour_at(*wall: int) -> int:
    return from_datetime(datetime(*wall)) // HOUR_US  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def records() -> list[SourceRecord]:
    return list(islice(open_synthetic_source(1, START).records(), SAMPLE))


@pytest.fixture(scope="module")
def calls(records: list[SourceRecord]) -> list[dict[str, str]]:
    return [json.loads(record.value) for record in records]


def shares(calls: list[dict[str, str]], field: str) -> dict[str, float]:
    return {value: n / len(calls) for value, n in Counter(c[field] for c in calls).items()}


def test_every_machine_makes_the_same_first_thousand_records(records: list[SourceRecord]) -> None:
    digest = hashlib.sha256()
    for record in records[:1000]:
        assert record.key is not None
        digest.update(b"%d %s %s\n" % (record.published_at_ms, record.key, record.value))
    assert digest.hexdigest() == "c2c6fb0afec85ec2358b988cdde06bfd22cef33a6f73da8e77b96909bfca92aa"


def test_the_first_record_is_the_one_written_here(records: list[SourceRecord]) -> None:
    assert records[0] == FIRST


def test_another_seed_is_another_city() -> None:
    one, two = (list(islice(open_synthetic_source(s, START).records(), 50)) for s in (1, 2))
    assert [r.value for r in one] != [r.value for r in two]


@pytest.mark.parametrize("start", [0, 1, 999, 12_345, 199_000])
def test_any_record_is_reached_directly(records: list[SourceRecord], start: int) -> None:
    fresh = open_synthetic_source(1, START)
    assert list(islice(fresh.records(start), 300)) == records[start : start + 300]


def test_reading_again_or_elsewhere_changes_nothing(records: list[SourceRecord]) -> None:
    source = open_synthetic_source(1, START)
    far = source.records(5_000)
    assert next(far) == records[5_000]
    assert list(islice(source.records(), 10)) == records[:10]
    assert next(far) == records[5_001]


def test_the_same_day_is_the_same_whatever_the_start(records: list[SourceRecord]) -> None:
    later = next(open_synthetic_source(1, date(2018, 10, 3)).records())
    assert later.value == next(r.value for r in records if b'"call_date": "2018-10-03' in r.value)


def test_sequences_have_no_holes_and_publication_never_runs_back(
    records: list[SourceRecord],
) -> None:
    assert [r.sequence for r in records] == list(range(SAMPLE))
    assert all(a.published_at_ms <= b.published_at_ms for a, b in pairwise(records))


def test_records_have_the_fields_and_forms_of_the_real_file(
    records: list[SourceRecord], calls: list[dict[str, str]]
) -> None:
    for record, call in zip(records[:5000], calls[:5000], strict=True):
        assert tuple(call) == CALL_FIELDS
        assert record.key == call["crime_id"].encode()
        assert call["report_date"] == call["call_date"] == call["offense_date"]
        assert call["call_date_time"] == f"{call['call_date'][:10]}T{call['call_time']}:00.000"
        assert (call["state"], call["agency_id"]) == ("CA", "synthetic")
        day = datetime.fromisoformat(call["call_date"])
        assert call["crime_id"][:5] == day.strftime("%y%j")
        assert len(call["crime_id"]) == 9
        assert call["crime_id"].isdigit()
    assert max(len(call["original_crime_type_name"]) for call in calls) == 20
    assert all(call["original_crime_type_name"].strip() for call in calls)


def test_call_numbers_grow_within_a_day_and_only_repeats_share_one(
    records: list[SourceRecord],
) -> None:
    seen: dict[bytes, SourceRecord] = {}
    newest = b""
    repeats = []
    for record in records:
        assert record.key is not None
        if record.key in seen:
            assert record.value == seen[record.key].value
            repeats.append(record.sequence - seen[record.key].sequence)
        else:
            assert record.key > newest
            seen[record.key] = record
            newest = record.key
    assert 1 <= len(repeats) <= 12  # 4 expected: a Poisson number
    assert max(repeats) <= 21


@pytest.mark.parametrize(
    ("sequence", "month", "offset"), [(0, "10", "-07:00"), (190_000, "12", "-08:00")]
)
def test_a_call_is_published_at_its_own_minute(
    records: list[SourceRecord], sequence: int, month: str, offset: str
) -> None:
    wall = json.loads(records[sequence].value)["call_date_time"][:19]
    assert wall[5:7] == month
    instant = datetime.fromisoformat(wall + offset)
    assert records[sequence].published_at_ms == instant.timestamp() * 1000


def test_types_come_in_the_measured_shares(calls: list[dict[str, str]]) -> None:
    found = shares(calls, "original_crime_type_name")
    assert found["Passing Call"] == pytest.approx(0.1759, abs=0.0045)
    assert found["Traffic Stop"] == pytest.approx(0.0677, abs=0.003)
    assert found["Traf Violation Cite"] == pytest.approx(0.0546, abs=0.0026)
    assert found["22500e"] == pytest.approx(0.0283, abs=0.0019)
    assert found["Burglary"] == pytest.approx(0.0071, abs=0.001)
    assert found["Strongarm Robbery"] == pytest.approx(0.0020, abs=0.0005)


def test_free_text_is_as_common_and_as_varied_as_measured(calls: list[dict[str, str]]) -> None:
    counts = Counter(call["original_crime_type_name"] for call in calls)
    outside = sum(n for _, n in counts.most_common()[60:]) / SAMPLE
    digits = sum(n for label, n in counts.items() if label[0].isdigit()) / SAMPLE
    standard = sum(n for label, n in counts.items() if label in STANDARD_DESCRIPTIONS)
    assert outside == pytest.approx(0.150, abs=0.004)
    assert digits == pytest.approx(0.1137, abs=0.004)
    assert standard / SAMPLE == pytest.approx(0.765, abs=0.006)
    assert 2_900 < len(counts) < 4_000  # 3,418 measured
    assert 1_800 < sum(n == 1 for n in counts.values()) < 2_800  # 2,193 measured


def test_types_follow_the_hours_of_their_day(calls: list[dict[str, str]]) -> None:
    def share_of_hours(label: str, first: int, last: int) -> float:
        hours = [int(c["call_time"][:2]) for c in calls if c["original_crime_type_name"] == label]
        return sum(first <= hour <= last for hour in hours) / len(hours)

    assert share_of_hours("Muni Inspection", 16, 18) == pytest.approx(0.738, abs=0.03)
    assert share_of_hours("Homeless Complaint", 7, 10) == pytest.approx(0.4544, abs=0.033)
    assert share_of_hours("22500e", 0, 5) == 0.0
    assert share_of_hours("Passing Call", 16, 18) == pytest.approx(0.2321, abs=0.012)


def test_dispositions_come_as_measured_unknown_ones_included(calls: list[dict[str, str]]) -> None:
    found = shares(calls, "disposition")
    assert found["HAN"] == pytest.approx(0.2882, abs=0.006)
    assert found["GOA"] == pytest.approx(0.1311, abs=0.004)
    assert found["Not recorded"] == pytest.approx(0.0962, abs=0.0035)
    assert found["CIT"] == pytest.approx(0.0920, abs=0.0035)
    assert found["REP"] == pytest.approx(0.0803, abs=0.0035)
    assert found["22"] == pytest.approx(0.0077, abs=0.001)
    assert found["OTS"] == pytest.approx(0.0013, abs=0.0005)
    assert found["GEN"] == pytest.approx(0.0011, abs=0.0005)
    assert {"INC", "DUP"} <= set(found)


def test_dispositions_depend_on_the_type(calls: list[dict[str, str]]) -> None:
    alarms = [c for c in calls if c["original_crime_type_name"] == "Audible Alarm"]
    stops = [c for c in calls if c["original_crime_type_name"] == "Traffic Stop"]
    assert shares(alarms, "disposition")["PAS"] == pytest.approx(0.525, abs=0.033)
    assert shares(stops, "disposition")["CIT"] == pytest.approx(0.572, abs=0.022)
    assert "PAS" not in shares(stops, "disposition")


def test_places_come_as_measured(calls: list[dict[str, str]]) -> None:
    kinds = shares(calls, "address_type")
    assert kinds["Premise Address"] == pytest.approx(0.5140, abs=0.006)
    assert kinds["Intersection"] == pytest.approx(0.3205, abs=0.006)
    assert kinds["Geo-Override"] == pytest.approx(0.0434, abs=0.0023)
    cities = shares(calls, "city")
    assert cities["San Francisco"] == pytest.approx(0.9638, abs=0.0025)
    assert cities[""] == pytest.approx(0.0214, abs=0.0017)
    assert cities["Treasure Isla"] == pytest.approx(0.0113, abs=0.0012)
    named = [c for c in calls if c["common_location"]]
    assert len(named) / SAMPLE == pytest.approx(0.1222, abs=0.004)
    assert {c["address_type"] for c in named} == {"Common Location"}


def test_hours_have_the_measured_means_and_bursts() -> None:
    # Two years of every hour of the week: 104 draws a cell, 17,472 in all.
    monday = hour_at(2018, 1, 1)
    cells = [
        [plan_hour(7, monday + week * 168 + hour).calls for week in range(104)]
        for hour in range(168)
    ]
    assert sum(map(sum, cells)) / (104 * 7) == pytest.approx(2202.6, rel=0.01)
    # A cell's mean has a standard error of sqrt(2.33 * mean / 104).
    assert mean(cells[0]) == pytest.approx(48.85, abs=5.3)
    assert mean(cells[17]) == pytest.approx(150.62, abs=9.2)
    assert mean(cells[6 * 24 + 5]) == pytest.approx(24.46, abs=3.7)
    dispersion = mean(variance(cell) / mean(cell) for cell in cells)
    assert dispersion == pytest.approx(2.33, abs=0.15)


def test_the_repeated_hour_has_the_calls_of_two() -> None:
    repeated = hour_at(2018, 11, 4, 1)
    twice = mean(plan_hour(seed, repeated).calls for seed in range(200))
    once = mean(plan_hour(seed, repeated - 168).calls for seed in range(200))
    assert twice == pytest.approx(2 * 69.54, abs=6.4)
    assert once == pytest.approx(69.54, abs=4.5)
    records = records_in_hour(1, repeated, 0)
    times = [json.loads(record.value)["call_time"] for record in records]
    assert times == sorted(times)
    assert {time[:2] for time in times} == {"01"}


def test_the_missing_hour_has_none() -> None:
    missing = hour_at(2019, 3, 10, 2)
    assert plan_hour(1, missing).records == 0
    assert records_in_hour(1, missing, 0) == []
    assert plan_hour(1, missing + 168).records > 0


def test_the_city_goes_on_past_the_present() -> None:
    noon = int(datetime(2018, 10, 2, 19, tzinfo=UTC).timestamp() * 1000)
    source = open_synthetic_source(1, START, clock=lambda: noon)
    assert source.total is None
    assert next(source.records(5_000)).published_at_ms > noon


@pytest.mark.parametrize("start", [date(1999, 12, 31), date(2018, 10, 3), date(2100, 1, 1)])
def test_a_start_before_2000_or_after_today_is_refused(start: date) -> None:
    evening = int(datetime(2018, 10, 3, 6, tzinfo=UTC).timestamp() * 1000)  # 23:00 on the 2nd
    with pytest.raises(UsageError, match=start.isoformat()):
        open_synthetic_source(1, start, clock=lambda: evening)
    open_synthetic_source(1, START, clock=lambda: evening)


def test_the_identity_names_seed_and_start() -> None:
    assert open_synthetic_source(7, START).identity == SourceIdentity(
        "synthetic:seed=7:start=2018-10-02", "synthetic city (seed 7)", synthetic=True
    )


def test_an_identity_is_read_back() -> None:
    read = parse_synthetic_identity("synthetic:seed=7:start=2018-10-02")
    assert read == SyntheticCity(7, date(2018, 10, 2))


@pytest.mark.parametrize(
    "name",
    [
        "file:cb1cf961047dfe57",
        "",
        "synthetic:seed=7",
        "synthetic:seed=-7:start=2018-10-02",
        "synthetic:seed=7:start=2018-02-30",
        "synthetic:seed=7:start=2018-10-02 ",
    ],
)
def test_any_other_name_is_no_synthetic_city(name: str) -> None:
    assert parse_synthetic_identity(name) is None
