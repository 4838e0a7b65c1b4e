"""What breaks training later, found in a data set beforehand. Never imports torch."""

from ship_det.dataset_checks.check import Lists, Report, check_dataset
from ship_det.dataset_checks.findings import ERROR, WARNING, CheckOptions, Finding

__all__ = ['ERROR', 'WARNING', 'CheckOptions', 'Finding', 'Lists', 'Report', 'check_dataset']
