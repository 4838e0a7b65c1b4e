"""Rotated-box ship detection on long-tailed classes: a plugin for MMRotate and the tools around it."""

__version__ = '0.1.0'
