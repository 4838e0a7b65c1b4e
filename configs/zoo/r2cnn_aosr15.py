# Zoo: AOSR15's classes at 1 to 1.2 m/px, on simulated harbors. Trained from the weights of r2cnn_ships.py:
# ship-det train configs/zoo/r2cnn_aosr15.py --amp --load zoo:r2cnn-ships
_base_ = [
    '../_base_/models/r2cnn_r18w32_fpn64.py',
    '../_base_/datasets/simulated_harbors.py',
    '../_base_/schedules/adamw_stable.py',
    '../_base_/averaged_runtime.py',
]

gsd = 1.1
longest_ship = 340.0
randomness = dict(seed=0)
