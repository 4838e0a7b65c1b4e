# What `make demo` trains: simulated harbors at 2 m/px, from random weights, minutes on a CPU.
_base_ = [
    '../_base_/models/r2cnn_r18w32_fpn64.py',
    '../_base_/losses/ci.py',
    '../_base_/datasets/ship_chips.py',
    '../_base_/schedules/adamw.py',
    '../_base_/default_runtime.py',
]

data_root = '{{$SHIP_DET_ROOT:data/demo/chips}}'
iterations = 1200

model = dict(roi_head=dict(bbox_head=dict(loss_cls={{_base_.loss_cls}})))

train_pipeline = [
    dict(type='LoadImage'),
    dict(type='mmdet.LoadAnnotations', with_bbox=True, box_type='qbox'),
    dict(type='ConvertBoxType', box_type_mapping=dict(gt_bboxes='rbox')),
    dict(type='RandomAffineCrop', size=352, scale=(0.85, 1.18)),
    dict(type='mmdet.RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='IgnoreDegenerateBoxes', min_size=2.0),
    dict(type='mmdet.PackDetInputs'),
]
train_dataloader = dict(
    batch_size=2,
    num_workers=1,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=dict(data_root=data_root, pipeline=train_pipeline),
)
val_dataloader = dict(num_workers=1, dataset=dict(data_root=data_root))
test_dataloader = val_dataloader
val_evaluator = dict(iou_threshold=[0.5, 0.6])
test_evaluator = val_evaluator

train_cfg = dict(type='IterBasedTrainLoop', max_iters=iterations, val_begin=iterations + 1)  # tested afterwards
optim_wrapper = dict(optimizer=dict(lr=1e-3))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, begin=0, end=100),
    dict(type='CosineAnnealingLR', by_epoch=False, begin=100, end=iterations, eta_min_ratio=0.01),
]
default_hooks = dict(checkpoint=dict(by_epoch=False, interval=200), logger=dict(interval=10))
log_processor = dict(by_epoch=False, window_size=10)
randomness = dict(seed=0)
