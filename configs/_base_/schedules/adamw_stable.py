# AdamW at one rate, which falls in the last fifth, so that a training may be made longer while it runs.
_base_ = './adamw.py'

iterations = 40000
train_cfg = dict(type='IterBasedTrainLoop', max_iters=iterations, val_interval=4000)
optim_wrapper = dict(optimizer=dict(lr=1e-3))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, begin=0, end=500),
    dict(
        type='LinearLR',
        start_factor=1.0,
        end_factor=0.01,
        by_epoch=False,
        begin=iterations * 4 // 5,
        end=iterations,
    ),
]
