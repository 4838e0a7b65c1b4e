# RSDD-SAR: ships in SAR images of 512 px; test_inshore.txt and test_offshore.txt are parts of test.
_base_ = './ship_chips.py'

data_root = '{{$SHIP_DET_ROOT:data/rsdd}}'
classes = ('ship',)
