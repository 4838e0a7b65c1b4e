# R2CNN that learns from nothing in minutes on a CPU: a ResNet-18 of half width, 64 channels in the pyramid, small
# heads, and anchors for ships of 10 px and more.
_base_ = './r2cnn_r50_fpn.py'

model = dict(
    backbone=dict(
        depth=18,
        base_channels=32,
        stem_channels=32,
        frozen_stages=-1,
        norm_eval=False,
        zero_init_residual=False,
        init_cfg=None,
    ),
    neck=dict(in_channels=[32, 64, 128, 256], out_channels=64, norm_cfg=dict(type='BN')),
    rpn_head=dict(
        in_channels=64,
        feat_channels=64,
        anchor_generator=dict(scales=[3, 4.8], ratios=[0.2, 0.5, 1.0, 2.0, 5.0]),
    ),
    roi_head=dict(
        bbox_roi_extractor=dict(sampling_ratio=1),
        bbox_head=dict(
            in_features=64 * (7 * 7 + 3 * 11 + 11 * 3),
            fc_out_channels=256,
            norm_cfg=dict(type='LN'),
            bbox_coder=dict(inclined_stds=(0.5, 0.5, 0.5, 0.5, 1.0)),
            loss_bbox=dict(beta=0.1),
            axis_weight=0.5,
            inclined_weight=2.0,
        ),
    ),
    train_cfg=dict(
        rpn_proposal=dict(nms_pre=300, max_per_img=300),
        rcnn=dict(sampler=dict(num=128, pos_fraction=0.5)),
    ),
    test_cfg=dict(rpn=dict(nms_pre=500, max_per_img=400), rcnn=dict(max_per_img=300)),
)
