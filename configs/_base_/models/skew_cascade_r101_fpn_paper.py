_base_ = './skew_cascade_r50_fpn_paper.py'

model = dict(backbone=dict(depth=101, init_cfg=dict(checkpoint='torchvision://resnet101')))
