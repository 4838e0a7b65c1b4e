# The skew-box Cascade on the proposals of R2CNN's paper.
_base_ = './skew_cascade_r50_fpn.py'

model = dict(
    rpn_head=dict(anchor_generator=dict(ratios=[0.5, 1.0, 2.0])),
    train_cfg=dict(rpn=dict(assigner=dict(nearly_best=1.0), allowed_border=0)),
)
