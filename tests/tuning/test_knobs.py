"""How a value of a knob becomes a setting, and which configurations are the same."""

from __future__ import annotations

import pytest

from sfcrime.errors import UsageError
from sfcrime.settings import Settings, StreamSettings
from sfcrime.tuning.knobs import (
    base_values,
    configuration_name,
    differing,
    is_inert,
    settings_with,
    spark_name,
)


def test_each_kind_of_knob_reaches_its_setting() -> None:
    changed = settings_with(
        Settings(),
        {
            "max_records_per_batch": "500",
            "shuffle_partitions": "200",
            "partitions": "4",
            "trigger_ms": "0",
            "state_store": "rocksdb",
            "option.maxRatePerPartition": "100",
            "spark.streaming.backpressure.enabled": "true",
        },
    )

    assert changed.stream.max_records_per_batch == 500
    assert changed.stream.shuffle_partitions == 200
    assert changed.kafka.partitions == 4
    assert changed.stream.trigger_ms == 0
    assert changed.stream.state_store == "rocksdb"
    assert changed.stream.source_options == {"maxRatePerPartition": "100"}
    assert changed.stream.spark_properties == {"spark.streaming.backpressure.enabled": "true"}
    assert Settings().stream.source_options == {}


def test_no_bound_is_more_records_than_any_topic_has() -> None:
    changed = settings_with(Settings(), {"max_records_per_batch": "unbounded"})
    assert changed.stream.max_records_per_batch == 1_000_000_000


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("shuffle", "2", "no knob shuffle"),
        ("shuffle_partitions", "many", "cannot be used"),
        ("shuffle_partitions", "1001", "cannot be used"),
        ("state_store", "disk", "cannot be used"),
        ("spark.my.password", "x", "looks like a credential"),
    ],
)
def test_what_cannot_be_tried_is_refused(key: str, value: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        settings_with(Settings(), {key: value})


def test_the_base_says_what_zero_shuffle_partitions_stand_for() -> None:
    three = Settings(stream=StreamSettings(shuffle_partitions=3))

    assert base_values(three)["shuffle_partitions"] == "3"
    assert int(base_values(Settings())["shuffle_partitions"]) >= 1
    assert base_values(three)["max_records_per_batch"] == "250000"


def test_a_value_of_the_base_is_no_change() -> None:
    base = {"shuffle_partitions": "2", "trigger_ms": "500"}

    assert differing({"trigger_ms": "500", "shuffle_partitions": "2"}, base) == {}
    assert differing({"trigger_ms": "0", "shuffle_partitions": "2"}, base) == {"trigger_ms": "0"}


def test_names_do_not_depend_on_the_order_of_changes() -> None:
    assert configuration_name({}) == "base"
    assert configuration_name({"b": "2", "a": "1"}) == "a=1, b=2"


def test_settings_that_do_nothing_are_known() -> None:
    assert is_inert({"option.maxRatePerPartition": "100"})
    assert is_inert({"trigger_ms": "0", "spark.streaming.backpressure.enabled": "true"})
    assert not is_inert({"trigger_ms": "0"})


def test_knobs_are_named_as_spark_names_them() -> None:
    assert spark_name("shuffle_partitions") == "spark.sql.shuffle.partitions"
    assert spark_name("option.maxRatePerPartition") == "source option maxRatePerPartition"
    assert spark_name("spark.speculation") == "spark.speculation"
