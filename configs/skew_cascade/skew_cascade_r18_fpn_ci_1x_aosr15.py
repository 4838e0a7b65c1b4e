_base_ = [
    '../_base_/models/skew_cascade_r18_fpn.py',
    '../_base_/datasets/ship_chips.py',
    '../_base_/schedules/schedule_1x.py',
    '../_base_/default_runtime.py',
]
