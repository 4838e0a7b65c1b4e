"""Classification losses for imbalanced classes; they need PyTorch and nothing of MMDetection."""

from ship_det.losses.ci import AbsentClassWarning, CILoss, ci_loss
from ship_det.losses.focal import SoftmaxFocalLoss, softmax_focal_loss
from ship_det.losses.pf import PFLoss, pf_loss

__all__ = ['AbsentClassWarning', 'CILoss', 'PFLoss', 'SoftmaxFocalLoss', 'ci_loss', 'pf_loss', 'softmax_focal_loss']
