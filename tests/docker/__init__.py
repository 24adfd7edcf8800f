"""Tests of ``docker``, as far as they go without Docker."""
