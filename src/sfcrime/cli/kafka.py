"""`sfcrime kafka TOOL`: Kafka's own tools, on the Java and the jars that are here already."""

from __future__ import annotations

import os
import sys

import click

from sfcrime.cli.ready_jars import ready_jars
from sfcrime.jvm.java import find_java
from sfcrime.kafka.tools import TOOLS, tool_command, tool_named
from sfcrime.settings_loading import load_settings


class _ToolList(click.Command):
    """Help that lists the tools."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Tools"):
            formatter.write_dl([(name, tool.summary) for name, tool in TOOLS.items()])
        super().format_epilog(ctx, formatter)


@click.command(
    cls=_ToolList,
    # What follows TOOL is the tool's, `--help` included.
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
    epilog="Example:  sfcrime kafka topics --bootstrap-server localhost:9092 --list",
    short_help="Kafka's own tools from the broker's jars.",
)
@click.argument("tool", required=False)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def command(tool: str | None, arguments: tuple[str, ...]) -> None:
    """Run one of Kafka's own tools with its usual ARGUMENTS, and leave with its exit code.

    `sfcrime kafka TOOL --help` is the tool's own help.
    """
    found = tool_named(tool)
    jvm = load_settings().jvm
    java = find_java(jvm)
    run = tool_command(found, java, ready_jars(found.jar_set, jvm), arguments)
    sys.stdout.flush()
    sys.stderr.flush()
    # This process becomes the tool: signals, terminal and exit code are its own.
    os.execv(java, run)  # noqa: S606
