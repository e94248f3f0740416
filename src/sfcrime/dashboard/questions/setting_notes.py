"""What was measured about a setting, in a sentence or two; docs/tuning.md and docs/performance.md
say how.

A setting without a sentence is about places and names, where there is nothing to measure. A ratio
is to the shipped value, with the product's query on two cores.
"""

from __future__ import annotations

from collections.abc import Mapping

_NOT_TRIED = "The tuning lab did not try it"

SETTING_NOTES: Mapping[str, str] = {
    "kafka.partitions": (
        "Four gave 0.66 of the throughput of one (a single trial, too few to say how sure). Over 4 "
        "million records two counted 198,661 a second against 217,865 with one, for more CPU time "
        "a record. One for every two cores is a rule of thumb above two cores: it was not measured "
        "there."
    ),
    "kafka.compression": f"{_NOT_TRIED}.",
    "kafka.heap": f"{_NOT_TRIED}.",
    "source.speed": (
        f"{_NOT_TRIED}: it is how fast calls are published, not how fast they can be counted."
    ),
    "stream.window_minutes": f"{_NOT_TRIED}: it decides what is counted, not how fast.",
    "stream.lateness_hours": f"{_NOT_TRIED}: it decides what is counted, not how fast.",
    "stream.max_records_per_batch": (
        "5,000 gave 0.33 of the throughput of 250,000: no more than the trigger allows (a single "
        "trial). 500,000 was 6 to 8 % faster and took 100 MB more memory. Latency was not measured "
        "for each bound: at the pace of those trials no batch comes near one."
    ),
    "stream.trigger_ms": (
        "Of 50, 100, 150, 200 and 250 ms, 100 ms had the lowest median latency: 0.67 of that of "
        "250 ms (99 % interval 0.58 to 0.78). 50 and 150 ms cannot be told from it, and 150 ms "
        "takes a fifth less CPU time than 100."
    ),
    "stream.heap": (
        "Measured with version 0.1 only: 700 MB gave 0.84 of the throughput of the shipped 1,200."
    ),
    "stream.jvm_options": (
        f"{_NOT_TRIED} in the runs that the defaults rest on; `sfcrime tune --set jvm_options=...` "
        "does."
    ),
    "stream.spark_properties": (
        "The lab tried `spark.streaming.backpressure.enabled`, as a control, with the exercise's "
        "query: it belongs to Spark's older API and can do nothing here (0.99 of the throughput, "
        "a single trial). The product's query has no shuffle, so shuffle partitions mean nothing "
        "to it; to the exercise's query 200 of them left 0.11 of the throughput of 2."
    ),
    "stream.source_options": (
        "`maxRatePerPartition` belongs to Spark's older API and can do nothing here. Measured "
        "apart from the lab: fetches of 2 to 8 MB were no faster than the half megabyte that is "
        "set, and took more memory."
    ),
    "stream.master": f"{_NOT_TRIED}: only local masters were run.",
    "jvm.java_home": f"{_NOT_TRIED}: all trials ran on the Java of the wheel.",
    "jvm.startup_cache": (
        "Not a knob of the lab. Measured on its own when it was built: the first statistic after "
        "8.8 s in place of 13.5."
    ),
    "store.progress_rows": f"{_NOT_TRIED}.",
    "store.rejected_rows": f"{_NOT_TRIED}.",
    "store.late_rows": f"{_NOT_TRIED}.",
}
"""By `room.name`."""
