# CI loss; ClassCountsHook gives it the class counts of the training annotations.
loss_cls = dict(type='CILoss')
