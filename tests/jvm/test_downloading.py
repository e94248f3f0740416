"""The trust store that lets Java believe whom this machine believes."""

from __future__ import annotations

import ssl
import subprocess
from pathlib import Path

from sfcrime.jvm.downloading import PASSWORD, jks, write_trust_store
from sfcrime.jvm.java import find_java
from sfcrime.settings import JvmSettings


def test_javas_own_tool_reads_every_certificate(tmp_path: Path) -> None:
    store = tmp_path / "authorities.jks"
    expected = len(ssl.create_default_context().get_ca_certs())

    assert write_trust_store(store) is (expected > 0)

    keytool = find_java(JvmSettings()).with_name("keytool")
    listed = subprocess.run(
        [keytool, "-list", "-keystore", store, "-storepass", PASSWORD],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert listed.count("trustedCertEntry") == expected


def test_the_layout_of_an_empty_store() -> None:
    # magic, version 2, no entries; then SHA-1 of the salted bytes
    assert jks([])[:12] == bytes.fromhex("feedfeed0000000200000000")
    assert len(jks([])) == 32
