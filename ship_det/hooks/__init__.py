"""Training hooks."""

from .checkpoint import SafeCheckpointHook, latest_checkpoint
from .checkpoint_fit import CheckpointFitHook
from .class_counts import ClassCountsHook
from .console import ConsoleHook, StartedHook, introduce, quiet
from .interrupt import InterruptHook
from .non_finite import NonFiniteLossError, NonFiniteLossHook
from .reproducible import ReproducibleTrainingHook

__all__ = [
    'CheckpointFitHook',
    'ClassCountsHook',
    'ConsoleHook',
    'InterruptHook',
    'NonFiniteLossError',
    'NonFiniteLossHook',
    'ReproducibleTrainingHook',
    'SafeCheckpointHook',
    'StartedHook',
    'introduce',
    'latest_checkpoint',
    'quiet',
]
