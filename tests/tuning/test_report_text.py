"""How figures and settings are said."""

from __future__ import annotations

import pytest

from sfcrime.tuning.effects import Effect
from sfcrime.tuning.report_text import effect_text, figure, how_to_set, listed, times


@pytest.mark.parametrize(
    ("ratio", "text"),
    [(0.00482, "x0.0048"), (0.199, "x0.20"), (1.0, "x1.00"), (49.52, "x49.5"), (1620.4, "x1,620")],
)
def test_a_ratio_has_the_digits_that_mean_something(ratio: float, text: str) -> None:
    assert times(ratio) == text


def test_a_figure_has_its_unit_or_was_not_measured() -> None:
    assert figure(52_310.4, "records/s") == "52,310 records/s"
    assert figure(7.126, "us a record") == "7.13 us a record"
    assert figure(None, "ms") == "not measured"


def test_an_effect_says_what_it_comes_to() -> None:
    assert effect_text(Effect(2.0, (1.5, 2.5), True)) == "**x2.00** better (x1.50 to x2.50)"
    assert effect_text(Effect(1.1, (0.9, 1.3), True)) == "no measurable effect (x0.90 to x1.30)"
    assert effect_text(Effect(1.1, None, True)) == "x1.10"


def test_a_configuration_is_given_as_variables() -> None:
    changes = {
        "max_records_per_batch": "unbounded",
        "partitions": "4",
        "option.maxTriggerDelay": "1s",
        "spark.speculation": "true",
    }
    assert how_to_set(changes) == (
        "`SFCRIME_STREAM_MAX_RECORDS_PER_BATCH=1000000000`, `SFCRIME_KAFKA_PARTITIONS=4`, "
        """`SFCRIME_STREAM_SOURCE_OPTIONS='{"maxTriggerDelay": "1s"}'`, """
        """`SFCRIME_STREAM_SPARK_PROPERTIES='{"spark.speculation": "true"}'`"""
    )
    assert how_to_set({}) == ""


def test_things_are_listed_as_in_a_sentence() -> None:
    assert [listed(list(each)) for each in ("", "a", "ab", "abc")] == [
        "",
        "a",
        "a and b",
        "a, b and c",
    ]
