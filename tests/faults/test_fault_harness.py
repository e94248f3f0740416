"""A small fixed part of the faults, and the harness's own: what it is for, it finds."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from one_run import CONTROL_KIND, Run
from schedule import chosen
from service import Service

from sfcrime.store import STORE_FILE

pytestmark = [pytest.mark.end_to_end, pytest.mark.kafka]

FAULTS = ("at-in-commit", "kill-broker", "kill-worker", "burst-copies", "old-backup")


def test_one_service_lives_through_faults_and_a_miscount_is_found(tmp_path: Path) -> None:
    with Service(tmp_path, "embedded", 4711, with_page=False) as service:
        run = Run(service, 1, random.Random(4711))
        kinds = [CONTROL_KIND, *chosen(FAULTS)]
        results = [run.live_through(kind, number) for number, kind in enumerate(kinds)]

        assert [each.violations for each in results] == [()] * 6
        assert service.observer.polls["store"] > 10
        # A call that nobody made: the audit and the observer have to find it.
        with closing(sqlite3.connect(service.data_dir / STORE_FILE, isolation_level=None)) as store:
            store.execute(
                "UPDATE cell SET calls = calls + 1 WHERE window_s = (SELECT min(window_s) FROM "
                "cell) AND call_type_id = (SELECT min(call_type_id) FROM cell)"
            )
        miscounted = run.live_through(CONTROL_KIND, 6)

    assert miscounted.audit.code == 3
    assert any("counted and its cells" in each for each in miscounted.contradictions)
