"""Training hooks."""

from ship_det.hooks.checkpoint import SafeCheckpointHook, latest_checkpoint
from ship_det.hooks.checkpoint_fit import CheckpointFitHook
from ship_det.hooks.class_counts import ClassCountsHook
from ship_det.hooks.console import ConsoleHook, StartedHook, introduce, quiet
from ship_det.hooks.interrupt import InterruptHook
from ship_det.hooks.min_scores import MinScoresHook
from ship_det.hooks.mixed_precision import CPUAmpOptimWrapper, has_bfloat16
from ship_det.hooks.non_finite import NonFiniteLossError, NonFiniteLossHook
from ship_det.hooks.reproducible import ReproducibleTrainingHook

__all__ = [
    'CPUAmpOptimWrapper',
    'CheckpointFitHook',
    'ClassCountsHook',
    'ConsoleHook',
    'InterruptHook',
    'MinScoresHook',
    'NonFiniteLossError',
    'NonFiniteLossHook',
    'ReproducibleTrainingHook',
    'SafeCheckpointHook',
    'StartedHook',
    'has_bfloat16',
    'introduce',
    'latest_checkpoint',
    'quiet',
]
