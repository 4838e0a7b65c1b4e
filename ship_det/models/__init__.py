"""Detectors: one method a folder, with its feature extractor, box coder and head together."""
