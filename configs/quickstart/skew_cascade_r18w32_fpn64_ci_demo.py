# The demo's simulated harbors with the skew-box Cascade, from random weights, minutes on a CPU.
_base_ = [
    '../_base_/models/skew_cascade_r18w32_fpn64.py',
    '../_base_/datasets/demo_chips.py',
    '../_base_/schedules/adamw_1200.py',
    '../_base_/iteration_runtime.py',
]

optim_wrapper = dict(optimizer=dict(lr=1e-3))
randomness = dict(seed=0)
