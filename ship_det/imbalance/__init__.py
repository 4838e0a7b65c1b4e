"""How imbalanced a training set is, and what the CI loss makes of it. NumPy only."""

from ship_det.imbalance.counting import count_instances, dataset_classes
from ship_det.imbalance.measures import class_factors, factor_exponent, imbalance_degree, imbalance_ratio
from ship_det.imbalance.summary import ImbalanceSummary, summarize

__all__ = [
    'ImbalanceSummary',
    'class_factors',
    'count_instances',
    'dataset_classes',
    'factor_exponent',
    'imbalance_degree',
    'imbalance_ratio',
    'summarize',
]
