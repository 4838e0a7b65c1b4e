"""Training hooks."""

from .class_counts import ClassCountsHook

__all__ = ['ClassCountsHook']
