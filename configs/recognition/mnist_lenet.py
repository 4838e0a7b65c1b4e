"""Table I of the CI loss paper: MNIST with all of the even classes and a share of the odd ones, and reversed.

20 trials each, as in the paper, whose number of epochs and learning rate are unknown. Those here are the same for all
losses and were set with the cross-entropy alone.
"""

data = dict(type='mnist', root='data/mnist')
network = 'lenet'
training = dict(epochs=4, batch_size=64, lr=0.05, momentum=0.9, weight_decay=5e-4, schedule='cosine')
settings = dict(
    odd_10=dict(type='parity', cut='odd', share=0.10),
    odd_25=dict(type='parity', cut='odd', share=0.25),
    even_10=dict(type='parity', cut='even', share=0.10),
    even_25=dict(type='parity', cut='even', share=0.25),
)
losses = dict(
    ce=dict(type='ce'),
    fl=dict(type='focal', gamma=2.0),
    ci=dict(type='ci'),
    ci_modulator=dict(type='ci_modulator'),
    ci_f=dict(type='ci_factors'),
    pf=dict(type='pf', variant='class_mean'),
)
trials = 20
