# DOTA 2.0: 18 classes, one of them ship, in chips of scenes.
_base_ = './dota15.py'

data_root = '{{$SHIP_DET_ROOT:data/dota20}}'
classes = (*_base_.classes, 'airport', 'helipad')
