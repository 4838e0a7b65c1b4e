# What `make demo` trains: simulated harbors at 2 m/px, from random weights, minutes on a CPU.
_base_ = ['../_base_/models/r2cnn_r18w32_fpn64.py', '../_base_/recipes/demo.py']
