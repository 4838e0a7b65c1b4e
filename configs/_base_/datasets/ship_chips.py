# Chips in DOTA layout: ROOT/images, ROOT/labelTxt and the lists train.txt, val.txt and test.txt of ship-det split.
# Training sees the images of its list, those without ships too; val and test see the whole grid of their scenes.
# ROOT is the environment variable SHIP_DET_ROOT or --cfg-options data_root=...; the classes are AOSR15's.
data_root = '{{$SHIP_DET_ROOT:data/aosr15}}'

train_pipeline = [
    dict(type='LoadImage'),
    dict(type='mmdet.LoadAnnotations', with_bbox=True, box_type='qbox'),
    dict(type='ConvertBoxType', box_type_mapping=dict(gt_bboxes='rbox')),
    dict(type='mmdet.RandomFlip', prob=0.75, direction=['horizontal', 'vertical', 'diagonal']),
    dict(type='IgnoreDegenerateBoxes', min_size=2.0),
    dict(type='mmdet.PackDetInputs'),
]
# Annotations are loaded after the resize, so that ground truth stays in the pixels of the file.
test_pipeline = [
    dict(type='LoadImage'),
    dict(type='mmdet.Resize', scale_factor=1.0, keep_ratio=True),
    dict(type='mmdet.LoadAnnotations', with_bbox=True, box_type='qbox'),
    dict(type='ConvertBoxType', box_type_mapping=dict(gt_bboxes='rbox')),
    dict(type='mmdet.PackDetInputs', meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor')),
]
train_dataloader = dict(
    batch_size=2,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='ShipDataset',
        data_root=data_root,
        ann_file='train.txt',
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    batch_size=1,
    num_workers=2,
    persistent_workers=True,
    drop_last=False,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='ShipDataset', data_root=data_root, ann_file='test.txt', test_mode=True, pipeline=test_pipeline),
)
test_dataloader = val_dataloader
val_evaluator = dict(type='VOCRotatedMetric', iou_threshold=0.6)
test_evaluator = val_evaluator
