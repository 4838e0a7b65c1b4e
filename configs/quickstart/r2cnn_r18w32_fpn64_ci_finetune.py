# What `make demo` trains, from the zoo's weights that know no classes: --load zoo:r2cnn-ships. Minutes on a CPU.
_base_ = './r2cnn_r18w32_fpn64_ci_demo.py'

gsd = 1.5
longest_ship = 340.0
iterations = 700
train_cfg = dict(max_iters=iterations, val_begin=iterations + 1)
optim_wrapper = dict(optimizer=dict(lr=2e-3))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, begin=0, end=50),
    dict(type='CosineAnnealingLR', by_epoch=False, begin=50, end=iterations, eta_min_ratio=0.01),
]
