# SSDD, rotated boxes: ships in SAR images of some 500 px; test_inshore.txt and test_offshore.txt are parts of test.
_base_ = './ship_chips.py'

data_root = '{{$SHIP_DET_ROOT:data/ssdd}}'
classes = ('ship',)
