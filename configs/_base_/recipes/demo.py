# The chips of `make demo`, in minutes on a CPU.
_base_ = ['../datasets/demo_chips.py', '../schedules/adamw_1200.py', '../iteration_runtime.py']

optim_wrapper = dict(optimizer=dict(lr=1e-3))
randomness = dict(seed=0)
