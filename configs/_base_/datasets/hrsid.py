# HRSID: ships in SAR images of 800 px, outlined; each becomes its rectangle of minimum area.
_base_ = './ship_chips.py'

data_root = '{{$SHIP_DET_ROOT:data/hrsid}}'
classes = ('ship',)
