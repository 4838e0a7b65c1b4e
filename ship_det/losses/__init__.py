"""Classification losses for imbalanced classes; they need PyTorch and nothing of MMDetection."""

from .ci import AbsentClassWarning, CILoss, ci_loss
from .focal import SoftmaxFocalLoss, softmax_focal_loss
from .pf import PFLoss, pf_loss

__all__ = ['AbsentClassWarning', 'CILoss', 'PFLoss', 'SoftmaxFocalLoss', 'ci_loss', 'pf_loss', 'softmax_focal_loss']
