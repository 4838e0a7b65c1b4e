# The chips of ship_chips.py: half of them turned by any angle, all scaled, flipped and recoloured at random.
# Validated on val.txt, which `ship-det split --val 0.1` makes.
_base_ = './ship_chips.py'

train_pipeline = [
    *_base_.train_pipeline[:3],
    # size=None: a crop is as large as its chip.
    dict(type='RandomAffineCrop', size=None, scale=(0.7, 1.4), turn_prob=0.5),
    dict(type='mmdet.RandomFlip', prob=0.75, direction=['horizontal', 'vertical', 'diagonal']),
    dict(type='mmdet.PhotoMetricDistortion'),
    *_base_.train_pipeline[-2:],
]
train_dataloader = dict(
    batch_size=4,
    num_workers=4,
    dataset=dict(
        _delete_=True,
        # Repeat-factor sampling (arXiv 1908.03195): a chip is shown sqrt(oversample_thr / s) times, rounded up, where s
        # is the share of chips that show the rarest of its classes. 0: each is shown once.
        type='ClassBalancedDataset',
        oversample_thr=0.0,
        dataset=dict(_base_.train_dataloader.dataset, pipeline=train_pipeline),
    ),
)
val_dataloader = dict(dataset=dict(ann_file='val.txt'))
