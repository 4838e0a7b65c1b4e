"""Head of one stage of the skew-box Cascade."""

from mmrotate.registry import MODELS

from ship_det.models.shared_fc_head import SharedFCBBoxHead


@MODELS.register_module()
class SkewBBoxHead(SharedFCBBoxHead):
    """L = L_cls + [t>0] sum smoothL1(u - u*), u the code of the rotated box against the stage's proposal.

    Near 45 degrees, where a box has two codes (see ``SkewBoxCoder``), u* is the one closer to the prediction. Arguments
    are those of ``SharedFCBBoxHead``.
    """

    coder = 'mmrotate.SkewBoxCoder'
