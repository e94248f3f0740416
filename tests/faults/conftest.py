"""The calls that are replayed: the real file where it lies beside the project, else a city."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from replay import TO_THE_END, CallFiles, Table

from real_file import REAL_FILE
from running import Digest, Sfcrime
from sfcrime.sources.synthetic import open_synthetic_source

SYNTHETIC_RECORDS = 200_000


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Ten minutes are spent only when asked for: `make faults`."""
    asked_for = config.getoption("markexpr") == "faults"
    return True if collection_path.name == "test_exactness.py" and not asked_for else None


@pytest.fixture(scope="session")
def call_files(tmp_path_factory: pytest.TempPathFactory) -> CallFiles:
    """Written to a folder of this session; they are gone with it."""
    if REAL_FILE.exists():
        calls = json.loads(gzip.decompress(REAL_FILE.read_bytes()))
    else:
        source = open_synthetic_source(1, date(2024, 1, 1))
        records = zip(range(SYNTHETIC_RECORDS), source.records(), strict=False)
        calls = [json.loads(record.value) for _, record in records][::-1]
    folder = tmp_path_factory.mktemp("calls")
    shuffled = calls.copy()
    random.Random(4711).shuffle(shuffled)
    by_order = {}
    for order, ordered in (("as is", calls), ("reversed", calls[::-1]), ("shuffled", shuffled)):
        by_order[order] = folder / f"{order.replace(' ', '-')}.json"
        by_order[order].write_text(json.dumps(ordered), encoding="utf-8")
    return CallFiles(REAL_FILE.exists(), calls, by_order)


@pytest.fixture(scope="session")
def undisturbed(call_files: CallFiles, tmp_path_factory: pytest.TempPathFactory) -> Digest:
    """What an undisturbed run counts, audited."""
    sfcrime = Sfcrime(tmp_path_factory.mktemp("undisturbed") / "data")
    ended = sfcrime("run", "--source", str(call_files.by_order["as is"]), *TO_THE_END)
    assert ended.code == 0, ended.out + ended.err
    audit = sfcrime("audit", timeout_s=600)
    assert audit.code == 0, audit.out
    return sfcrime.digest()


@pytest.fixture
def table(request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]) -> Iterator[Table]:
    """A summary that is shown whether the test passes or not."""
    filled = Table(f"\n== {request.node.name}")
    yield filled
    with capsys.disabled():
        print("\n".join(filled.lines), flush=True)  # noqa: T201
