"""What either Kafka client makes of a file of client properties, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from secured_cluster import MECHANISM, PASSWORDS, STORE_PASSWORD, SecuredCluster
from sfcrime.errors import KafkaUnavailable, UsageError
from sfcrime.kafka.client_file import read_client_file
from sfcrime.kafka.connection import require_answer
from sfcrime.kafka.dialects import ClientFile

JAAS = "org.apache.kafka.common.security.scram.ScramLoginModule"
LOGIN = "security.protocol=SASL_PLAINTEXT\nsasl.mechanism=SCRAM-SHA-512\n"


def read(folder: Path, text: str) -> ClientFile:
    path = folder / "client.properties"
    path.write_text(text, encoding="utf-8")
    return read_client_file(path)


def test_a_java_file_becomes_librdkafkas_words_and_spark_gets_references(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        f"{LOGIN}sasl.jaas.config={JAAS} required \\\n"
        '  username="ann" password="a=\\\\"b;c";\nclient.rack = r1\nacks=0\n'
        "ssl.truststore.type=PEM\nssl.truststore.location=/etc/ca.pem\n",
    )

    assert found.ours == {
        "security.protocol": "SASL_PLAINTEXT",
        "client.rack": "r1",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": "ann",
        "sasl.password": 'a="b;c',
        "ssl.ca.location": "/etc/ca.pem",
    }
    assert found.spark["sasl.jaas.config"] == (
        f"${{file:{tmp_path}/client.properties:sasl.jaas.config}}"
    )
    assert found.spark["ssl.truststore.location"] == "/etc/ca.pem"
    assert found.spark["ssl.truststore.type"] == "PEM"
    assert found.spark["config.providers"] == "file,directory"


def test_a_librdkafka_file_becomes_javas_words_with_every_secret_a_reference(
    tmp_path: Path,
) -> None:
    found = read(
        tmp_path,
        f"{LOGIN}sasl.username=ann\nsasl.password=hush\nssl.ca.location=/etc/ca.pem\n"
        "ssl.certificate.location=/etc/me.crt\nssl.key.location=/etc/me.key\n"
        "ssl.key.password=hush-too\nssl.endpoint.identification.algorithm=none\n",
    )

    assert found.ours["sasl.password"] == "hush"
    assert found.ours["ssl.key.password"] == "hush-too"
    file = f"${{file:{tmp_path}/client.properties"
    assert found.spark["sasl.jaas.config"] == (
        f'{JAAS} required username="{file}:sasl.username}}" password="{file}:sasl.password}}";'
    )
    assert found.spark["ssl.key.password"] == f"{file}:ssl.key.password}}"
    assert found.spark["ssl.keystore.key"] == "${directory:/etc:me.key}"
    assert found.spark["ssl.keystore.certificate.chain"] == "${directory:/etc:me.crt}"
    assert found.spark["ssl.endpoint.identification.algorithm"] == ""
    assert not any("hush" in value for value in found.spark.values())


def test_a_file_without_a_login_needs_no_references(tmp_path: Path) -> None:
    found = read(tmp_path, "# nothing but\nclient.id=me\n")

    assert found == ClientFile({"client.id": "me"}, {"client.id": "me"})


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("fetch.min.bytes=1\n", "fetch.min.bytes"),
        ("enable.ssl.certificate.verification=false\n", "enable.ssl.certificate.verification"),
        ("security.protocol=SASL_SSL\nsasl.mechanism=GSSAPI\n", "sasl.mechanism"),
        (f"{LOGIN}sasl.username=ann\n", "sasl.username or sasl.password"),
        (f'{LOGIN}sasl.username=ann\nsasl.password=hush"\n', "sasl.username or sasl.password"),
        (f'{LOGIN}sasl.jaas.config=Other required password="hush";\n', "sasl.jaas.config"),
        (
            f'{LOGIN}sasl.jaas.config={JAAS} required username="a" password="hush" x="y";\n',
            "sasl.jaas.config",
        ),
        ("ssl.keystore.location=/x.jks\nssl.keystore.password=hush\n", "ssl.keystore.type"),
    ],
)
def test_what_one_client_could_not_obey_is_refused_by_name_and_its_value_not_shown(
    tmp_path: Path, text: str, named: str
) -> None:
    with pytest.raises(UsageError) as caught:
        read(tmp_path, text)

    assert named in caught.value.happened
    assert "hush" not in str(caught.value)


@pytest.mark.kafka
def test_a_login_works_in_either_dialect_and_with_certificates_in_any_form(
    secured: SecuredCluster,
) -> None:
    pem = secured.authority.read_text(encoding="ascii").strip().replace("\n", "\\n\\\n")
    login = [
        "security.protocol=SASL_SSL",
        f"sasl.mechanism={MECHANISM}",
        f"sasl.username=counter\nsasl.password={PASSWORDS['counter']}",
    ]
    files = [
        secured.java_file("counter"),
        secured.librdkafka_file("counter"),
        secured.client_file("inline", *login, f"ssl.truststore.certificates={pem}"),
        secured.client_file(
            "pem", *login, "ssl.truststore.type=PEM", f"ssl.truststore.location={secured.authority}"
        ),
    ]

    for file in files:
        require_answer(secured.settings(file))


@pytest.mark.kafka
def test_what_is_wrong_with_a_connection_is_told_apart(secured: SecuredCluster) -> None:
    wrong_password = secured.java_file("stranger", "not-the-password")
    unknown_authority = secured.client_file("no-authority", "security.protocol=SSL")
    no_tls = secured.client_file("no-tls", "security.protocol=PLAINTEXT")

    with pytest.raises(KafkaUnavailable, match="refuses the login"):
        require_answer(secured.settings(wrong_password))
    with pytest.raises(KafkaUnavailable, match="No TLS connection"):
        require_answer(secured.settings(unknown_authority))
    with pytest.raises(KafkaUnavailable, match=r"No broker of .* answered within 1 s") as caught:
        require_answer(secured.settings(no_tls), timeout_s=1)
    assert "security.protocol" in caught.value.next_step


@pytest.mark.kafka
def test_a_trust_store_with_another_password_is_refused_and_neither_is_shown(
    tmp_path: Path, secured: SecuredCluster
) -> None:
    with pytest.raises(UsageError, match="cannot be read as PKCS12") as caught:
        read(
            tmp_path,
            f"ssl.truststore.location={secured.folder / 'trusted.p12'}\n"
            "ssl.truststore.type=PKCS12\nssl.truststore.password=not-it-at-all\n",
        )

    assert "not-it-at-all" not in str(caught.value)
    assert STORE_PASSWORD not in str(caught.value)
