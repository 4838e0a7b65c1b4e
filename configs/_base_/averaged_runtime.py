# Long runs counted in iterations. Averages of the weights are validated, saved and tested in place of the last ones.
_base_ = './iteration_runtime.py'

default_hooks = dict(
    checkpoint=dict(interval=500, max_keep_ckpts=2),
    # They reach over the last 2000 iterations, over fewer in the beginning.
    ema=dict(type='EMAHook', ema_type='mmdet.ExpMomentumEMA', momentum=0.0005, gamma=1000, priority=49),
)
