"""The page that the package ships is what its sources build to, small, and asks nobody else."""

from __future__ import annotations

import gzip
import json
import re
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from required import lacking, needs_node

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ROOT / "page"
BUILT = Path("src/sfcrime/dashboard/page")
SHIPPED = ROOT / BUILT

MOST_BYTES = 120_000
"""Of all files together, each as gzip packs it."""
NAMESPACES = {"www.w3.org"}
"""Names of vocabularies; nothing is fetched from there."""
UNREACHABLE = re.compile(r"ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH")
"""How npm says that it reaches no registry."""


@dataclass(frozen=True)
class Npm:
    """npm in a copy of the page's sources; what it builds goes into the copy of the project."""

    program: Path
    project: Path

    def __call__(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self.program), *arguments],
            cwd=self.project / "page",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )


@pytest.fixture(scope="module")
def npm(tmp_path_factory: pytest.TempPathFactory) -> Npm:
    """With what the lock file names installed."""
    npm = Npm(needs_node(), tmp_path_factory.mktemp("project"))
    left_out = shutil.ignore_patterns("node_modules")
    shutil.copytree(SOURCES, npm.project / "page", ignore=left_out)
    installed = npm("ci", "--engine-strict", "--prefer-offline", "--no-audit", "--no-fund")
    if installed.returncode and UNREACHABLE.search(installed.stderr):
        lacking("node", "npm reaches no registry")
    assert installed.returncode == 0, installed.stdout + installed.stderr
    return npm


def files_in(folder: Path) -> dict[str, bytes]:
    """By path inside of the folder, what each file holds."""
    files = sorted(each for each in folder.rglob("*") if each.is_file())
    return {str(each.relative_to(folder)): each.read_bytes() for each in files}


def test_the_sources_of_the_page_pass_their_own_checks(npm: Npm) -> None:
    checked = npm("run", "check")
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_shipped_page_is_byte_for_byte_what_its_sources_build_to(npm: Npm) -> None:
    built = npm("run", "build")
    assert built.returncode == 0, built.stdout + built.stderr

    fresh, shipped = files_in(npm.project / BUILT), files_in(SHIPPED)

    assert "index.html" in fresh
    assert list(fresh) == list(shipped), "run `make page`"
    assert [name for name in fresh if fresh[name] != shipped[name]] == [], "run `make page`"


def test_the_package_holds_the_page_so_that_users_need_no_node(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    folder = "sfcrime/dashboard/page/"

    with zipfile.ZipFile(wheel) as packed:
        held = {
            name.removeprefix(folder): packed.read(name)
            for name in packed.namelist()
            if name.startswith(folder)
        }

    assert held == files_in(SHIPPED)
    assert "index.html" in held


def test_the_shipped_page_is_small() -> None:
    packed = {name: len(gzip.compress(held, 9)) for name, held in files_in(SHIPPED).items()}
    assert packed
    assert sum(packed.values()) <= MOST_BYTES, packed


def test_the_shipped_page_names_no_address_of_another_server() -> None:
    named = {
        f"{name}: {address}"
        for name, held in files_in(SHIPPED).items()
        for address in re.findall(rb"(?:https?:|wss?:|[\"'(=])//([\w.-]+\.\w+)", held)
        if address.decode() not in NAMESPACES
    }
    assert named == set()


def test_the_shipped_page_runs_no_script_that_stands_in_the_page() -> None:
    """The server's content security policy would refuse it."""
    page = (SHIPPED / "index.html").read_text(encoding="utf-8")

    assert re.findall(r"<script(?![^>]*\bsrc=)", page) == []
    assert re.findall(r"<style|\sstyle=|\son\w+=", page) == []


def test_the_lock_of_the_page_has_a_hash_for_everything_and_names_no_registry() -> None:
    packages = json.loads((SOURCES / "package-lock.json").read_bytes())["packages"]
    del packages[""]  # the page itself

    assert packages
    assert [name for name, facts in packages.items() if "resolved" in facts] == []
    assert [
        name
        for name, facts in packages.items()
        if not facts.get("integrity", "").startswith("sha512-")
    ] == []


def test_versions_of_the_page_are_pinned() -> None:
    package = json.loads((SOURCES / "package.json").read_bytes())

    for kind in ("dependencies", "devDependencies"):
        for name, version in package[kind].items():
            assert re.fullmatch(r"\d+\.\d+\.\d+", version), name
