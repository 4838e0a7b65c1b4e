# HIT-UAV: thermal images from a drone with rotated boxes, long-tailed, converted to DOTA layout with
#   ship-det convert --from rolabelimg --to dota HIT_UAV/train ROOT
# ROOT is the environment variable SHIP_DET_ROOT or --cfg-options data_root=...
_base_ = [
    '../_base_/models/r2cnn_mobilenetv2_fpn96.py',
    '../_base_/datasets/ship_chips.py',
    '../_base_/schedules/adamw.py',
    '../_base_/default_runtime.py',
]

data_root = '{{$SHIP_DET_ROOT:data/hit_uav}}'
# The data set's fifth class, DontCare, marks what is to be neither found nor learnt as background.
classes = ('Person', 'Car', 'Bicycle', 'OtherVehicle')
settings = dict(metainfo=dict(classes=classes), other_classes='ignore')
epochs = 12

model = dict(
    # A person is some 10 px long.
    rpn_head=dict(anchor_generator=dict(scales=[3, 4.8], ratios=[0.2, 0.5, 1.0, 2.0, 5.0])),
    roi_head=dict(bbox_head=dict(num_classes=4)),
)
train_dataloader = dict(num_workers=1, dataset=dict(data_root=data_root, ann_file='', **settings))
val_dataloader = dict(num_workers=1, dataset=dict(data_root=data_root, ann_file='', **settings))
test_dataloader = val_dataloader

train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=epochs, val_begin=epochs + 1)  # tested afterwards
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, begin=0, end=20),
    dict(type='CosineAnnealingLR', by_epoch=True, begin=0, end=epochs, eta_min_ratio=0.02, convert_to_iter_based=True),
]
default_hooks = dict(logger=dict(interval=5))
log_processor = dict(window_size=5)
