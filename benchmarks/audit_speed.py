"""How long the independent recount of a backlog takes, and how much memory.

    python benchmarks/audit_speed.py --records 1000000 --repeats 3
    python benchmarks/audit_speed.py --records 10000000 --repeats 3 --keep DIR

With `--keep` the backlog and the store that was counted from it are there the next time. The peak
is that of all processes of the audit together, by /proc: a page that two share is counted twice.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import msgspec
from backlog import fill_topic, open_backlog, open_broker, topic_name
from usage import Usage, Watch

from sfcrime.machine.description import described_machine
from sfcrime.settings import KafkaSettings


def measured_audit(kafka: KafkaSettings, data_dir: Path) -> tuple[Usage, dict[str, object]]:
    """What `sfcrime audit` of a counted topic took (without the broker), and its verdict.

    Raises:
        RuntimeError: it found a difference, or failed.
    """
    command = [
        *(sys.executable, "-m", "sfcrime", "audit", "--json"),
        *("--data-dir", str(data_dir), "--bootstrap-servers", kafka.bootstrap_servers),
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    with Watch([process.pid]) as meter:
        output, _ = process.communicate()
    if process.returncode != 0:
        raise RuntimeError(f"the audit ended with {process.returncode}: {output[:2000]!r}")
    return meter.usage, json.loads(output)


@click.command()
@click.option("--records", default=1_000_000, show_default=True)
@click.option("--partitions", default=2, show_default=True)
@click.option("--repeats", default=3, show_default=True)
@click.option("--keep", type=click.Path(path_type=Path), help="Keeps backlog and store in it.")
@click.option("--out", type=click.Path(path_type=Path), help="Takes the result as JSON.")
def main(records: int, partitions: int, repeats: int, keep: Path | None, out: Path | None) -> None:
    """Count a backlog once, then audit it."""
    backlog = open_backlog(records)
    usages = []
    with (
        TemporaryDirectory(prefix="sfcrime-broker-") as folder,
        TemporaryDirectory(prefix="sfcrime-bench-") as data_dir,
    ):
        broker, at = open_broker(keep or Path(folder))
        topic = topic_name(records, partitions)
        kafka = msgspec.structs.replace(at, topic=topic, partitions=partitions)
        with broker:
            fill_topic(kafka, backlog)
            counted = keep / f"counted-{topic}" if keep else Path(data_dir)
            _count(kafka, counted)
            for _ in range(repeats):
                usage, verdict = measured_audit(kafka, counted)
                usages.append(usage)
                click.echo(
                    f"{usage.seconds:.1f} s, peak {usage.peak_rss_mb:.0f} MB, cpu {usage.cpu_s:.1f}"
                    f" s, others {usage.others_cpu_s:.1f} s, load {usage.load_average:.1f}, "
                    f"{verdict['cells']} cells, {verdict['differing']} differing"
                )
    summary = {
        "seconds": statistics.median(usage.seconds for usage in usages),
        "cpu_s": statistics.median(usage.cpu_s for usage in usages),
        "peak_rss_mb": max(usage.peak_rss_mb for usage in usages),
    }
    click.echo(f"median of {repeats}: {summary}")
    if out is not None:
        result = {"machine": described_machine(), "records": records, "summary": summary}
        result["runs"] = [asdict(usage) for usage in usages]
        out.write_text(json.dumps(result, indent=1), encoding="utf-8")


def _count(kafka: KafkaSettings, data_dir: Path) -> None:
    command = [
        *(sys.executable, "-m", "sfcrime", "stream", "--until-caught-up"),
        *("--bootstrap-servers", kafka.bootstrap_servers, "--topic", kafka.topic),
        *("--data-dir", str(data_dir), "--ui-port", "0"),
    ]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
