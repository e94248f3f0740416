"""A file of client properties: how it is read."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from sfcrime.errors import UsageError
from sfcrime.kafka import client_file
from sfcrime.kafka.client_file import certificates_of, read_client_file
from sfcrime.kafka.dialects import TrustStore


@pytest.mark.parametrize("line", ["my secret", "secret", "   password secret"])
def test_a_line_that_is_no_property_is_named_by_its_number_and_not_shown(
    tmp_path: Path, line: str
) -> None:
    path = tmp_path / "client.properties"
    path.write_text(f"security.protocol=\\\n  SSL\n# comment\n{line}\n", encoding="utf-8")

    with pytest.raises(UsageError, match="Line 4") as caught:
        read_client_file(path)

    assert "secret" not in str(caught.value)


def test_a_file_that_is_not_there_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read") as unread:
        read_client_file(tmp_path / "none.properties")
    assert unread.value.may_pass, "it may be about to be replaced"


def test_a_trust_store_that_changed_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, path = tmp_path / "trusted.jks", tmp_path / "client.properties"
    path.write_text(f"security.protocol=SSL\nssl.truststore.location={store}\n")
    asked: list[str] = []

    def certificates(given: TrustStore) -> str:
        asked.append(given.location)
        return store.read_text()

    monkeypatch.setattr(client_file, "certificates_of", certificates)
    for content in ("one", "one and another"):
        store.write_text(content)
        for _ in range(2):
            assert read_client_file(path).ours["ssl.ca.pem"] == content
    assert asked == [str(store)] * 2


def test_a_tool_that_does_not_end_is_a_usage_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "client.properties"
    path.write_text(f"security.protocol=SSL\nssl.truststore.location={tmp_path}/slow.jks\n")

    def hangs(_: TrustStore) -> str:
        raise subprocess.TimeoutExpired("keytool", 30)

    monkeypatch.setattr(client_file, "certificates_of", hangs)
    with pytest.raises(UsageError, match="cannot be read"):
        read_client_file(path)


def test_a_trust_store_is_read_by_the_java_that_the_user_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = "-----BEGIN CERTIFICATE-----\nof the user's own Java\n-----END CERTIFICATE-----"
    tools = tmp_path / "java" / "bin"
    tools.mkdir(parents=True)
    (tmp_path / "java" / "release").write_text('JAVA_VERSION="21.0.2"\n', encoding="utf-8")
    for name, says in (("java", ""), ("keytool", certificate)):
        (tools / name).write_text(f'#!/bin/sh\necho "{says}"\n', encoding="utf-8")
        (tools / name).chmod(0o755)
    monkeypatch.setenv("SFCRIME_JAVA_HOME", str(tmp_path / "java"))

    assert certificates_of(TrustStore("trusted.jks", "JKS", None)) == f"{certificate}\n"
