# AOSR15-sim: simulated harbors with a long tail to train on, and with as many ships of each class to be tested on.
# What is drawn stands in `simulation`; `ship-det compare-losses CONFIG --prepare` draws it below data_root.
_base_ = './demo_chips.py'

data_root = '{{$SHIP_DET_ROOT:data/aosr15_sim}}'

train_dataloader = dict(dataset=dict(data_prefix=dict(img_path='train/images', label_path='train/labelTxt')))
val_dataloader = dict(
    dataset=dict(ann_file='val.txt', data_prefix=dict(img_path='val/images', label_path='val/labelTxt'))
)
test_dataloader = dict(dataset=dict(data_prefix=dict(img_path='test/images', label_path='test/labelTxt')))
