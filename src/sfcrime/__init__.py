"""Live, provable statistics of San Francisco police calls for service."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("sfcrime")
except PackageNotFoundError:  # a source tree that was never installed
    __version__ = "0.0.0+unknown"

__all__ = ["__version__"]
