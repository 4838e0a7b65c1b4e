# One optical harbor at about 0.25 m/px with the single class `ship`: crops turned, scaled and recoloured at random.
# The data set is a folder with images/ and labelTxt/ (DOTA): SHIP_DET_ROOT or --cfg-options data_root=...
_base_ = './ship_chips.py'

data_root = '{{$SHIP_DET_ROOT:data/harbor}}'
classes = ('ship',)
zoom = 2.0

train_pipeline = [
    *_base_.train_pipeline[:3],
    dict(type='RandomAffineCrop', size=416, scale=(0.7 * zoom, 1.4 * zoom)),
    dict(type='mmdet.RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='mmdet.PhotoMetricDistortion'),
    *_base_.train_pipeline[-2:],
]
test_pipeline = [
    _base_.test_pipeline[0],
    dict(_base_.test_pipeline[1], scale_factor=zoom),
    *_base_.test_pipeline[2:],
]
dataset = dict(
    type='ShipDataset',
    data_root=data_root,
    ann_file='',
    metainfo=dict(classes=classes),
    other_classes='background',
)
train_dataloader = dict(
    num_workers=1,
    sampler=dict(type='InfiniteSampler'),
    dataset=dict(_delete_=True, **dataset, filter_cfg=dict(filter_empty_gt=True), pipeline=train_pipeline),
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
