"""Trains the start-up cache beside a run, once the first statistic stands and there is room.

Nobody waits for the cache: a run starts without it, only slower.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Mapping
from contextlib import suppress

from sfcrime.errors import SfcrimeError
from sfcrime.jvm.java import cache_folder
from sfcrime.machine.child import Child
from sfcrime.machine.own_folder import is_locked
from sfcrime.machine.sizes import (
    free_memory_bytes,
    heap_bytes,
    machine_cores,
    machine_memory_bytes,
)
from sfcrime.pipeline.overview import Overview
from sfcrime.pipeline.training_process import (
    end_training,
    start_training,
    startup_caches,
    training_lock,
)
from sfcrime.settings import Settings

MOST_LAG_RECORDS = 1_000
"""More is a backlog. The synthetic city at its usual pace is ten behind, at ten times that pace a
hundred."""
CALM_S = 10.0
"""For so long no backlog."""
MOST_LOAD_PER_CORE = 0.75
"""A run at its usual pace makes a load of about 1 on two cores; others may add half of one."""
BESIDE_HEAPS_BYTES = 700_000_000
"""Of Python, and of what the JVMs hold beside their heaps: with the usual ones a training held
2.14 GB at its peak."""
FREE_DISK_BYTES = 1_000_000_000
"""The caches take 270 MB, and the way there some more."""


class LaterTraining:
    """The training beside a run, at most one; a context manager that ends it.

    Args:
        settings: of the run.
        on_step: told once that it begins, and once how it ended.
    """

    def __init__(self, settings: Settings, on_step: Callable[[str], None]) -> None:
        self._settings = settings
        self._on_step = on_step
        self._is_due = True
        self._calm_since: float | None = None
        self._training: Child | None = None
        self.log_path = settings.data_dir / "run" / "training.log"

    def __enter__(self) -> LaterTraining:
        return self

    def __exit__(self, *_: object) -> None:
        if self._training is not None:
            with suppress(SfcrimeError, OSError):  # the run has ended by its own reasons
                end_training(self._training, self._settings.jvm)

    def look(self, overview: Overview, topic_ends: Mapping[int, int]) -> None:
        """Begins where it is time to, or says how it ended; cheap, and to be called in the main
        thread again and again. What fails is said, and is no failure of the run."""
        try:
            if self._training is not None:
                self._watch(self._training)
            elif self._is_due and self._is_calm(overview, topic_ends) and has_room(self._settings):
                self._begin()
        except SfcrimeError as error:
            self._give_up(error.happened)
        except OSError as error:
            self._give_up(str(error))

    def _is_calm(self, overview: Overview, topic_ends: Mapping[int, int]) -> bool:
        """Whether the first statistic stands, and there was no backlog for a while."""
        now = time.monotonic()
        counts = overview.stream.step == "running" and overview.accounting.counted > 0
        if not counts or overview.lag(topic_ends) > MOST_LAG_RECORDS:
            self._calm_since = None
            return False
        self._calm_since = self._calm_since or now
        return now - self._calm_since >= CALM_S

    def _begin(self) -> None:
        jvm = self._settings.jvm
        if is_locked(training_lock(jvm)):
            return
        self._is_due = False
        if any(cache.mode == "use" and not cache.is_there for cache in startup_caches(jvm)):
            self._training = start_training(self._settings, self.log_path, makes_way=True)
            self._on_step("training the start-up cache at low priority, this once")

    def _watch(self, training: Child) -> None:
        code = training.exit_code
        if code is None:
            return
        self._training = None
        if code == 0:
            self._on_step("the start-up cache is there: the next start will be faster")
        else:
            self._give_up(f"exit code {code}, see {self.log_path}")

    def _give_up(self, why: str) -> None:
        self._is_due = False
        self._on_step(f"no start-up cache, so starts take as long as this one: {why}")


def has_room(settings: Settings) -> bool:
    """Whether a second broker and Spark can run beside those of the run without being felt."""
    heaps = heap_bytes(settings.kafka.heap) + heap_bytes(settings.stream.heap)
    needed = heaps + BESIDE_HEAPS_BYTES
    # In a container the run itself takes as much of what is allowed.
    free = min(free_memory_bytes(), machine_memory_bytes() - needed)
    return (
        free >= needed
        and os.getloadavg()[0] <= MOST_LOAD_PER_CORE * machine_cores()
        and shutil.disk_usage(cache_folder(settings.jvm)).free >= FREE_DISK_BYTES
    )
