# Training as the strongest detectors of DOTA have it (LSKNet, RTMDet-R): chips turned, scaled, flipped and recoloured,
# AdamW, 36 epochs, averaged weights, of which those that are best on val.txt are kept.
_base_ = ['../datasets/ship_chips_augmented.py', '../schedules/adamw_3x.py', '../default_runtime.py']

default_hooks = dict(
    checkpoint=dict(save_best='voc/mAP'),
    # The averages are validated, saved and tested in place of the last weights. They follow the weights closely at
    # first, and after some 20000 iterations they reach over the last 5000.
    ema=dict(type='EMAHook', ema_type='mmdet.ExpMomentumEMA', momentum=0.0002, gamma=2000, priority=49),
)
