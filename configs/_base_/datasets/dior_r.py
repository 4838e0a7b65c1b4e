# DIOR-R: 20 classes, one of them ship, in optical images of 800 px.
_base_ = './ship_chips.py'

data_root = '{{$SHIP_DET_ROOT:data/dior_r}}'
classes = (
    'airplane',
    'airport',
    'baseballfield',
    'basketballcourt',
    'bridge',
    'chimney',
    'dam',
    'Expressway-Service-area',
    'Expressway-toll-station',
    'golffield',
    'groundtrackfield',
    'harbor',
    'overpass',
    'ship',
    'stadium',
    'storagetank',
    'tenniscourt',
    'trainstation',
    'vehicle',
    'windmill',
)
val_dataloader = dict(dataset=dict(ann_file='val.txt'))
