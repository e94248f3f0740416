"""What Prometheus gets, and that the Grafana dashboard asks for nothing else."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families

from dashboard.conftest import Asked
from dashboard.serving import COMMITTED_MS, SEEN, SUPERVISION, GivenSource
from sfcrime.dashboard.serving import app as app_module
from sfcrime.domain.outcomes import Reason
from sfcrime.pipeline.activity import write_activity

GRAFANA = Path(__file__).resolve().parents[2] / "docs" / "grafana" / "sfcrime.json"

Samples = dict[str, float]


@pytest.fixture
def samples(asked: Asked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Samples:
    """`name{label="value"}` -> value of one answer; every part works."""
    works = tuple(
        part if part.state == "done" else msgspec.structs.replace(part, state="up")
        for part in SUPERVISION.parts
    )
    write_activity(tmp_path, msgspec.structs.replace(SUPERVISION, parts=works))
    monkeypatch.setattr(app_module, "now_ms", lambda: COMMITTED_MS + 1_000)
    answer = asked().get("/metrics")
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    return samples_of(answer.text)


def samples_of(text: str) -> Samples:
    found = {}
    for family in text_string_to_metric_families(text):
        for each in family.samples:
            labels = ",".join(f'{name}="{value}"' for name, value in each.labels.items())
            found[f"{each.name}{{{labels}}}" if labels else each.name] = each.value
    return found


def test_the_outcomes_add_up_to_what_was_read(samples: Samples) -> None:
    assert samples['sfcrime_records_total{outcome="counted"}'] == 10
    assert samples['sfcrime_records_total{outcome="duplicate"}'] == 1
    assert samples['sfcrime_records_total{outcome="late"}'] == 1
    assert samples['sfcrime_records_total{outcome="rejected"}'] == 3
    assert samples["sfcrime_gaps_total"] == 1
    assert samples["sfcrime_batches_total"] == 2


def test_each_reason_has_a_series_even_one_that_never_applied(samples: Samples) -> None:
    reasons = {name for name in samples if name.startswith("sfcrime_rejected_total")}

    assert reasons == {f'sfcrime_rejected_total{{reason="{each.value}"}}' for each in Reason}
    assert samples['sfcrime_rejected_total{reason="not-json"}'] == 2
    assert samples['sfcrime_rejected_total{reason="too-large"}'] == 0


def test_the_lag_and_what_was_read_are_told_by_partition(samples: Samples) -> None:
    assert samples['sfcrime_lag_records{partition="0"}'] == 5
    assert samples['sfcrime_lag_records{partition="1"}'] == 7
    assert samples["sfcrime_lag_known"] == 1
    assert samples['sfcrime_offset{partition="1"}'] == 15


def test_times_are_instants_in_seconds(samples: Samples) -> None:
    assert samples["sfcrime_committed_timestamp_seconds"] == 1_538_500_061.789
    assert samples["sfcrime_newest_call_timestamp_seconds"] == 1_538_499_660


def test_the_newest_batch_is_told_with_its_phases(samples: Samples) -> None:
    assert samples["sfcrime_batch_duration_seconds"] == 0.4
    assert samples['sfcrime_batch_phase_seconds{phase="addBatch"}'] == 0.3
    assert samples['sfcrime_batch_phase_seconds{phase="queryPlanning"}'] == 0.02
    assert samples["sfcrime_batch_input_rows"] == 250
    assert samples["sfcrime_batch_input_rows_per_second"] == 250
    assert samples["sfcrime_batch_processed_rows_per_second"] == 625


def test_job_and_server_are_told(samples: Samples) -> None:
    assert samples["sfcrime_job_starts_total"] == 3
    assert samples["sfcrime_stale"] == 0
    assert samples["sfcrime_event_clients"] == 0
    assert samples["sfcrime_event_snapshots_total"] == 0
    assert samples["sfcrime_event_clients_dropped_total"] == 0
    assert samples["sfcrime_store_restarts_total"] == 1
    assert samples["process_resident_memory_bytes"] > 0


def test_the_parts_are_told_with_their_restarts(samples: Samples) -> None:
    assert samples['sfcrime_part_up{part="broker"}'] == 1
    assert samples['sfcrime_part_up{part="producer"}'] == 1
    assert samples['sfcrime_part_restarts_total{part="broker"}'] == 1
    assert samples['sfcrime_part_restarts_total{part="producer"}'] == 0
    assert samples['sfcrime_part_restarts_total{part="stream"}'] == 2


def test_a_part_that_is_down_is_0_and_the_numbers_are_stale(
    asked: Asked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_activity(tmp_path, SUPERVISION)
    monkeypatch.setattr(app_module, "now_ms", lambda: COMMITTED_MS + 1_000)

    samples = samples_of(asked().get("/metrics").text)

    assert samples['sfcrime_part_up{part="broker"}'] == 0
    assert samples['sfcrime_part_up{part="producer"}'] == 1
    assert samples['sfcrime_part_up{part="stream"}'] == 1
    assert samples["sfcrime_stale"] == 1


def test_where_nobody_supervises_no_part_is_told(
    asked: Asked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_activity(tmp_path, SUPERVISION)
    monkeypatch.setattr(app_module, "now_ms", lambda: COMMITTED_MS + 60_000)

    assert "sfcrime_part" not in asked().get("/metrics").text


def test_a_job_that_is_gone_is_stale(asked: Asked) -> None:
    assert samples_of(asked().get("/metrics").text)["sfcrime_stale"] == 1


def test_before_anything_is_counted_only_the_server_tells_of_itself(
    asked: Asked, source: GivenSource
) -> None:
    source.seen = None

    samples = samples_of(asked().get("/metrics").text)

    assert samples["sfcrime_event_clients"] == 0
    assert not [name for name in samples if name.startswith("sfcrime_records")]


def test_labels_are_few_whatever_the_store_holds(asked: Asked, source: GivenSource) -> None:
    """Text of records never becomes a label; of a phase, whose name Spark gives, it is plain."""
    batch = replace(SEEN.progress[0], phases_ms={'a"} 1\nsfcrime_stale': 1, "addBatch": 2})
    source.seen = replace(SEEN, progress=(batch,), rejected_by_reason={"of-tomorrow": 1})

    samples = samples_of(asked().get("/metrics").text)

    assert 'sfcrime_rejected_total{reason="of-tomorrow"}' not in samples
    assert samples["sfcrime_stale"] == 1
    labels = {name for key in samples for name in re.findall(r'[{,](\w+)="', key)}
    assert labels <= {
        "outcome", "reason", "partition", "phase", "part", "version",
        "implementation", "major", "minor", "patchlevel",
    }  # fmt: skip


def dashboard() -> Any:
    return json.loads(GRAFANA.read_text(encoding="utf-8"))


def expressions(panel: Any) -> list[str]:
    return [target["expr"] for target in panel.get("targets", [])]


def test_the_grafana_dashboard_asks_only_for_what_metrics_answers(samples: Samples) -> None:
    names = {key.split("{")[0] for key in samples}
    asked_for = {
        name
        for panel in dashboard()["panels"]
        for expression in expressions(panel)
        for name in re.findall(r"\b(?:sfcrime|process)_\w+", expression)
    }

    assert asked_for <= names
    assert len(asked_for) >= 15


def test_the_grafana_dashboard_shows_every_metric_of_the_stream(samples: Samples) -> None:
    text = " ".join(each for panel in dashboard()["panels"] for each in expressions(panel))
    ours = {key.split("{")[0] for key in samples if key.startswith("sfcrime_")}

    assert {name for name in ours if name not in text} == {"sfcrime_build_info", "sfcrime_offset"}


def test_each_grafana_panel_says_what_it_shows_and_asks_the_chosen_source() -> None:
    for panel in dashboard()["panels"]:
        if panel["type"] == "row":
            continue
        assert panel["description"], panel["title"]
        assert panel["datasource"] == {"type": "prometheus", "uid": "${source}"}
        assert expressions(panel)


def test_the_page_about_serving_lists_every_metric(samples: Samples) -> None:
    text = (GRAFANA.parents[1] / "serving.md").read_text(encoding="utf-8")

    listed = re.findall(r"^\| `(sfcrime_\w+)` \|", text, re.MULTILINE)

    assert sorted(listed) == sorted({key.split("{")[0] for key in samples if "sfcrime" in key})
