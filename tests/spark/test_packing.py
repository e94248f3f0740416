"""An executor with a bare Python judges with nothing but the archive and PySpark."""

from __future__ import annotations

import subprocess
import tarfile
from pathlib import Path

import pytest

from running import BARE_PYTHON
from sfcrime.errors import UsageError
from sfcrime.jvm.java import pyspark_jars_folder
from sfcrime.spark import packing
from sfcrime.spark.packing import pack_site
from sfcrime.streaming.judge_digest import JUDGE_DIGEST

MOST_BYTES = 60_000_000


def test_the_archive_is_all_that_a_bare_python_needs_beside_pyspark(tmp_path: Path) -> None:
    archive = tmp_path / "site.tar.gz"
    packed = pack_site(archive)
    assert packed.size == archive.stat().st_size < MOST_BYTES
    with tarfile.open(archive) as opened:
        entries = opened.getmembers()
        opened.extractall(tmp_path / "site", filter="data")
    assert [entry.name for entry in entries] == sorted(entry.name for entry in entries)
    assert len(entries) == packed.files
    assert {(entry.mtime, entry.uid, entry.mode) for entry in entries} == {(315532800, 0, 0o644)}
    assert not [entry.name for entry in entries if "/page/" in entry.name]

    pyspark = pyspark_jars_folder().parent / "python" / "lib"
    code = (
        "from sfcrime.streaming.intake import packets_of_task, PACKET_SCHEMA\n"
        "import pyspark.worker, sfcrime.streaming.judge_digest as judge\n"
        "print(judge.JUDGE_DIGEST, list(packets_of_task([], None, 0))[0].tally.partition)\n"
    )
    done = subprocess.run(
        [BARE_PYTHON, "-c", code],
        env={"PYTHONPATH": ":".join(map(str, [tmp_path / "site", *sorted(pyspark.glob("*.zip"))]))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.returncode) == (f"{JUDGE_DIGEST} -1\n", 0), done.stderr


def test_packed_again_it_is_the_same_to_the_byte(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packing, "PACKAGES", ("msgspec", "orjson"))
    first, second = pack_site(tmp_path / "a.tar.gz"), pack_site(tmp_path / "b.tar.gz")
    assert first.sha256 == second.sha256
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.tar.gz", "b.tar.gz"]


def test_where_it_cannot_be_written_nothing_is_left(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none/site\.tar\.gz cannot be written: No such file"):
        pack_site(tmp_path / "none" / "site.tar.gz")
