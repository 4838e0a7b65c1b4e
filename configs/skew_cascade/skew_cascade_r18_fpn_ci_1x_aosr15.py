_base_ = ['../_base_/models/skew_cascade_r18_fpn.py', '../_base_/recipes/paper_1x.py']
