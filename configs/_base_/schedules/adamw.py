# AdamW for the small models, on a CPU; the config that uses it adds train_cfg and param_scheduler.
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=5e-4, weight_decay=0.01),
    # Adam moves each weight by about the learning rate, so a layer's output moves with its fan-in: 7360 or more in the
    # first one behind the RoI pools.
    paramwise_cfg=dict(
        custom_keys={
            'shared_fcs.0': dict(lr_mult=0.1),
            'shared_fcs': dict(lr_mult=0.5),
        }
    ),
    clip_grad=dict(max_norm=10, norm_type=2),
)
auto_scale_lr = dict(enable=False, base_batch_size=2)
