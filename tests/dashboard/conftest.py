"""The application over a `Seen` that a test gives, asked without a network."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dashboard.serving import GivenSource, PageClient
from sfcrime.dashboard.serving.app import build_app
from sfcrime.dashboard.serving.binding import Binding, binding_of
from sfcrime.dashboard.serving.lag import LagWatch
from sfcrime.domain.known_lag import Lag
from sfcrime.settings import Settings, StoreSettings

TOKEN = "a-token-of-24-characters"  # noqa: S105 - of this test
HOST = "127.0.0.1:8000"

Asked = Callable[..., PageClient]


@pytest.fixture
def source() -> GivenSource:
    return GivenSource()


@pytest.fixture
def lag() -> Iterator[LagWatch]:
    watch = LagWatch(lambda: Lag({0: 5, 1: 7}, None), every_s=0.01)
    yield watch
    watch.end()


@pytest.fixture
def binding() -> Binding:
    return binding_of(Settings().dashboard)


@pytest.fixture
def page_folder(tmp_path: Path) -> Path:
    """A built page of three files."""
    folder = tmp_path / "page"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html><title>built</title>", encoding="utf-8")
    (folder / "assets" / "index-a1b2.js").write_text("export {}", encoding="utf-8")
    (folder / "favicon.svg").write_text("<svg/>", encoding="utf-8")
    return folder


@pytest.fixture
def asked(
    source: GivenSource, lag: LagWatch, binding: Binding, page_folder: Path, tmp_path: Path
) -> Asked:
    """Makes a client of the application; what differs from a start without flags is given."""

    def client(binding: Binding = binding, folder: Path = page_folder) -> PageClient:
        settings = Settings(store=StoreSettings(data_dir=str(tmp_path)))
        app = build_app(source, settings, binding, lag, folder)
        return PageClient(app, f"http://{HOST}")

    return client
