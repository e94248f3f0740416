"""docs/sfcrime.service is a unit that systemd takes, and the page says what it does."""

from __future__ import annotations

import configparser
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from sfcrime.cli.main import COMMANDS, sfcrime
from sfcrime.errors import EXIT_DATA_DIFFERS
from sfcrime.machine.child import STOP_GRACE_S

ROOT = Path(__file__).resolve().parents[2]
UNIT = ROOT / "docs" / "sfcrime.service"
PAGE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
VERIFY = shutil.which("systemd-analyze")


def unit_files() -> dict[str, str]:
    """The unit, and those that stand as text on the page, by name."""
    blocks = re.findall(r"^```text\n(# /etc/systemd.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    parts = [
        each for block in blocks for each in re.split(r"^(?=# /etc/systemd)", block, flags=re.M)
    ]
    named = {Path(part.split("\n", 1)[0]).name: part for part in parts if part}
    return {UNIT.name: UNIT.read_text(encoding="utf-8"), **named}


@pytest.mark.skipif(VERIFY is None, reason="there is no systemd-analyze on this machine")
def test_systemd_takes_the_unit_and_those_of_the_page(tmp_path: Path) -> None:
    files = unit_files()
    assert sorted(files) == ["sfcrime-backup.service", "sfcrime-backup.timer", "sfcrime.service"]
    for name, text in files.items():  # what is installed only where the service is
        there = text.replace("/opt/sfcrime/bin/sfcrime", "/bin/true")
        (tmp_path / name).write_text(there, encoding="utf-8")

    checked = subprocess.run(
        [str(VERIFY), "verify", "--man=no", *(str(tmp_path / name) for name in files)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")


def test_the_unit_closes_nothing_that_java_or_the_parts_need() -> None:
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read_string(UNIT.read_text(encoding="utf-8"))
    service = unit["Service"]

    assert not {"MemoryDenyWriteExecute", "PrivateNetwork", "IPAddressDeny"} & set(service)
    assert service["RestartPreventExitStatus"] == str(EXIT_DATA_DIFFERS)
    assert not {"ProcSubset", "NoExecPaths", "RemoveIPC"} & set(service)
    assert {"AF_UNIX", "AF_INET"} <= set(service["RestrictAddressFamilies"].split())
    assert int(service["TimeoutStopSec"].removesuffix("s")) > 2 * STOP_GRACE_S
    command = service["ExecStart"].split()[1:]
    assert command[0] in COMMANDS
    sfcrime.get_command(None, command[0]).make_context(  # type: ignore[arg-type,union-attr]
        command[0], command[1:]
    )


def test_every_error_has_its_row_on_the_page() -> None:
    from sfcrime import errors

    table = PAGE.split("## Whose hand is needed")[1].split("\n## ")[0]
    grouping = {"SfcrimeError", "Unreachable", "Refused"}
    # Of commands that look, and of the local server, which is no part of a run: they end none.
    read_only = {"StoreEmpty", "ReadTooLong", "PostgresUnavailable", "ShardRefused"}
    named = {
        name
        for name, each in vars(errors).items()
        if isinstance(each, type) and issubclass(each, errors.SfcrimeError)
    }

    assert set(re.findall(r"`([A-Z]\w+)`", table)) == named - grouping - read_only


def test_every_metric_that_is_watched_is_served() -> None:
    served = set(re.findall(r"^\| `(sfcrime_\w+)`", (ROOT / "docs/serving.md").read_text(), re.M))

    assert set(re.findall(r"sfcrime_[a-z_]+", PAGE)) <= served
