_base_ = [
    '../_base_/models/skew_cascade_mobilenetv2_fpn96.py',
    '../_base_/datasets/ship_chips.py',
    '../_base_/schedules/adamw_1x.py',
    '../_base_/default_runtime.py',
]
