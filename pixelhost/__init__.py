"""A self-hosted, Pixeldrain-compatible file host."""

__version__ = "0.1.0"
