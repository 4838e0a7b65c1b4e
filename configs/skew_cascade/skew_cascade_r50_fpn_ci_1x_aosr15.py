_base_ = ['../_base_/models/skew_cascade_r50_fpn.py', '../_base_/recipes/paper_1x.py']
