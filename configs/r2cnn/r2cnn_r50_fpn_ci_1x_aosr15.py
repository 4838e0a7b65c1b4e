_base_ = ['../_base_/models/r2cnn_r50_fpn.py', '../_base_/recipes/paper_1x.py']
