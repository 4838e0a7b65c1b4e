# Simulated harbors at 1 to 1.2 m/px, drawn while training: seeds from 1 000 000 on, so that scenes and tests share none
# of them. Each drawn part of a harbor gives six crops. As many ships of each class: tail=1.
gsd_range = (1.0, 1.2)
tail = 1.0
# Labels as they stand go along, for the metric.
meta_keys = ('img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor', 'instances')

train_dataloader = dict(
    batch_size=2,
    num_workers=1,
    persistent_workers=True,
    # The crops differ by chance already.
    sampler=dict(type='InfiniteSampler', shuffle=False),
    dataset=dict(
        type='SimulatedHarbors',
        crops=640_000,
        first_seed=1_000_000,
        repeats=6,
        size=640,
        gsd=gsd_range,
        ships=22,
        tail=tail,
        pipeline=[
            dict(type='mmdet.LoadAnnotations', with_bbox=True, box_type='qbox'),
            dict(type='ConvertBoxType', box_type_mapping=dict(gt_bboxes='rbox')),
            dict(type='RandomAffineCrop', size=416, scale=(0.85, 1.18)),
            dict(type='mmdet.RandomFlip', prob=0.5, direction='horizontal'),
            dict(type='mmdet.PhotoMetricDistortion', brightness_delta=24, contrast_range=(0.7, 1.3), hue_delta=10),
            dict(type='IgnoreDegenerateBoxes', min_size=2.0),
            dict(type='mmdet.PackDetInputs'),
        ],
    ),
)
val_dataloader = dict(
    batch_size=1,
    num_workers=1,
    persistent_workers=True,
    drop_last=False,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='SimulatedHarbors',
        crops=100,
        first_seed=900_000,
        size=640,
        gsd=gsd_range,
        ships=22,
        tail=1.0,
        pipeline=[
            dict(type='mmdet.Resize', scale_factor=1.0, keep_ratio=True),
            dict(type='mmdet.LoadAnnotations', with_bbox=True, box_type='qbox'),
            dict(type='ConvertBoxType', box_type_mapping=dict(gt_bboxes='rbox')),
            dict(type='mmdet.PackDetInputs', meta_keys=meta_keys),
        ],
    ),
)
test_dataloader = val_dataloader
val_evaluator = dict(type='VOCRotatedMetric', iou_threshold=[0.5, 0.6])
test_evaluator = val_evaluator
