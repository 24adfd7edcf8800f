"""Pictures a second: of every extractor, converted ones beside the originals, decoding, and all of it together."""

from benchmarks.extraction.speed import run

__all__ = ["run"]
