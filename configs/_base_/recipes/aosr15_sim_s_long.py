# AOSR15-sim S with a longer tail: lambda above 1, where CI loss's class factor takes the eighth root.
_base_ = './aosr15_sim_s.py'

data_root = '{{$SHIP_DET_ROOT:data/aosr15_sim_s_long}}'
simulation = dict(train=dict(tail=150.0))
