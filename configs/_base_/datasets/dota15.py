# DOTA 1.5: the images of 1.0, whose small objects and container cranes are labelled, too.
_base_ = './dota10.py'

data_root = '{{$SHIP_DET_ROOT:data/dota15}}'
classes = (*_base_.classes, 'container-crane')
