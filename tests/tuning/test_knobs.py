"""How a value of a knob becomes a setting, and which configurations are the same."""

from __future__ import annotations

import pytest

from sfcrime.errors import UsageError
from sfcrime.machine.sizes import machine_cores
from sfcrime.settings import Settings
from sfcrime.tuning.knobs import (
    Query,
    base_values,
    configuration_name,
    differing,
    is_of,
    options_with,
    settings_with,
    spark_name,
)


def test_each_kind_of_knob_reaches_its_setting() -> None:
    changed = settings_with(
        Settings(),
        {
            "max_records_per_batch": "500",
            "partitions": "4",
            "trigger_ms": "0",
            "option.maxRatePerPartition": "100",
            "spark.streaming.backpressure.enabled": "true",
        },
    )

    assert changed.stream.max_records_per_batch == 500
    assert changed.kafka.partitions == 4
    assert changed.stream.trigger_ms == 0
    assert changed.stream.source_options == {"maxRatePerPartition": "100"}
    assert changed.stream.spark_properties == {"spark.streaming.backpressure.enabled": "true"}
    assert Settings().stream.source_options == {}


def test_what_is_of_the_exercise_alone_becomes_an_option_and_no_setting() -> None:
    changes = {"shuffle_partitions": "200", "state_store": "rocksdb", "trigger_ms": "0"}

    assert settings_with(Settings(), changes) == settings_with(Settings(), {"trigger_ms": "0"})
    assert options_with(changes) == ["--shuffle-partitions", "200", "--state-store", "rocksdb"]
    cores = str(machine_cores())
    assert options_with({}) == ["--shuffle-partitions", cores, "--state-store", "memory"]


def test_a_knob_is_of_one_query_or_of_both() -> None:
    both = ["partitions", "heap", "spark.speculation", "option.maxTriggerDelay"]
    assert [is_of(key, query) for key in both for query in Query] == [True] * 8
    for key in ("shuffle_partitions", "state_store"):
        assert is_of(key, Query.EXERCISE)
        assert not is_of(key, Query.PRODUCT)


def test_no_bound_is_more_records_than_any_topic_has() -> None:
    changed = settings_with(Settings(), {"max_records_per_batch": "unbounded"})
    assert changed.stream.max_records_per_batch == 1_000_000_000


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("shuffle", "2", "no knob shuffle"),
        ("trigger_ms", "soon", "cannot be 'soon'"),
        ("shuffle_partitions", "many", "shuffle_partitions cannot be 'many'"),
        ("shuffle_partitions", "1001", "cannot be '1001'"),
        ("shuffle_partitions", "0", "cannot be '0'"),
        ("state_store", "disk", "cannot be 'disk'"),
        ("spark.my.password", "x", "looks like a credential"),
    ],
)
def test_what_cannot_be_tried_is_refused(key: str, value: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        settings_with(Settings(), {key: value})


def test_each_query_has_a_base_of_its_own() -> None:
    product = base_values(Settings(), Query.PRODUCT)
    exercise = base_values(Settings(), Query.EXERCISE)

    assert product["max_records_per_batch"] == exercise["max_records_per_batch"] == "250000"
    assert exercise["shuffle_partitions"] == str(machine_cores())
    assert exercise["state_store"] == "memory"
    assert set(exercise) - set(product) == {"shuffle_partitions", "state_store"}


def test_a_value_of_the_base_is_no_change() -> None:
    base = {"shuffle_partitions": "2", "trigger_ms": "500"}

    assert differing({"trigger_ms": "500", "shuffle_partitions": "2"}, base) == {}
    assert differing({"trigger_ms": "0", "shuffle_partitions": "2"}, base) == {"trigger_ms": "0"}


def test_names_do_not_depend_on_the_order_of_changes() -> None:
    assert configuration_name({}) == "base"
    assert configuration_name({"b": "2", "a": "1"}) == "a=1, b=2"


def test_knobs_are_named_as_spark_names_them() -> None:
    assert spark_name("shuffle_partitions") == "spark.sql.shuffle.partitions"
    assert spark_name("option.maxRatePerPartition") == "source option maxRatePerPartition"
    assert spark_name("spark.speculation") == "spark.speculation"
