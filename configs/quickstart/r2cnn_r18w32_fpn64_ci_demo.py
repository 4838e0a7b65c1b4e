# What `make demo` trains: simulated harbors at 2 m/px, from random weights, minutes on a CPU.
_base_ = [
    '../_base_/models/r2cnn_r18w32_fpn64.py',
    '../_base_/losses/ci.py',
    '../_base_/datasets/ship_chips.py',
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
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=1e-3, weight_decay=0.02),
    # Adam moves each weight by about the learning rate, so a layer's output moves with its fan-in: 7360 in the first.
    paramwise_cfg=dict(
        custom_keys={
            'bbox_head.shared_fcs.0': dict(lr_mult=0.1),
            'bbox_head.shared_fcs': dict(lr_mult=0.3),
        }
    ),
    clip_grad=dict(max_norm=10, norm_type=2),
)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, begin=0, end=100),
    dict(type='CosineAnnealingLR', by_epoch=False, begin=100, end=iterations, eta_min_ratio=0.01),
]
default_hooks = dict(checkpoint=dict(by_epoch=False, interval=200), logger=dict(interval=10))
log_processor = dict(by_epoch=False, window_size=10)
randomness = dict(seed=0)
