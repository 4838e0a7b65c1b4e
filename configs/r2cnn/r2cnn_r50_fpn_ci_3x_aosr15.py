_base_ = ['../_base_/models/r2cnn_r50_fpn.py', '../_base_/recipes/augmented_3x.py']
