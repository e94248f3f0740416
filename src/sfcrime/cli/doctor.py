"""`sfcrime doctor`: what is missing or wrong on this machine, and the command that mends it."""

from __future__ import annotations

from dataclasses import asdict
from itertools import chain

import click

from sfcrime.cli.options import setting_flags
from sfcrime.cli.output import print_json, print_line
from sfcrime.domain.safe_text import terminal_safe
from sfcrime.errors import EXIT_FAILURE
from sfcrime.pipeline.checkup import Finding, Level, check_up
from sfcrime.pipeline.cluster_checkup import check_up_cluster
from sfcrime.settings import Settings

_MARKS = {Level.OK: "ok   ", Level.NOTE: "note ", Level.WRONG: "WRONG"}
_ABOUT_WIDTH = 15


@click.command("doctor", epilog="Example:  sfcrime doctor --data-dir data")
@setting_flags(
    "--data-dir",
    "--store-url",
    "--bootstrap-servers",
    "--kafka-config",
    "--topic",
    "--port",
    "--ui-port",
    "--dashboard-port",
    "--master",
)
@click.option(
    "--cluster", is_flag=True, help="Start a session on the Spark master, and ask its executors."
)
@click.option("--json", "as_json", is_flag=True, help="Print the findings as one JSON object.")
def command(settings: Settings, cluster: bool, as_json: bool) -> int:
    """Look at Python, Java, jars, memory, disk, folders, ports and store.

    Nothing is changed, and nothing is started but with --cluster. Every jar is hashed. Exit code 1
    where something is wrong; a note is no wrong.
    """
    found = []
    for finding in chain(check_up(settings), check_up_cluster(settings) if cluster else ()):
        found.append(finding)
        if not as_json:
            _show(finding)
    wrong = sum(each.level is Level.WRONG for each in found)
    if as_json:
        print_json({"wrong": wrong, "findings": [asdict(each) for each in found]})
    else:
        print_line(f"{wrong} of {len(found)} wrong." if wrong else "Nothing is wrong.")
    return EXIT_FAILURE if wrong else 0


def _show(finding: Finding) -> None:
    said = terminal_safe(finding.said)
    click.echo(f"{_MARKS[finding.level]}  {finding.about:<{_ABOUT_WIDTH}}  {said}")
    if finding.mend:
        click.echo(f"{'':7}{'':{_ABOUT_WIDTH}}  mend: {terminal_safe(finding.mend)}")
