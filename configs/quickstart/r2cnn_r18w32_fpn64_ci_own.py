# Chips of your own, from the zoo's weights. What `ship-det fine-tune` trains; it writes a config with your classes,
# your pixels' metres and the zoom at which your ships are as large as those that the zoo knows.
_base_ = [
    '../_base_/models/r2cnn_r18w32_fpn64.py',
    '../_base_/datasets/ship_chips.py',
    '../_base_/schedules/adamw.py',
    '../_base_/iteration_runtime.py',
]

train_pipeline = [
    *_base_.train_pipeline[:3],
    dict(type='RandomAffineCrop', size=416, scale=(0.7, 1.4)),
    dict(type='mmdet.RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='mmdet.PhotoMetricDistortion'),
    *_base_.train_pipeline[-2:],
]
train_dataloader = dict(
    num_workers=1,
    sampler=dict(type='InfiniteSampler'),
    dataset=dict(pipeline=train_pipeline),
)
val_dataloader = dict(num_workers=1, dataset=dict(ann_file='val.txt'))
test_dataloader = dict(num_workers=1)
val_evaluator = dict(iou_threshold=[0.5, 0.6, 0.7])
test_evaluator = val_evaluator

iterations = 600
train_cfg = dict(type='IterBasedTrainLoop', max_iters=iterations, val_interval=iterations)
optim_wrapper = dict(optimizer=dict(lr=1e-3))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, begin=0, end=60),
    dict(type='CosineAnnealingLR', by_epoch=False, begin=60, end=iterations, eta_min_ratio=0.01),
]
randomness = dict(seed=0)
