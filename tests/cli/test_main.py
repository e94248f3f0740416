"""The command as a whole: which exit code, what on which stream, and the help."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from cli.conftest import Run
from sfcrime import __version__
from sfcrime.cli import main as entry
from sfcrime.cli import report
from sfcrime.cli.main import COMMANDS
from sfcrime.errors import SfcrimeError, UnreadableFile


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> type[click.Command]:
    """`sfcrime report` replaced by a command that raises what it is told to."""

    class Failing(click.Command):
        raised: BaseException = SfcrimeError("It broke.", next_step="mend it")

        def invoke(self, ctx: click.Context) -> None:
            raise type(self).raised

    monkeypatch.setattr(report, "command", Failing("report"))
    return Failing


def test_an_unknown_command_is_a_usage_error(run: Run) -> None:
    ran = run("recount")

    assert ran.code == 2
    assert "No such command 'recount'" in ran.err
    assert ran.out == ""


def test_an_unknown_flag_is_a_usage_error(run: Run) -> None:
    ran = run("status", "--jsno")

    assert ran.code == 2
    assert "--jsno" in ran.err


@pytest.mark.parametrize(
    ("arguments", "happened", "example"),
    [
        (("broker", "--port", "70000"), "The setting kafka.port cannot be '70000'.", "--port 9092"),
        (("broker", "--port", "http"), "The setting kafka.port cannot be 'http'.", "--port 9092"),
        (("produce", "--speed", "abc"), "source.speed cannot be 'abc'.", "--speed 1800x"),
        (("produce", "--limit", "many"), "source.limit cannot be 'many'.", "--limit 0"),
    ],
)
def test_a_flag_of_a_setting_that_cannot_be_is_answered_with_an_example(
    run: Run, arguments: tuple[str, ...], happened: str, example: str
) -> None:
    ran = run(*arguments)

    assert ran.code == 2
    assert happened in ran.err.splitlines()[0]
    assert ran.err.endswith(f"Next step: for example {example}\n")
    assert "Traceback" not in ran.err


@pytest.mark.parametrize(
    "arguments", [("late", "--limit", "many"), ("late", "--partition", "-1"), ("late", "--jsno")]
)
def test_any_other_flag_that_cannot_be_is_answered_with_the_commands_example(
    run: Run, arguments: tuple[str, ...]
) -> None:
    ran = run(*arguments)

    assert ran.code == 2
    assert f"{arguments[1]}" in ran.err
    assert ran.err.endswith("\nExample:  sfcrime late --limit 10 --bytes\n")


def test_a_data_folder_without_a_store_cannot_be_reached(run: Run, tmp_path: Path) -> None:
    ran = run("status", "--data-dir", str(tmp_path / "nothing"))

    assert ran.code == 4
    assert ran.err.startswith("error: ")
    assert ran.out == ""


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (SfcrimeError("It broke."), 1),
        (UnreadableFile("calls.json", "ends too early"), 3),
        (click.UsageError("Not so."), 2),
        (click.exceptions.Abort(), 130),
        (KeyboardInterrupt(), 130),
    ],
)
def test_every_kind_of_end_has_its_exit_code(
    run: Run,
    failing: type[click.Command],
    monkeypatch: pytest.MonkeyPatch,
    error: BaseException,
    code: int,
) -> None:
    monkeypatch.setattr(failing, "raised", error)

    assert run("report").code == code


def test_an_error_is_one_message_without_a_traceback(
    run: Run, failing: type[click.Command]
) -> None:
    assert run("report").err == "error: It broke.\nNext step: mend it\n"


def test_what_an_error_quotes_cannot_command_the_terminal(
    run: Run, failing: type[click.Command], monkeypatch: pytest.MonkeyPatch
) -> None:
    error = SfcrimeError("It holds \x1b[2J\u202ecalls.", rule="at\torg.apache.kafka")
    monkeypatch.setattr(failing, "raised", error)

    assert run("report").err == (
        "error: It holds \\x1b[2J\\u202ecalls.\nat      org.apache.kafka\n"
    )


def test_verbose_adds_the_traceback_and_keeps_the_message(
    run: Run, failing: type[click.Command]
) -> None:
    ran = run("--verbose", "report")

    assert ran.code == 1
    assert "Traceback (most recent call last)" in ran.err
    assert ran.err.endswith("error: It broke.\nNext step: mend it\n")


def test_a_reader_that_goes_away_is_no_error_message() -> None:
    reading, writing = os.pipe()
    os.close(reading)

    ended = subprocess.run(
        [sys.executable, "-m", "sfcrime", "--help"], stdout=writing, stderr=subprocess.PIPE
    )
    os.close(writing)

    assert ended.returncode == 1
    assert ended.stderr == b""


def test_the_version_is_printed(run: Run) -> None:
    ran = run("--version")

    assert ran.code == 0
    assert ran.out == f"sfcrime, version {__version__}\n"


def test_the_help_lists_every_command(run: Run) -> None:
    ran = run("--help")

    assert ran.code == 0
    for name, line in COMMANDS.items():
        assert f"  {name} " in ran.out
        assert line.split()[0] in ran.out


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_every_command_has_an_example_that_parses(run: Run, name: str) -> None:
    for flag in ("--help", "-h"):
        ran = run(name, flag)
        assert ran.code == 0
        assert f"Usage: sfcrime {name}" in ran.out

    example = ran.out.split("Example:")[1].split()

    assert example[:2] == ["sfcrime", name]
    whole = click.Context(entry.sfcrime, **entry.sfcrime.context_settings)
    command = entry.sfcrime.get_command(whole, name)
    assert command is not None
    assert command.make_context(name, example[2:], parent=whole).info_name == name


def test_a_command_lives_in_the_module_of_its_name() -> None:
    folder = Path(entry.__file__).parent

    for name in COMMANDS:
        assert (folder / f"{name.replace('-', '_')}.py").is_file()
