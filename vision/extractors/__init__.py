"""RGB pictures to feature vectors: a description, a registry, and one file for each extractor.

Nothing heavy is imported here: TensorFlow and ONNX Runtime are loaded by the extractors that need them.
"""

from vision.extractors.base import Extractor, ExtractorInfo, SpatialExtractor, TextEncoder
from vision.extractors.registry import describe, fetch, load, names, reads_words

__all__ = [
    "Extractor",
    "ExtractorInfo",
    "SpatialExtractor",
    "TextEncoder",
    "describe",
    "fetch",
    "load",
    "names",
    "reads_words",
]
