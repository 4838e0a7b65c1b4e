# The demo's simulated harbors with the skew-box Cascade, from random weights, minutes on a CPU.
_base_ = ['../_base_/models/skew_cascade_r18w32_fpn64.py', '../_base_/recipes/demo.py']
