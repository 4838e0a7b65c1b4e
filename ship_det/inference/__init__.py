"""Trained detectors: ``load`` gives one that finds ships in images."""

from ship_det.inference.loading import load

__all__ = ['load']
