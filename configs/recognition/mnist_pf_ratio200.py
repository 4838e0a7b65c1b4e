"""PF-loss at an imbalance ratio of 200 on MNIST, beside the cross-entropy, focal losses over a grid, and others."""

_base_ = './mnist_lenet.py'

settings = dict(
    _delete_=True,
    step_200=dict(type='step', ratio=200.0),
    long_tail_200=dict(type='long_tail', ratio=200.0),
)
losses = dict(
    _delete_=True,
    ce=dict(type='ce'),
    fl_05=dict(type='focal', gamma=0.5),
    fl_1=dict(type='focal', gamma=1.0),
    fl_2=dict(type='focal', gamma=2.0),
    fl_5=dict(type='focal', gamma=5.0),
    ci=dict(type='ci'),
    pf_class_mean=dict(type='pf', variant='class_mean'),
    pf_balanced_softmax=dict(type='pf', variant='balanced_softmax'),
    pf_soft_gmean=dict(type='pf', variant='soft_gmean'),
    class_balanced=dict(type='class_balanced', beta=0.999),
    balanced_softmax=dict(type='balanced_softmax'),
    # tau = 1 would be balanced softmax again.
    logit_adjusted_15=dict(type='logit_adjusted', tau=1.5),
)
metric = 'gmean'
# The time of its row is that of the whole grid; gamma is chosen on the test set, in the focal loss's favour.
tuned = dict(fl_tuned=['fl_05', 'fl_1', 'fl_2', 'fl_5'])
trials = 10
