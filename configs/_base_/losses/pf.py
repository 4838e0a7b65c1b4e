# PF-loss as reconstructed from the abstract of its paper.
loss_cls = dict(type='PFLoss')
