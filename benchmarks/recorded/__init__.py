"""Queries recorded on the demo catalogue, with pictures: docs/recorded.md."""
