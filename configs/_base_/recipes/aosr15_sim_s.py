# AOSR15-sim S: minutes on a core, from the zoo's weights that know no classes.
_base_ = ['../datasets/aosr15_sim.py', '../schedules/adamw.py', '../iteration_runtime.py']

data_root = '{{$SHIP_DET_ROOT:data/aosr15_sim_s}}'
gsd = 1.5
longest_ship = 340.0
simulation = dict(
    size=1280,
    gsd=gsd,
    ships=180,
    chip=640,
    overlap=160,
    train=dict(scenes=12, tail=45.0, seed=0),
    val=dict(scenes=4, tail=1.0, seed=1),
    test=dict(scenes=6, tail=1.0, seed=2),
)
iterations = 400
train_cfg = dict(type='IterBasedTrainLoop', max_iters=iterations, val_begin=iterations + 1)
optim_wrapper = dict(optimizer=dict(lr=2e-3))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, begin=0, end=40),
    dict(type='CosineAnnealingLR', by_epoch=False, begin=40, end=iterations, eta_min_ratio=0.01),
]
