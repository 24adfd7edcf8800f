"""Tests of ``vision.planning``."""
