# Cascade R-CNN (arXiv 1712.00726) with skew boxes on a ResNet-50 feature pyramid: backbone, pyramid and proposals are
# R2CNN's. Another loss is a setting:
# --cfg-options model.roi_head.bbox_head.loss_cls.type=mmdet.CrossEntropyLoss, SoftmaxFocalLoss or PFLoss.
_base_ = './r2cnn_r50_fpn.py'

model = dict(
    roi_head=dict(
        _delete_=True,
        type='SkewCascadeRoIHead',
        num_stages=3,
        stage_loss_weights=(1.0, 0.5, 0.25),
        stage_ious=(0.5, 0.6, 0.7),
        bbox_roi_extractor=dict(type='SkewRoIExtractor', output_size=7, featmap_strides=[4, 8, 16, 32]),
        bbox_head=dict(
            type='SkewBBoxHead',
            in_features=256 * 7 * 7,
            num_classes=15,
            fc_out_channels=1024,
            # ClassCountsHook gives it the class counts of the training annotations.
            loss_cls=dict(type='CILoss'),
            loss_bbox=dict(type='mmdet.SmoothL1Loss', beta=1.0, loss_weight=1.0),
        ),
    ),
)
