"""Tables II and III of the CI loss paper: MSTAR under standard operating conditions, five classes cut to few images.

Which five classes, and two of the four numbers, are unknown: every other class is cut here. Schedule: that of
A-ConvNets (batch 100, momentum 0.9, weight decay 4e-3), with a larger learning rate that falls to 0 in place of 1e-3,
so that 40 passes over the training set are enough; it is the same for all losses. Random crops are all the
augmentation, from the central 94 px as in a public version of A-ConvNets: the targets lie in the centre of the images.
Each crop is standardised by its own mean and deviation, since the ground is brighter at 17 than at 15 degrees and
differs from class to class.
"""

_FEW = ['2S1', 'BRDM2', 'BTR70', 'T62', 'ZIL131']

data = dict(type='class_folders', root='data/mstar_soc')
network = 'aconvnet'
training = dict(
    epochs=40,
    batch_size=100,
    lr=0.01,
    momentum=0.9,
    weight_decay=4e-3,
    schedule='cosine',
    crop_area=94,
    standardize='image',
)
settings = dict(
    full=dict(type='full'),
    few_100=dict(type='cut', classes=_FEW, images=100),
    few_50=dict(type='cut', classes=_FEW, images=50),
    few_24=dict(type='cut', classes=_FEW, images=24),
    few_12=dict(type='cut', classes=_FEW, images=12),
)
losses = dict(
    ce=dict(type='ce'),
    fl=dict(type='focal', gamma=2.0),
    ci=dict(type='ci'),
    ci_f=dict(type='ci_factors'),
    ci_modulator=dict(type='ci_modulator'),
    pf=dict(type='pf', variant='class_mean'),
)
trials = 5
