"""All kinds of faults, and which of them come when: rounds in which each occurs once, shuffled."""

from __future__ import annotations

import random
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

import kinds_of_clusters as clusters
import kinds_of_files as files
import kinds_of_traffic as traffic
from kinds import (
    POINTS,
    Kind,
    all_killed,
    at_point,
    broker_restarted,
    clock_moved,
    hung,
    in_recovery,
    killed,
    outside_broker_down,
    run_killed,
    stopped,
    store_locked,
)
from service import ROLES, SILENCE_S, Place

_ANY_POINT = tuple(POINTS)
KINDS = (
    *(Kind(f"kill-{role}", killed(role)) for role in ROLES),
    *(Kind(f"stop-{role}", stopped(role)) for role in ROLES),
    *(
        Kind(f"hang-{role}", hung(role), bound_s=4 * SILENCE_S + 60)
        for role in ("driver", "jvm", "worker", "broker", "producer")
    ),
    *(Kind(f"at-{point}", at_point((point,), victim)) for point, victim in POINTS.items()),
    Kind("at-point-jvm", at_point(_ANY_POINT, "jvm")),
    Kind("at-point-broker", at_point(_ANY_POINT, "broker")),
    Kind("at-point-run", at_point(_ANY_POINT, "run")),
    Kind("in-recovery", in_recovery),
    Kind("kill-run", run_killed),
    Kind("kill-all", all_killed),
    Kind("restart-broker", broker_restarted),
    Kind("outside-broker-term", outside_broker_down(signal.SIGTERM), "outside"),
    Kind("outside-broker-kill", outside_broker_down(signal.SIGKILL), "outside"),
    Kind("outside-broker-stop", stopped("broker"), "outside"),
    Kind("outside-at-point", at_point(_ANY_POINT, "jvm"), "outside"),
    Kind("store-locked", store_locked),
    Kind("disk-full-store", files.disk_full(files.data_disk), "disks"),
    Kind("disk-full-checkpoint", files.disk_full(files.checkpoint_disk), "disks"),
    Kind("disk-full-broker", files.disk_full(files.broker_disk), "disks"),
    Kind("lost-checkpoint", files.lost("folder", files.checkpoint_folder)),
    Kind("lost-spark-folder", files.lost("folder", files.spark_folder)),
    Kind("lost-activity", files.lost("files", files.activity_files)),
    Kind("lost-indexes", files.lost("files", files.segment_indexes)),
    Kind("lost-shutdown-mark", files.clean_shutdown_mark_lost),
    Kind("lost-store", files.store_lost),
    Kind("torn-wal", files.wal_torn),
    Kind("old-backup", files.backup_restored),
    Kind("burst-copies", traffic.burst(traffic.copies)),
    Kind("burst-out-of-order", traffic.burst(traffic.out_of_order)),
    Kind("burst-hostile", traffic.burst(traffic.hostile)),
    Kind("clock-driver", clock_moved(ROLES["driver"])),
    Kind("clock-run", clock_moved("sfcrime run")),
)
CLUSTER_KINDS = (
    Kind("cluster-kill-executor", clusters.killed("executor"), "cluster", bound_s=60.0),
    Kind("cluster-kill-worker", clusters.killed("Spark worker"), "cluster"),
    Kind("cluster-kill-driver", clusters.killed("driver"), "cluster"),
    Kind("cluster-kill-broker", clusters.killed("broker"), "cluster"),
    Kind("cluster-kill-database", clusters.killed("database"), "cluster"),
    Kind("cluster-take-over", clusters.driver_taken_over, "cluster"),
)
"""Those of `make cluster-faults`."""


@dataclass(frozen=True)
class Life:
    """The faults that one service lives through."""

    place: Place
    kinds: tuple[Kind, ...]


def chosen(names: Sequence[str], *, on_cluster: bool = False) -> tuple[Kind, ...]:
    """The kinds of these names; without a name, all of one machine or all of a cluster. ValueError
    for a name that is none."""
    known = CLUSTER_KINDS if on_cluster else KINDS
    unknown = set(names) - {each.name for each in known}
    if unknown:
        raise ValueError(f"no such kind: {', '.join(sorted(unknown))}")
    return tuple(each for each in known if not names or each.name in names)


def lives_of(kinds: Sequence[Kind], runs: int, a_life: int, chance: random.Random) -> list[Life]:
    """`runs` faults in rounds: no kind comes a second time before every other came once. Those of
    one place are lived through by one service, at most `a_life` of them."""
    rounds: list[Kind] = []
    while kinds and len(rounds) < runs:
        rounds += chance.sample(kinds, len(kinds))
    lives = []
    for place in get_args(Place):
        ours = [each for each in rounds[:runs] if each.place == place]
        lives += [Life(place, tuple(ours[at : at + a_life])) for at in range(0, len(ours), a_life)]
    chance.shuffle(lives)
    return lives
