"""`sfcrime doctor`: its exit code, its text and its JSON."""

from __future__ import annotations

from pathlib import Path

import pytest

from running import Sfcrime
from sfcrime.store import STORE_FILE


@pytest.fixture
def sfcrime(tmp_path: Path) -> Sfcrime:
    return Sfcrime(tmp_path / "data")


def test_a_sound_machine_is_exit_code_0(sfcrime: Sfcrime) -> None:
    ran = sfcrime("doctor")

    assert ran.code == 0, ran.out
    assert ran.out.splitlines()[-1] == "Nothing is wrong."


def test_what_is_wrong_is_exit_code_1_and_comes_with_the_command_that_mends_it(
    sfcrime: Sfcrime,
) -> None:
    sfcrime.data_dir.mkdir()
    (sfcrime.data_dir / STORE_FILE).write_bytes(b"no database at all" * 100)

    ran = sfcrime("doctor")

    assert ran.code == 1
    wrong = [line for line in ran.out.splitlines() if line.startswith("WRONG")]
    assert [line.split()[1] for line in wrong] == ["store"]
    assert ran.out.count("mend: ") >= 1


def test_json_holds_the_same_findings(sfcrime: Sfcrime) -> None:
    document = sfcrime("doctor", "--json").json

    assert document["wrong"] == 0
    about = [each["about"] for each in document["findings"]]
    assert about[:3] == ["python", "java", "jars for kafka"]
    assert set(document["findings"][0]) == {"about", "level", "said", "mend"}
