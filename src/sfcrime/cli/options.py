"""Flags that several commands share; each is one setting."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import click

from sfcrime.settings import Settings, is_set, load_settings

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

_FLAGS = {
    "--data-dir": ("store", "data_dir", "Folder of broker and store."),
    "--bootstrap-servers": (
        "kafka",
        "bootstrap_servers",
        "An outside Kafka cluster; without it, the embedded broker.",
    ),
    "--kafka-config": ("kafka", "config_file", "Client properties file of an outside cluster."),
    "--topic": ("kafka", "topic", "Topic of the calls."),
    "--port": ("kafka", "port", "Port of the embedded broker; 0 picks one."),
    "--partitions": ("kafka", "partitions", "Partitions of a new topic."),
    "--source": (
        "source",
        "source",
        "A file, a quoted pattern ('calls/*.csv'), or `synthetic`; repeatable.",
    ),
    "--speed": ("source", "speed", "`max`, or times real time, e.g. 1800x."),
    "--limit": ("source", "limit", "Stop after so many records."),
    "--seed": ("source", "seed", "Seed of the synthetic city."),
    "--start": ("source", "start", "First day of the synthetic city, YYYY-MM-DD."),
    "--window": ("stream", "window_minutes", "Width of a cell, minutes."),
    "--lateness-hours": (
        "stream",
        "lateness_hours",
        "Allowed lateness in hours for any topic, or `off`.",
    ),
    "--max-records-per-batch": ("stream", "max_records_per_batch", "Bound of a micro-batch."),
    "--ui-port": ("stream", "ui_port", "Port of the Spark UI; 0 picks one."),
}
"""Flag -> room and name of its setting, and its help."""

_SPELLED = {(room, key): flag for flag, (room, key, _) in _FLAGS.items()}


def one_a_line(names: Sequence[str]) -> str | None:
    """Several names as the one text that a setting holds; None where there are none."""
    return "\n".join(names) or None


def setting_flags(*flags: str) -> Decorator:
    """Adds the flags; the command receives `settings: Settings` in their place."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def with_settings(*args: Any, **kwargs: Any) -> Any:
            given: dict[str, dict[str, Any]] = {}
            for flag in flags:
                room, key, _ = _FLAGS[flag]
                given.setdefault(room, {})[key] = kwargs.pop(f"{room}__{key}")
            settings = load_settings(given, spelled=_SPELLED)
            return function(*args, settings=settings, **kwargs)

        decorated: Callable[..., Any] = with_settings
        for flag in reversed(flags):
            decorated = _option(flag)(decorated)
        return decorated

    return decorate


def is_asked_for(flag: str) -> bool:
    """Whether the command that runs was given the flag, or its setting comes from elsewhere."""
    room, key, _ = _FLAGS[flag]
    return click.get_current_context().params[f"{room}__{key}"] is not None or is_set(room, key)


def _option(flag: str) -> Decorator:
    """Every value comes as text: a bad number is refused like any setting, with an example."""
    room, key, text = _FLAGS[flag]
    is_number = isinstance(getattr(getattr(Settings(), room), key), int)
    more: dict[str, Any] = {"metavar": "INTEGER"} if is_number else {}
    if flag == "--source":
        more = {"multiple": True, "callback": lambda _context, _option, names: one_a_line(names)}
    return click.option(flag, f"{room}__{key}", default=None, help=text, **more)
