# One optical harbor at about 0.25 m/px with the single class `ship`, on a CPU.
_base_ = ['../_base_/models/r2cnn_mobilenetv2_fpn96.py', '../_base_/recipes/harbor.py']

model = dict(
    roi_head=dict(bbox_head=dict(num_classes=1)),
    test_cfg=dict(rcnn=dict(nms=dict(iou_threshold=0.2))),
)
train_cfg = dict(val_begin=1, val_interval=400)
