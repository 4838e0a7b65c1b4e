# Softmax focal loss, the CI paper's comparison.
loss_cls = dict(type='SoftmaxFocalLoss', gamma=2.0)
