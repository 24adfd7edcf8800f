"""RGB pictures to feature vectors: a description, a registry, and one file for each extractor.

Nothing heavy is imported here: TensorFlow and ONNX Runtime are loaded by the extractors that need them.
"""

from vision.extractors.base import Extractor, ExtractorInfo
from vision.extractors.registry import load, names

__all__ = ["Extractor", "ExtractorInfo", "load", "names"]
