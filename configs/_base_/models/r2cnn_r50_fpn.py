# R2CNN (arXiv 1706.09579) on a ResNet-50 feature pyramid. Another loss is a setting:
# --cfg-options model.roi_head.bbox_head.loss_cls.type=mmdet.CrossEntropyLoss, SoftmaxFocalLoss or PFLoss.
num_classes = 15
overlaps = dict(type='BoundsOverlaps2D')

model = dict(
    type='mmdet.FasterRCNN',
    data_preprocessor=dict(
        type='mmdet.DetDataPreprocessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True,
        pad_size_divisor=32,
        boxtype2tensor=False,
    ),
    backbone=dict(
        type='mmdet.ResNet',
        depth=50,
        num_stages=4,
        out_indices=(0, 1, 2, 3),
        frozen_stages=1,
        norm_cfg=dict(type='BN', requires_grad=True),
        norm_eval=True,
        style='pytorch',
        init_cfg=dict(type='Pretrained', checkpoint='torchvision://resnet50'),
    ),
    neck=dict(type='mmdet.FPN', in_channels=[256, 512, 1024, 2048], out_channels=256, num_outs=5),
    rpn_head=dict(
        type='Float32RPNHead',
        in_channels=256,
        feat_channels=256,
        anchor_generator=dict(
            type='mmdet.AnchorGenerator',
            scales=[8],
            # A ship along an image axis is ten times as long as wide: with 1 : 2 at most, a ship in ten has no anchor
            # of IoU 0.5 at 0.6 m/px.
            ratios=[0.12, 0.35, 1.0, 2.8, 8.0],
            strides=[4, 8, 16, 32, 64],
            use_box_type=True,
        ),
        bbox_coder=dict(
            type='DeltaXYWHHBBoxCoder',
            target_means=[0.0, 0.0, 0.0, 0.0],
            target_stds=[1.0, 1.0, 1.0, 1.0],
            use_box_type=True,
        ),
        loss_cls=dict(type='mmdet.CrossEntropyLoss', use_sigmoid=True, loss_weight=1.0),
        loss_bbox=dict(type='mmdet.SmoothL1Loss', beta=1.0 / 9.0, loss_weight=1.0),
    ),
    roi_head=dict(
        type='mmdet.StandardRoIHead',
        bbox_roi_extractor=dict(
            type='MultiSizeRoIExtractor',
            pool_sizes=[(7, 7), (3, 11), (11, 3)],
            featmap_strides=[4, 8, 16, 32],
        ),
        bbox_head=dict(
            type='R2CNNBBoxHead',
            in_features=256 * (7 * 7 + 3 * 11 + 11 * 3),
            num_classes=num_classes,
            fc_out_channels=1024,
            bbox_coder=dict(
                type='R2CNNCoder',
                axis_stds=(0.1, 0.1, 0.2, 0.2),
                # Means over anchors that fit a ship, see `ship-det anchors`, and one deviation for all corners, as an
                # error counts the same along x and y: targets of about size 1, whose loss leaves the classes their
                # share of the gradient.
                inclined_means=(-0.43, -0.1, 0.43, -0.1, -1.5),
                inclined_stds=(0.25, 0.25, 0.25, 0.25, 0.6),
            ),
            # ClassCountsHook gives it the class counts of the training annotations.
            loss_cls=dict(type='CILoss'),
            loss_bbox=dict(type='mmdet.SmoothL1Loss', beta=1.0, loss_weight=1.0),
        ),
    ),
    train_cfg=dict(
        rpn=dict(
            assigner=dict(
                type='IgnoreRegionAssigner',
                pos_iou_thr=0.7,
                # Few anchors have as much with a slender ship; a lower threshold for all would take anchors between
                # ships side by side, whose bounds overlap each other by half at 45 degrees.
                nearly_best=0.85,
                neg_iou_thr=0.3,
                min_pos_iou=0.3,
                match_low_quality=True,
                ignore_iof_thr=0.7,
                iou_calculator=overlaps,
            ),
            sampler=dict(
                type='mmdet.RandomSampler', num=256, pos_fraction=0.5, neg_pos_ub=-1, add_gt_as_proposals=False
            ),
            # Slender anchors of the upper levels reach over the border of any chip.
            allowed_border=-1,
            pos_weight=-1,
            debug=False,
        ),
        rpn_proposal=dict(nms_pre=2000, max_per_img=2000, nms=dict(type='nms', iou_threshold=0.7), min_bbox_size=0),
        rcnn=dict(
            assigner=dict(
                type='IgnoreRegionAssigner',
                pos_iou_thr=0.5,
                neg_iou_thr=0.5,
                min_pos_iou=0.5,
                match_low_quality=False,
                ignore_iof_thr=0.7,
                iou_calculator=overlaps,
            ),
            sampler=dict(
                type='mmdet.RandomSampler', num=512, pos_fraction=0.25, neg_pos_ub=-1, add_gt_as_proposals=True
            ),
            pos_weight=-1,
            debug=False,
        ),
    ),
    test_cfg=dict(
        rpn=dict(nms_pre=2000, max_per_img=2000, nms=dict(type='nms', iou_threshold=0.7), min_bbox_size=0),
        rcnn=dict(
            nms_pre=2000,
            min_bbox_size=0,
            score_thr=0.05,
            nms=dict(type='nms_rotated', iou_threshold=0.1),
            max_per_img=2000,
        ),
    ),
)
