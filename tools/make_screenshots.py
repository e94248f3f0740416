"""Makes docs/images/page-*.png: the page of `sfcrime run`, photographed while it counts.

    make screenshots
    make screenshots ARGS="--full --dark --output /tmp/page"     whole pages in the dark, to look at

Runs the synthetic city on a data folder of its own, waits until more than eight weeks of it are
counted, so that the page knows what is usual, and photographs every view while records still come
in. Each view says that its data is synthetic, or nothing is made. Nothing is retouched. This needs
`chromium` on PATH.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from sfcrime.errors import StoreEmpty
from sfcrime.pipeline.activity import DashboardActivity, read_activity
from sfcrime.store import STORE_FILE
from sfcrime.store.reader import open_reader

ROOT = Path(__file__).resolve().parent.parent
VIEWS = {"now": "/", "history": "/history", "pipeline": "/pipeline", "trust": "/trust"}
SIZES = {1440: 1000, 360: 780}
"""By width of the window, its height; both in pixels."""
CITY = ("--source", "synthetic", "--seed", "1", "--start", "2025-01-06")
RECORDS = 170_000
"""Ten weeks of the city."""
STARTS_WITHIN_S = 60.0
STOPS_WITHIN_S = 30.0
COUNTED_WITHIN_S = 900.0
SETTLED_MS = 1_500
"""Until what comes after a view's first answer is drawn."""
MARK = "SYNTHETIC DATA"


def main() -> int:
    arguments = parsed_arguments()
    chromium = shutil.which("chromium")
    if chromium is None:
        print("error: chromium is not installed.\nNext step: sudo apt-get install chromium")
        return 4
    arguments.output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="sfcrime-page-") as folder:
        data_dir = Path(folder) / "data"
        with running(data_dir, arguments.speed) as run, sync_playwright() as playwright:
            url = await_numbers(run, data_dir, arguments.records)
            browser = playwright.chromium.launch(executable_path=chromium, args=chromium_flags())
            try:
                for width, height in SIZES.items():
                    photograph(browser, url, (width, height), arguments)
            finally:
                browser.close()
    return 0


def parsed_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--output", type=Path, default=ROOT / "docs" / "images")
    parser.add_argument("--records", type=int, default=RECORDS, help="photograph after so many")
    parser.add_argument("--speed", default="72000x", help="of the city")
    parser.add_argument("--full", action="store_true", help="whole pages, not what a window shows")
    parser.add_argument("--dark", action="store_true", help="as in a browser that prefers dark")
    return parser.parse_args()


def chromium_flags() -> list[str]:
    """It asks nobody else; without a sandbox only as root, where it has none."""
    quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
    return [*quiet, *(["--no-sandbox"] if os.geteuid() == 0 else [])]


@contextmanager
def running(data_dir: Path, speed: str) -> Iterator[subprocess.Popen[bytes]]:
    """`sfcrime run` with its page, on free ports; stopped as a user would stop it."""
    ports = ("--port", "0", "--ui-port", "0", "--dashboard-port", "0")
    command = [sys.executable, "-m", "sfcrime", "run", *CITY, "--speed", speed, *ports, "--plain"]
    process = subprocess.Popen([*command, "--data-dir", str(data_dir)], stdin=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(STOPS_WITHIN_S)


def await_numbers(run: subprocess.Popen[bytes], data_dir: Path, records: int) -> str:
    """The address of the page, once it answers and so many records are counted."""
    deadline = time.monotonic() + STARTS_WITHIN_S + COUNTED_WITHIN_S
    while time.monotonic() < deadline:
        if run.poll() is not None:
            raise SystemExit(f"sfcrime ended with exit code {run.returncode}")
        url = read_activity(data_dir, DashboardActivity).url
        if url and records_read(data_dir) >= records:
            return url.rstrip("/")
        time.sleep(0.5)
    raise SystemExit(f"{records:,} records were not counted in time")


def records_read(data_dir: Path) -> int:
    """As the store says."""
    try:
        with open_reader(data_dir / STORE_FILE) as reader:
            return reader.totals().accounting.read
    except StoreEmpty:
        return 0


def photograph(
    browser: Browser, url: str, size: tuple[int, int], arguments: argparse.Namespace
) -> None:
    """Every view in a window of that size, in pixels."""
    width, height = size
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if arguments.dark else "light",
        reduced_motion="reduce",
    )
    page = context.new_page()
    for name, path in VIEWS.items():
        page.goto(f"{url}{path}")
        require_mark(page, name)
        page.wait_for_timeout(SETTLED_MS)
        file = arguments.output / f"page-{name}-{width}.png"
        page.screenshot(path=file, full_page=arguments.full)
        print(f"{file}: {file.stat().st_size:,} bytes")
    context.close()


def require_mark(page: Page, name: str) -> None:
    """Refuses a picture that could be taken for one of real calls."""
    page.wait_for_function("document.body.innerText.trim().length > 0")
    try:
        page.get_by_text(MARK, exact=False).first.wait_for(state="visible", timeout=10_000)
    except Exception as error:
        raise SystemExit(f"the view {name} does not say {MARK}") from error


if __name__ == "__main__":
    sys.exit(main())
