"""How the exercise's query keeps its state."""

from __future__ import annotations

from pathlib import Path

import pytest
from spark_state import (
    SHUFFLE_PARTITIONS,
    STATE_STORE,
    StateChoice,
    last_committed,
    require_free_properties,
    state_properties,
)

from sfcrime.errors import UsageError

WEEK_S = 604_800


def test_the_state_is_kept_as_asked_while_a_watermark_bounds_it() -> None:
    properties = state_properties(StateChoice(8, "memory"), WEEK_S)

    assert properties[SHUFFLE_PARTITIONS] == "8"
    assert properties[STATE_STORE].endswith(".HDFSBackedStateStoreProvider")
    rocksdb = state_properties(StateChoice(8, "rocksdb"), WEEK_S)
    assert rocksdb[STATE_STORE].endswith(".RocksDBStateStoreProvider")


def test_without_a_lateness_rule_nothing_is_forgotten_and_the_state_is_on_disk() -> None:
    properties = state_properties(StateChoice(8, "memory"), None)

    assert properties[STATE_STORE].endswith(".RocksDBStateStoreProvider")


@pytest.mark.parametrize(
    ("name", "option"),
    [(SHUFFLE_PARTITIONS, "--shuffle-partitions"), (STATE_STORE, "--state-store")],
)
def test_what_has_an_option_of_its_own_is_no_property(name: str, option: str) -> None:
    with pytest.raises(UsageError, match=f"The option {option} sets it"):
        require_free_properties({"spark.speculation": "true", name: "2"})


def test_the_newest_committed_batch_is_found_by_number(tmp_path: Path) -> None:
    assert last_committed(tmp_path) is None

    for name in ("9", "10", ".10.crc"):
        (tmp_path / "commits").mkdir(exist_ok=True)
        (tmp_path / "commits" / name).touch()

    assert last_committed(tmp_path) == 10
