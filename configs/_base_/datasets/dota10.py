# DOTA 1.0: 15 classes, one of them ship, in chips of scenes. Labels of its test part are not published.
_base_ = './ship_chips.py'

data_root = '{{$SHIP_DET_ROOT:data/dota10}}'
classes = (
    'plane',
    'baseball-diamond',
    'bridge',
    'ground-track-field',
    'small-vehicle',
    'large-vehicle',
    'ship',
    'tennis-court',
    'basketball-court',
    'storage-tank',
    'soccer-ball-field',
    'roundabout',
    'harbor',
    'swimming-pool',
    'helicopter',
)
val_dataloader = dict(dataset=dict(ann_file='val.txt'))
test_dataloader = val_dataloader
