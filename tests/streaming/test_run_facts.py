"""What a run says of itself: settings as text, nothing secret, versions, Spark's own UI."""

from __future__ import annotations

from pathlib import Path

import pytest

from sfcrime.settings import KafkaSettings, Settings, StreamSettings
from sfcrime.settings_loading import SETTINGS
from sfcrime.streaming import run_facts
from sfcrime.streaming.run_facts import facts_of_run, settings_in_force


def test_every_setting_is_there_as_text() -> None:
    found = settings_in_force(Settings())
    assert set(found) == {f"{room}.{name}" for room, name in SETTINGS}
    assert found["kafka.port"] == "9092"
    assert found["stream.window_minutes"] == "60"
    assert found["stream.lateness_hours"] == ""
    assert found["stream.spark_properties"] == ""
    assert found["store.data_dir"] == "data"


def test_a_table_is_a_json_object() -> None:
    stream = StreamSettings(lateness_hours="off", spark_properties={"spark.ui.prometheus": "true"})
    found = settings_in_force(Settings(stream=stream))
    assert found["stream.spark_properties"] == '{"spark.ui.prometheus": "true"}'
    assert found["stream.lateness_hours"] == "off"


def test_of_a_client_file_only_the_name_is_there(tmp_path: Path) -> None:
    file = tmp_path / "client.properties"
    file.write_text("sasl.password=swordfish\n")
    found = settings_in_force(Settings(kafka=KafkaSettings(config_file=str(file))))
    assert found["kafka.config_file"] == str(file)
    assert "swordfish" not in str(found)


@pytest.mark.parametrize(
    "options, shown",
    [
        ("-XX:+UseG1GC", "-XX:+UseG1GC"),
        ("-Djavax.net.ssl.keyStorePassword=swordfish", "not shown: it names a credential"),
        ("-Xss2m -Dapi.key=swordfish", "not shown: it names a credential"),
    ],
)
def test_options_of_the_jvm_that_name_a_credential_are_not_shown(options: str, shown: str) -> None:
    found = settings_in_force(Settings(stream=StreamSettings(jvm_options=options)))
    assert found["stream.jvm_options"] == shown


def test_versions_are_those_that_are_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_facts, "_PACKAGES", {"pyspark": "pyspark", "java": "no-such-package"})
    facts = facts_of_run(Settings(), "http://localhost:3000")
    assert set(facts.versions) == {"sfcrime", "python", "pyspark"}
    assert facts.versions["pyspark"] == "4.2.0"
    assert facts.spark_ui == "http://localhost:3000"


def test_a_run_without_the_ui_of_spark_names_none() -> None:
    assert facts_of_run(Settings(), "").spark_ui is None
