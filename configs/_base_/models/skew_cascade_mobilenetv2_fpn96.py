# The skew-box Cascade on MobileNetV2, for machines without a GPU; its weights as in r2cnn_mobilenetv2_fpn96.py.
_base_ = './r2cnn_mobilenetv2_fpn96.py'

model = dict(
    roi_head=dict(
        _delete_=True,
        type='SkewCascadeRoIHead',
        stage_stds=((0.2, 0.2, 0.4, 0.4, 0.2), (0.1, 0.1, 0.2, 0.2, 0.1), (0.067, 0.067, 0.133, 0.133, 0.067)),
        bbox_roi_extractor=dict(type='SkewRoIExtractor', sampling_ratio=1),
        bbox_head=dict(
            type='SkewBBoxHead',
            in_features=96 * 7 * 7,
            num_classes=15,
            fc_out_channels=256,
            norm_cfg=dict(type='LN'),
            # ClassCountsHook gives it the class counts of the training annotations.
            loss_cls=dict(type='CILoss'),
            loss_bbox=dict(type='mmdet.SmoothL1Loss', beta=0.1, loss_weight=1.0),
        ),
    ),
)
