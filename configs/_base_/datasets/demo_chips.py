# The chips of `make demo`: simulated harbors at 2 m/px, turned and scaled at random.
_base_ = './ship_chips.py'

data_root = '{{$SHIP_DET_ROOT:data/demo/chips}}'

train_pipeline = [
    *_base_.train_pipeline[:3],
    dict(type='RandomAffineCrop', size=352, scale=(0.85, 1.18)),
    dict(type='mmdet.RandomFlip', prob=0.5, direction='horizontal'),
    *_base_.train_pipeline[-2:],
]
train_dataloader = dict(
    num_workers=1,
    sampler=dict(type='InfiniteSampler'),
    dataset=dict(data_root=data_root, pipeline=train_pipeline),
)
val_dataloader = dict(num_workers=1, dataset=dict(data_root=data_root))
test_dataloader = val_dataloader
val_evaluator = dict(iou_threshold=[0.5, 0.6])
test_evaluator = val_evaluator
