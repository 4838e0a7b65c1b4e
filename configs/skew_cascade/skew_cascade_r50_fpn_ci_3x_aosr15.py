_base_ = ['../_base_/models/skew_cascade_r50_fpn.py', '../_base_/recipes/augmented_3x.py']
