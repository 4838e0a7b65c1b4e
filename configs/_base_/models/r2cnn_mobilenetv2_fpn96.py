# R2CNN for machines without a GPU: MobileNetV2, 96 channels in the pyramid, small heads.
# Weights: --cfg-options model.backbone.init_cfg.checkpoint=mobilenet_v2-b0353104.pth (the file of torchvision), or the
# environment variable SHIP_DET_MOBILENETV2; by default torchvision's, downloaded once.
_base_ = './r2cnn_r50_fpn.py'

model = dict(
    backbone=dict(
        _delete_=True,
        type='TorchvisionBackbone',
        model='mobilenet_v2',
        out_indices=(3, 6, 13, 17),
        norm_eval=True,
        init_cfg=dict(type='Pretrained', checkpoint='{{$SHIP_DET_MOBILENETV2:torchvision://mobilenet_v2}}'),
    ),
    neck=dict(in_channels=[24, 32, 96, 320], out_channels=96, norm_cfg=dict(type='BN')),
    rpn_head=dict(in_channels=96, feat_channels=96),
    roi_head=dict(
        bbox_roi_extractor=dict(out_channels=96, sampling_ratio=1),
        bbox_head=dict(
            in_features=96 * (7 * 7 + 3 * 11 + 11 * 3),
            fc_out_channels=256,
            norm_cfg=dict(type='LN'),
            # Corners lie about half a proposal from its centre: codes of size 1 leave the classes their share of the
            # gradient.
            bbox_coder=dict(inclined_stds=(0.5, 0.5, 0.5, 0.5, 1.0)),
            loss_bbox=dict(beta=0.1),
            axis_weight=0.5,
            inclined_weight=2.0,
        ),
    ),
    train_cfg=dict(
        rpn_proposal=dict(nms_pre=500, max_per_img=500),
        rcnn=dict(sampler=dict(num=128, pos_fraction=0.5)),
    ),
)
