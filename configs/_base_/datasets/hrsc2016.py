# HRSC2016: ships of 31 kinds in optical images of some 1000 px; trained on trainval, tested on test.
_base_ = './ship_chips.py'

data_root = '{{$SHIP_DET_ROOT:data/hrsc2016}}'
classes = (
    'ship',
    'aircraft carrier',
    'warcraft',
    'merchant ship',
    'Nimitz',
    'Enterprise',
    'Arleigh Burke',
    'WhidbeyIsland',
    'Perry',
    'Sanantonio',
    'Ticonderoga',
    'Kitty Hawk',
    'Kuznetsov',
    'Abukuma',
    'Austen',
    'Tarawa',
    'Blue Ridge',
    'Container',
    'OXo|--)',
    'Car carrier([]==[])',
    'Hovercraft',
    'yacht',
    'CntShip(_|.--.--|_]=',
    'Cruise',
    'submarine',
    'lute',
    'Medical',
    'Car carrier(======|',
    'Ford-class',
    'Midway-class',
    'Invincible-class',
)
train_dataloader = dict(dataset=dict(ann_file='trainval.txt'))
