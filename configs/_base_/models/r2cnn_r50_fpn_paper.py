# R2CNN to the letter of its paper: anchors, thresholds and the code's standard deviations, in place of those that fit
# slender ships.
_base_ = './r2cnn_r50_fpn.py'

model = dict(
    rpn_head=dict(anchor_generator=dict(ratios=[0.5, 1.0, 2.0])),
    roi_head=dict(
        bbox_head=dict(
            bbox_coder=dict(inclined_means=(0.0, 0.0, 0.0, 0.0, 0.0), inclined_stds=(0.1, 0.1, 0.1, 0.1, 0.2))
        ),
    ),
    train_cfg=dict(rpn=dict(assigner=dict(nearly_best=1.0), allowed_border=0)),
)
