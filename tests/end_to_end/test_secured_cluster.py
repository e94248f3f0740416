"""Someone else's Kafka with TLS, logins and rights: everything works, nothing shows a secret."""

from __future__ import annotations

import json
import os
import re
import urllib.request
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]

from running import Ran, Sfcrime, Started, command_line, spark_was_awaited
from secured_cluster import GROUP_PREFIX, PASSWORDS, STORE_PASSWORD, SecuredCluster
from sfcrime.machine.ports import free_port

pytestmark = [pytest.mark.end_to_end, pytest.mark.kafka]

TOPIC = "calls-of-the-city"
RECORDS = 300
SECRETS = [*PASSWORDS.values(), STORE_PASSWORD]
PAGES = ("environment/", "StreamingQuery/", "SQL/execution/?id=0", "jobs/", "stages/", "executors/")
RESTS = ("environment", "sql?details=true&planDescription=true", "jobs", "stages", "executors")


@pytest.fixture(scope="module")
def counted(secured: SecuredCluster, tmp_path_factory: pytest.TempPathFactory) -> Sfcrime:
    """A data folder that a first job has counted; as a user with the documented rights alone."""
    sfcrime = Sfcrime(tmp_path_factory.mktemp("counted") / "data")
    published = sfcrime(
        "produce",
        *("synthetic", "--limit", str(RECORDS), "--speed", "max", "--json"),
        *_on(secured.servers, secured.java_file("publisher")),
    )
    assert published.json["sent"] == RECORDS
    _send(secured, [b"\x1b[2Jnot a call"])
    with sfcrime.started("stream", *_on(secured.servers, secured.java_file("counter"))) as stream:
        stream.wait_for(lambda: sfcrime.read() == RECORDS + 1, "the topic to be counted")
        seen = _everything_that_shows(sfcrime, stream)
        stream.process.terminate()
        assert stream.wait() == 0, stream.log()
    _refuse_secrets(seen)
    return sfcrime


def _on(servers: str, config_file: str, topic: str = TOPIC) -> list[str]:
    return ["--bootstrap-servers", servers, "--kafka-config", config_file, "--topic", topic]


def _send(cluster: SecuredCluster, values: Sequence[bytes]) -> None:
    producer = Producer({"bootstrap.servers": cluster.inside.bootstrap_servers})
    for value in values:
        producer.produce(TOPIC, value, partition=0)
    assert producer.flush(30) == 0


def _everything_that_shows(sfcrime: Sfcrime, stream: Started) -> dict[str, bytes]:
    """What others may come to see of a running job, by where it stands."""
    seen = {f"process {each.pid}": command_line(each).encode() for each in stream.tree()}
    seen |= {str(path): path.read_bytes() for path in _files(sfcrime.data_dir)}
    found = re.search(r"(http://127\.0\.0\.1:\d+)/StreamingQuery", stream.log())
    assert found is not None, stream.log()
    ui = found[1]
    (application,) = json.loads(_fetched(f"{ui}/api/v1/applications"))
    pages = [f"{ui}/{page}" for page in PAGES]
    pages += [f"{ui}/api/v1/applications/{application['id']}/{rest}" for rest in RESTS]
    query = re.search(rb'href="([^"]*StreamingQuery/statistics[^"]*)"', _fetched(pages[1]))
    assert query is not None
    link = query[1].decode().replace("&amp;", "&")
    pages.append(link if "://" in link else ui + link)
    shown = {page: _fetched(page) for page in pages}
    assert b"MicroBatchScan" in shown[f"{ui}/SQL/execution/?id=0"]  # the plan that has the options
    return seen | shown


def _fetched(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=30) as answer:  # noqa: S310 - the UI on loopback
        content: bytes = answer.read()
    return content


def _files(folder: Path) -> Iterator[Path]:
    for parent, _, names in os.walk(folder):
        for name in names:
            path = Path(parent) / name
            with suppress(OSError):
                if path.is_file():
                    yield path


def _refuse_secrets(seen: dict[str, bytes]) -> None:
    for place, content in seen.items():
        for secret in SECRETS:
            assert secret.encode() not in content, f"{place} shows a password"


def test_every_command_works_with_a_login_and_nothing_shows_it(
    secured: SecuredCluster, counted: Sfcrime
) -> None:
    config = secured.librdkafka_file("counter")
    servers = _on(secured.servers, config)[:4]
    _send(secured, [b'{"crime_id": "1"}'])

    again = counted("stream", "--until-caught-up", *_on(secured.servers, config))
    assert again.code == 0, again.err
    audit = counted("audit", "--json", *servers)
    assert audit.json["accounting"] == {
        "read": RECORDS + 2,
        "counted": RECORDS,
        "duplicate": 0,
        "late": 0,
        "rejected": 2,
        "gaps": 0,
    }
    rejected = counted("rejected", "--bytes", "--json", *servers)
    assert [each["value"] for each in rejected.json["rejected"]] == [
        "\\x1b[2Jnot a call",
        '{"crime_id": "1"}',
    ]
    shown = counted(
        *("consume", "--from-beginning", "--max-messages", "5", "--group", f"{GROUP_PREFIX}-1"),
        *_on(secured.servers, config),
    )
    assert (shown.code, len(shown.out.splitlines())) == (0, 6)
    assert counted("status", "--json", *servers).json["lag"] == 0
    printed = [again, audit, rejected, shown]
    _refuse_secrets({"output": "".join(each.out + each.err for each in printed).encode()})
    _refuse_secrets({str(path): path.read_bytes() for path in _files(counted.data_dir)})


def _all_fail(
    commands: dict[str, Sfcrime], arguments: Sequence[str], *, verbose: bool = True
) -> dict[str, Ran]:
    """Runs the commands side by side; each has to end within 25 s with exit code 4."""
    flags = {"produce": ["synthetic", "--limit", "1"], "consume": ["--from-beginning"]}
    with ThreadPoolExecutor(len(commands)) as pool:
        running = {
            name: pool.submit(
                sfcrime,
                *(["--verbose"] if verbose else []),
                name,
                *flags.get(name, []),
                *(arguments[:4] if name == "audit" else arguments),
                timeout_s=25,
            )
            for name, sfcrime in commands.items()
        }
        ran = {name: each.result() for name, each in running.items()}
    for name, each in ran.items():
        assert each.code == 4, f"{name}: {each.code}\n{each.out}{each.err}"
        assert len(re.findall("^error: ", each.err, re.MULTILINE)) == 1, each.err
        _refuse_secrets({name: (each.out + each.err).encode()})
    return ran


@pytest.fixture
def commands(counted: Sfcrime, sfcrime: Sfcrime) -> dict[str, Sfcrime]:
    """Those that go to Kafka; the audit needs numbers, the others a folder of their own."""
    return {
        name: counted if name == "audit" else Sfcrime(sfcrime.data_dir / name)
        for name in ("stream", "produce", "consume", "audit")
    }


def test_a_wrong_password_is_said_and_not_shown(
    secured: SecuredCluster, commands: dict[str, Sfcrime]
) -> None:
    config = secured.java_file("stranger", PASSWORDS["counter"])

    for ran in _all_fail(commands, _on(secured.servers, config)).values():
        assert "refuses the login" in ran.err


def test_a_broker_that_is_not_there_is_said_after_10_seconds(
    secured: SecuredCluster, commands: dict[str, Sfcrime]
) -> None:
    nobody = f"127.0.0.1:{free_port()}"

    for ran in _all_fail(commands, _on(nobody, secured.librdkafka_file("counter"))).values():
        assert f"No broker of {nobody} answered within 10 s" in ran.err


def test_too_few_rights_are_said_with_where_the_rights_are_listed(
    secured: SecuredCluster, commands: dict[str, Sfcrime]
) -> None:
    for ran in _all_fail(commands, _on(secured.servers, secured.java_file("stranger"))).values():
        assert "does not allow this user" in ran.err
        assert "docs/kafka.md" in ran.err


def test_a_missing_topic_is_said_with_the_command_that_makes_it(
    secured: SecuredCluster, commands: dict[str, Sfcrime]
) -> None:
    config = secured.librdkafka_file("counter")
    del commands["audit"], commands["produce"]

    for ran in _all_fail(commands, _on(secured.servers, config, "calls-nowhere")).values():
        assert "The topic calls-nowhere does not exist" in ran.err
        assert "sfcrime produce" in ran.err


def test_a_compacted_topic_is_refused_before_spark_is_there(
    secured: SecuredCluster, sfcrime: Sfcrime
) -> None:
    admin = AdminClient({"bootstrap.servers": secured.inside.bootstrap_servers})
    topic = NewTopic("calls-compacted", 1, config={"cleanup.policy": "compact,delete"})
    admin.create_topics([topic])[topic.topic].result(30)

    ran = sfcrime("stream", *_on(secured.servers, secured.java_file("counter"), topic.topic))

    assert ran.code == 1
    assert "cleanup.policy=compact,delete" in ran.err
    assert not spark_was_awaited(sfcrime.data_dir)
