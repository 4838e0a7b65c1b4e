# One optical harbor at about 0.25 m/px with the single class `ship`.
_base_ = ['../datasets/harbor.py', '../schedules/adamw_1200.py', '../iteration_runtime.py']
