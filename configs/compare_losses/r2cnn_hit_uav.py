# HIT-UAV: thermal images from a drone with rotated boxes, long-tailed.
# From the zoo's weights, --load zoo:r2cnn-aosr15 --amp; DATA/train and DATA/test in DOTA layout:
#   ship-det convert HIT_UAV/train DATA/train --from rolabelimg
#   ship-det convert HIT_UAV/val DATA/test --from rolabelimg
_base_ = [
    '../_base_/models/r2cnn_r18w32_fpn64.py',
    '../_base_/datasets/demo_chips.py',
    '../_base_/schedules/adamw.py',
    '../_base_/iteration_runtime.py',
]

data_root = '{{$SHIP_DET_ROOT:data/hit_uav}}'
# The data set's fifth class, DontCare, marks what is to be neither found nor learnt as background.
classes = ('Person', 'Car', 'Bicycle', 'OtherVehicle')
settings = dict(other_classes='ignore', ann_file='')
# A person is some 10 px long, so more pixels are shown. The drone looks aslant, so nothing is turned.
zoom = 1.5
train_pipeline = [
    *_base_.train_pipeline[:3],
    dict(type='RandomAffineCrop', size=416, scale=(0.8 * zoom, 1.25 * zoom), turn_prob=0.0),
    dict(type='mmdet.RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='mmdet.PhotoMetricDistortion'),
    *_base_.train_pipeline[-2:],
]
test_pipeline = [
    _base_.test_pipeline[0],
    dict(_base_.test_pipeline[1], scale_factor=zoom),
    *_base_.test_pipeline[2:],
]
train = dict(data_prefix=dict(img_path='train/images', label_path='train/labelTxt'), pipeline=train_pipeline)
test = dict(data_prefix=dict(img_path='test/images', label_path='test/labelTxt'), pipeline=test_pipeline)
train_dataloader = dict(dataset=dict(**train, **settings))
val_dataloader = dict(dataset=dict(**test, **settings))
test_dataloader = val_dataloader

iterations = 1600
train_cfg = dict(type='IterBasedTrainLoop', max_iters=iterations, val_begin=iterations + 1)
optim_wrapper = dict(optimizer=dict(lr=2e-3))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, begin=0, end=100),
    dict(type='CosineAnnealingLR', by_epoch=False, begin=100, end=iterations, eta_min_ratio=0.01),
]
