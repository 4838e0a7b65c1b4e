# R2CNN for machines without a GPU, pretrained: MobileNetV2, 96 channels in the pyramid, small heads.
# Weights: --cfg-options model.backbone.init_cfg.checkpoint=mobilenet_v2-b0353104.pth (the file of torchvision), or the
# environment variable SHIP_DET_MOBILENETV2; by default torchvision's, downloaded once.
_base_ = './r2cnn_r18w32_fpn64.py'

model = dict(
    backbone=dict(
        _delete_=True,
        type='TorchvisionBackbone',
        model='mobilenet_v2',
        out_indices=(3, 6, 13, 17),
        norm_eval=True,
        init_cfg=dict(type='Pretrained', checkpoint='{{$SHIP_DET_MOBILENETV2:torchvision://mobilenet_v2}}'),
    ),
    neck=dict(in_channels=[24, 32, 96, 320], out_channels=96),
    rpn_head=dict(
        in_channels=96, feat_channels=96, anchor_generator=dict(scales=[8, 11.3], ratios=[0.12, 0.35, 1.0, 2.8, 8.0])
    ),
    roi_head=dict(
        bbox_head=dict(in_features=96 * (7 * 7 + 3 * 11 + 11 * 3)),
    ),
    train_cfg=dict(rpn_proposal=dict(nms_pre=500, max_per_img=500)),
    test_cfg=dict(rpn=dict(nms_pre=2000, max_per_img=2000), rcnn=dict(max_per_img=2000)),
)
