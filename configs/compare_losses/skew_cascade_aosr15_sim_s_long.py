# --load zoo:r2cnn-ships --amp: of the zoo's weights all but the heads, which begin at random.
_base_ = ['../_base_/models/skew_cascade_r18w32_fpn64.py', '../_base_/recipes/aosr15_sim_s_long.py']
