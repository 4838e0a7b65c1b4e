# AOSR15-sim M: minutes on a large GPU. A ResNet-50 from ImageNet's weights, 0.8 m/px.
_base_ = ['../_base_/models/r2cnn_r50_fpn.py', '../_base_/datasets/aosr15_sim.py', '../_base_/iteration_runtime.py']

data_root = '{{$SHIP_DET_ROOT:data/aosr15_sim_m}}'
gsd = 0.8
longest_ship = 340.0
simulation = dict(
    size=3072,
    gsd=gsd,
    ships=180,
    chip=800,
    overlap=160,
    train=dict(scenes=24, tail=45.0, seed=10),
    val=dict(scenes=4, tail=1.0, seed=11),
    test=dict(scenes=8, tail=1.0, seed=12),
)
train_pipeline = [
    *_base_.train_pipeline[:3],
    dict(_base_.train_pipeline[3], size=640),
    *_base_.train_pipeline[4:],
]
train_dataloader = dict(batch_size=8, num_workers=12, dataset=dict(pipeline=train_pipeline))

iterations = 1500
auto_scale_lr = dict(enable=False, base_batch_size=8)
train_cfg = dict(type='IterBasedTrainLoop', max_iters=iterations, val_begin=iterations + 1)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=2e-4, weight_decay=0.05),
    paramwise_cfg=dict(norm_decay_mult=0.0, bias_decay_mult=0.0),
    clip_grad=dict(max_norm=35, norm_type=2),
)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, begin=0, end=150),
    dict(type='CosineAnnealingLR', by_epoch=False, begin=150, end=iterations, eta_min_ratio=0.01),
]
