_base_ = ['../_base_/models/r2cnn_r18_fpn.py', '../_base_/recipes/paper_1x.py']
