"""Class losses of other authors for a box head, to compare with."""

from typing import Any

import torch
import torch.nn.functional as F
from mmdet.models.losses import EQLV2Loss, accuracy
from mmrotate.registry import MODELS
from numpy.typing import ArrayLike
from torch import Tensor

from ship_det.imbalance import class_factors
from ship_det.losses.softmax import HeadLoss, to_float32


class _CountingLoss(HeadLoss):
    """A loss of a head with C classes and the background last, C + 1 columns, that knows the class counts.

    Args:
        reduction: 'mean', 'sum' or 'none'.
        loss_weight: factor of the whole loss.
    """

    class_counts: Tensor

    def __init__(self, reduction: str = 'mean', loss_weight: float = 1.0) -> None:
        super().__init__(reduction, loss_weight)
        self.register_buffer('class_counts', torch.zeros(0, dtype=torch.int64), persistent=False)

    def set_class_counts(self, class_counts: ArrayLike) -> None:
        """Set the training instances of each class, shape (C,), without the background."""
        self.class_counts = torch.as_tensor(class_counts, dtype=torch.int64, device=self.class_counts.device)

    def counts_for(self, cls_score: Tensor) -> Tensor:
        """The training instances of each class, shape (C,); RuntimeError unless logits (N, C + 1) have as many."""
        classes = cls_score.size(1) - 1
        if len(self.class_counts) != classes:
            raise RuntimeError(
                f'{type(self).__name__}: found counts of {len(self.class_counts)} classes, expected {classes}; '
                "custom_hooks = [dict(type='ClassCountsHook')] sets them"
            )
        return self.class_counts


@MODELS.register_module()
class ForegroundWeightedCrossEntropy(_CountingLoss):
    """Cross-entropy whose foreground weighs as much against the background as CI loss's does, the same for all classes.

    The weight is the mean of CI loss's factors f over the instances, sum_c n_c f_c / sum_c n_c: what is left between
    this and f alone is how f differs between classes.
    """

    def rows(self, cls_score: Tensor, label: Tensor) -> Tensor:
        """Loss of each row, (N,), of logits (N, C + 1) and labels (N,), C for the background."""
        counts = self.counts_for(cls_score).double().cpu().numpy()
        foreground = float(counts @ class_factors(counts, allow_absent=True) / counts.sum())
        weights = torch.where(label < len(counts), foreground, 1.0)
        return weights * F.cross_entropy(to_float32(cls_score), label, reduction='none')


@MODELS.register_module()
class BalancedSoftmaxLoss(_CountingLoss):
    """Balanced softmax: the cross-entropy of logits + log prior (Ren et al., NeurIPS 2020, eq. 4).

    The prior of a class is its count over the mean count and that of the background 1, so that the classes' logits are
    those of classes of one size, and foreground against background stays as it is. A class without instances has the
    prior of one instance.
    """

    def rows(self, cls_score: Tensor, label: Tensor) -> Tensor:
        """Loss of each row, (N,), of logits (N, C + 1) and labels (N,), C for the background."""
        logits = to_float32(cls_score)
        counts = self.counts_for(logits).to(logits).clamp(min=1)
        priors = F.pad(counts / counts.mean(), (0, 1), value=1.0)
        return F.cross_entropy(logits + priors.log(), label, reduction='none')


@MODELS.register_module()
class EqualizationLossV2(EQLV2Loss):
    """MMDetection's EQLv2 (Tan et al., CVPR 2021), which also tells a head that its scores are sigmoids.

    MMDetection's own does not, and heads then take the softmax of logits that were trained as sigmoids.
    """

    custom_activation = custom_cls_channels = custom_accuracy = True

    def get_cls_channels(self, num_classes: int) -> int:
        """One column for each class and one for the objectness."""
        return self.get_channel_num(num_classes)

    def get_accuracy(self, cls_score: Tensor, labels: Tensor) -> dict[str, Tensor]:
        """Share of rows, in percent, whose largest logit is that of their label."""
        return {'acc': accuracy(cls_score, labels)}

    def get_activation(self, cls_score: Tensor) -> Tensor:
        """Scores (N, C + 1): of a class times that there is an object, and the background's."""
        return super().get_activation(cls_score.float())

    def forward(self, cls_score: Tensor, label: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        """Loss of logits (N, C + 1) and labels (N,), C for the background. Rows all weigh the same, as EQLv2 has it."""
        return super().forward(cls_score.float(), label) if len(cls_score) else cls_score.sum() * 0
