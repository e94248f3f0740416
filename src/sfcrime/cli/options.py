"""Flags that several commands share; each maps to one setting (room, name)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import click

from sfcrime.settings import load_settings

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

_FLAGS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "--data-dir": ("store", "data_dir", {"help": "Folder of broker and store."}),
    "--bootstrap-servers": (
        "kafka",
        "bootstrap_servers",
        {"help": "An outside Kafka cluster; without it, the embedded broker."},
    ),
    "--kafka-config": (
        "kafka",
        "config_file",
        {"help": "Client properties file of an outside cluster."},
    ),
    "--topic": ("kafka", "topic", {"help": "Topic of the calls."}),
    "--port": ("kafka", "port", {"type": int, "help": "Port of the embedded broker; 0 picks one."}),
    "--partitions": ("kafka", "partitions", {"type": int, "help": "Partitions of a new topic."}),
    "--source": (
        "source",
        "source",
        {
            "multiple": True,
            "callback": lambda _context, _option, names: one_a_line(names),
            "help": "A file, a quoted pattern ('calls/*.csv'), or `synthetic`; repeatable.",
        },
    ),
    "--speed": ("source", "speed", {"help": "`max`, or times real time, e.g. 1800x."}),
    "--limit": ("source", "limit", {"type": int, "help": "Stop after so many records."}),
    "--seed": ("source", "seed", {"type": int, "help": "Seed of the synthetic city."}),
    "--start": ("source", "start", {"help": "First day of the synthetic city, YYYY-MM-DD."}),
    "--window": ("stream", "window_minutes", {"type": int, "help": "Width of a cell, minutes."}),
    "--lateness-hours": (
        "stream",
        "lateness_hours",
        {"help": "Allowed lateness in hours for any topic, or `off`."},
    ),
    "--max-records-per-batch": (
        "stream",
        "max_records_per_batch",
        {"type": int, "help": "Bound of a micro-batch."},
    ),
    "--ui-port": ("stream", "ui_port", {"type": int, "help": "Port of the Spark UI; 0 picks one."}),
}


def one_a_line(names: Sequence[str]) -> str | None:
    """Several names as the one text that a setting holds; None where there are none."""
    return "\n".join(names) or None


def setting_flags(*names: str) -> Decorator:
    """Adds the named flags; the command receives `settings: Settings` in their place."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        import functools

        @functools.wraps(function)
        def with_settings(*args: Any, **kwargs: Any) -> Any:
            flags: dict[str, dict[str, Any]] = {}
            for name in names:
                room, key, _ = _FLAGS[name]
                flags.setdefault(room, {})[key] = kwargs.pop(f"{room}__{key}")
            return function(*args, settings=load_settings(flags), **kwargs)

        decorated: Callable[..., Any] = with_settings
        for name in reversed(names):
            room, key, extra = _FLAGS[name]
            decorated = click.option(name, f"{room}__{key}", default=None, **extra)(decorated)
        return decorated

    return decorate
