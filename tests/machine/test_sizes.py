"""What a run takes of the machine's memory where no setting says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from sfcrime.machine.sizes import (
    Sizes,
    free_memory_bytes,
    heap_bytes,
    machine_memory_bytes,
    sizes_for,
)
from sfcrime.settings import KafkaSettings, StreamSettings
from sfcrime.settings_loading import load_settings

GIB = 2**30


@pytest.mark.parametrize(
    "memory_gib, sizes",
    [
        (1.9, Sizes("128m", "576m", 25_000)),
        (3.8, Sizes("192m", "800m", 100_000)),
        (7.6, Sizes("256m", "1200m", 250_000)),
        (64, Sizes("256m", "1200m", 250_000)),
    ],
)
def test_a_smaller_machine_gets_smaller_heaps_and_batches(memory_gib: float, sizes: Sizes) -> None:
    assert sizes_for(int(memory_gib * GIB)) == sizes


@pytest.mark.parametrize("cores, partitions", [(1, 1), (2, 1), (3, 1), (4, 2), (16, 8), (999, 256)])
def test_a_topic_gets_a_partition_for_every_two_cores(cores: int, partitions: int) -> None:
    assert load_settings(environment={}, cores=cores).kafka.partitions == partitions
    set_one = {"SFCRIME_KAFKA_PARTITIONS": "3"}
    assert load_settings(environment=set_one, cores=cores).kafka.partitions == 3


def test_two_cores_and_8_gib_run_with_the_defaults_that_are_documented() -> None:
    settings = load_settings(environment={}, memory_bytes=8 * GIB, cores=2)

    assert (settings.kafka, settings.stream) == (KafkaSettings(), StreamSettings())


def test_what_is_set_stays_as_it_is_on_a_small_machine() -> None:
    flags = {"stream": {"max_records_per_batch": 90_000}}

    settings = load_settings(flags, {"SFCRIME_KAFKA_HEAP": "300m"}, 2 * GIB)

    assert settings.stream.max_records_per_batch == 90_000
    assert settings.kafka.heap == "300m"
    assert settings.stream.heap == "576m"


def test_a_container_has_the_memory_that_it_is_allowed(tmp_path: Path) -> None:
    limit = tmp_path / "memory.max"
    limit.write_text("536870912\n", "ascii")

    assert machine_memory_bytes((limit,)) == 536_870_912


def test_a_container_without_a_bound_has_the_memory_of_the_machine(tmp_path: Path) -> None:
    limit = tmp_path / "memory.max"
    limit.write_text("max\n", "ascii")

    assert machine_memory_bytes((limit, tmp_path / "no-such-file")) == machine_memory_bytes(())


def test_free_memory_is_what_linux_says_that_programs_can_take(tmp_path: Path) -> None:
    meminfo = tmp_path / "meminfo"
    meminfo.write_text("MemTotal: 16000000 kB\nMemFree: 5 kB\nMemAvailable:    2000000 kB\n")

    assert free_memory_bytes(meminfo) == 2_048_000_000


def test_a_system_that_does_not_say_what_is_free_has_all_of_its_memory(tmp_path: Path) -> None:
    assert free_memory_bytes(tmp_path / "none") == machine_memory_bytes()


def test_a_heap_in_bytes() -> None:
    assert heap_bytes("576m") == 603_979_776
    assert heap_bytes("2g") == 2_147_483_648
