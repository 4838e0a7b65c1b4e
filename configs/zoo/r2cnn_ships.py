# Zoo: ship or not, at 1 to 2 m/px. No class is told it; detectors of other classes are trained from these weights.
_base_ = './r2cnn_aosr15.py'

classes = ('ship',)
gsd = 1.4
gsd_range = (1.0, 2.0)
train_dataloader = dict(dataset=dict(gsd=gsd_range))
val_dataloader = dict(dataset=dict(gsd=gsd_range))
test_dataloader = val_dataloader
