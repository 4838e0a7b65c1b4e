# Aerial Maritime: a lake shore from a drone, horizontal boxes, long-tailed, cross-validated by photo.
# From the zoo's weights, --load zoo:r2cnn-aosr15 --amp:
#   ship-det convert AERIAL_MARITIME/train DATA --from voc
#   ship-det split DATA --folds 5 --scene-pattern 'DJI_[0-9]+'
#   ship-det compare-losses CONFIG --data-root DATA --folds DATA/folds
_base_ = './r2cnn_hit_uav.py'

data_root = '{{$SHIP_DET_ROOT:data/aerial_maritime}}'
classes = ('lift', 'dock', 'jetski', 'boat', 'car')
everything = dict(data_prefix=dict(img_path='images', label_path='labelTxt'), other_classes='error')
# Docks and lifts are some 200 px long, so half the pixels show as much.
# Horizontal boxes stay horizontal: nothing is turned.
zoom = 0.5
train_pipeline = [
    *_base_.train_pipeline[:3],
    dict(type='RandomAffineCrop', size=384, scale=(0.7 * zoom, 1.3 * zoom), turn_prob=0.0),
    dict(type='mmdet.RandomFlip', prob=0.75, direction=['horizontal', 'vertical', 'diagonal']),
    dict(type='mmdet.PhotoMetricDistortion'),
    *_base_.train_pipeline[-2:],
]
test_pipeline = [
    _base_.test_pipeline[0],
    dict(_base_.test_pipeline[1], scale_factor=zoom),
    *_base_.test_pipeline[2:],
]
train_dataloader = dict(dataset=dict(**everything, pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(**everything, pipeline=test_pipeline))
test_dataloader = val_dataloader

iterations = 900
train_cfg = dict(max_iters=iterations, val_begin=iterations + 1)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, begin=0, end=90),
    dict(type='CosineAnnealingLR', by_epoch=False, begin=90, end=iterations, eta_min_ratio=0.01),
]
