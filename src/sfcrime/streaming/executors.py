"""What this query needs of the executors of a cluster."""

from __future__ import annotations

import re
from collections.abc import Mapping

from sfcrime.spark.executors import Needs
from sfcrime.streaming.judge_digest import JUDGE_DIGEST

_JUDGING = ("sfcrime.streaming.judge", "sfcrime.streaming.judge_digest")
"""What of the judge can be imported without Spark's own Python code."""
_REFERENCE = re.compile(r"\$\{(file|directory):([^:}]+):([^}]*)\}")


def needs_of_executors(client_options: Mapping[str, str]) -> Needs:
    """The judge, and the files that the options of Kafka's client name, secrets among them."""
    return Needs(_JUDGING, JUDGE_DIGEST, files_of_client(client_options))


def files_of_client(options: Mapping[str, str]) -> list[str]:
    """The files that Kafka's client opens where it runs, each once."""
    found = [value for name, value in options.items() if name.endswith(".location")]
    for value in options.values():
        for kind, path, name in _REFERENCE.findall(value):
            found.append(path if kind == "file" else f"{path}/{name}")
    return list(dict.fromkeys(found))
