"""The jar cache: fetched by a stand-in for Ivy, so that no test needs the network."""

from __future__ import annotations

import hashlib
import os
import subprocess
import threading
from collections.abc import Callable
from importlib.resources.abc import Traversable
from pathlib import Path

import pytest

from sfcrime.errors import JarsUnavailable
from sfcrime.jvm import jars
from sfcrime.jvm.downloading import proxy_options
from sfcrime.jvm.ivy import retrieve_jars
from sfcrime.jvm.jars import JAR_LISTS, JarProgress, committed_hashes, jars_folder, resolve_jars
from sfcrime.jvm.java import find_java
from sfcrime.settings import JvmSettings


class FakeIvy:
    """Writes the jars of a set, counting how often it is asked."""

    def __init__(self, content: dict[str, bytes]) -> None:
        self.content = content
        self.calls = 0
        self.ivy_xml: Traversable | None = None

    def __call__(
        self,
        java: Path,
        configuration: str,
        folder: Path,
        on_downloaded: Callable[[int], None],
        ivy_xml: Traversable,
    ) -> None:
        self.calls += 1
        self.ivy_xml = ivy_xml
        for number, (name, content) in enumerate(self.content.items(), start=1):
            (folder / name).write_bytes(content)
            on_downloaded(number)


@pytest.fixture
def ivy(monkeypatch: pytest.MonkeyPatch) -> FakeIvy:
    fake = FakeIvy({"one-1.jar": b"first", "two-2.jar": b"second"})
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in fake.content.items()}
    monkeypatch.setattr(jars, "retrieve_jars", fake)
    monkeypatch.setattr(jars, "committed_hashes", lambda *_: hashes)
    return fake


def test_jars_are_fetched_once_and_then_found(ivy: FakeIvy, tmp_path: Path) -> None:
    settings = JvmSettings(cache_dir=str(tmp_path))

    first = resolve_jars("kafka", settings)
    second = resolve_jars("kafka", settings)

    assert ivy.calls == 1
    assert [path.name for path in first] == ["one-1.jar", "two-2.jar"]
    assert first == second
    assert first[0].read_bytes() == b"first"


def test_a_download_that_differs_from_its_hash_is_refused_by_name(
    ivy: FakeIvy, tmp_path: Path
) -> None:
    ivy.content["two-2.jar"] = b"something else"
    settings = JvmSettings(cache_dir=str(tmp_path))

    with pytest.raises(JarsUnavailable, match=r"two-2\.jar has the sha256"):
        resolve_jars("kafka", settings)

    assert not jars_folder("kafka", settings).exists()


@pytest.mark.parametrize("content", [b"worse", b"", b"wo"])
def test_a_jar_that_was_altered_in_the_cache_is_noticed_at_the_next_start(
    ivy: FakeIvy, tmp_path: Path, content: bytes
) -> None:
    settings = JvmSettings(cache_dir=str(tmp_path / "my cache"))
    jar = resolve_jars("kafka", settings)[0]
    jar.write_bytes(content)  # as long as before, or cut off
    os.utime(jar, ns=(1, 1))

    with pytest.raises(JarsUnavailable, match=r"one-1\.jar has the sha256") as caught:
        resolve_jars("kafka", settings)

    assert "sfcrime setup" in caught.value.next_step
    command = caught.value.next_step.partition(",")[0]
    assert command.startswith("rm -rf ")
    subprocess.run(command, shell=True, check=True)  # noqa: S602 - what the user would do
    assert resolve_jars("kafka", settings)[0].read_bytes() == ivy.content[jar.name]


@pytest.mark.parametrize("stamp", [b"", b"{", b"[]", b"\xff"])
def test_a_stamp_that_was_cut_off_is_written_again(
    ivy: FakeIvy, tmp_path: Path, stamp: bytes
) -> None:
    settings = JvmSettings(cache_dir=str(tmp_path))
    jar = resolve_jars("kafka", settings)[0]
    (jar.parent / "verified.json").write_bytes(stamp)

    assert resolve_jars("kafka", settings)[0] == jar
    assert len((jar.parent / "verified.json").read_bytes()) > 10
    assert ivy.calls == 1


def test_a_verified_set_is_not_hashed_again(
    ivy: FakeIvy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = JvmSettings(cache_dir=str(tmp_path))
    resolve_jars("kafka", settings)
    steps: list[JarProgress] = []

    resolve_jars("kafka", settings, steps.append)

    assert [step.step for step in steps] == ["ready"]


def test_a_jar_that_went_missing_is_fetched_again(ivy: FakeIvy, tmp_path: Path) -> None:
    settings = JvmSettings(cache_dir=str(tmp_path))
    jar = resolve_jars("kafka", settings)[1]
    jar.unlink()

    resolve_jars("kafka", settings)

    assert ivy.calls == 2
    assert jar.read_bytes() == b"second"


def test_two_that_start_at_once_fetch_once(ivy: FakeIvy, tmp_path: Path) -> None:
    settings = JvmSettings(cache_dir=str(tmp_path))
    results: list[int] = []
    threads = [
        threading.Thread(target=lambda: results.append(len(resolve_jars("kafka", settings))))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert results == [2, 2, 2, 2]
    assert ivy.calls == 1


def test_a_set_may_come_from_another_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeIvy({"one-1.jar": b"first"})
    monkeypatch.setattr(jars, "retrieve_jars", fake)
    lists = tmp_path / "lists"
    lists.mkdir()
    (lists / "jars.sha256").write_text(
        "a7937b64b8caa58f03721bb6bacf5c78cb235febe0e70b1b84cd99541461a08e  other/one-1.jar\n"
    )

    (jar,) = resolve_jars("other", JvmSettings(cache_dir=str(tmp_path)), lists=lists)

    assert jar.read_bytes() == b"first"
    assert jar.parent.name.startswith("other-")
    assert fake.ivy_xml == lists / "ivy.xml"


def test_the_committed_list_names_the_pinned_releases() -> None:
    spark, kafka = committed_hashes("spark"), committed_hashes("kafka")

    assert sorted(spark) == [
        "commons-pool2-2.13.1.jar",
        "kafka-clients-3.9.2.jar",
        "spark-sql-kafka-0-10_2.13-4.2.0.jar",
        "spark-token-provider-kafka-0-10_2.13-4.2.0.jar",
    ]
    assert {"kafka_2.13-4.3.1.jar", "kafka-tools-4.3.1.jar", "kafka-clients-4.3.1.jar"} <= set(
        kafka
    )
    assert all(len(digest) == 64 for digest in [*spark.values(), *kafka.values()])
    assert not [name for name in kafka if "jetty" in name or "connect" in name or "jersey" in name]


def test_the_connector_is_of_the_same_release_as_pyspark() -> None:
    from importlib.metadata import version

    assert f"spark-sql-kafka-0-10_2.13-{version('pyspark')}.jar" in committed_hashes("spark")


def test_without_a_network_there_is_one_clear_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Port 9 of loopback stands for a network that cannot be reached.
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    folder = tmp_path / "spark-set.part"
    folder.mkdir()

    with pytest.raises(JarsUnavailable, match="The jars of spark could not be fetched") as caught:
        retrieve_jars(
            find_java(JvmSettings()), "spark", folder, lambda _: None, JAR_LISTS / "ivy.xml"
        )

    assert "sfcrime setup" in caught.value.next_step
    assert "spark-set.log" in caught.value.next_step


def test_a_proxy_is_passed_on_without_its_password() -> None:
    options = proxy_options({"https": "http://me:secret@proxy.example:3128", "no": "x"})

    assert options == ["-Dhttps.proxyHost=proxy.example", "-Dhttps.proxyPort=3128"]
