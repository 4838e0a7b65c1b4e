"""For a CPU: first-order MAML, half the filters, 32 x 32 px, as many query as support samples in meta-training."""

_base_ = 'maml_conv4_84_miniimagenet.py'
data_root = 'data/tiny_imagenet_fewshot'
image_size = 32
filters = 32
splits = [[3, 3, 3, 3, 3], [1, 2, 3, 4, 5], [1, 1, 1, 1, 11]]
iterations = 12000
first_order = True
query_factor = 1
# Grouped convolutions are slower than one task after the other there.
tasks_at_once = 1
checkpoint_every = 100
