# Softmax cross-entropy.
loss_cls = dict(type='mmdet.CrossEntropyLoss', use_sigmoid=False)
