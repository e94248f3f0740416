"""Live, provable statistics of San Francisco police calls for service."""

__version__ = "0.1.0"
