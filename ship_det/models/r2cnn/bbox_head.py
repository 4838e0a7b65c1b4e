"""R2CNN's head: shared fully connected layers, then class scores, an axis-aligned and an inclined box."""

from collections.abc import Mapping
from typing import Any

from mmrotate.registry import MODELS

from ship_det.models.shared_fc_head import SharedFCBBoxHead


@MODELS.register_module()
class R2CNNBBoxHead(SharedFCBBoxHead):
    """L = L_cls + lambda1 [t>0] sum smoothL1(v - v*) + lambda2 [t>0] sum smoothL1(u - u*) (R2CNN, eq. 1).

    Where the first corner of an inclined box is ambiguous (see ``R2CNNCoder``), u* is the closest of its equivalent
    codes.

    Args:
        in_features: length of a RoI's feature vector, channels times the pooled bins of ``MultiSizeRoIExtractor``.
        num_classes: foreground classes; the background is one more label, the last.
        bbox_coder: config of an ``R2CNNCoder``.
        axis_weight: lambda1, weight of the axis-aligned box.
        inclined_weight: lambda2, weight of the inclined box.
        kwargs: further arguments of ``SharedFCBBoxHead``.
    """

    coder = 'mmrotate.R2CNNCoder'
    ambiguous = slice(4, 9)

    def __init__(
        self,
        in_features: int,
        num_classes: int,
        bbox_coder: dict | None = None,
        axis_weight: float = 1.0,
        inclined_weight: float = 1.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(in_features, num_classes, bbox_coder, **kwargs)
        self.axis_weight = axis_weight
        self.inclined_weight = inclined_weight

    def box_parts(self) -> Mapping[str, tuple[slice, float]]:
        """The losses of v, columns 0 to 3, and of u, columns 4 to 8."""
        return {
            'loss_bbox_axis': (slice(0, 4), self.axis_weight),
            'loss_bbox_inclined': (slice(4, 9), self.inclined_weight),
        }
