"""Where a setting comes from, what is refused, and how settings travel to a child process."""

from __future__ import annotations

from pathlib import Path

import pytest

from sfcrime.errors import UsageError
from sfcrime.settings import (
    KafkaSettings,
    Settings,
    SourceSettings,
    StoreSettings,
    StreamSettings,
)
from sfcrime.settings_loading import as_environment, load_settings


def settings_file(folder: Path, text: str) -> dict[str, str]:
    """An environment that names a settings file of this text."""
    path = folder / "sfcrime.toml"
    path.write_text(text, encoding="utf-8")
    return {"SFCRIME_CONFIG": str(path)}


def test_without_anything_the_defaults_are_those_of_a_first_run() -> None:
    settings = load_settings(environment={})

    assert settings.kafka.topic == "org.sf.police.calls"
    assert settings.kafka.port == 9092
    assert settings.kafka.bootstrap_servers == ""
    assert settings.source.source == "synthetic"
    assert settings.stream.window_minutes == 60
    assert settings.stream.lateness_hours is None
    assert settings.store.data_dir == "data"


def test_a_flag_goes_before_the_environment_and_that_before_the_file(tmp_path: Path) -> None:
    environment = settings_file(
        tmp_path, '[kafka]\nport = 1\ntopic = "of-the-file"\npartitions = 3\n'
    )
    environment |= {"SFCRIME_KAFKA_PORT": "2", "SFCRIME_KAFKA_TOPIC": "of-the-environment"}

    settings = load_settings({"kafka": {"port": 3}}, environment)

    assert settings.kafka.port == 3
    assert settings.kafka.topic == "of-the-environment"
    assert settings.kafka.partitions == 3


def test_several_sources_stand_on_a_line_each_and_reach_a_child_process() -> None:
    settings = Settings(source=SourceSettings(source="a.csv\nmore calls/*.json\n"))

    assert settings.source.names == ["a.csv", "more calls/*.json"]
    assert load_settings(environment=as_environment(settings)) == settings


def test_a_flag_that_was_not_given_changes_nothing() -> None:
    settings = load_settings({"kafka": {"port": None}}, {"SFCRIME_KAFKA_PORT": "2"})

    assert settings.kafka.port == 2


def test_a_room_and_a_setting_may_have_names_of_several_words() -> None:
    settings = load_settings(environment={"SFCRIME_STREAM_MAX_RECORDS_PER_BATCH": "7"})

    assert settings.stream.max_records_per_batch == 7


def test_the_two_short_variables_stand_for_their_settings() -> None:
    settings = load_settings(
        environment={"SFCRIME_JAVA_HOME": "/opt/java", "SFCRIME_DATA_DIR": "/var/calls"}
    )

    assert settings.jvm.java_home == "/opt/java"
    assert settings.store.data_dir == "/var/calls"
    assert settings.data_dir == Path("/var/calls")


def test_variables_of_other_programs_are_not_looked_at() -> None:
    assert load_settings(environment={"JAVA_HOME": "/old", "PORT": "x"}) == Settings()


@pytest.mark.parametrize(
    ("variable", "said"),
    [
        ("SFCRIME_KAFKA_PROT", "The setting kafka.prot does not exist"),
        ("SFCRIME_COCKPIT_PORT", "SFCRIME_COCKPIT_PORT, which is no setting"),
        ("SFCRIME_PORT", "SFCRIME_PORT, which is no setting"),
    ],
)
def test_an_unknown_variable_is_refused_by_name(variable: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        load_settings(environment={variable: "1"})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[kafka]\nprot = 9092\n", "The setting kafka.prot does not exist"),
        ("[cockpit]\nport = 1\n", "The setting cockpit.port does not exist"),
        ("kafka = 9092\n", "sets kafka outside of a table"),
        ("port = 9092\n", "sets port outside of a table"),
        ("[kafka\n", "cannot be read"),
    ],
)
def test_a_settings_file_with_anything_else_is_refused(
    tmp_path: Path, text: str, said: str
) -> None:
    environment = settings_file(tmp_path, text) | {"SFCRIME_KAFKA_TOPIC": "calls"}

    with pytest.raises(UsageError, match=said):
        load_settings(environment=environment)


def test_a_settings_file_that_is_missing_or_no_text_is_refused(tmp_path: Path) -> None:
    not_text = tmp_path / "latin.toml"
    not_text.write_bytes(b'[kafka]\ntopic = "Caf\xe9"\n')

    for path in (tmp_path / "missing.toml", tmp_path, not_text):
        with pytest.raises(UsageError, match=r"cannot be read.*\n.*unset SFCRIME_CONFIG"):
            load_settings(environment={"SFCRIME_CONFIG": str(path)})


@pytest.mark.parametrize(
    ("room", "name", "value"),
    [
        ("kafka", "port", -1),
        ("kafka", "port", 65_536),
        ("kafka", "port", "many"),
        ("kafka", "topic", "a topic"),
        ("kafka", "topic", "x" * 250),
        ("kafka", "partitions", 0),
        ("kafka", "partitions", 257),
        ("kafka", "heap", "256"),
        ("source", "speed", "fast"),
        ("source", "speed", "-1x"),
        ("source", "speed", "0.0x"),
        ("source", "speed", ""),
        ("source", "speed", "nan"),
        ("source", "limit", -1),
        ("source", "seed", -1),
        ("source", "start", "today"),
        ("source", "start", "2018-02-30"),
        ("source", "source", ["a.csv", 7]),
        ("jvm", "startup_cache", "on"),
        ("stream", "window_minutes", 0),
        ("stream", "window_minutes", 120),
        ("stream", "lateness_hours", -1),
        ("stream", "max_records_per_batch", 0),
        ("stream", "trigger_ms", -1),
        ("stream", "lateness_hours", 1_000_001),
        ("stream", "lateness_hours", "never"),
        ("store", "progress_rows", 9),
        ("store", "rejected_rows", -1),
        ("store", "late_rows", -1),
    ],
)
def test_a_value_out_of_its_bounds_is_refused_in_a_sentence_with_an_example(
    room: str, name: str, value: object
) -> None:
    with pytest.raises(UsageError) as refused:
        load_settings({room: {name: value}}, {})

    assert refused.value.happened.startswith(f"The setting {room}.{name} cannot be ")
    assert refused.value.rule.startswith("It takes ")
    example = refused.value.next_step.removeprefix("for example ")
    load_settings({room: {name: example}}, {})
    for mark in ("regex", "$", "^", "\\", "Expected", "`str`", "`int`"):
        assert mark not in str(refused.value)


def test_a_refused_value_is_answered_with_an_example_of_the_place_it_came_from(
    tmp_path: Path,
) -> None:
    written = settings_file(tmp_path, '[source]\nspeed = "abc"\n')
    flag = ({"source": {"speed": "abc"}}, {}, {("source", "speed"): "--speed"})
    said = []
    for flags, environment, spelled in (
        flag,
        ({}, {"SFCRIME_SOURCE_SPEED": "abc"}, {}),
        ({}, {"SFCRIME_DATA_DIR": "/var/calls"} | written, {}),
    ):
        with pytest.raises(UsageError) as refused:
            load_settings(flags, environment, spelled=spelled)
        said.append(str(refused.value).splitlines())

    assert said[0] == [
        "The setting source.speed cannot be 'abc'.",
        "It takes `max`, or a number above 0 with or without an x after it: `max`, or how many "
        "times faster than the calls came in.",
        "Next step: for example --speed 1800x",
    ]
    assert said[1] == [*said[0][:2], "Next step: for example SFCRIME_SOURCE_SPEED=1800x"]
    assert said[2] == [
        *said[0][:2],
        f'Next step: for example speed = "1800x" under [source] in {written["SFCRIME_CONFIG"]}',
    ]


def test_a_day_that_a_file_writes_without_quotes_is_told_how_to_write_it(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be 2018-10-02") as refused:
        load_settings(environment=settings_file(tmp_path, "[source]\nstart = 2018-10-02\n"))

    assert 'start = "2018-10-02" under [source]' in refused.value.next_step


@pytest.mark.parametrize(
    ("room", "name", "value"),
    [
        ("kafka", "port", 0),
        ("kafka", "port", 65_535),
        ("kafka", "partitions", 256),
        ("source", "speed", "max"),
        ("source", "speed", "0.5x"),
        ("source", "seed", 2**63 - 1),
        ("source", "start", "2018-10-02"),
        ("stream", "lateness_hours", 0),
        ("stream", "lateness_hours", 1_000_000),
        ("stream", "lateness_hours", "off"),
    ],
)
def test_a_value_on_its_bound_is_taken(room: str, name: str, value: object) -> None:
    settings = load_settings({room: {name: value}}, {})

    assert getattr(getattr(settings, room), name) == value


@pytest.mark.parametrize("minutes", [7, 25, 45, 59])
def test_a_window_that_does_not_divide_an_hour_is_refused(minutes: int) -> None:
    with pytest.raises(UsageError, match=f"window_minutes cannot be {minutes}"):
        load_settings({"stream": {"window_minutes": minutes}}, {})


@pytest.mark.parametrize("minutes", [1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60])
def test_a_window_that_divides_an_hour_is_taken(minutes: int) -> None:
    settings = load_settings({"stream": {"window_minutes": minutes}}, {})

    assert settings.stream.window_minutes == minutes


def test_settings_reach_a_child_process_unchanged() -> None:
    settings = Settings(
        kafka=KafkaSettings(port=0, bootstrap_servers="a:1,b:2", topic="calls", partitions=3),
        source=SourceSettings(source="/a folder/calls.json", speed="max", limit=10, seed=2),
        stream=StreamSettings(window_minutes=15, lateness_hours=1.5, trigger_ms=0, ui_port=0),
        store=StoreSettings(data_dir="/var/calls", progress_rows=10, rejected_rows=0, late_rows=7),
    )

    assert load_settings(environment=as_environment(settings)) == settings


def test_a_lateness_of_nothing_is_not_taken_for_an_unset_one() -> None:
    settings = Settings(stream=StreamSettings(lateness_hours=0.0))

    assert as_environment(settings)["SFCRIME_STREAM_LATENESS_HOURS"] == "0.0"
    assert load_settings(environment=as_environment(settings)).stream.lateness_hours == 0.0


def test_what_is_empty_or_unset_is_no_variable() -> None:
    found = as_environment(Settings())

    assert found["SFCRIME_KAFKA_PORT"] == "9092"
    assert "SFCRIME_KAFKA_BOOTSTRAP_SERVERS" not in found
    assert "SFCRIME_STREAM_LATENESS_HOURS" not in found
    assert load_settings(environment=found) == Settings()


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        load_settings(environment={}).kafka.port = 1  # type: ignore[misc]


def test_a_table_of_spark_properties_comes_from_the_file_with_dots_quoted_or_not(
    tmp_path: Path,
) -> None:
    environment = settings_file(
        tmp_path,
        '[stream.spark_properties]\n"spark.speculation" = true\nspark.locality.wait = 0\n'
        "[stream.source_options]\nmaxTriggerDelay = '5s'\nkafka.max.poll.records = 500\n",
    )

    stream = load_settings(environment=environment).stream

    assert stream.spark_properties == {"spark.speculation": "true", "spark.locality.wait": "0"}
    assert stream.source_options == {"maxTriggerDelay": "5s", "kafka.max.poll.records": "500"}


def test_a_table_travels_to_a_child_process_as_json() -> None:
    given = {"stream": {"spark_properties": {"spark.a": "x, y = 'z'"}}}
    settings = load_settings(given, environment={})

    environment = as_environment(settings)

    assert environment["SFCRIME_STREAM_SPARK_PROPERTIES"] == '{"spark.a": "x, y = \'z\'"}'
    assert "SFCRIME_STREAM_SOURCE_OPTIONS" not in environment
    assert load_settings(environment=environment) == settings


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("SPARK_PROPERTIES", "spark.a=1", "cannot be read"),
        ("SPARK_PROPERTIES", "[1]", "is no table"),
        ("SPARK_PROPERTIES", '{"sql.shuffle": "1"}', "names 'sql.shuffle'"),
        ("SPARK_PROPERTIES", '{"spark.a b": "1"}', "names 'spark.a b'"),
        ("SPARK_PROPERTIES", '{"spark.a": "1\\nspark.master=x"}', "control characters"),
        ("SOURCE_OPTIONS", '{"kafka acks": "1"}', "names 'kafka acks'"),
        ("STATE_STORE", "memory", "The setting stream.state_store does not exist"),
    ],
)
def test_a_table_with_anything_else_is_refused(variable: str, value: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        load_settings(environment={f"SFCRIME_STREAM_{variable}": value})


@pytest.mark.parametrize(
    "name",
    [
        "spark.ssl.keyStorePassword",
        "spark.authenticate.secret",
        "spark.hadoop.fs.s3a.access.key",
        "spark.kafka.clusters.x.sasl.token.mechanism",
        "spark.kerberos.keytab",
        "spark.my.sasl.jaas.config",
        "spark.cloud.apiKey",
    ],
)
def test_a_property_that_looks_like_a_credential_is_refused_without_showing_it(name: str) -> None:
    with pytest.raises(UsageError, match="looks like a credential") as refused:
        load_settings({"stream": {"spark_properties": {name: "hunter2"}}}, environment={})

    assert "hunter2" not in str(refused.value)
