"""The `sfcrime` command: finds the subcommand, catches the error tree once.

Subcommands are imported only when called, so `sfcrime --help` needs neither Spark nor Kafka.
"""

from __future__ import annotations

import io
import json
import os
import sys
from contextlib import suppress
from importlib import import_module
from pathlib import Path

import click

from sfcrime import __version__
from sfcrime.errors import EXIT_FAILURE, EXIT_INTERRUPTED, SfcrimeError
from sfcrime.machine.own_folder import PRIVATE_UMASK, closed_to_others

COMMANDS = {
    "setup": "Resolve and verify the pinned jars.",
    "run": "Broker, producer and stream together, with a live view.",
    "broker": "Start the embedded Kafka broker alone.",
    "postgres": "Start a PostgreSQL server on this machine, for a store to be tried in.",
    "cluster": "Start Kafka brokers, a Spark cluster and PostgreSQL here, to be tried.",
    "produce": "Publish a source of calls to the topic.",
    "consume": "Show the records of the topic as they come.",
    "stream": "Run the Structured Streaming query alone.",
    "dashboard": "Serve the page, its API and its metrics.",
    "report": "Statistics: calls by type, disposition, hour, day or week.",
    "status": "Accounting, lag, rates, freshness, versions.",
    "rejected": "Records set aside by a rule, with reason and place.",
    "late": "Valid records published too long after their call.",
    "identities": "The calls that were counted, as they are kept to find repeats.",
    "audit": "Recount the topic independently and compare.",
    "rebuild": "Count the topic again; readers see the old numbers until the swap.",
    "backup": "Copy store and topic while they are in use.",
    "restore": "Make a data folder of a backup.",
    "store": "Copy the store to or from PostgreSQL.",
    "tune": "The tuning lab: what each setting does here, with a report.",
    "doctor": "What is wrong on this machine, and the command that mends it.",
    "kafka": "Kafka's own tools from the broker's jars.",
    "pack": "What a Spark cluster's executors need to judge, in one file.",
    "spark-submit": "Spark's own spark-submit on the Java that is here.",
}
"""Name -> one line, in the order of `--help`; module `sfcrime.cli.<name>` holds `command`
(a dash is an underscore there)."""


_MAKE_FILES_OF_THE_USERS = frozenset({"setup", "tune", "kafka", "pack", "spark-submit"})
"""What these make has the modes that the user's umask leaves: jars that one account fetches for
others, the lab's reports, archives, what the user's own programs write. All else is for this user
alone."""


class LazyGroup(click.Group):
    """A group that knows its commands' names and imports one when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"sfcrime.cli.{cmd_name.replace('-', '_')}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.command(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Example:  sfcrime run --source synthetic --speed 1800x",
)
@click.version_option(__version__, prog_name="sfcrime")
@click.option("--verbose", is_flag=True, expose_value=False, help="Show the traceback of an error.")
@click.pass_context
def sfcrime(context: click.Context) -> None:
    """Live, provable statistics of San Francisco police calls for service."""
    if context.invoked_subcommand not in _MAKE_FILES_OF_THE_USERS:
        context.with_resource(closed_to_others(PRIVATE_UMASK))


def main(arguments: list[str] | None = None) -> None:
    """Entry point: runs one command and leaves with its exit code."""
    arguments = sys.argv[1:] if arguments is None else arguments
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # what its encoding lacks would end the command
            stream.reconfigure(errors="backslashreplace")
    try:
        code = sfcrime.main(arguments, prog_name="sfcrime", standalone_mode=False)
    except SfcrimeError as error:
        _print_error(error, with_traceback="--verbose" in arguments)
        _hand_over(error)
        sys.exit(error.exit_code)
    except click.exceptions.Abort:
        click.echo("interrupted", err=True)
        sys.exit(EXIT_INTERRUPTED)
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)
    except click.ClickException as error:
        shown = io.StringIO()
        error.show(shown)
        context = getattr(error, "ctx", None)
        if context is not None:
            shown.write(context.command.epilog)
        _print_safely(shown.getvalue().rstrip("\n"))
        sys.exit(error.exit_code)
    except BrokenPipeError:  # `sfcrime report | head`
        sys.stderr.close()
        sys.exit(EXIT_FAILURE)
    sys.exit(code if isinstance(code, int) else 0)


def _hand_over(error: SfcrimeError) -> None:
    """Writes the error's facts where whoever started this process asks for them."""
    from sfcrime.pipeline.activity import ERROR_FILE

    if path := os.environ.get(ERROR_FILE):
        facts = {
            "happened": error.happened,
            "rule": error.rule,
            "next_step": error.next_step,
            "may_pass": error.may_pass,
        }
        with suppress(OSError):  # a full disk: the exit code says that much
            Path(path).write_text(json.dumps(facts), encoding="utf-8")


def _print_error(error: SfcrimeError, *, with_traceback: bool) -> None:
    import traceback

    text = "".join(traceback.format_exception(error)) if with_traceback else ""
    _print_safely(f"{text}error: {error}")


def _print_safely(text: str) -> None:
    """On stderr; it may quote a record, a topic, a file's name or a log."""
    from sfcrime.domain.safe_text import terminal_safe

    for line in text.expandtabs().split("\n"):
        click.echo(terminal_safe(line), err=True)
