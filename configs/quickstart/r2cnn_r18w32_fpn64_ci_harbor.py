# One optical harbor at about 0.25 m/px with the single class `ship`, from the zoo's weights: --load zoo:r2cnn-ships.
_base_ = ['../_base_/models/r2cnn_r18w32_fpn64.py', '../_base_/recipes/harbor.py']

model = dict(
    roi_head=dict(bbox_head=dict(num_classes=1)),
    test_cfg=dict(rcnn=dict(nms=dict(iou_threshold=0.2))),
)
optim_wrapper = dict(optimizer=dict(lr=1e-3))
