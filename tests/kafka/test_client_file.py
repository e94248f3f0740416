"""A file of client properties: how it is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from sfcrime.errors import UsageError
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
    with pytest.raises(UsageError, match="cannot be read"):
        read_client_file(tmp_path / "none.properties")


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
