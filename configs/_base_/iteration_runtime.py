# Runs counted in iterations, not epochs.
_base_ = './default_runtime.py'

default_hooks = dict(checkpoint=dict(by_epoch=False, interval=200), logger=dict(interval=10))
log_processor = dict(by_epoch=False, window_size=10)
