"""`sfcrime cluster`, and a count on it: 2 workers that have nothing but what they are sent, 3
brokers, PostgreSQL. An executor and a broker are killed, and a second driver wants to count too."""

from __future__ import annotations

import json
import os
import re
import signal
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from postgres_server import needs_postgres
from running import (
    BARE_PYTHON,
    LOOPBACK_ADDRESSES,
    WAIT_S,
    Sfcrime,
    Started,
    alive,
    command_line,
    kill_all,
    listening_addresses,
    opened_to_others,
    tree_of,
    wait_until,
)
from sfcrime.errors import EXIT_FAILURE, StoreEmpty
from sfcrime.kafka.broker_record import ProcessIdentity
from sfcrime.settings import Settings
from sfcrime.spark.local_cluster import SMALL_EXECUTORS
from sfcrime.store.address import store_address
from sfcrime.store.reader import open_reader
from tried_cluster import BROKER, EXECUTOR, awaited_config, settings_of

pytestmark = [pytest.mark.end_to_end, pytest.mark.kafka, pytest.mark.spark]

RECORDS = 60_000
BATCH = 2_500
BATCHES_BEFORE_A_KILL = 3


@dataclass(frozen=True)
class Running:
    """A cluster that said where it is."""

    command: Started
    config: str
    settings: Settings
    """Of a job on it."""

    def executors(self) -> list[ProcessIdentity]:
        """The JVMs of executors that run."""
        found = self.command.tree()
        return [each for each in found if EXECUTOR in command_line(each)]

    def brokers(self) -> list[ProcessIdentity]:
        """The JVMs of brokers that run, by number."""
        found = {command_line(each): each for each in self.command.tree()}
        return [found[line] for line in sorted(found) if BROKER in line]

    def secrets(self) -> list[str]:
        """Those of Spark and of the database."""
        properties = Path(self.settings.stream.spark_properties_file).read_text("ascii")
        password = Path(self.settings.store.password_file).read_text("ascii")
        return [properties.strip().rpartition("=")[2], password.strip()]

    def batches(self) -> int:
        """In the ledger so far."""
        try:
            with open_reader(store_address(self.settings)) as reader:
                return reader.totals().batches
        except StoreEmpty:
            return 0

    def read(self) -> int:
        """Records accounted for so far."""
        try:
            with open_reader(store_address(self.settings)) as reader:
                return reader.totals().accounting.read
        except StoreEmpty:
            return 0


def _running(command: Started) -> Running:
    config = awaited_config(command)
    return Running(command, config, settings_of(config))


def _job(sfcrime: Sfcrime, cluster: Running, archive: Path) -> Sfcrime:
    """The command as the cluster says, on executors with a bare Python and no folder in common."""
    environment = {
        "SFCRIME_CONFIG": cluster.config,
        "SFCRIME_STREAM_EXECUTOR_PYTHON": BARE_PYTHON,
        "SFCRIME_STREAM_EXECUTOR_ARCHIVE": str(archive),
        "SFCRIME_STREAM_SPARK_PROPERTIES": json.dumps(dict(SMALL_EXECUTORS)),
    }
    return replace(sfcrime, environment=environment)


def _shown(said: Sequence[str]) -> list[str]:
    """What the pages show whose addresses were printed: of master, workers and driver."""
    pages = []
    for ui in re.findall(r"(?:page|page of worker \d+): (http://127\.0\.0\.1:\d+)\n", said[0]):
        pages += [f"{ui}/", f"{ui}/json/"]
    (ui,) = re.findall(r"Spark UI: (http://127\.0\.0\.1:\d+)", said[1])
    pages += [f"{ui}/environment/", f"{ui}/executors/", f"{ui}/api/v1/applications"]
    shown = []
    for page in pages:
        with urllib.request.urlopen(page, timeout=60) as answer:  # noqa: S310 - http, above
            shown.append(answer.read().decode())
    assert len(shown) == 9
    assert "spark.authenticate.secret" in shown[6]
    return shown


def _holding(folder: Path, secrets: Sequence[str]) -> Iterator[str]:
    """Names of the files that hold one of the secrets."""
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError):
            if path.is_file() and any(each.encode() in path.read_bytes() for each in secrets):
                yield path.name


def _refuse_a_second_driver(job: Sfcrime, folder: Path) -> None:
    """One in a data folder of its own, as on another machine."""
    second = replace(job, data_dir=folder / "second")
    ran = second("stream", "--no-restart")
    assert ran.code == EXIT_FAILURE, ran.out + ran.err
    assert "Another job writes to the store postgresql://" in ran.err


def test_60000_records_are_exact_on_a_cluster_whose_parts_are_killed(
    sfcrime: Sfcrime, tmp_path: Path
) -> None:
    needs_postgres()
    archive = tmp_path / "site.tar.gz"
    assert sfcrime("pack", "-o", str(archive)).code == 0
    with sfcrime.started("cluster") as command:
        cluster = _running(command)
        job = _job(sfcrime, cluster, archive)
        published = job("produce", "--limit", f"{RECORDS}", "--speed", "max")
        assert published.code == 0, published.err
        everything = _count(cluster, job, tmp_path)
        audit = job("audit", "--json")
        assert audit.code == 0, audit.out + audit.err
        account = audit.json["accounting"]
        assert (account["read"], account["gaps"]) == (RECORDS, 0)
        holding = _holding(sfcrime.data_dir, cluster.secrets())
        assert sorted(holding) == ["driver.properties", "password", "secret.properties"]
        assert not [secret for secret in cluster.secrets() if secret in command.log()]

        command.signal(signal.SIGINT)
        assert command.wait() == 0, command.log()
        assert command.log().endswith("stopped\n")
        assert alive(everything) == []

    with sfcrime.started("cluster") as command:
        job = _job(sfcrime, _running(command), archive)
        audit = job("audit", "--json")
        assert audit.code == 0, audit.out + audit.err
        itself, *parts = command.tree()
        assert len(parts) > 6
        kill_all([itself])
        wait_until(lambda: not alive(parts), "the end of all parts with their parent", 30)


def _count(cluster: Running, job: Sfcrime, folder: Path) -> list[ProcessIdentity]:
    """Counts everything with kills on the way; the processes of the cluster."""
    bounds = ["--max-records-per-batch", f"{BATCH}"]
    with job.started("stream", *bounds, "--no-restart") as stream:
        enough = BATCHES_BEFORE_A_KILL
        stream.wait_for(lambda: cluster.batches() >= enough, "some batches", 2 * WAIT_S)
        executors = cluster.executors()
        assert len(executors) == 2
        before = cluster.command.tree()
        shown = [command_line(each) for each in (*stream.tree(), *before)]
        workers = [command_line(below) for each in executors for below in tree_of(each.pid)]
        assert any(line.startswith(f"{BARE_PYTHON} -m sfcrime.spark") for line in workers), workers
        assert listening_addresses([*before, *stream.tree()]) <= LOOPBACK_ADDRESSES
        shown += _shown([cluster.command.log(), stream.log()])
        os.kill(executors[0].pid, signal.SIGKILL)
        *_, third = brokers = cluster.brokers()
        assert len(brokers) == 3
        os.kill(third.pid, signal.SIGKILL)
        assert cluster.read() < RECORDS, "it was over before anything was killed"
        _refuse_a_second_driver(job, folder)
        stream.wait_for(lambda: cluster.read() == RECORDS, "all to be counted", 2 * WAIT_S)
        stream.wait_for(lambda: len(cluster.brokers()) == 3, "the broker to come back")
        assert "starting broker 3 again" in cluster.command.log()
        after = cluster.command.tree()
        stream.process.terminate()
        assert stream.wait() == 0, stream.log()
        said = stream.log()
    log = (job.data_dir / "spark" / "driver.log").read_text("utf-8")
    assert "Lost executor" in log
    assert not [text for text in (*shown, said) for each in cluster.secrets() if each in text]
    # Spark gives what it was sent the modes of the archive, in folders that are closed.
    opened = opened_to_others(job.data_dir)
    assert [path for path in opened if "/cluster/spark/work-" not in path] == []
    return [*before, *after]
