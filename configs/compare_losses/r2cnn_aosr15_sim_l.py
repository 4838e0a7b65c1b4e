# AOSR15-sim L: the size of the paper's data, 98 scenes of 12544 px at 0.6 m/px in chips of 1000 px, and its training.
# 60 GB on disk. With a ResNet-101, as in the paper: --cfg-options model.backbone.depth=101
# model.backbone.init_cfg.checkpoint=torchvision://resnet101
_base_ = '../r2cnn/r2cnn_r50_fpn_ci_1x_aosr15.py'

data_root = '{{$SHIP_DET_ROOT:data/aosr15_sim_l}}'
gsd = 0.6
longest_ship = 340.0
simulation = dict(
    size=12544,
    gsd=gsd,
    ships=97,
    chip=1000,
    overlap=200,
    train=dict(scenes=78, tail=45.0, seed=20),
    test=dict(scenes=20, tail=1.0, seed=21),
)
train_dataloader = dict(dataset=dict(data_prefix=dict(img_path='train/images', label_path='train/labelTxt')))
val_dataloader = dict(dataset=dict(data_prefix=dict(img_path='test/images', label_path='test/labelTxt')))
test_dataloader = val_dataloader
test_evaluator = dict(iou_threshold=[0.5, 0.6])
