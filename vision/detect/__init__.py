"""Photos to regions: where in a photo the things are, and which of them a search means.

A registry and one file for each detector; ONNX Runtime and scikit-image are loaded by those that need them.
"""

from vision.detect.base import WHOLE, Box, Detector, Region
from vision.detect.finder import Finder, Found
from vision.detect.registry import load, names

__all__ = ["WHOLE", "Box", "Detector", "Finder", "Found", "Region", "load", "names"]
