"""The start-up cache: when it is used, when it is not, and that a bad one does no harm."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from running import settings_in
from sfcrime.jvm.jars import resolve_jars
from sfcrime.jvm.java import StartupCache, cache_for, find_java
from sfcrime.kafka.broker import start_broker
from sfcrime.pipeline.training_process import forget_orphans, startup_caches
from sfcrime.settings import JvmSettings, KafkaSettings


def _cache(tmp_path: Path, mode: str, class_path: str = "a.jar:b.jar") -> StartupCache:
    settings = JvmSettings(cache_dir=str(tmp_path), startup_cache=mode)  # type: ignore[arg-type]
    return cache_for("kafka", find_java(JvmSettings()), class_path, settings)


def test_a_cache_is_used_only_where_it_is_there_and_not_switched_off(tmp_path: Path) -> None:
    missing = _cache(tmp_path, "use")
    assert missing.options == []
    missing.path.parent.mkdir()
    missing.path.write_bytes(b"a cache")

    assert _cache(tmp_path, "use").options == [f"-XX:AOTCache={missing.path}"]
    assert _cache(tmp_path, "off").options == []
    partial = missing.path.with_suffix(f".{os.getpid()}.part")
    assert _cache(tmp_path, "train").options == [f"-XX:AOTCacheOutput={partial}"]


def test_other_jars_and_a_jar_installed_anew_have_another_cache(tmp_path: Path) -> None:
    for name in ("a.jar", "b.jar"):
        (tmp_path / name).touch()
    one, all_of_them = f"{tmp_path / 'a.jar'}", f"{tmp_path}/*"
    before = _cache(tmp_path, "use", all_of_them).path
    assert before == _cache(tmp_path, "use", all_of_them).path
    assert before != _cache(tmp_path, "use", one).path

    os.utime(tmp_path / "a.jar", ns=(1, 1))

    assert _cache(tmp_path, "use", all_of_them).path != before


def test_the_cache_of_an_earlier_installation_at_the_same_place_is_removed(tmp_path: Path) -> None:
    jar = tmp_path / "a.jar"
    jar.touch()
    earlier = _cache(tmp_path, "use", str(jar))
    earlier.path.parent.mkdir()
    os.utime(jar, ns=(1, 1))
    later = _cache(tmp_path, "use", str(jar))
    for cache in (earlier, later):
        cache.path.write_bytes(b"a cache")
        forget_orphans(cache)

    assert not earlier.path.exists()
    assert later.path.is_file()


def test_an_older_java_has_none(tmp_path: Path) -> None:
    old = tmp_path / "java"
    (old / "bin").mkdir(parents=True)
    (old / "release").write_text('JAVA_VERSION="21.0.2"\n', encoding="utf-8")

    cache = cache_for("kafka", old / "bin" / "java", "a.jar", JvmSettings(startup_cache="train"))

    assert cache.options == []


def test_caches_whose_jars_are_gone_are_removed_and_others_kept(tmp_path: Path) -> None:
    jar = tmp_path / "there.jar"
    jar.touch()
    kept, orphan = _cache(tmp_path, "use", str(jar)), _cache(tmp_path, "use", "/gone/a.jar")
    kept.path.parent.mkdir()
    for cache in (orphan, kept):
        cache.path.write_bytes(b"a cache")
        forget_orphans(cache)

    assert [file.suffix for file in sorted(kept.path.parent.iterdir())] == [".aot", ".txt"]
    assert kept.path.is_file()


@pytest.mark.kafka
def test_a_broken_cache_does_no_harm(tmp_path: Path) -> None:
    jars = resolve_jars("kafka", JvmSettings())
    cache_dir = tmp_path / "cache"
    (cache_dir / "jars").mkdir(parents=True)
    (cache_dir / "jars" / jars[0].parent.name).symlink_to(jars[0].parent)
    jvm = JvmSettings(cache_dir=str(cache_dir))
    broken = startup_caches(jvm)[0]
    broken.path.parent.mkdir()
    broken.path.write_bytes(b"no cache at all")

    with start_broker(settings_in(tmp_path / "data", KafkaSettings(port=0))) as broker:
        assert broker.is_running()
