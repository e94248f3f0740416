"""The log of a JVM that may run for months: a file of bounded size, by log4j."""

from __future__ import annotations

from pathlib import Path


def log_options(log_path: Path, level: str) -> list[str]:
    """Java options: what is logged goes to this file, and to at most three older ones beside it,
    of 10 MB each.

    Args:
        log_path: in a folder of our own; it is continued.
        level: the least that is logged, as log4j calls it.
    """
    return [
        f"-Dlog4j2.configurationFile={Path(__file__).with_name('log4j2.xml')}",
        f"-Dsfcrime.log={log_path}",
        f"-Dsfcrime.log.level={level}",
    ]
