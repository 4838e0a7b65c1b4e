"""Training hooks."""

from .checkpoint import SafeCheckpointHook, latest_checkpoint
from .checkpoint_fit import CheckpointFitHook
from .class_counts import ClassCountsHook
from .non_finite import NonFiniteLossError, NonFiniteLossHook
from .reproducible import ReproducibleTrainingHook

__all__ = [
    'CheckpointFitHook',
    'ClassCountsHook',
    'NonFiniteLossError',
    'NonFiniteLossHook',
    'ReproducibleTrainingHook',
    'SafeCheckpointHook',
    'latest_checkpoint',
]
