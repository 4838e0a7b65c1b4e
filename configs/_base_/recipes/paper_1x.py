# Training as the CI loss paper has it: chips as they are or flipped, SGD, 12 epochs, the last weights.
_base_ = ['../datasets/ship_chips.py', '../schedules/schedule_1x.py', '../default_runtime.py']
