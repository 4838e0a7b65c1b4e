# AdamW for 1200 iterations: minutes on a CPU. Tested afterwards.
_base_ = './adamw.py'

iterations = 1200
train_cfg = dict(type='IterBasedTrainLoop', max_iters=iterations, val_begin=iterations + 1)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, begin=0, end=100),
    dict(type='CosineAnnealingLR', by_epoch=False, begin=100, end=iterations, eta_min_ratio=0.01),
]
