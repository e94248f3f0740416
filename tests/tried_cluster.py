"""What `sfcrime cluster` says of itself, and its processes by what they are."""

from __future__ import annotations

import re

from running import WAIT_S, Started
from sfcrime.settings import Settings
from sfcrime.settings_loading import load_settings

EXECUTOR = "CoarseGrainedExecutorBackend"
BROKER = "/server.properties"
"""What the command line of each holds."""


def awaited_config(cluster: Started) -> str:
    """The settings file of a job on it, once the cluster has said its name."""
    cluster.wait_for(lambda: "to count on it: " in cluster.log(), "the cluster", 2 * WAIT_S)
    (config,) = re.findall(
        r"^to count on it: SFCRIME_CONFIG=(\S+) sfcrime run$", cluster.log(), re.M
    )
    return str(config)


def settings_of(config: str) -> Settings:
    """Those of a job, from that file alone."""
    return load_settings(environment={"SFCRIME_CONFIG": config})
