# --load zoo:r2cnn-ships --amp: of the zoo's weights all but the class layer.
_base_ = ['../_base_/models/r2cnn_r18w32_fpn64.py', '../_base_/recipes/aosr15_sim_s_long.py']
