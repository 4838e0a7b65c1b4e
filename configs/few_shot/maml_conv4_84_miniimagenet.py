"""The paper's few-shot experiment: MAML with Conv4 on MiniImageNet (84 x 84 px), all 30 splits, CE and CI loss.

What the paper does not say is as in MAML's public code: 75 query samples in meta-training, 15 a class in meta-testing.
"""

data_root = 'data/miniimagenet'
image_size = 84
filters = 64
splits = 'all'
losses = ['ce', 'ci']
seeds = [0]
iterations = 60000
meta_batch = 4
meta_lr = 1e-3
meta_clip = 10
inner_lr = 0.01
inner_steps = 5
first_order = False
loss_scale = 'classes'
query_factor = 5
test_tasks = 600
test_steps = 10
test_query = 15
