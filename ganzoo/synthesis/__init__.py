"""Labeled data sets of samples, which `ganzoo generate` writes as shards."""

from ganzoo.synthesis.plan import Plan
from ganzoo.synthesis.writing import generate

__all__ = ["Plan", "generate"]
