# HIT-UAV: thermal images from a drone with rotated boxes, long-tailed, converted to DOTA layout with
#   python data_tools/convert.py --from rolabelimg --to dota HIT_UAV/train ROOT
# ROOT is the environment variable SHIP_DET_ROOT or --cfg-options data_root=...
_base_ = [
    '../_base_/models/r2cnn_mobilenetv2_fpn96.py',
    '../_base_/losses/ci.py',
    '../_base_/datasets/ship_chips.py',
    '../_base_/default_runtime.py',
]

data_root = '{{$SHIP_DET_ROOT:data/hit_uav}}'
# The data set's fifth class, DontCare, marks what is to be neither found nor learnt as background.
settings = dict(metainfo=dict(classes=('Person', 'Car', 'Bicycle', 'OtherVehicle')), other_classes='ignore')
epochs = 12

model = dict(roi_head=dict(bbox_head=dict(num_classes=4, loss_cls={{_base_.loss_cls}})))
train_dataloader = dict(num_workers=1, dataset=dict(data_root=data_root, ann_file='', **settings))
val_dataloader = dict(num_workers=1, dataset=dict(data_root=data_root, ann_file='', **settings))
test_dataloader = val_dataloader

train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=epochs, val_begin=epochs + 1)  # tested afterwards
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=5e-4, weight_decay=0.01),
    # Adam moves each weight by about the learning rate, so a layer's output moves with its fan-in: 11040 in the first.
    paramwise_cfg=dict(
        custom_keys={
            'bbox_head.shared_fcs.0': dict(lr_mult=0.1),
            'bbox_head.shared_fcs': dict(lr_mult=0.5),
        }
    ),
    clip_grad=dict(max_norm=10, norm_type=2),
)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, begin=0, end=20),
    dict(type='CosineAnnealingLR', by_epoch=True, begin=0, end=epochs, eta_min_ratio=0.02, convert_to_iter_based=True),
]
default_hooks = dict(logger=dict(interval=5))
log_processor = dict(window_size=5)
