"""Few-shot learning from imbalanced support sets: episodes with any split, MAML, and CI loss against cross-entropy.

Importing the names here loads no PyTorch; ``episodes``, ``maml`` and ``experiment`` do.
"""

from ship_det.experiments.few_shot.config import FewShotConfig, read_config
from ship_det.experiments.few_shot.results import results_file, tabulate
from ship_det.experiments.few_shot.splits import PAPER_ACCURACY, all_splits, parse_split

__all__ = [
    'PAPER_ACCURACY',
    'FewShotConfig',
    'all_splits',
    'parse_split',
    'read_config',
    'results_file',
    'tabulate',
]
