# One optical harbor at about 0.25 m/px with the single class `ship`: crops turned, scaled and recoloured at random.
# The data set is a folder with images/ and labelTxt/ (DOTA): SHIP_DET_ROOT or --cfg-options data_root=...
_base_ = './ship_chips.py'

data_root = '{{$SHIP_DET_ROOT:data/harbor}}'
classes = ('ship',)
zoom = 2.0

train_pipeline = [
    dict(type='LoadImage'),
    dict(type='mmdet.LoadAnnotations', with_bbox=True, box_type='qbox'),
    dict(type='ConvertBoxType', box_type_mapping=dict(gt_bboxes='rbox')),
    dict(type='RandomAffineCrop', size=416, scale=(0.7 * zoom, 1.4 * zoom)),
    dict(type='mmdet.RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='mmdet.PhotoMetricDistortion'),
    dict(type='IgnoreDegenerateBoxes', min_size=2.0),
    dict(type='mmdet.PackDetInputs'),
]
test_pipeline = [
    dict(type='LoadImage'),
    dict(type='mmdet.Resize', scale_factor=zoom, keep_ratio=True),
    dict(type='mmdet.LoadAnnotations', with_bbox=True, box_type='qbox'),
    dict(type='ConvertBoxType', box_type_mapping=dict(gt_bboxes='rbox')),
    dict(type='mmdet.PackDetInputs', meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor')),
]
dataset = dict(
    type='ShipDataset',
    data_root=data_root,
    ann_file='',
    metainfo=dict(classes=classes),
    other_classes='background',
)
train_dataloader = dict(
    _delete_=True,
    batch_size=2,
    num_workers=1,
    persistent_workers=True,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=dict(**dataset, filter_cfg=dict(filter_empty_gt=True), pipeline=train_pipeline),
)
val_dataloader = dict(
    _delete_=True,
    batch_size=1,
    num_workers=1,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(**dataset, test_mode=True, pipeline=test_pipeline),
)
test_dataloader = val_dataloader
val_evaluator = dict(iou_threshold=[0.5, 0.6, 0.7])
test_evaluator = val_evaluator
